/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay_run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wiretape/tests/support/temp.h>

enum { BUFFER_BYTES = 2 << 20, LINE_BYTES = 512 };

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* Fill in the defaults of all tests. */
static void complete(struct replay_run *run)
{
	if (!run->config.interface && !run->config.map_count && !run->config.target)
		run->config.interface = "sim";
	if (!run->config.buffer_bytes)
		run->config.buffer_bytes = BUFFER_BYTES;
	run->config.stop = &run->stop;
}

void replay_generated(struct replay_run *run, const char *text)
{
	require(!wt_generated_parse(&run->generated, text, run->session, NULL));
	run->config.generated = &run->generated;
}

void replay_captures(struct replay_run *run, size_t count)
{
	static const char *paths[REPLAY_FILES];

	for (size_t i = 0; i < count; i++)
		paths[i] = run->captures[i].path;
	run->config.paths = paths;
	run->config.path_count = count;
}

void replay_timing(struct replay_run *run, const char *timing)
{
	require(!wt_schedule_parse(&run->config.schedule, timing, NULL));
}

static void read_row(struct replay_run *run, const char *line)
{
	struct replay_row row = {0};
	int got = sscanf(line,
	                 "%" SCNu64 ",%31[^,],%" SCNu32 ",%" SCNd64 ",%" SCNd64 ",%" SCNd64
	                 ",%" SCNd64 ",%15[^,]",
	                 &row.number, row.interface, &row.bytes, &row.due_ns, &row.handover_ns,
	                 &row.departed_ns, &row.error_ns, row.source);

	require(got == 8 || (got == 5 && strstr(line, ",,,dropped,")));
	if (got == 5)
		strcpy(row.source, "dropped");
	if (run->row_count == run->row_room) {
		run->row_room = 2 * run->row_room + 1024;
		run->rows = realloc(run->rows, run->row_room * sizeof(row));
		require(run->rows != NULL);
	}
	run->rows[run->row_count++] = row;
}

static void read_rows(struct replay_run *run)
{
	FILE *file = fopen(run->proof_path, "r");
	char line[LINE_BYTES];

	run->row_count = 0;
	if (!file)
		return;
	require(fgets(line, sizeof(line), file) != NULL);
	while (fgets(line, sizeof(line), file))
		read_row(run, line);
	fclose(file);
}

static void name_proof(struct replay_run *run)
{
	int fd;

	if (run->config.proof_path)
		return;
	temp_template(run->proof_path, "proof");
	fd = mkstemp(run->proof_path);
	require(fd >= 0);
	close(fd);
	/* Free the name, so that only a file made by the replay is found there. */
	unlink(run->proof_path);
	run->config.proof_path = run->proof_path;
}

int replay_run(struct replay_run *run)
{
	struct wt_replayer *replay;
	int rc;

	complete(run);
	name_proof(run);
	rc = wt_replayer_open(&replay, &run->config, run->files, &run->err);
	if (rc)
		return rc;
	rc = wt_replayer_run(replay, &run->result, &run->err);
	wt_replayer_close(replay);
	if (!rc && run->config.proof_path == run->proof_path)
		read_rows(run);
	return rc;
}

void replay_end(struct replay_run *run)
{
	for (size_t i = 0; i < REPLAY_FILES; i++)
		capture_remove(&run->captures[i]);
	if (run->proof_path[0])
		unlink(run->proof_path);
	free(run->rows);
	memset(run, 0, sizeof(*run));
}
