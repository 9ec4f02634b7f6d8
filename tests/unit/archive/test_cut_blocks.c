/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <wiretape/archive/capture_file.h>
#include <wiretape/archive/cut/cut.h>
#include <wiretape/pcapng/text_block.h>
#include <wiretape/tests/support/temp.h>

#include "support/pcapng_builder.h"
#include "support/unit.h"

/* What a cut makes of the blocks beside the packets. Each has a word in it by which it is known. */

#define T_NS          INT64_C(1700000000000000000)
#define NATIVE_IS_BIG (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)

enum { FILES = 3, FOUND_MAX = 512 };

static struct pcapng_builder build;
static char inputs[FILES][TEMP_BYTES], out[TEMP_BYTES + 16];
static int fds[FILES];
static struct wt_cut_file files[FILES];
static struct wt_cut_result result;
static struct wt_error err;
static char found[FOUND_MAX]; /* the words of the new file, in their order */

static void set_up(void)
{
	for (int i = 0; i < FILES; i++) {
		temp_template(inputs[i], "cut_blocks");
		fds[i] = mkstemp(inputs[i]);
		cr_assert(ge(int, fds[i], 0));
	}
	snprintf(out, sizeof(out), "%s.out", inputs[0]);
	memset(&build, 0, sizeof(build));
}

static void tear_down(void)
{
	for (int i = 0; i < FILES; i++) {
		close(fds[i]);
		unlink(inputs[i]);
	}
	unlink(out);
}

TestSuite(cut_blocks, .init = set_up, .fini = tear_down);

/* ---- what goes in ---- */

static void begin(bool swapped)
{
	build.big_endian = swapped != NATIVE_IS_BIG;
	build_section(&build);
	build_interface(&build, 9, 0);
}

static void add_packet(int64_t after_ns, const char *word)
{
	build_packet(&build, 0, (uint64_t)(T_NS + after_ns), word);
}

static void add_block(uint32_t type, const char *word)
{
	build_block(&build, type);
	build_padded(&build, word, strlen(word));
	build_block_end(&build);
}

static void add_secrets(const char *word)
{
	build_block(&build, WT_PCAPNG_SECRETS);
	build_u32(&build, 0x544c534b);
	build_u32(&build, (uint32_t)strlen(word));
	build_padded(&build, word, strlen(word));
	build_block_end(&build);
}

static void add_names(const char *word)
{
	char record[64] = "\300\0\2\1";

	strcpy(record + 4, word);
	build_block(&build, WT_PCAPNG_NAMES);
	build_option(&build, 1, record, (uint16_t)(4 + strlen(word) + 1));
	build_u32(&build, 0);
	build_block_end(&build);
}

static void add_custom(const char *word)
{
	build_block(&build, WT_PCAPNG_CUSTOM);
	build_u32(&build, 32473);
	build_padded(&build, word, strlen(word));
	build_block_end(&build);
}

static void add_journal(int64_t after_ns, const char *word)
{
	char entry[128];

	snprintf(entry, sizeof(entry), "__CURSOR=s=1\n__REALTIME_TIMESTAMP=%lld\nMESSAGE=%s\n\n",
	         (long long)((T_NS + after_ns) / 1000), word);
	add_block(WT_PCAPNG_JOURNAL, entry);
}

static void add_feed(int64_t after_ns, const char *word)
{
	char event[128];

	snprintf(event, sizeof(event), "v=1\nstamp_ns=%lld\nwhat=%s\n",
	         (long long)(T_NS + after_ns), word);
	add_block(WT_PCAPNG_FEED, event);
}

static void write_build(int number)
{
	cr_assert(eq(long, (long)pwrite(fds[number], build.bytes, build.length, 0),
	             (long)build.length));
	memset(&build, 0, sizeof(build));
}

/* ---- what comes out ---- */

static void note(const char *word, size_t length)
{
	size_t used = strlen(found);

	cr_assert(lt(sz, used + length + 1, FOUND_MAX));
	memcpy(found + used, word, length);
	strcpy(found + used + length, " ");
}

static void note_item(const struct wt_pcapng_item *item)
{
	const char *body = (const char *)item->body, *message;

	switch (item->block_type) {
	case WT_PCAPNG_EPB:
		note((const char *)item->packet.frame.data, item->packet.frame.caplen);
		break;
	case WT_PCAPNG_SECRETS:
		note(body + 8, strnlen(body + 8, item->body_bytes - 8));
		break;
	case WT_PCAPNG_NAMES:
		note(body + 8, strnlen(body + 8, item->body_bytes - 8));
		break;
	case WT_PCAPNG_CUSTOM:
		note(body + 4, strnlen(body + 4, item->body_bytes - 4));
		break;
	case WT_PCAPNG_JOURNAL:
		message = memmem(body, item->body_bytes, "MESSAGE=", 8);
		note(message + 8, strcspn(message + 8, "\n"));
		break;
	case WT_PCAPNG_FEED:
		message = memmem(body, item->body_bytes, "what=", 5);
		note(message + 5, strcspn(message + 5, "\n"));
		break;
	default:
		cr_expect(item->kind == WT_ITEM_SECTION || item->kind == WT_ITEM_INTERFACE,
		          "a block of type 0x%x", item->block_type);
		break;
	}
}

/* A time after T_NS, or NULL for an open end. */
static struct wt_time *at(struct wt_time *time, int64_t after_ns)
{
	bool is_open = after_ns == INT64_MIN || after_ns == INT64_MAX;

	*time = (struct wt_time){.ns = is_open ? 0 : T_NS + after_ns};
	return is_open ? NULL : time;
}

static void cut(size_t count, int64_t from_ns, int64_t to_ns, const char *filter)
{
	const char *paths[FILES] = {inputs[0], inputs[1], inputs[2]};
	struct wt_time from, to;
	const struct wt_cut_config config = {
	        .paths = paths,
	        .path_count = count,
	        .out = out,
	        .from = at(&from, from_ns),
	        .to = at(&to, to_ns),
	        .filter = filter,
	};
	int rc = wt_cut(&config, files, &result, &err);

	cr_assert(eq(int, rc, 0), "%s", err.text);
}

static void expect(const char *words)
{
	struct wt_capture_file *file;
	struct wt_pcapng_item item;
	int rc;

	*found = '\0';
	cr_assert(eq(int, wt_capture_file_open(&file, out, &err), 0), "%s", err.text);
	while ((rc = wt_capture_file_next(file, &item, &err)) > 0)
		note_item(&item);
	wt_capture_file_close(file);
	cr_expect(eq(int, rc, 0), "%s", err.text);
	cr_expect(strcmp(found, words) == 0, "'%s' and not '%s'", found, words);
}

/* ---- all of a file ---- */

static void build_one_of_each(void)
{
	add_secrets("keys");
	add_names("name");
	add_custom("custom");
	add_journal(0, "journal");
	add_packet(1, "p1");
	add_custom("more");
	add_secrets("late");
	add_packet(2, "p2");
	add_journal(2000, "last");
}

Test(cut_blocks, all_stand_where_they_stood)
{
	for (int swapped = 0; swapped < 2; swapped++) {
		begin(swapped);
		build_one_of_each();
		write_build(0);
		cut(1, INT64_MIN, INT64_MAX, NULL);
		expect("keys name custom journal p1 more late p2 last ");
		cr_expect(eq(u64, files[0].blocks_left_out, 0));
		cr_expect(eq(u64, files[0].options_left_out, 0));
	}
}

Test(cut_blocks, a_filter_is_about_packets)
{
	begin(false);
	build_one_of_each();
	write_build(0);
	cut(1, INT64_MIN, INT64_MAX, "greater 1000");
	expect("keys name custom journal more late last ");
}

Test(cut_blocks, sections_of_both_byte_orders)
{
	begin(false);
	add_secrets("native");
	add_packet(1, "p1");
	begin(true);
	add_secrets("swapped");
	add_names("name");
	add_packet(2, "p2");
	begin(false);
	add_custom("custom");
	add_packet(3, "p3");
	write_build(0);
	cut(1, INT64_MIN, INT64_MAX, NULL);
	expect("native p1 swapped name p2 custom p3 ");
}

/* ---- a part of it ---- */

Test(cut_blocks, secrets_and_names_go_along_from_before_and_after_the_range)
{
	begin(false);
	add_secrets("first");
	add_packet(1, "p1");
	add_secrets("second");
	add_names("name");
	add_packet(2, "p2");
	add_packet(3, "p3");
	add_secrets("third");
	write_build(0);
	cut(1, 2, 3, NULL);
	expect("first second name p2 third ");
}

Test(cut_blocks, a_vendors_blocks_go_with_the_packet_before_them)
{
	begin(false);
	add_custom("of-the-file");
	add_packet(1, "p1");
	add_custom("c1");
	add_packet(2, "p2");
	add_custom("c2");
	add_packet(3, "p3");
	add_custom("c3");
	write_build(0);
	cut(1, 2, 3, NULL);
	expect("of-the-file p2 c2 ");
}

Test(cut_blocks, journal_entries_go_by_their_time)
{
	begin(false);
	add_packet(1000, "p1");
	add_journal(3000, "j3");
	add_packet(2000, "p2");
	add_journal(1000, "j1");
	add_packet(3000, "p3");
	add_journal(2000, "j2");
	add_block(WT_PCAPNG_JOURNAL, "MESSAGE=timeless\n\n");
	write_build(0);
	cut(1, 2000, 3000, NULL);
	expect("p2 j2 ");
	cut(1, 3000, INT64_MAX, NULL);
	expect("j3 p3 timeless ");
}

Test(cut_blocks, a_journals_impossible_time_is_none)
{
	begin(false);
	add_packet(1000, "p1");
	add_block(WT_PCAPNG_JOURNAL, "__REALTIME_TIMESTAMP=99999999999999999999\nMESSAGE=far\n");
	add_block(WT_PCAPNG_JOURNAL, "__REALTIME_TIMESTAMP=x\nMESSAGE=none\n");
	add_block(WT_PCAPNG_JOURNAL, "MESSAGE=end\n__REALTIME_TIMESTAMP=");
	add_packet(2000, "p2");
	write_build(0);
	cut(1, 1000, 2000, NULL);
	expect("p1 far none end ");
	cut(1, 2000, INT64_MAX, NULL);
	expect("p2 ");
}

Test(cut_blocks, feed_blocks_go_by_their_time_and_looks_at_nics_stay)
{
	begin(false);
	add_packet(1000, "p1");
	add_feed(3000, "f3");
	add_packet(2000, "p2");
	add_feed(1000, "f1");
	add_block(WT_PCAPNG_NIC_LOOK, "interface=0\nlook_ns=2000\n");
	add_packet(3000, "p3");
	add_feed(2000, "f2");
	add_block(WT_PCAPNG_FEED, "v=1\nstamp_ns=x\nwhat=timeless\n");
	write_build(0);
	cut(1, 2000, 3000, NULL);
	expect("p2 f2 ");
	cut(1, 3000, INT64_MAX, NULL);
	expect("f3 p3 timeless ");
}

/* ---- several files ---- */

Test(cut_blocks, what_several_files_have_alike_comes_once)
{
	for (int i = 0; i < 3; i++) {
		begin(i == 1);
		add_secrets("keys");
		add_names("name");
		add_secrets(i == 2 ? "other" : "keys");
		add_custom("custom");
		add_packet(i, "p_");
		write_build(i);
	}
	cut(3, INT64_MIN, INT64_MAX, NULL);
	expect("keys name custom custom other custom p_ p_ p_ ");
}

/* ---- what does not go along ---- */

Test(cut_blocks, what_is_left_out_is_counted)
{
	for (int swapped = 0; swapped < 2; swapped++) {
		size_t where;

		begin(swapped);
		add_packet(1, "p1");
		where = build.length;
		add_block(0x204, "sysdig");
		add_block(0x80000001, "local");
		add_block(WT_PCAPNG_CUSTOM_NOCOPY, "not to be copied");
		add_block(WT_PCAPNG_SECRETS, "cut");
		add_packet(2, "p2");
		add_block(0x204, "after the range");
		write_build(0);
		cut(1, INT64_MIN, 2, NULL);
		expect("p1 ");
		cr_expect(eq(u64, files[0].blocks_left_out, 4));
		cr_expect(eq(u32, files[0].block_left_out, 0x204));
		cr_expect(eq(u64, files[0].block_left_out_at, where));
	}
}

Test(cut_blocks, options_that_are_left_out_are_counted)
{
	begin(true);
	build_packet_head(&build, 0, (uint64_t)T_NS, "p1");
	build_option_u32(&build, 77, 1);
	build_option_u32(&build, 78, 1);
	build_option_u32(&build, WT_OPT_EPB_QUEUE, 1);
	build_block_end(&build);
	write_build(0);
	cut(1, INT64_MIN, INT64_MAX, NULL);
	expect("p1 ");
	cr_expect(eq(u64, files[0].options_left_out, 2));
}

/* ---- large ones ---- */

static void write_large(uint32_t type, size_t bytes)
{
	uint8_t *body = calloc(1, bytes);
	uint32_t total = (uint32_t)(12 + bytes);

	memset(body, 'x', bytes - 1);
	memcpy(body + 8, "large", 6);
	memcpy(body + 4,
	       type == WT_PCAPNG_SECRETS ? (uint32_t[]){(uint32_t)bytes - 8}
	                                 : (uint32_t[]){0x6c6c6c6c},
	       4);
	begin(false);
	add_packet(1, "p1");
	build_u32(&build, type);
	build_u32(&build, total);
	write_build(0);
	cr_assert(eq(int, lseek(fds[0], 0, SEEK_END) > 0, 1));
	cr_assert(eq(long, (long)write(fds[0], body, bytes), (long)bytes));
	cr_assert(eq(long, (long)write(fds[0], &total, sizeof(total)), 4));
	begin(false);
	add_packet(2, "p2");
	cr_assert(eq(long, (long)write(fds[0], build.bytes, build.length), (long)build.length));
	memset(&build, 0, sizeof(build));
	free(body);
}

Test(cut_blocks, of_many_mebibytes_go_along)
{
	const size_t bytes = 5 << 20;

	write_large(WT_PCAPNG_SECRETS, bytes);
	cut(1, INT64_MIN, INT64_MAX, NULL);
	expect("p1 large p2 ");
	cr_assert(eq(int, ftruncate(fds[0], 0), 0));
	cr_expect(eq(long, (long)lseek(fds[0], 0, SEEK_SET), 0));
	write_large(WT_PCAPNG_CUSTOM, bytes);
	cut(1, INT64_MIN, INT64_MAX, NULL);
	expect("p1 lllllarge p2 ");
}
