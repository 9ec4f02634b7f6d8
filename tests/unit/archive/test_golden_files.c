/* SPDX-License-Identifier: BSD-2-Clause */

/* Files made by other people's writers; what is expected of them is what tshark
 * says about them. */

#include <stdio.h>
#include <string.h>

#include <wiretape/archive/capture_file.h>

#include "support/unit.h"

enum { STAMPS = 9 };

struct golden {
	char name[32];
	uint64_t sections, interfaces, packets, statistics, others;
	uint64_t captured_bytes, wire_bytes;
	int64_t stamps_ns[STAMPS]; /* in the order of the file */
};

#define A   1700000000000000001
#define B   1700000000500000002
#define C   1700000000250000003
#define AUS 1700000000000000000
#define BUS 1700000000500000000
#define CUS 1700000000250000000

ParameterizedTestParameters(golden_files, reads_what_others_wrote)
{
	static struct golden files[] = {
	        {"text2pcap.pcapng", 1, 1, 3, 0, 0, 276, 276, {A, B, C}},
	        {"editcap_comment.pcapng", 1, 1, 3, 0, 0, 276, 276, {A, B, C}},
	        {"editcap_snaplen.pcapng", 1, 1, 3, 0, 0, 120, 276, {A, B, C}},
	        {"secrets.pcapng", 1, 1, 3, 0, 1, 276, 276, {A, B, C}},
	        {"editcap_us.pcap", 1, 1, 3, 0, 0, 276, 276, {AUS, BUS, CUS}},
	        {"editcap_ns.pcap", 1, 1, 3, 0, 0, 276, 276, {A, B, C}},
	        {"editcap_raw.pcap", 1, 1, 3, 0, 0, 276, 276, {AUS, BUS, CUS}},
	        {"mergecap_two.pcapng", 1, 2, 6, 0, 0, 552, 552, {AUS, A, BUS, CUS, B, C}},
	        {"two_sections.pcapng", 2, 3, 9, 0, 0, 828, 828, {A, B, C, AUS, A, BUS, CUS, B, C}},
	        {"dumpcap_lo.pcapng",
	         1,
	         1,
	         3,
	         1,
	         0,
	         156,
	         156,
	         {1795212311110692878, 1795212311161020300, 1795212311211184920}},
	};

	return cr_make_param_array(struct golden, files, sizeof(files) / sizeof(files[0]));
}

static struct wt_error err;

static struct wt_capture_file *open_golden(const char *name)
{
	struct wt_capture_file *file;
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", WT_GOLDEN_DIR, name);
	cr_assert(eq(int, wt_capture_file_open(&file, path, &err), 0), "%s: %s", path, err.text);
	return file;
}

static void add(struct golden *sum, const struct wt_pcapng_item *item)
{
	switch (item->kind) {
	case WT_ITEM_SECTION:
		sum->sections++;
		break;
	case WT_ITEM_INTERFACE:
		sum->interfaces++;
		break;
	case WT_ITEM_PACKET:
		cr_assert(lt(u64, sum->packets, STAMPS));
		sum->stamps_ns[sum->packets++] = item->packet.frame.stamp_ns;
		sum->captured_bytes += item->packet.frame.caplen;
		sum->wire_bytes += item->packet.frame.len;
		break;
	case WT_ITEM_STATISTICS:
		sum->statistics++;
		break;
	case WT_ITEM_UNKNOWN_SECTION:
	case WT_ITEM_OTHER:
		sum->others++;
		break;
	}
}

ParameterizedTest(struct golden *expected, golden_files, reads_what_others_wrote)
{
	struct wt_capture_file *file = open_golden(expected->name);
	struct wt_pcapng_item item;
	struct golden sum = {0};
	int rc;

	while ((rc = wt_capture_file_next(file, &item, &err)) == 1)
		add(&sum, &item);
	cr_assert(eq(int, rc, 0), "%s: %s", expected->name, err.text);
	cr_expect(eq(u64, sum.sections, expected->sections), "%s", expected->name);
	cr_expect(eq(u64, sum.interfaces, expected->interfaces), "%s", expected->name);
	cr_expect(eq(u64, sum.packets, expected->packets), "%s", expected->name);
	cr_expect(eq(u64, sum.statistics, expected->statistics), "%s", expected->name);
	cr_expect(eq(u64, sum.others, expected->others), "%s", expected->name);
	cr_expect(eq(u64, sum.captured_bytes, expected->captured_bytes), "%s", expected->name);
	cr_expect(eq(u64, sum.wire_bytes, expected->wire_bytes), "%s", expected->name);
	for (int i = 0; i < STAMPS; i++)
		cr_expect(eq(i64, sum.stamps_ns[i], expected->stamps_ns[i]), "%s, packet %d",
		          expected->name, i + 1);
	wt_capture_file_close(file);
}

/* The first item of a kind. */
static void find(struct wt_capture_file *file, enum wt_pcapng_item_kind kind,
                 struct wt_pcapng_item *item)
{
	do
		cr_assert(eq(int, wt_capture_file_next(file, item, &err), 1), "%s", err.text);
	while (item->kind != kind);
}

static bool text_starts(struct wt_pcapng_item_text text, const char *start)
{
	return text.length >= strlen(start) && !memcmp(text.chars, start, strlen(start));
}

Test(golden_files, reads_what_dumpcap_says_about_its_interface)
{
	struct wt_capture_file *file = open_golden("dumpcap_lo.pcapng");
	struct wt_pcapng_item item;

	find(file, WT_ITEM_SECTION, &item);
	cr_expect(text_starts(item.section.application, "Dumpcap (Wireshark)"));
	find(file, WT_ITEM_INTERFACE, &item);
	cr_expect(text_starts(item.interface.name, "lo"));
	cr_expect(text_starts(item.interface.filter, "udp"));
	cr_expect(eq(u8, item.interface.tsresol, 9));
	find(file, WT_ITEM_STATISTICS, &item);
	cr_expect(item.statistics.ifrecv.present);
	cr_expect(eq(u64, item.statistics.ifrecv.value, 3));
	wt_capture_file_close(file);
}

Test(golden_files, reads_directions_that_text2pcap_wrote)
{
	static const uint32_t directions[] = {WT_LINK_INBOUND, WT_LINK_OUTBOUND, WT_LINK_INBOUND};
	struct wt_capture_file *file = open_golden("text2pcap.pcapng");
	struct wt_pcapng_item item;

	for (int i = 0; i < 3; i++) {
		find(file, WT_ITEM_PACKET, &item);
		cr_expect(eq(u32, item.packet.frame.link_flags & WT_LINK_DIRECTION_MASK,
		             directions[i]));
	}
	wt_capture_file_close(file);
}

Test(golden_files, gives_the_link_type_of_the_file_and_not_that_of_libpcap)
{
	struct wt_capture_file *file = open_golden("editcap_raw.pcap");
	struct wt_pcapng_item item;

	find(file, WT_ITEM_INTERFACE, &item);
	cr_expect(eq(u16, item.interface.link_type, 101));
	wt_capture_file_close(file);
}
