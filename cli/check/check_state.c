/* SPDX-License-Identifier: BSD-2-Clause */
#include "check_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <wiretape/writer/files/new_file.h>

enum { STATE_BYTES_MAX = 256 << 20 };

static const char state_head[] = "wiretape-check-state=";
static const char tracker_head[] = "streams:\n";

/* Find the beginning of the streams, at the start of a line. */
static const char *find_tracker(const char *text, size_t bytes)
{
	enum { HEAD_BYTES = sizeof(tracker_head) - 1 };
	const char *end = text + bytes;

	while (text < end) {
		const char *newline;

		if ((size_t)(end - text) >= HEAD_BYTES && !memcmp(text, tracker_head, HEAD_BYTES))
			return text;
		newline = memchr(text, '\n', (size_t)(end - text));
		text = newline ? newline + 1 : end;
	}
	return NULL;
}

int wt_check_state_parse(struct wt_check_state *state, const char *text, size_t bytes,
                         struct wt_error *err)
{
	enum { HEAD_BYTES = sizeof(state_head) - 1 };
	const char *end = text + bytes, *at = text + HEAD_BYTES, *streams;
	unsigned version = 0;

	if (bytes < HEAD_BYTES || memcmp(text, state_head, HEAD_BYTES) != 0)
		return wt_error_set(err, -EBADMSG, "it is no state of wiretape check");
	while (at < end && *at >= '0' && *at <= '9' && version < 1000)
		version = version * 10 + (unsigned)(*at++ - '0');
	if (at == end || *at != '\n')
		return wt_error_set(err, -EBADMSG, "its version is no number");
	if (version != WT_CHECK_STATE_VERSION)
		return wt_error_set(err, -ENOTSUP, "it is of version %u, and only %d is known",
		                    version, WT_CHECK_STATE_VERSION);
	at++;
	streams = find_tracker(at, (size_t)(end - at));
	if (!streams)
		return wt_error_set(err, -EBADMSG, "it ends before its streams: it is cut off");
	*state = (struct wt_check_state){
	        .places = at,
	        .places_bytes = (size_t)(streams - at),
	        .tracker = streams + sizeof(tracker_head) - 1,
	};
	state->tracker_bytes = (size_t)(end - state->tracker);
	return 0;
}

static int read_all(int fd, char **text, size_t *bytes, struct wt_error *err)
{
	struct stat status;
	size_t have = 0;
	ssize_t got = 1;

	if (fstat(fd, &status) || !S_ISREG(status.st_mode))
		return wt_error_set(err, -EINVAL, "it is no regular file");
	if (status.st_size > STATE_BYTES_MAX)
		return wt_error_set(err, -EFBIG, "it is larger than any state");
	*text = malloc((size_t)status.st_size + 1);
	if (!*text)
		return wt_error_set(err, -ENOMEM, "no memory for it");
	while (have < (size_t)status.st_size && got) {
		got = read(fd, *text + have, (size_t)status.st_size - have);
		if (got < 0 && errno != EINTR) {
			int code = -errno;

			free(*text);
			return wt_error_set(err, code, "cannot read it: %s", strerror(-code));
		}
		have += got > 0 ? (size_t)got : 0;
	}
	*bytes = have;
	return 0;
}

static int load(const char *text, size_t bytes, struct wt_places *places,
                struct wt_tracker *tracker, size_t *left_out, struct wt_error *err)
{
	struct wt_check_state state;
	int rc = wt_check_state_parse(&state, text, bytes, err);

	if (!rc)
		rc = wt_places_load(places, state.places, state.places_bytes, err);
	if (!rc)
		rc = wt_tracker_load(tracker, state.tracker, state.tracker_bytes, left_out, err);
	return rc;
}

int wt_check_state_load(const char *path, struct wt_places *places, struct wt_tracker *tracker,
                        bool *found, size_t *left_out, struct wt_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), code = -errno, rc;
	size_t bytes = 0;
	char *text = NULL;

	*found = false;
	*left_out = 0;
	if (fd < 0)
		return code == -ENOENT
		               ? 0
		               : wt_error_set(err, code, "cannot open it: %s", strerror(-code));
	rc = read_all(fd, &text, &bytes, err);
	close(fd);
	if (rc)
		return rc;
	rc = load(text, bytes, places, tracker, left_out, err);
	free(text);
	*found = !rc;
	return rc;
}

static int write_all(int fd, const char *text, size_t bytes, struct wt_error *err)
{
	while (bytes) {
		ssize_t wrote = write(fd, text, bytes);

		if (wrote < 0 && errno != EINTR) {
			int code = -errno;

			return wt_error_set(err, code, "cannot write it: %s", strerror(-code));
		}
		text += wrote > 0 ? wrote : 0;
		bytes -= wrote > 0 ? (size_t)wrote : 0;
	}
	return 0;
}

static int write_parts(int fd, const char *places, const char *tracker, size_t tracker_bytes,
                       struct wt_error *err)
{
	char head[64];
	int length = snprintf(head, sizeof(head), "%s%d\n", state_head, WT_CHECK_STATE_VERSION);
	int rc = write_all(fd, head, (size_t)length, err);

	if (!rc)
		rc = write_all(fd, places, strlen(places), err);
	if (!rc)
		rc = write_all(fd, tracker_head, sizeof(tracker_head) - 1, err);
	return rc ? rc : write_all(fd, tracker, tracker_bytes, err);
}

static int replace(const char *path, const char *places, const char *tracker, size_t tracker_bytes,
                   struct wt_error *err)
{
	struct wt_new_file file;
	int rc = wt_new_file_open(&file, path, 0, err);

	if (rc)
		return rc;
	rc = write_parts(file.fd, places, tracker, tracker_bytes, err);
	if (!rc)
		rc = wt_new_file_commit(&file, err);
	wt_new_file_abandon(&file);
	return rc;
}

int wt_check_state_save(const char *path, const struct wt_places *places,
                        const struct wt_tracker *tracker, struct wt_error *err)
{
	char *text, *streams;
	size_t bytes;
	int rc;

	text = wt_places_save(places);
	if (!text)
		return wt_error_set(err, -ENOMEM, "no memory for it");
	rc = wt_tracker_save(tracker, &streams, &bytes);
	if (rc) {
		free(text);
		return wt_error_set(err, rc, "it cannot be made: %s", strerror(-rc));
	}
	rc = replace(path, text, streams, bytes, err);
	free(text);
	free(streams);
	return rc;
}
