/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/replay/proof/proof_csv.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <wiretape/writer/files/new_file.h>

enum { BUFFER_BYTES = 1 << 18, LINE_BYTES_MAX = 256, QUOTED_BYTES = 64 };

struct wt_proof_csv {
	struct wt_new_file file;
	const char *const *interfaces;
	const char *path;
	size_t used;
	int error;
	char buffer[BUFFER_BYTES];
};

static void flush(struct wt_proof_csv *csv)
{
	size_t done = 0;

	while (!csv->error && done < csv->used) {
		ssize_t put = write(csv->file.fd, csv->buffer + done, csv->used - done);

		if (put < 0 && errno != EINTR)
			csv->error = -errno;
		else if (put > 0)
			done += (size_t)put;
	}
	csv->used = 0;
}

int wt_proof_csv_open(struct wt_proof_csv **csv, const char *path, const char *const *interfaces,
                      struct wt_error *err)
{
	static const char header[] =
	        "number,interface,bytes,due_ns,handover_ns,departed_ns,error_ns,source,disturbed\n";
	struct wt_proof_csv *made = calloc(1, sizeof(*made));
	int rc;

	if (!made)
		return wt_error_set(err, -ENOMEM, "no memory for the proof");
	rc = wt_new_file_open(&made->file, path, 0, err);
	if (rc) {
		free(made);
		return rc;
	}
	made->interfaces = interfaces;
	made->path = path;
	memcpy(made->buffer, header, sizeof(header) - 1);
	made->used = sizeof(header) - 1;
	*csv = made;
	return 0;
}

/* The kernel allows commas and quotes in names (RFC 4180 says what to do with them). */
static void quote(char quoted[QUOTED_BYTES], const char *name)
{
	size_t used = 0;

	quoted[used++] = '"';
	for (; *name && used < QUOTED_BYTES - 3; name++) {
		if (*name == '"')
			quoted[used++] = '"';
		quoted[used++] = *name;
	}
	quoted[used++] = '"';
	quoted[used] = '\0';
}

void wt_proof_csv_add(struct wt_proof_csv *csv, const struct wt_departure *departure)
{
	const char *name = csv->interfaces[departure->port];
	char quoted[QUOTED_BYTES];

	if (strpbrk(name, ",\"")) {
		quote(quoted, name);
		name = quoted;
	}
	if (csv->used + 2 * LINE_BYTES_MAX > sizeof(csv->buffer))
		flush(csv);
	csv->used += (size_t)snprintf(csv->buffer + csv->used, LINE_BYTES_MAX,
	                              "%" PRIu64 ",%.64s,%" PRIu32 ",%" PRId64 ",%" PRId64 ",",
	                              departure->number, name, departure->bytes, departure->due_ns,
	                              departure->handover_ns);
	if (departure->is_dropped)
		csv->used += (size_t)snprintf(csv->buffer + csv->used, LINE_BYTES_MAX / 2,
		                              ",,dropped,%d\n", departure->is_disturbed);
	else
		csv->used += (size_t)snprintf(
		        csv->buffer + csv->used, LINE_BYTES_MAX / 2,
		        "%" PRId64 ",%" PRId64 ",%s,%d\n", departure->departed_ns,
		        departure->departed_ns - departure->due_ns,
		        wt_departure_source_name((enum wt_departure_source)departure->source),
		        departure->is_disturbed);
}

int wt_proof_csv_finish(struct wt_proof_csv *csv, struct wt_error *err)
{
	int rc;

	flush(csv);
	rc = csv->error;
	if (rc) {
		wt_error_set(err, rc, "cannot write the proof to '%s': %s", csv->path,
		             strerror(-rc));
		wt_proof_csv_abandon(csv);
		return rc;
	}
	rc = wt_new_file_commit(&csv->file, err);
	free(csv);
	return rc;
}

void wt_proof_csv_abandon(struct wt_proof_csv *csv)
{
	if (!csv)
		return;
	wt_new_file_abandon(&csv->file);
	free(csv);
}
