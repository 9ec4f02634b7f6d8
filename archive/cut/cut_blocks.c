/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/archive/cut/cut_private.h>

#include <errno.h>
#include <string.h>

#include <wiretape/base/name_value.h>
#include <wiretape/pcapng/chunk.h>
#include <wiretape/pcapng/pcapng_copy.h>
#include <wiretape/pcapng/text_block.h>

static bool is_in_range(const struct cut *cut, int64_t ns)
{
	const struct wt_timeline_range *range = wt_timeline_range(cut->timeline);

	return (!range->has_from || ns >= range->from_ns) && (!range->has_to || ns < range->to_ns);
}

/* Find the time of an entry in systemd's journal export format: "NAME=text" lines up to an empty
 * one. */
static bool find_journal_time(const uint8_t *body, size_t length, int64_t *ns)
{
	static const char name[] = "__REALTIME_TIMESTAMP=";
	const int64_t ns_per_us = 1000, us_max = INT64_MAX / ns_per_us;
	const uint8_t *at = memmem(body, length, name, sizeof(name) - 1), *end = body + length;
	int64_t us = 0;

	if (!at || (at != body && at[-1] != '\n'))
		return false;
	at += sizeof(name) - 1;
	if (at == end || *at < '0' || *at > '9')
		return false;
	for (; at != end && *at >= '0' && *at <= '9'; at++) {
		if (us > (us_max - (*at - '0')) / 10)
			return false;
		us = us * 10 + (*at - '0');
	}
	*ns = us * ns_per_us;
	return true;
}

/* Find when the event of a feed block showed. */
static bool find_feed_time(const uint8_t *body, size_t length, int64_t *ns)
{
	const char *at = (const char *)body;
	struct wt_name_value line;

	while (wt_name_value_next(&at, &length, &line) > 0)
		if (wt_name_is(&line, "stamp_ns"))
			return wt_value_i64(&line, ns);
	return false;
}

/* Whether the range takes a block. Journal entries and feed blocks have a time of their own; others
 * belong to the packet before them, and before a file's first packet to all of it. */
static bool is_wanted(const struct cut *cut, const struct source *source,
                      const struct wt_pcapng_item *item)
{
	int64_t ns = source->input->stamp_ns;

	switch (item->block_type) {
	case WT_PCAPNG_SECRETS:
	case WT_PCAPNG_NAMES:
		return true;
	case WT_PCAPNG_JOURNAL:
		if (find_journal_time(item->body, item->body_bytes, &ns))
			return is_in_range(cut, ns);
		break;
	case WT_PCAPNG_FEED:
		if (find_feed_time(item->body, item->body_bytes, &ns))
			return is_in_range(cut, ns);
		break;
	default:
		break;
	}
	return !source->input->has_stamp || is_in_range(cut, ns);
}

/* Statistics and looks at NICs are about the whole recording, and its layout no longer holds. */
static bool is_of_no_use(const struct wt_pcapng_item *item)
{
	return item->kind == WT_ITEM_STATISTICS || item->block_type == WT_PCAPNG_INDEX ||
	       item->block_type == WT_PCAPNG_PADDING || item->block_type == WT_PCAPNG_GAP ||
	       item->block_type == WT_PCAPNG_NIC_LOOK;
}

/* Lists of followed channels stand at a recording's start and hold for all of it. */
static bool says_channels(const struct wt_pcapng_item *item)
{
	static const char text[] = "what=channels\n";

	return item->block_type == WT_PCAPNG_FEED && item->body_bytes >= sizeof(text) - 1 &&
	       !memcmp(item->body, text, sizeof(text) - 1);
}

static void leave_out(struct source *source, const struct wt_pcapng_item *item)
{
	struct wt_cut_file *file = source->file;

	if (file->blocks_left_out++)
		return;
	file->block_left_out = item->block_type;
	file->block_left_out_at = item->offset;
}

/* Secrets, names and channels are in every file of a recording: copy them once. */
static int is_new(struct cut *cut, const struct wt_pcapng_item *item, size_t bytes,
                  struct wt_error *err)
{
	uint32_t *unused;
	int rc;

	if (item->block_type != WT_PCAPNG_SECRETS && item->block_type != WT_PCAPNG_NAMES &&
	    !says_channels(item))
		return 1;
	rc = wt_identity_note(&cut->blocks, wt_identity_of(cut->buffer + cut->used, bytes),
	                      &unused);
	return rc < 0 ? wt_error_set(err, rc, "no memory for the blocks beside the packets") : !rc;
}

int wt_cut_take_block(struct cut *cut, struct source *source, const struct wt_pcapng_item *item,
                      struct wt_error *err)
{
	uint64_t options_left_out = 0;
	ssize_t bytes;
	int rc;

	if (is_of_no_use(item) ||
	    (source->input->tape && !source->is_rewound && !says_channels(item)) ||
	    !is_wanted(cut, source, item))
		return 0;
	rc = wt_cut_reserve(cut, wt_pcapng_copy_bound(item), err);
	if (rc)
		return rc;
	bytes = item->passed_bytes
	                ? -ENOTSUP
	                : wt_pcapng_copy_block(cut->buffer + cut->used, cut->room - cut->used, item,
	                                       source->is_swapped, &options_left_out);
	if (bytes == -ENOTSUP || bytes == -EBADMSG) {
		leave_out(source, item);
		return 0;
	}
	rc = bytes < 0 ? 1 : is_new(cut, item, (size_t)bytes, err);
	if (rc <= 0)
		return rc;
	source->file->options_left_out += options_left_out;
	return wt_cut_take(cut, bytes, err);
}
