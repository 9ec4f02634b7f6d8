/* SPDX-License-Identifier: BSD-2-Clause */
/* Repairing and comparing of <wiretape/files.h>. */
#include <wiretape/files.h>

#include <errno.h>
#include <stdlib.h>

#include <wiretape/archive/compare/compare.h>
#include <wiretape/archive/file_list.h>
#include <wiretape/archive/repair/recover.h>
#include <wiretape/base/sized.h>

static void add_report(struct wt_files_repair_result *sum, const struct wt_recover_report *report)
{
	sum->needs_repair |= report->needs_repair;
	sum->needs_copy |= report->way == WT_RECOVER_COPY;
	sum->was_closed &= report->was_closed;
	sum->packets += report->packets;
	sum->missing += report->missing_packets;
	sum->holes += report->hole_count;
	sum->cut_bytes += report->cut_bytes;
}

/* What is to be done with a file. */
struct mending {
	bool changes;    /* it is repaired */
	const char *out; /* as a copy; NULL: in place */
};

static int mend_file(const char *path, const struct mending *mending,
                     struct wt_files_repair_result *sum, struct wt_error *err)
{
	struct wt_recovery *recovery;
	int rc = wt_recover_open(&recovery, path, mending->changes && !mending->out, err);

	if (rc)
		return rc;
	add_report(sum, wt_recover_report(recovery));
	if (mending->out)
		rc = wt_recover_copy(recovery, mending->out, 0, err);
	else if (mending->changes && wt_recover_report(recovery)->needs_repair)
		rc = wt_recover_apply(recovery, err);
	wt_recover_close(recovery);
	return rc;
}

/* Mend all files that the path stands for; the first error counts. */
static int mend_files(const struct wt_file_list *list, const struct mending *mending,
                      struct wt_files_repair_result *sum, struct wt_error *err)
{
	struct wt_error why = {0};
	int rc = 0, failed;

	if (mending->out && list->count > 1)
		return wt_error_set(err, -EINVAL, "%zu files cannot be repaired into one copy",
		                    list->count);
	for (size_t i = 0; i < list->count; i++) {
		failed = mend_file(list->paths[i], mending, sum, &why);
		if (failed && !rc)
			rc = wt_error_set(err, failed, "%s", why.text);
	}
	return rc;
}

static int give(struct wt_files_repair_result *result, const struct wt_files_repair_result *sum,
                struct wt_error *err)
{
	return result ? wt_sized_give(result, sum, sizeof(*sum), "wt_files_repair_result", err) : 0;
}

static int mend(const char *path, const struct mending *mending,
                struct wt_files_repair_result *result, struct wt_error *err)
{
	struct wt_files_repair_result sum = {.size = sizeof(sum), .was_closed = true};
	struct wt_file_list list = {0};
	/* A result that cannot be given is an error before anything is changed. */
	int rc = give(result, &sum, err);

	if (!rc)
		rc = wt_file_list_add(&list, path, err);
	if (!rc)
		rc = mend_files(&list, mending, &sum, err);
	wt_file_list_free(&list);
	if (!rc || rc == -EPERM)
		give(result, &sum, NULL);
	return rc;
}

int wt_files_check(const char *path, struct wt_files_repair_result *result, struct wt_error *err)
{
	return mend(path, &(const struct mending){.changes = false}, result, err);
}

int wt_files_repair(const char *path, const char *out, struct wt_files_repair_result *result,
                    struct wt_error *err)
{
	return mend(path, &(const struct mending){.changes = true, .out = out}, result, err);
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

static int compare(const struct wt_files_compare_config *ours, const struct wt_file_list lists[2],
                   struct wt_compare_result *compared, struct wt_error *err)
{
	const struct wt_compare_files_config files = {
	        .compare = {.content = {.scope = ours->scope, .ignore_ttl = ours->ignore_ttl},
	                    .speed = ours->speed,
	                    .tolerance_ns = ours->tolerance_ns},
	        .a = {.paths = (const char *const *)lists[0].paths,
	              .path_count = lists[0].count,
	              .filter = ours->filter_a},
	        .b = {.paths = (const char *const *)lists[1].paths,
	              .path_count = lists[1].count,
	              .filter = ours->filter_b},
	};
	struct wt_compare_file a, b;

	return wt_compare_files(&files, &a, &b, compared, err);
}

int wt_files_compare(const struct wt_files_compare_config *config,
                     struct wt_files_compare_result *result, struct wt_error *err)
{
	struct wt_files_compare_result filled = {.size = sizeof(filled)};
	struct wt_files_compare_config ours;
	struct wt_file_list lists[2] = {{0}, {0}};
	struct wt_compare_result *compared; /* large */
	int rc = wt_sized_take(&ours, sizeof(ours), config, "wt_files_compare_config", err);

	if (rc)
		return rc;
	if (!ours.path_a || !ours.path_b)
		return wt_error_set(err, -EINVAL, "two files are to be compared");
	compared = calloc(1, sizeof(*compared));
	if (!compared)
		return wt_error_set(err, -ENOMEM, "no memory to compare files");
	rc = wt_file_list_add(&lists[0], ours.path_a, err);
	if (!rc)
		rc = wt_file_list_add(&lists[1], ours.path_b, err);
	if (!rc)
		rc = compare(&ours, lists, compared, err);
	if (!rc) {
		take_result(&filled, compared);
		rc = wt_sized_give(result, &filled, sizeof(filled), "wt_files_compare_result", err);
	}
	wt_file_list_free(&lists[0]);
	wt_file_list_free(&lists[1]);
	free(compared);
	return rc;
}
