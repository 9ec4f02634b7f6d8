/* SPDX-License-Identifier: BSD-2-Clause */
#include "check_gaps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <wiretape/base/error.h>

/* A file that nobody else can find, where such files belong. */
static FILE *open_nameless(void)
{
	const char *folder = getenv("TMPDIR");
	char path[4096];
	FILE *file;
	int fd;

	if (!folder || !*folder)
		folder = "/tmp";
	if (snprintf(path, sizeof(path), "%s/wiretape-check-XXXXXX", folder) >= (int)sizeof(path)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	fd = mkstemp(path);
	if (fd < 0)
		return NULL;
	unlink(path);
	file = fdopen(fd, "w+");
	if (!file)
		close(fd);
	return file;
}

int wt_check_gaps_open(struct wt_check_gaps *gaps, bool json, uint64_t most, FILE *events,
                       struct wt_error *err)
{
	int code;

	*gaps = (struct wt_check_gaps){.json = json, .most = most, .events = events};
	gaps->gaps = open_nameless();
	if (gaps->gaps && json)
		gaps->recovered = open_nameless();
	if (gaps->gaps && (gaps->recovered || !json))
		return 0;
	code = -errno;
	wt_check_gaps_close(gaps);
	return wt_error_set(err, code,
	                    "no temporary file for gaps: %s; TMPDIR says where it may be",
	                    strerror(-code));
}

void wt_check_gaps_close(struct wt_check_gaps *gaps)
{
	if (gaps->gaps)
		fclose(gaps->gaps);
	if (gaps->recovered)
		fclose(gaps->recovered);
	gaps->gaps = NULL;
	gaps->recovered = NULL;
}

static void keep(struct wt_check_gaps *gaps, FILE *file, const char *text)
{
	if (fputs(text, file) < 0 || fputc('\n', file) < 0)
		gaps->failure = gaps->failure ? gaps->failure : -errno;
}

static void keep_json(struct wt_check_gaps *gaps, const struct wt_feed_event *event,
                      const char *text)
{
	switch (event->kind) {
	case WT_EVENT_GAP:
	case WT_EVENT_PAIR_GAP:
		gaps->gap_count++;
		keep(gaps, gaps->gaps, text);
		break;
	case WT_EVENT_RECOVERED:
		gaps->recovered_count++;
		keep(gaps, gaps->recovered, text);
		break;
	default:
		break;
	}
}

static bool is_told(const struct wt_feed_event *event)
{
	if (event->kind == WT_EVENT_RECOVERED)
		return true;
	return (event->kind == WT_EVENT_GAP || event->kind == WT_EVENT_PAIR_GAP) &&
	       event->verdict.verdict != WT_VERDICT_LATE;
}

static void keep_line(struct wt_check_gaps *gaps, const struct wt_feed_event *event)
{
	char text[WT_FEED_EVENT_TEXT_BYTES];

	if (!is_told(event))
		return;
	if (gaps->gap_count++ < gaps->most && wt_feed_event_line(event, text, sizeof(text)) >= 0)
		keep(gaps, gaps->gaps, text);
}

void wt_check_gaps_take(void *context, const struct wt_feed_event *event)
{
	struct wt_check_gaps *gaps = context;
	char text[WT_FEED_EVENT_TEXT_BYTES];
	bool is_json;

	if (!gaps->json)
		keep_line(gaps, event);
	if (!gaps->json && !gaps->events)
		return;
	is_json = wt_feed_event_json(event, text, sizeof(text)) >= 0;
	if (gaps->json && is_json)
		keep_json(gaps, event, text);
	if (gaps->events && is_json)
		keep(gaps, gaps->events, text);
}

void wt_check_gaps_print(struct wt_check_gaps *gaps, FILE *kept, FILE *out)
{
	char line[WT_FEED_EVENT_TEXT_BYTES + 2];
	bool first = true;

	if (fflush(kept) || fseek(kept, 0, SEEK_SET)) {
		gaps->failure = gaps->failure ? gaps->failure : -errno;
		return;
	}
	while (fgets(line, sizeof(line), kept)) {
		if (gaps->json) {
			line[strcspn(line, "\n")] = '\0';
			fprintf(out, "%s%s", first ? "" : ",", line);
		} else {
			fprintf(out, "  %s", line);
		}
		first = false;
	}
	if (ferror(kept))
		gaps->failure = gaps->failure ? gaps->failure : -EIO;
}
