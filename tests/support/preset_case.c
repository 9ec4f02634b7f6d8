/* SPDX-License-Identifier: BSD-2-Clause */
#include "preset_case.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

enum {
	ROOM = 2048,
	RANDOM_PACKETS = 20000,
};

static void expect_header(const char *what, const struct wt_feed_header *got,
                          const struct wt_feed_header *want)
{
	cr_expect_eq(got->what, want->what, "%s: what %u, not %u", what, got->what, want->what);
	cr_expect_eq(got->first, want->first, "%s: first %" PRIu64 ", not %" PRIu64, what,
	             got->first, want->first);
	cr_expect_eq(got->count, want->count, "%s: count %u, not %u", what, got->count,
	             want->count);
	cr_expect_eq(got->channel, want->channel, "%s: channel %u, not %u", what, got->channel,
	             want->channel);
	cr_expect_eq(got->session, want->session, "%s: session %" PRIu64 ", not %" PRIu64, what,
	             got->session, want->session);
	cr_expect_eq(got->has_number, want->has_number, "%s: has_number %d", what, got->has_number);
	cr_expect_eq(got->again, want->again, "%s: again %d", what, got->again);
	cr_expect_eq(got->restarts, want->restarts, "%s: restarts %d", what, got->restarts);
	cr_expect_eq(got->anywhere, want->anywhere, "%s: anywhere %d", what, got->anywhere);
}

void preset_case_numbers(const struct wt_preset *preset, const struct preset_numbers *numbers)
{
	cr_expect_eq(preset->unit, numbers->unit);
	cr_expect_eq(preset->number_bits, numbers->bits);
	cr_expect_eq(preset->rolls_to, numbers->rolls_to);
	cr_expect_eq(preset->begins_at, numbers->begins_at);
	cr_expect_eq(preset->heartbeat, numbers->heartbeat);
	cr_expect_eq(preset->heartbeat_ms, numbers->heartbeat_ms);
}

/* Read from memory that ends where the bytes do, so that a sanitizer sees reads beyond. */
static void read_beginning(const struct preset_case *one, size_t bytes)
{
	struct wt_feed_header headers[WT_FEED_HEADERS_MAX];
	char channel[WT_FEED_TEXT_BYTES], session[WT_FEED_TEXT_BYTES];
	uint8_t *copy = malloc(bytes ? bytes : 1);
	struct wt_feed_proof proof;
	size_t used;
	int count;

	cr_assert_not_null(copy);
	memcpy(copy, one->payload, bytes);
	count = wt_preset_read(one->preset, copy, bytes, one->bytes, headers, &used);
	cr_expect_geq(count, 0);
	if (bytes < one->preset->header_bytes)
		cr_expect_eq(count, 0, "%s: %d headers in %zu bytes", one->what, count, bytes);
	/* The beginning of a contradictory whole may be consistent. */
	cr_expect(count <= one->headers || !one->headers, "%s: %d headers in %zu bytes", one->what,
	          count, bytes);
	proof = wt_preset_prove(one->preset, copy, bytes, one->bytes);
	cr_expect(one->score < 40 || proof.score <= one->score, "%s: %u of %zu bytes", one->what,
	          proof.score, bytes);
	if (bytes >= one->preset->header_bytes)
		wt_preset_describe(one->preset, copy, bytes, channel, session);
	free(copy);
}

void preset_case_check(const struct preset_case *one)
{
	struct wt_feed_header headers[WT_FEED_HEADERS_MAX];
	struct wt_feed_proof proof;
	size_t used = 0;
	int count =
	        wt_preset_read(one->preset, one->payload, one->bytes, one->bytes, headers, &used);

	cr_expect_eq(count, one->headers, "%s: %d headers, not %d", one->what, count, one->headers);
	for (int i = 0; i < count && i < one->headers; i++)
		expect_header(one->what, &headers[i], &one->header[i]);
	if (count)
		cr_expect_eq(used, one->bytes, "%s: %zu bytes used", one->what, used);
	proof = wt_preset_prove(one->preset, one->payload, one->bytes, one->bytes);
	cr_expect_eq(proof.score, one->score, "%s: score %u, not %u", one->what, proof.score,
	             one->score);
	cr_expect_eq(!proof.score, !proof.holds, "%s: a reason goes with a score", one->what);
	for (size_t bytes = 0; bytes < one->bytes; bytes++)
		read_beginning(one, bytes);
}

static unsigned digit(char c)
{
	const char *digits = "0123456789abcdef", *found = strchr(digits, c);

	cr_assert(c && found, "'%c' is no hexadecimal digit", c);
	return (unsigned)(found - digits);
}

size_t preset_case_hex(uint8_t *bytes, size_t room, const char *hex)
{
	size_t count = 0;

	for (; *hex; hex++) {
		if (*hex == ' ')
			continue;
		cr_assert_lt(count, room);
		bytes[count++] = (uint8_t)(digit(hex[0]) << 4 | digit(hex[1]));
		hex++;
	}
	return count;
}

void preset_case_hex_check(const struct wt_preset *preset, const char *what, const char *hex,
                           const struct wt_feed_header *header, unsigned score)
{
	uint8_t payload[ROOM];
	struct preset_case one = {
	        .what = what,
	        .preset = preset,
	        .payload = payload,
	        .bytes = preset_case_hex(payload, sizeof(payload), hex),
	        .headers = header != NULL,
	        .score = score,
	};

	if (header)
		one.header[0] = *header;
	preset_case_check(&one);
}

void preset_case_written(const struct wt_preset *preset, const struct wt_feed_header *header,
                         size_t body_bytes, int64_t sent_ns, const uint8_t *payload, size_t bytes)
{
	uint8_t buffer[ROOM];
	int written = wt_preset_write(preset, buffer, sizeof(buffer), header, body_bytes, sent_ns);

	cr_expect_eq(written, (int)bytes, "%s: %d bytes, not %zu", preset->name, written, bytes);
	for (size_t i = 0; i < bytes && written == (int)bytes; i++)
		cr_expect_eq(buffer[i], payload[i], "%s: byte %zu is 0x%02x, not 0x%02x",
		             preset->name, i, buffer[i], payload[i]);
}

void preset_case_agree(const struct wt_preset *preset, const struct wt_feed_header *header,
                       size_t body_bytes, unsigned score)
{
	struct wt_feed_header headers[WT_FEED_HEADERS_MAX];
	struct wt_feed_proof proof;
	uint8_t buffer[ROOM];
	size_t used = 0;
	int count, bytes = wt_preset_write(preset, buffer, sizeof(buffer), header, body_bytes,
	                                   INT64_C(1700000000123456789));

	cr_assert_gt(bytes, 0, "%s: %d", preset->name, bytes);
	cr_expect_eq(wt_preset_write(preset, buffer, (size_t)bytes - 1, header, body_bytes, 0),
	             -EMSGSIZE);
	cr_expect_eq(wt_preset_write(preset, buffer, (size_t)bytes, header, body_bytes,
	                             INT64_C(1700000000123456789)),
	             bytes);
	count = wt_preset_read(preset, buffer, (size_t)bytes, (size_t)bytes, headers, &used);
	cr_assert_gt(count, 0, "%s: what was written is not read", preset->name);
	expect_header(preset->name, &headers[count - 1], header);
	proof = wt_preset_prove(preset, buffer, (size_t)bytes, (size_t)bytes);
	cr_expect_eq(proof.score, score, "%s: score %u, not %u", preset->name, proof.score, score);
}

void preset_case_refused(const struct wt_preset *preset, const struct wt_feed_header *header)
{
	uint8_t buffer[ROOM];
	int bytes = wt_preset_write(preset, buffer, sizeof(buffer), header, 100, 0);

	cr_expect_eq(bytes, -EINVAL, "%s: what %u, first %" PRIu64 ": %d", preset->name,
	             header->what, header->first, bytes);
}

static void expect_foreign(const struct wt_preset *preset, const char *what, const void *payload,
                           size_t bytes)
{
	struct wt_feed_proof proof = wt_preset_prove(preset, payload, bytes, bytes);

	cr_expect_eq(proof.score, 0, "%s: %s scores %u (%s)", preset->name, what, proof.score,
	             proof.holds ? proof.holds : "");
}

/* RFC 1035, 4.1: a query with an identifier that has the bits of RTP's version, its answer, and one
 * with EDNS. */
static const uint8_t dns_query[] = "\x81\x07\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
                                   "\x03www\x07"
                                   "example\x03org\x00\x00\x01\x00\x01";
static const uint8_t dns_answer[] = "\x8f\x60\x81\x80\x00\x01\x00\x01\x00\x00\x00\x01"
                                    "\x07"
                                    "example\x03org\x00\x00\x01\x00\x01\xc0\x0c\x00\x01\x00\x01"
                                    "\x00\x00\x0e\x10\x00\x04\x5d\xb8\xd8\x22"
                                    "\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00";
/* RFC 5905, 7.3: a server's answer; LI 0, and LI 2. */
static const uint8_t ntp[] = "\x24\x01\x03\xe9\x00\x00\x00\x12\x00\x00\x00\x1b"
                             "GPS\x00"
                             "\xe9\xc0\x11\x22\x00\x00\x00\x00\xe9\xc0\x11\x33\x44\x55\x66\x77"
                             "\xe9\xc0\x11\x33\x88\x99\xaa\xbb\xe9\xc0\x11\x33\xcc\xdd\xee\xff";
static const uint8_t ntp_leap[] =
        "\xa4\x01\x03\xe9\x00\x00\x00\x12\x00\x00\x00\x1b"
        "GPS\x00"
        "\xe9\xc0\x11\x22\x00\x00\x00\x00\xe9\xc0\x11\x33\x44\x55\x66\x77"
        "\xe9\xc0\x11\x33\x88\x99\xaa\xbb\xe9\xc0\x11\x33\xcc\xdd\xee\xff";
/* RFC 9000, 17.2.2 and 17.3.1: an initial packet and a short header. */
static const uint8_t quic_initial[] = "\xc3\x00\x00\x00\x01\x08\x83\x94\xc8\xf0\x3e\x51\x57\x08"
                                      "\x00\x00\x44\x9e\x7b\x9a\xec\x34\xd1\xb1\xc9\x8d\xd7\x68"
                                      "\x9f\xb8\xec\x11\xd2\x42\xb1\x23";
static const uint8_t quic_short[] = "\x5c\x83\x94\xc8\xf0\x3e\x51\x57\x08\x4c\xfe\x41\x89\x65"
                                    "\x5e\x5c\xd5\x5c\x41\xf6\x90\x80\x57\x5d\x79\x99\xc2\x5a";
/* RFC 7348, 5: VNI 100, and the Ethernet frame in it. */
static const uint8_t vxlan[] = "\x08\x00\x00\x00\x00\x00\x64\x00\x52\x54\x00\x12\x34\x56\x52\x54"
                               "\x00\x65\x43\x21\x08\x00\x45\x00\x00\x1c\x00\x01\x00\x00\x40\x11"
                               "\x66\xcf\x0a\x00\x00\x01\x0a\x00\x00\x02\x04\xd2\x16\x2e\x00\x08"
                               "\x00\x00";
static const uint8_t syslog_text[] = "<34>1 2026-11-30T06:00:00.003Z host.example su - ID47 - "
                                     "'su root' failed for lonvick on /dev/pts/8";
static const uint8_t ssdp[] = "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n"
                              "MAN: \"ssdp:discover\"\r\nMX: 1\r\nST: ssdp:all\r\n\r\n";
/* RFC 2131, 2: a request's beginning. */
static const uint8_t dhcp[300] = "\x01\x01\x06\x00\x39\x03\xf3\x26\x00\x00\x00\x00";
/* RFC 3550, 6.4.1: a sender report. */
static const uint8_t rtcp[] = "\x80\xc8\x00\x06\x12\x34\x56\x78\xe9\xc0\x11\x33\x44\x55\x66\x77"
                              "\x00\x01\x02\x03\x00\x00\x00\x64\x00\x00\x27\x10";
static const uint8_t zeros[1400], spaces[] = "                                                ";

/* Random bytes may look like a packet once in a while where little is known of it: as RTP every
 * eighth, as Optiq's compressed packets, with a send time and reserved bits, every five hundredth.
 */
static void expect_random_foreign(const struct wt_preset *preset, unsigned most)
{
	uint64_t state = 88172645463325252;
	uint8_t payload[256];
	unsigned seen = 0;

	for (unsigned i = 0; i < RANDOM_PACKETS; i++) {
		size_t bytes = 12 + state % 200;

		for (size_t at = 0; at < bytes; at++) {
			state ^= state << 13;
			state ^= state >> 7;
			state ^= state << 17;
			payload[at] = (uint8_t)(state >> 32);
		}
		seen += wt_preset_prove(preset, payload, bytes, bytes).score != 0;
	}
	cr_expect_leq(seen, most, "%s: %u of %u random payloads", preset->name, seen,
	              RANDOM_PACKETS);
}

void preset_case_foreign(const struct wt_preset *preset)
{
	bool loose = !strcmp(preset->name, "rtp"), scarce = !strcmp(preset->name, "optiq");

	expect_foreign(preset, "nothing", zeros, 0);
	expect_foreign(preset, "zeros", zeros, sizeof(zeros));
	expect_foreign(preset, "spaces", spaces, sizeof(spaces) - 1);
	expect_foreign(preset, "a DNS query", dns_query, sizeof(dns_query) - 1);
	expect_foreign(preset, "a DNS answer", dns_answer, sizeof(dns_answer) - 1);
	expect_foreign(preset, "NTP", ntp, sizeof(ntp) - 1);
	expect_foreign(preset, "NTP with a leap second", ntp_leap, sizeof(ntp_leap) - 1);
	expect_foreign(preset, "QUIC's initial packet", quic_initial, sizeof(quic_initial) - 1);
	expect_foreign(preset, "QUIC's short header", quic_short, sizeof(quic_short) - 1);
	expect_foreign(preset, "VXLAN", vxlan, sizeof(vxlan) - 1);
	expect_foreign(preset, "syslog", syslog_text, sizeof(syslog_text) - 1);
	expect_foreign(preset, "SSDP", ssdp, sizeof(ssdp) - 1);
	expect_foreign(preset, "DHCP", dhcp, sizeof(dhcp));
	expect_foreign(preset, "RTCP", rtcp, sizeof(rtcp) - 1);
	expect_random_foreign(preset, loose    ? RANDOM_PACKETS / 6
	                              : scarce ? RANDOM_PACKETS / 250
	                                       : 2);
}
