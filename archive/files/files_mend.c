/* SPDX-License-Identifier: BSD-2-Clause */
/* Repairing and comparing of <wiretape/files.h>. */
#include <wiretape/files.h>

#include <errno.h>
#include <stdlib.h>

#include <wiretape/archive/compare/compare.h>
#include <wiretape/archive/repair/recover.h>
#include <wiretape/base/sized.h>

static int give_report(const struct wt_recovery *recovery, struct wt_files_repair_result *result,
                       struct wt_error *err)
{
	const struct wt_recover_report *report = wt_recover_report(recovery);
	const struct wt_files_repair_result filled = {
	        .size = sizeof(filled),
	        .needs_repair = report->needs_repair,
	        .needs_copy = report->way == WT_RECOVER_COPY,
	        .was_closed = report->was_closed,
	        .packets = report->packets,
	        .missing = report->missing_packets,
	        .holes = report->hole_count,
	        .cut_bytes = report->cut_bytes,
	};

	return result ? wt_sized_give(result, &filled, sizeof(filled), "wt_files_repair_result",
	                              err)
	              : 0;
}

int wt_files_check(const char *path, struct wt_files_repair_result *result, struct wt_error *err)
{
	struct wt_recovery *recovery;
	int rc = wt_recover_open(&recovery, path, false, err);

	if (rc)
		return rc;
	rc = give_report(recovery, result, err);
	wt_recover_close(recovery);
	return rc;
}

static int repair(struct wt_recovery *recovery, const char *out, struct wt_error *err)
{
	if (out)
		return wt_recover_copy(recovery, out, 0, err);
	return wt_recover_report(recovery)->needs_repair ? wt_recover_apply(recovery, err) : 0;
}

int wt_files_repair(const char *path, const char *out, struct wt_files_repair_result *result,
                    struct wt_error *err)
{
	struct wt_recovery *recovery;
	int rc = wt_recover_open(&recovery, path, !out, err);

	if (rc)
		return rc;
	rc = give_report(recovery, result, err);
	if (!rc)
		rc = repair(recovery, out, err);
	wt_recover_close(recovery);
	return rc;
}

static void take_result(struct wt_files_compare_result *filled,
                        const struct wt_compare_result *compared)
{
	filled->packets_a = compared->a.packets;
	filled->packets_b = compared->b.packets;
	filled->matched = compared->matched;
	filled->lost = compared->differences[WT_COMPARE_LOST].count;
	filled->doubled = compared->differences[WT_COMPARE_DOUBLED].count;
	filled->extra = compared->differences[WT_COMPARE_EXTRA].count;
	filled->reordered = compared->differences[WT_COMPARE_REORDERED].count;
	filled->longest_loss = compared->longest_loss;
	filled->timed = compared->timing.packets;
	filled->min_ns = compared->timing.min_ns;
	filled->mean_ns = compared->timing.mean_ns;
	filled->p50_ns = compared->timing.p50_ns;
	filled->p99_ns = compared->timing.p99_ns;
	filled->max_ns = compared->timing.max_ns;
	filled->over_tolerance = compared->timing.over_tolerance;
}

int wt_files_compare(const struct wt_files_compare_config *config,
                     struct wt_files_compare_result *result, struct wt_error *err)
{
	struct wt_files_compare_result filled = {.size = sizeof(filled)};
	struct wt_files_compare_config ours;
	struct wt_compare_files_config files;
	struct wt_compare_file a, b;
	struct wt_compare_result *compared; /* large */
	int rc = wt_sized_take(&ours, sizeof(ours), config, "wt_files_compare_config", err);

	if (rc)
		return rc;
	if (!ours.path_a || !ours.path_b)
		return wt_error_set(err, -EINVAL, "two files are to be compared");
	compared = calloc(1, sizeof(*compared));
	if (!compared)
		return wt_error_set(err, -ENOMEM, "no memory to compare files");
	files = (struct wt_compare_files_config){
	        .compare = {.content = {.scope = ours.scope, .ignore_ttl = ours.ignore_ttl},
	                    .speed = ours.speed,
	                    .tolerance_ns = ours.tolerance_ns},
	        .path_a = ours.path_a,
	        .path_b = ours.path_b,
	        .filter_a = ours.filter_a,
	        .filter_b = ours.filter_b,
	};
	rc = wt_compare_files(&files, &a, &b, compared, err);
	if (!rc) {
		take_result(&filled, compared);
		rc = wt_sized_give(result, &filled, sizeof(filled), "wt_files_compare_result", err);
	}
	free(compared);
	return rc;
}
