/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/archive/compare/compare.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <wiretape/archive/timeline/timeline.h>

/* One of the two captures while it is read. */
struct input {
	const struct wt_compare_capture *capture;
	struct wt_file_filter *filter; /* NULL: all packets */
	struct wt_timeline_file *files;
	struct wt_timeline *timeline;
	struct wt_compare_file *told;
	int (*add)(struct wt_compare *compare, const struct wt_compare_packet *packet,
	           struct wt_error *err);
};

/* Prefix the error with the file's name. */
static int in_file(const char *path, int code, struct wt_error *err)
{
	char text[sizeof(err->text)];

	if (!err)
		return code;
	memcpy(text, err->text, sizeof(text));
	return wt_error_set(err, code, "%s: %s", path, text);
}

static int add_packet(const struct input *input, struct wt_compare *compare,
                      const struct wt_pcapng_item *whole, struct wt_error *err)
{
	const struct wt_pcapng_item_packet *item = &whole->packet;
	const struct wt_compare_packet packet = {
	        .data = item->frame.data,
	        .caplen = wt_pcapng_caplen_without_fcs(item),
	        .len = wt_pcapng_len_without_fcs(item),
	        .stamp_ns = item->frame.stamp_ns,
	        .has_stamp = item->has_stamp && !item->stamp_saturated,
	        .link_type = item->link_type,
	};
	int rc = input->filter ? wt_file_filter_passes(input->filter, whole, NULL,
	                                               &input->told->unfiltered, err)
	                       : 1;

	if (rc <= 0) {
		input->told->filtered += !rc;
		return rc;
	}
	input->told->out_of_range += item->stamp_saturated;
	input->told->with_fcs += item->fcs_bytes != 0;
	return input->add(compare, &packet, err);
}

static int read_packets(const struct input *input, struct wt_compare *compare, struct wt_error *err)
{
	struct wt_timeline_packet packet;
	int rc, failed;

	while ((rc = wt_timeline_next(input->timeline, &packet, err)) > 0) {
		failed = add_packet(input, compare, packet.item, err);
		if (failed)
			return in_file(input->capture->paths[packet.file], failed, err);
	}
	if (rc || !input->filter)
		return rc;
	rc = wt_file_filter_check(input->filter, err);
	return rc ? in_file(input->capture->paths[0], rc, err) : 0;
}

static void report_files(const struct input *input)
{
	struct wt_compare_file *told = input->told;

	for (size_t i = 0; i < input->capture->path_count; i++) {
		const struct wt_timeline_file *file = &input->files[i];

		told->unknown_sections += file->unknown_sections;
		told->missing += file->missing;
		told->fractions.packets += file->fractions.packets;
		told->fractions.nanoseconds |= file->fractions.nanoseconds;
		if (told->ended || !file->ended)
			continue;
		told->ended = file->ended;
		told->why = file->why;
		told->why_path = i;
	}
}

static int open_input(struct input *input, struct wt_error *err)
{
	const struct wt_compare_capture *capture = input->capture;
	const struct wt_timeline_config config = {
	        .paths = capture->paths,
	        .path_count = capture->path_count,
	        .keep_unstamped = true,
	};
	int rc;

	input->files = calloc(capture->path_count + 1, sizeof(*input->files));
	if (!input->files)
		return wt_error_set(err, -ENOMEM, "no memory for %zu files", capture->path_count);
	rc = wt_timeline_open(&input->timeline, &config, input->files, err);
	if (rc || !capture->filter)
		return rc;
	rc = wt_file_filter_create(&input->filter, capture->filter, NULL, err);
	return rc ? in_file(capture->paths[0], rc, err) : 0;
}

static int read_input(struct input *input, struct wt_compare *compare, struct wt_error *err)
{
	int failed = open_input(input, err);

	*input->told = (struct wt_compare_file){0};
	if (!failed)
		failed = read_packets(input, compare, err);
	if (!failed)
		report_files(input);
	wt_timeline_close(input->timeline);
	wt_file_filter_destroy(input->filter);
	free(input->files);
	return failed;
}

static int make_seed(uint64_t seed[2], struct wt_error *err)
{
	enum { BYTES = 2 * sizeof(uint64_t) };

	if (getrandom(seed, BYTES, 0) == BYTES)
		return 0;
	return wt_error_set(err, -EIO, "the kernel gives no random numbers for the hash");
}

int wt_compare_files(const struct wt_compare_files_config *config, struct wt_compare_file *a,
                     struct wt_compare_file *b, struct wt_compare_result *result,
                     struct wt_error *err)
{
	struct wt_compare_config seeded = config->compare;
	struct input inputs[] = {
	        {.capture = &config->a, .told = a},
	        {.capture = &config->b, .told = b},
	};
	struct wt_compare *compare = NULL;
	int failed = make_seed(seeded.seed, err);

	inputs[0].add = wt_compare_add_a;
	inputs[1].add = wt_compare_add_b;
	if (!failed)
		failed = wt_compare_create(&compare, &seeded, err);
	for (size_t i = 0; i < 2 && !failed; i++)
		failed = read_input(&inputs[i], compare, err);
	if (!failed)
		wt_compare_finish(compare, result);
	wt_compare_destroy(compare);
	return failed;
}
