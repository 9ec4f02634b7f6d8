/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_TESTS_PRESET_CASE_H
#define WIRETAPE_TESTS_PRESET_CASE_H

/* Hand-made packets of one preset, with their expected headers. */

#include <stddef.h>
#include <stdint.h>

#include <wiretape/feed/preset/preset.h>

struct preset_case {
	const char *what; /* for messages */
	const struct wt_preset *preset;
	const uint8_t *payload;
	size_t bytes;
	int headers; /* how many there are */
	struct wt_feed_header header[2];
	unsigned score; /* of the whole packet */
};

/* Expected numbers of a preset. */
struct preset_numbers {
	enum wt_feed_unit unit;
	uint8_t bits, rolls_to;
	uint64_t begins_at;
	enum wt_feed_heartbeat heartbeat;
	uint32_t heartbeat_ms;
};

void preset_case_numbers(const struct wt_preset *preset, const struct preset_numbers *numbers);

/* Read, weigh, and read once more every beginning of the payload that a snap length would leave:
 * none may be out of bounds. */
void preset_case_check(const struct preset_case *one);

/* Convert hexadecimal digits, with spaces between them, to bytes. */
size_t preset_case_hex(uint8_t *bytes, size_t room, const char *hex);

/* Run preset_case_check() on such a text. Without a header (NULL) it must not be a packet of
 * the preset. */
void preset_case_hex_check(const struct wt_preset *preset, const char *what, const char *hex,
                           const struct wt_feed_header *header, unsigned score);

/* Write *header at sent_ns and expect these bytes. */
void preset_case_written(const struct wt_preset *preset, const struct wt_feed_header *header,
                         size_t body_bytes, int64_t sent_ns, const uint8_t *payload, size_t bytes);

/* Write *header and read it back: it must be the last header read, with this score. */
void preset_case_agree(const struct wt_preset *preset, const struct wt_feed_header *header,
                       size_t body_bytes, unsigned score);

/* Expect that writing *header is refused. */
void preset_case_refused(const struct wt_preset *preset, const struct wt_feed_header *header);

/* Expect a score of 0 for other traffic: DNS, NTP, QUIC, VXLAN, syslog, SSDP and such. */
void preset_case_foreign(const struct wt_preset *preset);

#endif
