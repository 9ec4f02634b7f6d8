/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <wiretape/files.h>
#include <wiretape/tests/support/temp.h>

#include "support/tape_builder.h"
#include "support/unit.h"

#define GOLDEN(name) WT_GOLDEN_DIR "/" name

static uint64_t count(const char *const *paths, size_t path_count, int64_t *last_ns)
{
	struct wt_files_config config = {
	        .size = sizeof(config), .paths = paths, .path_count = path_count};
	struct wt_files_packet packet = {.size = sizeof(packet)};
	struct wt_error err = {0};
	struct wt_files *files;
	uint64_t packets = 0;
	int rc;

	*last_ns = INT64_MIN;
	cr_assert(eq(int, wt_files_open(&files, &config, &err), 0), "%s", err.text);
	while ((rc = wt_files_next(files, &packet, &err)) > 0) {
		if (packet.frame.stamp_ns > *last_ns)
			*last_ns = packet.frame.stamp_ns;
		packets++;
	}
	cr_expect(eq(int, rc, 0), "%s", err.text);
	wt_files_close(files);
	return packets;
}

Test(files, several_are_one_timeline)
{
	static const char *const paths[] = {GOLDEN("editcap_ns.pcap"),
	                                    GOLDEN("mergecap_two.pcapng")};
	int64_t last_ns;
	uint64_t first = count(paths, 1, &last_ns);
	uint64_t second = count(paths + 1, 1, &last_ns);

	cr_expect(gt(u64, first, 0));
	cr_expect(gt(u64, second, 0));
	cr_expect(eq(u64, count(paths, 2, &last_ns), first + second));
}

Test(files, interfaces_and_what_became_of_a_file_can_be_read)
{
	static const char *const paths[] = {GOLDEN("mergecap_two.pcapng")};
	struct wt_files_config config = {.size = sizeof(config), .paths = paths, .path_count = 1};
	struct wt_files_packet packet = {.size = sizeof(packet)};
	struct wt_files_interface interface = {.size = sizeof(interface)};
	struct wt_files_file file = {.size = sizeof(file)};
	struct wt_files *files;
	uint64_t packets = 0;

	cr_assert(eq(int, wt_files_open(&files, &config, NULL), 0));
	while (wt_files_next(files, &packet, NULL) > 0)
		packets++;
	cr_assert(eq(int, wt_files_file_read(files, 0, &file), 0));
	cr_expect(eq(u64, file.packets, packets));
	cr_expect(eq(u64, file.bytes_read, file.bytes_total));
	cr_expect(eq(int, file.ended, 0));
	cr_expect(eq(int, wt_files_file_read(files, 1, &file), -ERANGE));
	cr_expect(eq(int, wt_files_interface_read(files, packet.interface, &interface), 0));
	cr_expect(eq(int, interface.link_type, packet.link_type));
	cr_expect(eq(int, wt_files_interface_read(files, 99, &interface), -ERANGE));
	wt_files_close(files);
}

Test(files, a_cut_is_checked_and_compared_with_what_it_was_cut_from)
{
	static const char *const paths[] = {GOLDEN("mergecap_two.pcapng")};
	char out[TEMP_BYTES];
	struct wt_files_config what = {.size = sizeof(what), .paths = paths, .path_count = 1};
	struct wt_files_cut_result cut = {.size = sizeof(cut)};
	struct wt_files_repair_result check = {.size = sizeof(check)};
	struct wt_files_compare_config pair = {
	        .size = sizeof(pair), .path_a = paths[0], .path_b = out};
	struct wt_files_compare_result compared = {.size = sizeof(compared)};
	struct wt_error err = {0};
	int64_t last_ns;
	uint64_t all = count(paths, 1, &last_ns);

	temp_template(out, "test_files");
	close(mkstemp(out));
	what.to_ns = last_ns; /* without the last */
	cr_assert(eq(int, wt_files_cut(&what, out, &cut, &err), 0), "%s", err.text);
	cr_expect(lt(u64, cut.packets, all));
	cr_expect(gt(u64, cut.packets, 0));
	cr_expect(lt(i64, cut.last_ns, last_ns));
	cr_assert(eq(int, wt_files_check(out, &check, &err), 0), "%s", err.text);
	cr_expect(eq(u64, check.packets, cut.packets));
	cr_expect(not(check.needs_repair));
	cr_assert(eq(int, wt_files_compare(&pair, &compared, &err), 0), "%s", err.text);
	cr_expect(eq(u64, compared.matched, cut.packets));
	cr_expect(eq(u64, compared.lost, all - cut.packets));
	cr_expect(eq(i64, compared.max_ns, 0));
	unlink(out);
}

Test(files, a_file_that_is_cut_off_is_repaired_in_place_or_as_a_copy)
{
	char path[TEMP_BYTES], copy[TEMP_BYTES];
	char command[256];
	struct wt_files_repair_result result = {.size = sizeof(result)};
	struct wt_error err = {0};

	temp_template(path, "test_files");
	close(mkstemp(path));
	temp_template(copy, "test_files_copy");
	close(mkstemp(copy));
	snprintf(command, sizeof(command), "head -c -8 %s >%s", GOLDEN("editcap_ns.pcap"), path);
	cr_assert(eq(int, system(command), 0));
	cr_assert(eq(int, wt_files_check(path, &result, &err), 0), "%s", err.text);
	cr_expect(result.needs_repair);
	cr_assert(eq(int, wt_files_repair(path, copy, &result, &err), 0), "%s", err.text);
	cr_assert(eq(int, wt_files_check(copy, &result, &err), 0), "%s", err.text);
	cr_expect(not(result.needs_repair));
	cr_assert(eq(int, wt_files_repair(path, NULL, &result, &err), 0), "%s", err.text);
	cr_assert(eq(int, wt_files_check(path, &result, &err), 0), "%s", err.text);
	cr_expect(not(result.needs_repair));
	unlink(path);
	unlink(copy);
}

static struct tape_builder tape;
static char folder[TEMP_BYTES];

static void begin_folder(void)
{
	temp_template(folder, "test_files");
	cr_assert(mkdtemp(folder) != NULL);
}

static void remove_folder(void)
{
	char command[TEMP_BYTES + 16];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	cr_assert(eq(int, system(command), 0));
}

static const char *in_folder(const char *name)
{
	static char paths[8][TEMP_BYTES + 32];
	static unsigned next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

/* One of two lanes: packets at 10 + lane, 20 + lane … */
static void write_lane_of(uint32_t format, uint32_t lane, unsigned packets, bool is_closed)
{
	const struct wt_tape_mark mark = {
	        .tape_id = 0x77 + lane,
	        .recording = 5,
	        .has_recording = true,
	        .file = 1,
	        .format = format,
	        .lane = lane,
	        .lanes = 2,
	};
	char name[32];
	int fd;

	tape_begin_marked(&tape, 1, &mark);
	for (unsigned i = 1; i <= packets; i++)
		tape_packet(&tape, (int64_t)(10 * i + lane), 100 + i);
	tape_chunk(&tape);
	if (is_closed)
		tape_close(&tape);
	else
		tape_append_zeros(&tape, 8192);
	snprintf(name, sizeof(name), "feed_q%u.pcapng", lane);
	fd = open(in_folder(name), O_RDWR | O_CREAT, 0600);
	cr_assert(ge(int, fd, 0));
	tape_write(&tape, fd);
	close(fd);
	tape_free(&tape);
}

static void write_lane(uint32_t lane, unsigned packets, bool is_closed)
{
	write_lane_of(WT_CHUNK_FORMAT, lane, packets, is_closed);
}

Test(files, a_recording_of_two_queues_is_one_file_by_its_name, .init = begin_folder,
     .fini = remove_folder)
{
	const char *const paths[] = {GOLDEN("editcap_ns.pcap"), in_folder("feed.pcapng")};
	struct wt_files_config config = {
	        .size = sizeof(config), .paths = paths, .path_count = 2, .to_ns = 1000};
	struct wt_files_packet packet = {.size = sizeof(packet)};
	struct wt_files_interface interface = {.size = sizeof(interface)};
	struct wt_files_file file = {.size = sizeof(file)};
	int64_t before_ns = 0;
	struct wt_files *files;
	unsigned packets = 0;

	write_lane(0, 3, true);
	write_lane(1, 2, true);
	cr_assert(eq(int, wt_files_open(&files, &config, NULL), 0));
	for (; wt_files_next(files, &packet, NULL) > 0; packets++) {
		cr_expect(gt(i64, packet.frame.stamp_ns, before_ns));
		cr_expect(eq(u32, packet.file, 1));
		cr_expect(eq(u32, packet.interface, 0));
		before_ns = packet.frame.stamp_ns;
	}
	cr_expect(eq(uint, packets, 5));
	cr_assert(eq(int, wt_files_interface_read(files, 0, &interface), 0));
	cr_expect(eq(u32, interface.file, 1));
	cr_expect(eq(int, wt_files_interface_read(files, 2, &interface), -ERANGE));
	cr_assert(eq(int, wt_files_file_read(files, 1, &file), 0));
	cr_expect(eq(u64, file.packets, 5));
	cr_expect(file.is_recording);
	cr_assert(eq(int, wt_files_file_read(files, 0, &file), 0));
	cr_expect(eq(u64, file.packets, 0));
	cr_expect(not(file.is_recording));
	cr_expect(eq(int, wt_files_file_read(files, 2, &file), -ERANGE));
	wt_files_close(files);
}

Test(files, a_recording_of_two_queues_is_cut_and_compared, .init = begin_folder,
     .fini = remove_folder)
{
	const char *const paths[] = {in_folder("feed.pcapng")};
	const char *out = in_folder("cut.pcapng");
	struct wt_files_config what = {
	        .size = sizeof(what), .paths = paths, .path_count = 1, .from_ns = 11};
	struct wt_files_cut_result cut = {.size = sizeof(cut)};
	struct wt_files_compare_config pair = {
	        .size = sizeof(pair), .path_a = paths[0], .path_b = out};
	struct wt_files_compare_result compared = {.size = sizeof(compared)};
	struct wt_error err = {0};

	write_lane(0, 4, true);
	write_lane(1, 4, true);
	cr_assert(eq(int, wt_files_cut(&what, out, &cut, &err), 0), "%s", err.text);
	cr_expect(eq(u64, cut.packets, 7));
	cr_assert(eq(int, wt_files_compare(&pair, &compared, &err), 0), "%s", err.text);
	cr_expect(eq(u64, compared.packets_a, 8));
	cr_expect(eq(u64, compared.matched, 7));
	cr_expect(eq(u64, compared.lost, 1));
	cr_expect(eq(u64, compared.reordered, 0));
}

Test(files, each_queues_file_is_repaired, .init = begin_folder, .fini = remove_folder)
{
	const char *path = in_folder("feed.pcapng");
	struct wt_files_repair_result result = {.size = sizeof(result)};
	struct wt_error err = {0};

	write_lane(0, 3, true);
	write_lane(1, 2, false);
	cr_assert(eq(int, wt_files_check(path, &result, &err), 0), "%s", err.text);
	cr_expect(result.needs_repair);
	cr_expect(not(result.was_closed));
	cr_expect(eq(u64, result.packets, 5));
	cr_expect(eq(u64, result.cut_bytes, 8192));
	cr_expect(eq(int, wt_files_repair(path, in_folder("copy"), &result, &err), -EINVAL));
	cr_assert(eq(int, wt_files_repair(path, NULL, &result, &err), 0), "%s", err.text);
	cr_assert(eq(int, wt_files_check(path, &result, &err), 0), "%s", err.text);
	cr_expect(not(result.needs_repair));
	cr_expect(eq(u64, result.packets, 5));
	cr_expect(not(result.was_closed));
	write_lane(1, 2, true);
	cr_assert(eq(int, wt_files_check(path, &result, &err), 0), "%s", err.text);
	cr_expect(result.was_closed);
}

Test(files, a_file_that_cannot_be_repaired_leaves_the_others_repaired, .init = begin_folder,
     .fini = remove_folder)
{
	const char *path = in_folder("feed.pcapng");
	struct wt_files_repair_result result = {.size = sizeof(result)};
	struct wt_error err = {0};

	write_lane_of(WT_CHUNK_FORMAT + 1, 0, 3, false);
	write_lane(1, 2, false);
	cr_expect(lt(int, wt_files_repair(path, NULL, &result, &err), 0));
	cr_assert(eq(int, wt_files_check(in_folder("feed_q1.pcapng"), &result, &err), 0));
	cr_expect(not(result.needs_repair));
}

Test(files, settings_that_make_no_sense_are_refused)
{
	struct wt_files_config config = {.size = sizeof(config)};
	struct wt_error err = {0};
	struct wt_files *files;

	cr_expect(eq(int, wt_files_open(&files, &config, &err), -EINVAL));
	cr_expect(strstr(err.text, "no file") != NULL, "%s", err.text);
	config.size = sizeof(config) + 8; /* and whatever lies behind it */
	cr_expect(eq(int,
	             wt_files_open(&files, (struct wt_files_config *)&(struct {
		             struct wt_files_config known;
		             uint64_t added;
	             }){.known = config, .added = 1},
	                           &err),
	             -E2BIG));
}
