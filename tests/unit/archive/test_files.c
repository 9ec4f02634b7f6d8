/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <wiretape/files.h>
#include <wiretape/tests/support/temp.h>

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
