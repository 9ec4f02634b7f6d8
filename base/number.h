/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_BASE_NUMBER_H
#define WIRETAPE_BASE_NUMBER_H

/* Numbers as tables: one row per number, with its key, unit, place in its struct, and meaning.
 * JSON, its schema, text, the ledger in files and sums are made from the rows
 * (<wiretape/monitor/…>).
 *
 * A table is an array that ends with a row of type WT_NUMBER_END. Its rows describe one struct,
 * which the macros below find under the name SUBJECT:
 *
 *     #define SUBJECT struct wt_ledger
 *     const struct wt_number wt_ledger_numbers[] = {
 *             WT_COUNT(seen, "seen", "packets whose fate is known"),
 *             …
 *             {0},
 *     };
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum wt_number_type {
	WT_NUMBER_END,
	WT_NUMBER_U64,
	WT_NUMBER_I64,
	WT_NUMBER_U32,
	WT_NUMBER_I32,
	WT_NUMBER_U16,
	WT_NUMBER_U8,
	WT_NUMBER_REAL,
	WT_NUMBER_FLAG,
	WT_NUMBER_TEXT,   /* const char *; NULL: unknown */
	WT_NUMBER_CHARS,  /* char[]; empty: unknown */
	WT_NUMBER_PATH,   /* const char *, of any bytes */
	WT_NUMBER_READ,   /* whatever row->read() finds */
	WT_NUMBER_PART,   /* the rows of another table, as if they stood here */
	WT_NUMBER_OBJECT, /* another table */
	WT_NUMBER_LIST,   /* a list of objects, or of texts if there are no rows */
	WT_NUMBER_MAP,    /* a map of struct wt_number_entry: names that are not known beforehand */
	WT_NUMBER_LATER,  /* a list that its command writes itself, since it may be long */
};

/* A count's unit is in its key, too: "…_ns", "…_bytes", "…_percent". */
enum wt_number_unit {
	WT_IN_NONE,
	WT_IN_BYTES,
	WT_IN_NS,
	WT_IN_PERCENT,
	WT_IN_PPM,
	WT_IN_PER_SECOND,
	WT_IN_RATIO,
};

enum wt_number_kind {
	WT_KIND_COUNTER, /* never falls; totals add up */
	WT_KIND_GAUGE,
	WT_KIND_MOST, /* the largest so far: a total takes the larger */
	WT_KIND_FLAG,
	WT_KIND_TEXT,
	WT_KIND_TIME, /* ns since 1970 */
};

enum wt_value_type {
	WT_VALUE_NONE, /* unknown */
	WT_VALUE_UNSIGNED,
	WT_VALUE_SIGNED,
	WT_VALUE_REAL,
	WT_VALUE_FLAG,
	WT_VALUE_TEXT,
};

struct wt_value {
	enum wt_value_type type;
	union {
		uint64_t u;
		int64_t i;
		double real;
		bool flag;
		const char *text; /* may be in `room` */
	};
	char room[512];
};

/* A member of a map. */
struct wt_number_entry {
	char name[256];
	struct wt_value value;
};

/* Scratch memory for an item that is stored nowhere. */
union wt_number_room {
	max_align_t align;
	struct wt_number_entry entry;
	char bytes[2048];
};

struct wt_number {
	const char *key;   /* "lost.ring": `ring` in an object `lost` */
	const char *label; /* for people; NULL: left out of their tables */
	const char *help;
	enum wt_number_type type;
	enum wt_number_kind kind;
	enum wt_number_unit unit;
	size_t offset;
	/* For WT_NUMBER_READ. `value` is WT_VALUE_NONE on entry. */
	void (*read)(const struct wt_number *row, const void *subject, struct wt_value *value);
	const struct wt_number *rows; /* rows of parts, objects, and list items */
	/* Return the index-th item of a list or a map, NULL after the last; for a part or an object
	 * that is not at `offset`, the thing itself, NULL: unknown. May be made in `room`. */
	const void *(*item)(const struct wt_number *row, const void *subject, size_t index,
	                    union wt_number_room *room);
};

#define WT_NUMBER_TYPE_OF(field)                                                                   \
	_Generic(((SUBJECT *)0)->field, uint64_t                                                   \
	         : WT_NUMBER_U64, unsigned long long                                               \
	         : WT_NUMBER_U64, int64_t                                                          \
	         : WT_NUMBER_I64, uint32_t                                                         \
	         : WT_NUMBER_U32, int32_t                                                          \
	         : WT_NUMBER_I32, uint16_t                                                         \
	         : WT_NUMBER_U16, uint8_t                                                          \
	         : WT_NUMBER_U8, double                                                            \
	         : WT_NUMBER_REAL, bool                                                            \
	         : WT_NUMBER_FLAG, const char *                                                    \
	         : WT_NUMBER_TEXT, char *                                                          \
	         : WT_NUMBER_TEXT)
#define WT_ROW(field, name, kind_, unit_, words)                                                   \
	{                                                                                          \
		.key = (name), .help = (words), .kind = (kind_), .unit = (unit_),                  \
		.type = WT_NUMBER_TYPE_OF(field), .offset = offsetof(SUBJECT, field)               \
	}
#define WT_COUNT(field, name, words) WT_ROW(field, name, WT_KIND_COUNTER, WT_IN_NONE, words)
#define WT_LABELLED(field, name, shown, words)                                                     \
	{                                                                                          \
		.key = (name), .label = (shown), .help = (words), .kind = WT_KIND_COUNTER,         \
		.type = WT_NUMBER_TYPE_OF(field), .offset = offsetof(SUBJECT, field)               \
	}
#define WT_BYTES(field, name, words)        WT_ROW(field, name, WT_KIND_COUNTER, WT_IN_BYTES, words)
#define WT_GAUGE(field, name, unit_, words) WT_ROW(field, name, WT_KIND_GAUGE, unit_, words)
#define WT_MOST(field, name, unit_, words)  WT_ROW(field, name, WT_KIND_MOST, unit_, words)
#define WT_NS(field, name, words)           WT_ROW(field, name, WT_KIND_GAUGE, WT_IN_NS, words)
#define WT_TIME(field, name, words)         WT_ROW(field, name, WT_KIND_TIME, WT_IN_NS, words)
#define WT_FLAG(field, name, words)         WT_ROW(field, name, WT_KIND_FLAG, WT_IN_NONE, words)
#define WT_TEXT(field, name, words)         WT_ROW(field, name, WT_KIND_TEXT, WT_IN_NONE, words)
#define WT_TYPED(field, name, type_, words)                                                        \
	{                                                                                          \
		.key = (name), .help = (words), .kind = WT_KIND_TEXT, .type = (type_),             \
		.offset = offsetof(SUBJECT, field)                                                 \
	}
#define WT_CHARS(field, name, words) WT_TYPED(field, name, WT_NUMBER_CHARS, words)
#define WT_PATH(field, name, words)  WT_TYPED(field, name, WT_NUMBER_PATH, words)

/* A number read by a function, which may use the field. */
#define WT_READ_AT(field, reader, name, kind_, unit_, words)                                       \
	{                                                                                          \
		.key = (name), .help = (words), .kind = (kind_), .unit = (unit_),                  \
		.type = WT_NUMBER_READ, .offset = offsetof(SUBJECT, field), .read = (reader)       \
	}
#define WT_READ(reader, name, kind_, unit_, words)                                                 \
	{                                                                                          \
		.key = (name), .help = (words), .kind = (kind_), .unit = (unit_),                  \
		.type = WT_NUMBER_READ, .read = (reader)                                           \
	}
#define WT_READ_TEXT(reader, name, words) WT_READ(reader, name, WT_KIND_TEXT, WT_IN_NONE, words)
#define WT_READ_FLAG(reader, name, words) WT_READ(reader, name, WT_KIND_FLAG, WT_IN_NONE, words)

#define WT_PART(field, table)                                                                      \
	{                                                                                          \
		.type = WT_NUMBER_PART, .offset = offsetof(SUBJECT, field), .rows = (table)        \
	}
#define WT_PART_OF(find, table)                                                                    \
	{                                                                                          \
		.type = WT_NUMBER_PART, .item = (find), .rows = (table)                            \
	}
#define WT_OBJECT(field, name, table, words)                                                       \
	{                                                                                          \
		.key = (name), .help = (words), .type = WT_NUMBER_OBJECT,                          \
		.offset = offsetof(SUBJECT, field), .rows = (table)                                \
	}
#define WT_OBJECT_OF(find, name, table, words)                                                     \
	{                                                                                          \
		.key = (name), .help = (words), .type = WT_NUMBER_OBJECT, .item = (find),          \
		.rows = (table)                                                                    \
	}
#define WT_LIST(next, name, table, words)                                                          \
	{                                                                                          \
		.key = (name), .help = (words), .type = WT_NUMBER_LIST, .item = (next),            \
		.rows = (table)                                                                    \
	}
#define WT_MAP(next, name, words)                                                                  \
	{                                                                                          \
		.key = (name), .help = (words), .type = WT_NUMBER_MAP, .item = (next)              \
	}

static inline void wt_value_unsigned(struct wt_value *value, uint64_t number)
{
	value->type = WT_VALUE_UNSIGNED;
	value->u = number;
}

static inline void wt_value_signed(struct wt_value *value, int64_t number)
{
	value->type = WT_VALUE_SIGNED;
	value->i = number;
}

static inline void wt_value_real(struct wt_value *value, double number)
{
	value->type = WT_VALUE_REAL;
	value->real = number;
}

static inline void wt_value_flag(struct wt_value *value, bool flag)
{
	value->type = WT_VALUE_FLAG;
	value->flag = flag;
}

/* NULL: unknown. */
static inline void wt_value_text(struct wt_value *value, const char *text)
{
	value->type = text ? WT_VALUE_TEXT : WT_VALUE_NONE;
	value->text = text;
}

/* Readers for WT_READ_AT(). An int64_t of INT64_MIN, a count of 0, and a verdict (int8_t) below 0
 * are unknown. */
void wt_read_i64(const struct wt_number *row, const void *subject, struct wt_value *value);
void wt_read_not_0(const struct wt_number *row, const void *subject, struct wt_value *value);
void wt_read_verdict(const struct wt_number *row, const void *subject, struct wt_value *value);

#define WT_KNOWN(field, name, kind_, unit_, words)                                                 \
	WT_READ_AT(field, wt_read_i64, name, kind_, unit_, words)
#define WT_KNOWN_TIME(field, name, words) WT_KNOWN(field, name, WT_KIND_TIME, WT_IN_NS, words)
#define WT_KNOWN_NS(field, name, words)   WT_KNOWN(field, name, WT_KIND_GAUGE, WT_IN_NS, words)
#define WT_NOT_0(field, name, words)                                                               \
	WT_READ_AT(field, wt_read_not_0, name, WT_KIND_COUNTER, WT_IN_NONE, words)
#define WT_VERDICT(field, name, words)                                                             \
	WT_READ_AT(field, wt_read_verdict, name, WT_KIND_FLAG, WT_IN_NONE, words)

/* The value of a row that is a number, a flag or a text. */
void wt_number_read(const struct wt_number *row, const void *subject, struct wt_value *value);

/* Add `more` to `sum`, row by row: gauges as well; a "most" takes the larger. */
void wt_numbers_add(const struct wt_number *table, void *sum, const void *more);

/* Subtract `start` from the counters of `now`. */
void wt_numbers_subtract(const struct wt_number *table, void *now, const void *start);

/* Write "key=number\n" for every row except signed ones that are 0. What does not fit is left out,
 * row by row from the end. */
void wt_numbers_lines(const struct wt_number *table, const void *subject, char *out,
                      size_t capacity);

#endif
