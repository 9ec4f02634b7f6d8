/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/feed/verdict/feed_event.h>
#include <wiretape/feed/verdict/loss_log.h>

#include "support/unit.h"

#define T_NS 1700000000123456789 /* 22:13:20 */

static char text[WT_FEED_EVENT_TEXT_BYTES], strings[WT_FEED_EVENT_TEXT_BYTES];

static struct wt_feed_event gap_of(enum wt_verdict which)
{
	struct wt_feed_event event = {
	        .kind = WT_EVENT_GAP,
	        .number = 7,
	        .channel = "itch",
	        .preset = "moldudp64",
	        .key = "unit 3",
	        .session = "WIRETAPE",
	        .interface = "eth0",
	        .side = WT_FEED_B,
	        .stamp_ns = T_NS,
	        .first = 1201,
	        .end = 1218,
	        .missing = 17,
	        .after_ns = T_NS - 1000,
	        .before_ns = T_NS,
	        .after_order = 1200,
	        .before_order = 1201,
	        .loss = {.known = true},
	};

	event.verdict.verdict = which;
	return event;
}

static void expect_line(const struct wt_feed_event *event, const char *line)
{
	cr_expect(eq(int, wt_feed_event_line(event, text, sizeof(text)), (int)strlen(line)));
	cr_expect(strcmp(text, line) == 0, "'%s'\nnot '%s'", text, line);
}

static void expect_json(const struct wt_feed_event *event, const char *json)
{
	cr_expect(eq(int, wt_feed_event_json(event, text, sizeof(text)), (int)strlen(json)));
	cr_expect(strcmp(text, json) == 0, "%s\nnot\n%s", text, json);
}

Test(feed_event, lines_say_whose_gap_it_is_and_why)
{
	struct wt_feed_event event = gap_of(WT_VERDICT_RING);

	event.verdict.packets_needed = 3;
	event.loss.ring_all = 12;
	expect_line(&event, "22:13:20.123456789 itch B unit 3: 17 messages missing from 1201: ring "
	                    "(the ring of eth0 dropped 12 packets in the window, 3 are needed)");
	event = gap_of(WT_VERDICT_WRITER);
	event.loss.writer = 1;
	event.missing = 1;
	expect_line(&event, "22:13:20.123456789 itch B unit 3: 1 message missing from 1201: writer "
	                    "(1 packet in the window was seen and not written)");
	event = gap_of(WT_VERDICT_UNKNOWN);
	strcpy(event.loss.why, "the file has no ledger");
	event.key = "";
	expect_line(&event, "22:13:20.123456789 itch B: 17 messages missing from 1201: unknown "
	                    "(the file has no ledger)");
}

Test(feed_event, lines_about_other_sides)
{
	struct wt_feed_event event = gap_of(WT_VERDICT_LINE);

	event.key = "";
	event.has_other = true;
	event.other_has = 17;
	expect_line(&event, "22:13:20.123456789 itch B: 17 messages missing from 1201: line "
	                    "(another side has them, and nothing was lost here)");
	event.verdict.verdict = WT_VERDICT_UPSTREAM;
	expect_line(&event, "22:13:20.123456789 itch B: 17 messages missing from 1201: upstream "
	                    "(the other side lacks them, too, and nothing was lost here)");
	event.other_is_silent = true;
	expect_line(&event, "22:13:20.123456789 itch B: 17 messages missing from 1201: upstream "
	                    "(the other side is silent, and nothing was lost here)");
	event.kind = WT_EVENT_PAIR_GAP;
	expect_line(&event, "22:13:20.123456789 itch all sides: 17 messages missing from 1201: "
	                    "upstream (no side has them)");
}

static size_t counter(const char *name)
{
	size_t i = 0;

	while (wt_nic_loss_counters[i] && strcmp(wt_nic_loss_counters[i], name) != 0)
		i++;
	cr_assert(wt_nic_loss_counters[i] != NULL, "%s", name);
	return i;
}

Test(feed_event, lines_about_several_causes)
{
	struct wt_feed_event event = gap_of(WT_VERDICT_SHARED);

	event.key = "";
	event.verdict.ring = 5;
	event.verdict.nic = 12;
	event.loss.ring_all = 1;
	event.loss.has_nic = true;
	event.loss.nic_from_ns = T_NS;
	event.loss.nic_to_ns = T_NS + 1500000000;
	event.loss.nic_moved[counter("rx_missed_errors")] = 3;
	expect_line(&event,
	            "22:13:20.123456789 itch B: 17 messages missing from 1201: shared (5 ring: the "
	            "ring of eth0 dropped 1 packet in the window; 12 nic: counters of eth0 grew "
	            "between two looks 1.500 s apart: rx_missed_errors by 3)");
}

Test(feed_event, lines_of_all_that_is_no_gap)
{
	struct wt_feed_event event = gap_of(WT_VERDICT_LATE);

	event.key = NULL;
	event.missing = 0;
	event.recovered.by = WT_BY_ITSELF;
	event.recovered.after_ns = 1234567;
	expect_line(&event, "22:13:20.123456789 itch B: 17 messages skipped from 1201: late "
	                    "(came after all, up to 1.2 ms after the gap was seen)");
	event.kind = WT_EVENT_RECOVERED;
	event.recovered.count = 1;
	event.recovered.by = WT_BY_OTHER;
	expect_line(&event, "22:13:20.123456789 itch B: 1 message from 1201 came after all from "
	                    "the other side, 1.2 ms after the gap was seen");
	event.kind = WT_EVENT_RESTART;
	event.first = 1;
	expect_line(&event, "22:13:20.123456789 itch B: begins anew at 1, without saying so");
	event.kind = WT_EVENT_STATE;
	event.state = WT_FEED_STATE_SILENT;
	expect_line(&event, "22:13:20.123456789 itch B: silent");
	event.kind = WT_EVENT_LOST_TAIL;
	event.missing = 5;
	event.unit = WT_FEED_PACKETS;
	expect_line(&event, "22:13:20.123456789 itch B: 5 packets from 1 were seen and not "
	                    "written, at the end");
	event.kind = WT_EVENT_STREAM;
	event.interface = "a\033[2Jb\xff\xc2\x9b\xc3\xbc";
	expect_line(&event, "22:13:20.123456789 itch B: first seen on a?[2Jb??\xc3\xbc, at 1");
}

Test(feed_event, json_of_a_gap)
{
	struct wt_feed_event event = gap_of(WT_VERDICT_RING);

	event.verdict.ring = 17;
	event.verdict.packets_needed = 3;
	event.verdict.ring_claim = 3;
	event.loss.ring = 12;
	event.loss.ring_all = 12;
	event.has_other = true;
	event.other_has = 17;
	event.recovered.count = 17;
	event.recovered.by = WT_BY_OTHER;
	expect_json(
	        &event,
	        "{\"v\":1,\"event\":\"gap\",\"stream\":\"itch\",\"preset\":\"moldudp64\","
	        "\"side\":\"B\",\"key\":\"unit 3\",\"session\":\"WIRETAPE\",\"interface\":\"eth0\","
	        "\"unit\":\"messages\",\"number\":7,\"time_ns\":1700000000123456789,"
	        "\"first\":1201,\"end\":1218,\"missing\":17,\"after\":1700000000123455789,"
	        "\"before\":1700000000123456789,\"after_order\":1200,\"before_order\":1201,"
	        "\"verdict\":\"ring\",\"causes\":{\"ring\":17},\"evidence\":{\"text\":"
	        "\"the ring of eth0 dropped 12 packets in the window, 3 are needed\","
	        "\"known\":true,\"ring\":12,\"ring_unclaimed\":12,\"writer\":0,"
	        "\"packets_needed\":3,\"ring_claim\":3,\"other\":{\"has\":17,\"lacks\":0,"
	        "\"silent\":false}},\"recovered\":{\"count\":17,\"by\":\"other\",\"after_ns\":0}}");
}

Test(feed_event, json_leaves_out_what_is_not_known)
{
	struct wt_feed_event event = {
	        .kind = WT_EVENT_PAIR_GAP,
	        .channel = "itch",
	        .preset = "pillar",
	        .stamp_ns = -1,
	        .end = UINT64_MAX,
	        .missing = UINT64_MAX,
	        .after_ns = INT64_MIN,
	        .before_ns = INT64_MIN,
	        .verdict = {.verdict = WT_VERDICT_UNKNOWN, .unknown = UINT64_MAX},
	        .loss = {.why = "no \"ledger\""},
	};

	expect_json(&event,
	            "{\"v\":1,\"event\":\"pair_gap\",\"stream\":\"itch\",\"preset\":\"pillar\","
	            "\"unit\":\"messages\",\"time_ns\":-1,\"first\":0,"
	            "\"end\":18446744073709551615,\"missing\":18446744073709551615,"
	            "\"verdict\":\"unknown\",\"causes\":{\"unknown\":18446744073709551615},"
	            "\"evidence\":{\"text\":\"no \\\"ledger\\\"\",\"known\":false,"
	            "\"why\":\"no \\\"ledger\\\"\"},\"recovered\":{\"count\":0}}");
}

Test(feed_event, json_of_names_that_are_no_utf_8)
{
	struct wt_feed_event event = {
	        .kind = WT_EVENT_STATE,
	        .channel = "a\\b\n",
	        .preset = "pillar",
	        .interface = "\xff\xc3\xbc\x01",
	        .state = WT_FEED_STATE_ENDED,
	};

	expect_json(&event, "{\"v\":1,\"event\":\"state\",\"stream\":\"a\\\\b\\u000a\","
	                    "\"preset\":\"pillar\",\"side\":\"A\",\"interface\":"
	                    "\"\\ufffd\xc3\xbc\\u0001\",\"unit\":\"messages\",\"time_ns\":0,"
	                    "\"state\":\"ended\"}");
}

Test(feed_event, what_does_not_fit_is_an_error)
{
	struct wt_feed_event event = gap_of(WT_VERDICT_RING);
	int length = wt_feed_event_json(&event, text, sizeof(text));

	cr_expect(eq(int, wt_feed_event_json(&event, text, (size_t)length), -EMSGSIZE));
	cr_expect(eq(int, wt_feed_event_json(&event, text, (size_t)length + 1), length));
	length = wt_feed_event_encode(&event, text, sizeof(text));
	cr_expect(eq(int, wt_feed_event_encode(&event, text, (size_t)length), -EMSGSIZE));
	length = wt_feed_event_line(&event, text, sizeof(text));
	cr_expect(eq(int, wt_feed_event_line(&event, text, (size_t)length), -EMSGSIZE));
	cr_expect(eq(int, wt_feed_evidence_text(&event, text, 8), -EMSGSIZE));
}

static void expect_string(const char *got, const char *expected)
{
	cr_expect(strcmp(got, expected ? expected : "") == 0, "'%s', not '%s'", got, expected);
}

static void expect_same_loss(const struct wt_loss *back, const struct wt_loss *there)
{
	cr_expect(eq(int, back->known, there->known));
	expect_string(back->why, there->why);
	cr_expect(eq(u64, back->ring, there->ring));
	cr_expect(eq(u64, back->ring_all, there->ring_all));
	cr_expect(eq(u64, back->writer, there->writer));
	cr_expect(eq(int, back->has_nic, there->has_nic));
	cr_expect(eq(u64, back->nic, there->nic));
	for (size_t i = 0; wt_nic_loss_counters[i]; i++)
		cr_expect(eq(u64, back->nic_moved[i], there->nic_moved[i]));
	cr_expect(eq(i64, back->nic_from_ns, there->nic_from_ns));
	cr_expect(eq(i64, back->nic_to_ns, there->nic_to_ns));
}

static void expect_same_verdict(const struct wt_verdict_result *back,
                                const struct wt_verdict_result *there)
{
	cr_expect(eq(int, (int)back->verdict, (int)there->verdict));
	cr_expect(eq(u64, back->ring, there->ring));
	cr_expect(eq(u64, back->writer, there->writer));
	cr_expect(eq(u64, back->nic, there->nic));
	cr_expect(eq(u64, back->line, there->line));
	cr_expect(eq(u64, back->upstream, there->upstream));
	cr_expect(eq(u64, back->unknown, there->unknown));
	cr_expect(eq(u64, back->packets_needed, there->packets_needed));
	cr_expect(eq(u64, back->ring_claim, there->ring_claim));
}

static void expect_same(const struct wt_feed_event *back, const struct wt_feed_event *there)
{
	cr_expect(eq(int, (int)back->kind, (int)there->kind));
	cr_expect(eq(u32, back->number, there->number));
	expect_string(back->channel, there->channel);
	expect_string(back->preset, there->preset);
	expect_string(back->key, there->key);
	expect_string(back->session, there->session);
	expect_string(back->interface, there->interface);
	cr_expect(eq(int, (int)back->side, (int)there->side));
	cr_expect(eq(int, (int)back->unit, (int)there->unit));
	cr_expect(eq(int, (int)back->state, (int)there->state));
	cr_expect(eq(int, back->signalled, there->signalled));
	cr_expect(eq(i64, back->stamp_ns, there->stamp_ns));
	cr_expect(eq(u64, back->first, there->first));
	cr_expect(eq(u64, back->end, there->end));
	cr_expect(eq(u64, back->missing, there->missing));
	cr_expect(eq(i64, back->after_ns, there->after_ns));
	cr_expect(eq(i64, back->before_ns, there->before_ns));
	cr_expect(eq(u64, back->after_order, there->after_order));
	cr_expect(eq(u64, back->before_order, there->before_order));
	cr_expect(eq(int, back->has_other, there->has_other));
	cr_expect(eq(int, back->other_is_silent, there->other_is_silent));
	cr_expect(eq(u64, back->other_has, there->other_has));
	cr_expect(eq(u64, back->other_lacks, there->other_lacks));
	cr_expect(eq(u64, back->recovered.count, there->recovered.count));
	cr_expect(eq(int, (int)back->recovered.by, (int)there->recovered.by));
	cr_expect(eq(i64, back->recovered.after_ns, there->recovered.after_ns));
	expect_same_verdict(&back->verdict, &there->verdict);
	expect_same_loss(&back->loss, &there->loss);
}

static uint64_t some_u64(void)
{
	return rand() % 3 ? (uint64_t)rand() << (rand() % 34) : 0;
}

static int64_t some_i64(void)
{
	return rand() % 2 ? (int64_t)some_u64() : -(int64_t)some_u64();
}

static void random_loss(struct wt_loss *loss)
{
	loss->known = rand() % 2;
	strcpy(loss->why, rand() % 2 ? "because of = this" : "");
	loss->ring = some_u64();
	loss->ring_all = some_u64();
	loss->writer = some_u64();
	loss->has_nic = rand() % 2;
	loss->nic = some_u64();
	for (size_t i = 0; wt_nic_loss_counters[i]; i++)
		loss->nic_moved[i] = some_u64();
	loss->nic_from_ns = some_i64();
	loss->nic_to_ns = some_i64();
}

static struct wt_feed_event random_event(void)
{
	struct wt_feed_event event = gap_of((enum wt_verdict)(rand() % WT_VERDICTS));

	event.kind = (enum wt_feed_event_kind)(rand() % WT_FEED_EVENT_KINDS);
	event.side = event.kind == WT_EVENT_PAIR_GAP ? WT_FEED_A
	                                             : (enum wt_feed_side)(rand() % WT_FEED_SIDES);
	event.unit = (enum wt_feed_unit)(rand() % 3);
	event.state = event.kind == WT_EVENT_STATE ? (enum wt_feed_state)(rand() % 4)
	                                           : WT_FEED_STATE_LIVE;
	if (event.kind != WT_EVENT_GAP && event.kind != WT_EVENT_PAIR_GAP &&
	    event.kind != WT_EVENT_LOST_TAIL)
		event.verdict.verdict = WT_VERDICT_RING;
	event.signalled = rand() % 2;
	event.stamp_ns = some_i64();
	event.first = some_u64();
	event.end = UINT64_MAX;
	event.after_ns = rand() % 2 ? INT64_MIN : some_i64();
	event.has_other = rand() % 2;
	event.other_is_silent = rand() % 2;
	event.other_has = some_u64();
	event.recovered.count = some_u64();
	event.recovered.by = (enum wt_feed_by)(rand() % 4);
	event.recovered.after_ns = some_i64();
	event.verdict.ring = some_u64();
	event.verdict.unknown = some_u64();
	random_loss(&event.loss);
	if (rand() % 2)
		event.key = event.session = event.interface = "";
	return event;
}

Test(feed_event, what_is_encoded_is_decoded)
{
	for (int i = 0; i < 5000; i++) {
		struct wt_feed_event there = random_event(), back;
		int length = wt_feed_event_encode(&there, text, sizeof(text));

		cr_assert(gt(int, length, 0));
		cr_assert(eq(int, wt_feed_event_decode(&back, text, (size_t)length, strings), 0),
		          "%s", text);
		expect_same(&back, &there);
	}
}

static int decode(const char *body)
{
	struct wt_feed_event event;

	return wt_feed_event_decode(&event, body, strlen(body), strings);
}

Test(feed_event, what_is_no_event_is_refused)
{
	cr_expect(eq(int, decode("v=1\nwhat=gap\nstamp_ns=1\nnobody_knows=this\n"), 0));
	cr_expect(eq(int, decode(""), -EBADMSG));
	cr_expect(eq(int, decode("v=1\nwhat=gap\n"), -EBADMSG));
	cr_expect(eq(int, decode("v=1\nstamp_ns=1\n"), -EBADMSG));
	cr_expect(eq(int, decode("what=gap\nstamp_ns=1\n"), -EBADMSG));
	cr_expect(eq(int, decode("v=2\nwhat=news\nstamp_ns=1\n"), -ENOTSUP));
	cr_expect(eq(int, decode("v=1\nwhat=channels\n"), -EBADMSG));
	cr_expect(eq(int, decode("v=1\nwhat=gap\nstamp_ns=1\nfirst=x\n"), -EBADMSG));
	cr_expect(eq(int, decode("v=1\nwhat=gap\nstamp_ns=1\nside=C\n"), -EBADMSG));
	cr_expect(eq(int, decode("v=1\nwhat=gap\nstamp_ns=1\nfirst=1"), -EBADMSG));
	cr_expect(eq(int, decode("v=1\nwhat=gap\nstamp_ns=1\nother=0\n"), -EBADMSG));
	cr_expect(eq(int, decode("v=1\nwhat=gap\nstamp_ns=1\nnumber=4294967296\n"), -EBADMSG));
}

Test(feed_event, long_strings_are_cut_and_lines_stay_lines)
{
	static char name[1000];
	struct wt_feed_event there = gap_of(WT_VERDICT_LINE), back;
	int length;

	memset(name, 'x', sizeof(name) - 1);
	name[3] = '\n';
	there.interface = name;
	length = wt_feed_event_encode(&there, text, sizeof(text));
	cr_assert(eq(int, wt_feed_event_decode(&back, text, (size_t)length, strings), 0));
	cr_expect(eq(sz, strlen(back.interface), WT_FEED_EVENT_STRING_MAX));
	cr_expect(eq(int, back.interface[3], ' '));
	cr_expect(gt(int, wt_feed_event_json(&there, text, sizeof(text)), 0));
}

Test(feed_event, all_of_the_largest_fits)
{
	static char name[300];
	struct wt_feed_event event = gap_of(WT_VERDICT_SHARED);

	memset(name, '\001', sizeof(name) - 1);
	memset(&event.verdict.ring, 0xff,
	       sizeof(event.verdict) - offsetof(struct wt_verdict_result, ring));
	memset(&event.loss, 0xff, sizeof(event.loss));
	memset(event.loss.why, '\001', sizeof(event.loss.why) - 1);
	event.loss.why[sizeof(event.loss.why) - 1] = '\0';
	event.loss.known = event.loss.has_nic = event.has_other = true;
	event.loss.nic_from_ns = INT64_MIN + 1;
	event.loss.nic_to_ns = 0;
	event.interface = name;
	event.first = event.end = event.missing = event.other_has = event.other_lacks = UINT64_MAX;
	cr_expect(gt(int, wt_feed_event_encode(&event, text, sizeof(text)), 0));
	cr_expect(gt(int, wt_feed_event_line(&event, text, sizeof(text)), 0));
	event.interface = "eth0";
	cr_expect(gt(int, wt_feed_event_json(&event, text, sizeof(text)), 0));
}
