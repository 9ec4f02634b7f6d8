/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/writer/pcapng_find.h>

#include <string.h>

#include <wiretape/pcapng/chunk.h>
#include <wiretape/pcapng/clock_record.h>
#include <wiretape/pcapng/text_block.h>

enum {
	HEAD_BYTES = sizeof(struct wt_pcapng_block),
	LENGTH_BYTES = 4,
	MIN_BLOCK_BYTES = HEAD_BYTES + LENGTH_BYTES,
	LOOK_BYTES = sizeof(struct wt_pcapng_epb), /* of each place, if the file has them */
};

/* A possible start of a block. */
struct place {
	uint64_t offset;
	uint64_t bytes; /* the block's */
	uint32_t type;
	uint32_t total_length;
	bool swapped;
	size_t length; /* of `look`, that is there */
	uint8_t look[LOOK_BYTES];
};

static uint32_t word(const struct place *place, size_t at)
{
	uint32_t value;

	memcpy(&value, place->look + at, sizeof(value));
	return place->swapped ? __builtin_bswap32(value) : value;
}

/* A section header carries its byte order. */
static bool find_order(struct place *place)
{
	uint32_t magic;

	place->type = word(place, 0);
	if (place->type != WT_PCAPNG_SHB)
		return true;
	memcpy(&magic, place->look + HEAD_BYTES, sizeof(magic));
	place->swapped = magic == WT_PCAPNG_MAGIC_SWAPPED;
	return place->swapped || magic == WT_PCAPNG_MAGIC;
}

/* Read the possible start of a block at `offset`, if it fits the file. */
static bool look_at(struct wt_file_view *view, uint64_t offset, bool swapped, struct place *place)
{
	place->offset = offset;
	place->swapped = swapped;
	place->length = view->end - offset < LOOK_BYTES ? (size_t)(view->end - offset) : LOOK_BYTES;
	if (place->length < MIN_BLOCK_BYTES ||
	    !wt_file_view_peek(view, offset, place->look, place->length) || !find_order(place))
		return false;
	place->total_length = word(place, 4);
	place->bytes = ((uint64_t)place->total_length + 3) & ~UINT64_C(3);
	return place->total_length >= MIN_BLOCK_BYTES && place->bytes <= view->end - offset;
}

static bool ends_alike(struct wt_file_view *view, const struct place *place)
{
	uint32_t again;

	if (!wt_file_view_peek(view, place->offset + place->bytes - LENGTH_BYTES, &again,
	                       sizeof(again)))
		return false;
	return (place->swapped ? __builtin_bswap32(again) : again) == place->total_length;
}

static bool has_room(const struct place *place, uint64_t fixed_bytes, uint64_t data_bytes)
{
	return place->bytes >= fixed_bytes + LENGTH_BYTES &&
	       data_bytes <= place->bytes - fixed_bytes - LENGTH_BYTES;
}

/* Whether its type is known, and its length has room for the fields. */
static bool is_plausible(const struct place *place)
{
	const bool is_limited = place->total_length <= WT_PCAPNG_MAX_BLOCK_BYTES;

	switch (place->type) {
	case WT_PCAPNG_SHB:
		return is_limited && has_room(place, sizeof(struct wt_pcapng_shb), 0);
	case WT_PCAPNG_IDB:
		return is_limited && has_room(place, sizeof(struct wt_pcapng_idb), 0);
	case WT_PCAPNG_ISB:
		return is_limited && has_room(place, sizeof(struct wt_pcapng_isb), 0);
	case WT_PCAPNG_SPB:
		return is_limited && has_room(place, sizeof(struct wt_pcapng_spb), 0);
	case WT_PCAPNG_EPB:
	case WT_PCAPNG_PACKET: /* with its fields in the same places */
		return is_limited && place->length == LOOK_BYTES &&
		       has_room(place, sizeof(struct wt_pcapng_epb),
		                word(place, offsetof(struct wt_pcapng_epb, caplen)));
	case WT_PCAPNG_NAMES:
	case WT_PCAPNG_SECRETS:
	case WT_PCAPNG_CUSTOM:
	case WT_PCAPNG_CUSTOM_NOCOPY:
	case WT_PCAPNG_INDEX:
	case WT_PCAPNG_PADDING:
	case WT_PCAPNG_GAP:
	case WT_PCAPNG_CLOCK:
	case WT_PCAPNG_FEED:
	case WT_PCAPNG_NIC_LOOK:
		return true;
	default:
		return false;
	}
}

static bool is_known(uint32_t type)
{
	return type == WT_PCAPNG_SHB || (type && type <= WT_PCAPNG_SECRETS) ||
	       type == WT_PCAPNG_CUSTOM || type == WT_PCAPNG_CUSTOM_NOCOPY ||
	       (type >= WT_PCAPNG_INDEX && type <= WT_PCAPNG_NIC_LOOK);
}

/* Whether it is followed by a known type, even if damaged or cut off; or by a block with its length
 * at both ends; or by nothing. */
static bool goes_on(struct wt_file_view *view, const struct place *place)
{
	const uint64_t offset = place->offset + place->bytes;
	uint32_t head[2] = {0};
	struct place next;

	if (view->end - offset < sizeof(head))
		return true;
	if (!wt_file_view_peek(view, offset, head, sizeof(head)))
		return false;
	if ((!head[0] && !head[1]) ||
	    is_known(place->swapped ? __builtin_bswap32(head[0]) : head[0]))
		return true;
	return look_at(view, offset, place->swapped, &next) && ends_alike(view, &next);
}

static bool try_place(struct wt_file_view *view, uint64_t offset, bool swapped, bool sections_only,
                      struct wt_pcapng_find *found)
{
	struct place place;

	if (!look_at(view, offset, swapped, &place) || !is_plausible(&place) ||
	    (sections_only && place.type != WT_PCAPNG_SHB) || !ends_alike(view, &place) ||
	    !goes_on(view, &place))
		return false;
	*found = (struct wt_pcapng_find){
	        .offset = offset,
	        .swapped = place.swapped,
	        .is_section = place.type == WT_PCAPNG_SHB,
	};
	return true;
}

/* Whether a block may begin with these bytes: most cannot, and are skipped at once. */
static bool may_begin(const uint8_t *bytes, bool swapped, bool sections_only)
{
	uint32_t type;

	memcpy(&type, bytes, sizeof(type));
	if (sections_only)
		return type == WT_PCAPNG_SHB;
	return is_known(swapped ? __builtin_bswap32(type) : type);
}

static int find(struct wt_file_view *view, uint64_t from, bool swapped, bool sections_only,
                struct wt_pcapng_find *found)
{
	uint64_t at = from;

	while (at < view->end && view->end - at >= MIN_BLOCK_BYTES) {
		const uint8_t *bytes;
		size_t length;

		at = wt_file_view_skip_hole(view, at);
		bytes = wt_file_view_get(view, at, MIN_BLOCK_BYTES);
		if (!bytes)
			break;
		length = view->length - (size_t)(at - view->at);
		for (size_t i = 0; i + MIN_BLOCK_BYTES <= length; i++)
			if (may_begin(bytes + i, swapped, sections_only) &&
			    try_place(view, at + i, swapped, sections_only, found))
				return 1;
		at += length - MIN_BLOCK_BYTES + 1;
	}
	return view->failed;
}

int wt_pcapng_find_section(struct wt_file_view *view, uint64_t from, struct wt_pcapng_find *found)
{
	return find(view, from, false, true, found);
}

int wt_pcapng_find_block(struct wt_file_view *view, uint64_t from, bool swapped,
                         struct wt_pcapng_find *found)
{
	return find(view, from, swapped, false, found);
}

bool wt_pcapng_find_is_section(struct wt_file_view *view, uint64_t offset)
{
	struct wt_pcapng_find found;

	return offset < view->end && try_place(view, offset, false, true, &found);
}

bool wt_pcapng_find_is_block(struct wt_file_view *view, uint64_t offset, bool swapped,
                             uint64_t *bytes)
{
	struct place place;

	if (offset > view->end || !look_at(view, offset, swapped, &place) ||
	    !ends_alike(view, &place))
		return false;
	*bytes = place.bytes;
	return true;
}
