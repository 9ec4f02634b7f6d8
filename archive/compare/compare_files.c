/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/archive/compare/compare.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <wiretape/archive/capture_file.h>

/* One of the two files while it is read. */
struct input {
	const char *path;
	const char *expression;
	struct wt_file_filter *filter; /* NULL: all packets */
	struct wt_capture_file *file;
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

static int add_packet(struct input *input, struct wt_compare *compare,
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

/* Whether reading has ended because of what is in the file, and not because it cannot be read. */
static bool is_contents(int code)
{
	return !code || code == -ENODATA || code == -EBADMSG || code == -ENOTSUP;
}

static int read_packets(struct input *input, struct wt_compare *compare, struct wt_error *err)
{
	struct wt_pcapng_item item;
	int rc, failed;

	while ((rc = wt_capture_file_next(input->file, &item, &input->told->why)) > 0) {
		input->told->unknown_sections += item.kind == WT_ITEM_UNKNOWN_SECTION;
		if (item.kind != WT_ITEM_PACKET)
			continue;
		failed = add_packet(input, compare, &item, err);
		if (failed)
			return failed;
	}
	input->told->ended = rc;
	input->told->fractions = wt_capture_file_fractions(input->file);
	if (!is_contents(rc))
		return wt_error_set(err, rc, "%s", input->told->why.text);
	return input->filter ? wt_file_filter_check(input->filter, err) : 0;
}

static void close_input(struct input *input)
{
	wt_file_filter_destroy(input->filter);
	wt_capture_file_close(input->file);
}

static int read_input(struct input *input, struct wt_compare *compare, struct wt_error *err)
{
	int failed = wt_capture_file_open(&input->file, input->path, err);

	*input->told = (struct wt_compare_file){0};
	if (!failed && input->expression)
		failed = wt_file_filter_create(&input->filter, input->expression, NULL, err);
	if (!failed)
		failed = read_packets(input, compare, err);
	close_input(input);
	return failed ? in_file(input->path, failed, err) : 0;
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
	        {.path = config->path_a, .expression = config->filter_a, .told = a},
	        {.path = config->path_b, .expression = config->filter_b, .told = b},
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
