/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/feed/verdict/nic_look.h>

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include <wiretape/base/name_value.h>
#include <wiretape/base/text_put.h>
#include <wiretape/feed/verdict/loss_log.h>
#include <wiretape/pcapng/text_block.h>

static const char *const away_words[] = {
        [WT_NIC_HERE] = "no",
        [WT_NIC_DOWN] = "down",
        [WT_NIC_GONE] = "gone",
};

const char *wt_nic_away_text(enum wt_nic_away away)
{
	switch (away) {
	case WT_NIC_DOWN:
		return "the interface was down";
	case WT_NIC_GONE:
		return "the interface had disappeared";
	default:
		return NULL;
	}
}

static void put_counters(struct wt_text *text, const struct wt_nic_look *look)
{
	for (size_t i = 0; i < WT_NIC_COUNTERS_MAX && wt_nic_loss_counters[i]; i++)
		wt_text_put(text, "%s=%" PRIu64 "\n", wt_nic_loss_counters[i], look->counters[i]);
}

ssize_t wt_nic_look_encode(uint8_t *out, size_t capacity, const struct wt_nic_look *look)
{
	char chars[WT_NIC_LOOK_BLOCK_BYTES];
	struct wt_text text = {chars, sizeof(chars), 0};

	wt_text_put(&text, "interface=%" PRIu32 "\nlook_ns=%" PRId64 "\n", look->interface_id,
	            look->look_ns);
	if (look->away)
		wt_text_put(&text, "away=%s\nfrom=%" PRId64 "\nto=%" PRId64 "\n",
		            away_words[look->away], look->from, look->to);
	else
		put_counters(&text, look);
	if (text.length >= text.capacity)
		return -ENOBUFS;
	return wt_text_block_encode(out, capacity, WT_PCAPNG_NIC_LOOK, chars, text.length);
}

/* Fields that have to be there. */
struct seen {
	bool interface, time;
};

static bool read_counter(const struct wt_name_value *line, struct wt_nic_look *look)
{
	for (size_t i = 0; i < WT_NIC_COUNTERS_MAX && wt_nic_loss_counters[i]; i++)
		if (wt_name_is(line, wt_nic_loss_counters[i]))
			return wt_value_u64(line, &look->counters[i]);
	return true;
}

static bool read_away(const struct wt_name_value *line, struct wt_nic_look *look)
{
	for (int i = WT_NIC_HERE; i <= WT_NIC_GONE; i++)
		if (line->value_length == strlen(away_words[i]) &&
		    !memcmp(line->value, away_words[i], line->value_length)) {
			look->away = (enum wt_nic_away)i;
			return true;
		}
	return false;
}

static bool read_line(const struct wt_name_value *line, struct wt_nic_look *look, struct seen *seen)
{
	if (wt_name_is(line, "interface"))
		return seen->interface = wt_value_u32(line, &look->interface_id);
	if (wt_name_is(line, "look_ns"))
		return seen->time = wt_value_i64(line, &look->look_ns);
	if (wt_name_is(line, "away"))
		return read_away(line, look);
	if (wt_name_is(line, "from"))
		return wt_value_i64(line, &look->from);
	if (wt_name_is(line, "to"))
		return wt_value_i64(line, &look->to);
	return read_counter(line, look);
}

int wt_nic_look_decode(struct wt_nic_look *look, const uint8_t *body, size_t bytes)
{
	const char *at = (const char *)body;
	struct seen seen = {false, false};
	struct wt_name_value line;
	int rc;

	memset(look, 0, sizeof(*look));
	while ((rc = wt_name_value_next(&at, &bytes, &line)) > 0)
		if (!read_line(&line, look, &seen))
			return -EBADMSG;
	if (rc || !seen.interface || !seen.time || look->from > look->to)
		return -EBADMSG;
	if (look->away)
		memset(look->counters, 0, sizeof(look->counters));
	else
		look->from = look->to = 0;
	return 0;
}
