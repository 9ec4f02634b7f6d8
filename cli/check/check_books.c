/* SPDX-License-Identifier: BSD-2-Clause */
#include "check_books.h"
#include <wiretape/cli/info/info_ledger.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/base/grow.h>
#include <wiretape/pcapng/chunk.h>

static void add_count(uint64_t *sum, uint64_t count, bool *overflow)
{
	if (__builtin_add_overflow(*sum, count, sum)) {
		*sum = UINT64_MAX;
		*overflow = true;
	}
}

static void add_cause(struct wt_books_ledger *ledger, const char *name, size_t length,
                      uint64_t packets)
{
	struct wt_books_cause *cause = ledger->causes;
	size_t i = 0;

	if (length >= sizeof(cause->name))
		length = sizeof(cause->name) - 1;
	while (i < ledger->cause_count && (strlen(ledger->causes[i].name) != length ||
	                                   memcmp(ledger->causes[i].name, name, length) != 0))
		i++;
	if (i == WT_BOOKS_CAUSES) {
		cause = &ledger->causes[WT_BOOKS_CAUSES - 1];
		snprintf(cause->name, sizeof(cause->name), "others");
	} else {
		cause = &ledger->causes[i];
	}
	if (i == ledger->cause_count && i < WT_BOOKS_CAUSES) {
		ledger->cause_count++;
		*cause = (struct wt_books_cause){0};
		memcpy(cause->name, name, length);
	}
	add_count(&cause->packets, packets, &ledger->unreadable);
}

void wt_books_add(struct wt_books_ledger *sum, const struct wt_books_ledger *one)
{
	sum->ledgers += one->ledgers;
	add_count(&sum->seen, one->seen, &sum->unreadable);
	add_count(&sum->written, one->written, &sum->unreadable);
	add_count(&sum->lost, one->lost, &sum->unreadable);
	for (size_t i = 0; i < one->cause_count; i++)
		add_cause(sum, one->causes[i].name, strlen(one->causes[i].name),
		          one->causes[i].packets);
	sum->unreadable |= one->unreadable;
	sum->open |= one->open;
	sum->differs |= one->differs;
}

void wt_books_causes_text(const struct wt_books_ledger *ledger, char *out, size_t capacity)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < ledger->cause_count; i++) {
		const struct wt_books_cause *cause = &ledger->causes[i];
		int wrote;

		if (!cause->packets)
			continue;
		wrote = snprintf(out + used, capacity - used, "%s%s %" PRIu64, used ? ", " : "",
		                 cause->name, cause->packets);
		if (wrote < 0 || (size_t)wrote >= capacity - used)
			return;
		used += (size_t)wrote;
	}
}

/* NULL if its details are not kept. */
static struct wt_books_interface *find(struct wt_books *books, uint32_t id)
{
	size_t i = books->section_first + id;

	return i < books->interface_count ? &books->interfaces[i] : NULL;
}

static void copy_name(char *name, size_t capacity, struct wt_pcapng_item_text text)
{
	size_t length = text.length < capacity ? text.length : capacity - 1;

	if (text.chars)
		memcpy(name, text.chars, length);
	name[text.chars ? length : 0] = '\0';
}

static int add_interface(struct wt_books *books, const struct wt_pcapng_item_interface *fields)
{
	struct wt_books_interface *interface;

	if (books->interface_count >= WT_BOOKS_INTERFACES_MAX)
		return 0;
	interface = wt_grow((void **)&books->interfaces, &books->interface_count,
	                    &books->interface_room, sizeof(*interface));
	if (!interface)
		return -ENOMEM;
	copy_name(interface->name, sizeof(interface->name), fields->name);
	interface->link_type = fields->link_type;
	interface->recorded = books->section_has_chunks && fields->reader.chars;
	return 0;
}

static void settle_section(struct wt_books *books);

static void begin_section(struct wt_books *books, const struct wt_pcapng_item_section *section)
{
	settle_section(books);
	books->sections++;
	books->section_first = books->interface_count;
	books->section_packets = 0;
	books->section_not_closed = false;
	books->section_has_chunks = section->tape.chars;
	books->has_chunks |= books->section_has_chunks;
}

static void take_ledger(struct wt_books_interface *interface, const char *text)
{
	struct wt_info_ledger_check check = wt_info_check_text(text, interface->packets);
	struct wt_books_ledger *ledger = &interface->ledger;
	struct wt_info_count count;
	const char *cause;
	size_t length;

	*ledger = (struct wt_books_ledger){
	        .ledgers = 1,
	        .seen = check.seen,
	        .written = check.written,
	        .lost = check.lost,
	        .unreadable = !check.readable,
	        .open = check.readable && !check.closes,
	        .differs = check.readable && !check.matches,
	};
	while (wt_info_next_count(&text, &count))
		if (count.name && wt_info_is_lost(&count, &cause, &length))
			add_cause(ledger, cause, length, count.value);
}

/* Counts run from the start of the file: the last block has them all. */
static int add_statistics(struct wt_books *books, const struct wt_pcapng_item_statistics *fields)
{
	struct wt_books_interface *interface = find(books, fields->interface_id);
	uint64_t drops = 0;
	char *text;

	if (!interface)
		return 0;
	interface->has_statistics = true;
	interface->packets_at_end = books->section_packets;
	if (fields->ledger.chars) {
		text = strndup(fields->ledger.chars, fields->ledger.length);
		if (!text)
			return -ENOMEM;
		take_ledger(interface, text);
		free(text);
		return 0;
	}
	/* Writers put the same drops into one of them, or both. */
	if (fields->ifdrop.present)
		drops = fields->ifdrop.value;
	if (fields->osdrop.present && fields->osdrop.value > drops)
		drops = fields->osdrop.value;
	interface->foreign_drops = drops;
	return 0;
}

static bool add_missing(struct wt_books *books, const struct wt_pcapng_item *item,
                        struct wt_gap_block *missing)
{
	bool overflow = false;

	if (item->block_type != WT_PCAPNG_GAP || !books->section_has_chunks ||
	    !wt_gap_block_parse(item->body, item->body_bytes, missing))
		return false;
	if (missing->what == WT_GAP_BLOCK_NOT_CLOSED) {
		books->section_not_closed = true;
		add_count(&books->tail_packets, missing->packets, &overflow);
		return true;
	}
	books->holes += missing->what == WT_GAP_BLOCK_HOLE;
	add_count(&books->hole_packets, missing->packets, &overflow);
	return true;
}

int wt_books_item(struct wt_books *books, const struct wt_pcapng_item *item,
                  struct wt_gap_block *missing, bool *has_missing)
{
	*has_missing = false;
	switch (item->kind) {
	case WT_ITEM_SECTION:
		begin_section(books, &item->section);
		return 0;
	case WT_ITEM_INTERFACE:
		return add_interface(books, &item->interface);
	case WT_ITEM_STATISTICS:
		return add_statistics(books, &item->statistics);
	case WT_ITEM_UNKNOWN_SECTION:
		books->unknown_sections++;
		return 0;
	default:
		*has_missing = add_missing(books, item, missing);
		return 0;
	}
}

void wt_books_packets(struct wt_books *books, uint32_t interface_id, const struct wt_frame *frames,
                      size_t count)
{
	struct wt_books_interface *interface = find(books, interface_id);
	uint64_t dropped = 0;
	bool overflow = false;

	books->packets += count;
	books->section_packets += count;
	if (!interface)
		return;
	interface->packets += count;
	for (size_t i = 0; i < count; i++)
		if (__builtin_expect(frames[i].dropped_before != 0, 0))
			add_count(&dropped, frames[i].dropped_before, &overflow);
	add_count(&interface->dropped, dropped, &overflow);
}

/* Packets in holes were written, too. */
static void forgive_holes(struct wt_books *books)
{
	uint64_t written = 0;
	bool overflow = false;

	for (size_t i = books->section_first; i < books->interface_count; i++)
		add_count(&written, books->interfaces[i].ledger.written, &overflow);
	if (!books->hole_packets || overflow ||
	    written != books->section_packets + books->hole_packets)
		return;
	for (size_t i = books->section_first; i < books->interface_count; i++)
		books->interfaces[i].ledger.differs = false;
}

static bool is_recorded(const struct wt_books *books)
{
	for (size_t i = books->section_first; i < books->interface_count; i++)
		if (books->interfaces[i].recorded || books->interfaces[i].ledger.ledgers)
			return true;
	return books->section_has_chunks;
}

bool wt_books_section_is_closed(const struct wt_books *books)
{
	for (size_t i = books->section_first; i < books->interface_count; i++) {
		const struct wt_books_interface *interface = &books->interfaces[i];

		if (!interface->recorded && !interface->ledger.ledgers)
			continue;
		if (!interface->ledger.ledgers ||
		    interface->packets_at_end != books->section_packets)
			return false;
	}
	return !books->section_not_closed &&
	       (!books->section_has_chunks || books->interface_count > books->section_first);
}

static void settle_section(struct wt_books *books)
{
	if (!books->sections || !is_recorded(books))
		return;
	forgive_holes(books);
	if (wt_books_section_is_closed(books))
		return;
	books->not_closed = true;
	/* Others than the last count less than there is, as they say. */
	for (size_t i = books->section_first; i < books->interface_count; i++)
		books->interfaces[i].ledger.differs = false;
}

void wt_books_end(struct wt_books *books, int result, const struct wt_error *error)
{
	books->result = result;
	if (result)
		books->error = *error;
	settle_section(books);
}

static uint64_t count_of(const struct wt_books_ledger *ledger, const char *cause)
{
	for (size_t i = 0; i < ledger->cause_count; i++)
		if (!strcmp(ledger->causes[i].name, cause))
			return ledger->causes[i].packets;
	return 0;
}

struct wt_books_tail wt_books_tail(const struct wt_books *books, uint32_t interface_id)
{
	size_t i = books->section_first + interface_id;
	struct wt_books_tail tail = {0};
	const struct wt_books_interface *interface;

	if (i >= books->interface_count)
		return tail;
	interface = &books->interfaces[i];
	tail.ring = count_of(&interface->ledger, "ring");
	tail.ring -= interface->dropped < tail.ring ? interface->dropped : tail.ring;
	tail.writer = count_of(&interface->ledger, "writer");
	return tail;
}

bool wt_books_has_ledger(const struct wt_books *books)
{
	for (size_t i = 0; i < books->interface_count; i++)
		if (!books->interfaces[i].ledger.ledgers)
			return false;
	return books->interface_count != 0;
}

uint64_t wt_books_lost(const struct wt_books *books)
{
	uint64_t lost = 0;
	bool overflow = false;

	for (size_t i = 0; i < books->interface_count; i++) {
		const struct wt_books_interface *interface = &books->interfaces[i];
		uint64_t one = interface->ledger.ledgers ? interface->ledger.lost
		                                         : interface->foreign_drops;

		/* A file that was not closed may say so only there. */
		if (interface->dropped > one)
			one = interface->dropped;
		add_count(&lost, one, &overflow);
	}
	add_count(&lost, books->hole_packets, &overflow);
	add_count(&lost, books->tail_packets, &overflow);
	return lost;
}

void wt_books_fini(struct wt_books *books)
{
	free(books->interfaces);
	books->interfaces = NULL;
	books->interface_count = 0;
}
