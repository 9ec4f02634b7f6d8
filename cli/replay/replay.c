/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay_check.h"
#include "replay_options.h"
#include "replay_report.h"
#include "replay_run.h"
#include <wiretape/cli/cli.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct wt_replayer_stop stop;

static void on_signal(int number)
{
	(void)number;
	wt_replayer_stop(&stop);
}

struct wt_replayer_stop *wt_replay_catch_signals(void)
{
	/* No SA_RESTART: the signal also ends a wait. */
	struct sigaction action = {.sa_handler = on_signal};

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	/* NIC settings are put back also when the terminal goes; nohup remains. */
	if (signal(SIGHUP, SIG_IGN) != SIG_IGN)
		sigaction(SIGHUP, &action, NULL);
	/* So that a closed pipe is an error of writing. */
	signal(SIGPIPE, SIG_IGN);
	return &stop;
}

static bool missed(const struct wt_replay_options *options, const struct wt_replayer_result *result)
{
	return result->proof.dropped ||
	       (options->config.tolerance_ns && (result->proof.over_tolerance || result->unproved));
}

/* `failed`: for another reason than the files'. */
static int report(const struct wt_replay_options *options, const struct wt_replayer_result *result,
                  const struct wt_timeline_file *files, bool failed)
{
	int exit_code = wt_replay_report_files(options, files);
	int left_out = wt_replay_report_left_out(options, result);

	if (failed)
		exit_code = WT_EXIT_FAILURE;
	if (!options->quiet && !options->json)
		wt_replay_report_print(options, result);
	if (options->json && wt_replay_report_json(options, result, files, exit_code))
		exit_code = WT_EXIT_FAILURE;
	if (!exit_code)
		exit_code = left_out;
	if (!exit_code && missed(options, result))
		exit_code = WT_EXIT_TOLERANCE;
	return exit_code;
}

/* Send, and report what was sent: also if it failed on the way. */
static int run(struct wt_replayer *replay, const struct wt_replay_options *options,
               struct wt_replayer_result *result, const struct wt_timeline_file *files)
{
	struct wt_error err = {0};
	int failed = wt_replayer_run(replay, result, &err);

	if (options->config.on_progress)
		wt_replay_clear_progress();
	if (failed)
		wt_cli_complain("%s", err.text);
	/* A run that never began has nothing to report. */
	if (failed && !result->sent)
		return WT_EXIT_FAILURE;
	return report(options, result, files, failed);
}

static int replay_files(const struct wt_replay_options *options)
{
	size_t paths = options->config.path_count;
	struct wt_timeline_file *files = calloc(paths ? paths : 1, sizeof(*files));
	struct wt_replayer_result *result = malloc(sizeof(*result));
	struct wt_replayer *replay = NULL;
	struct wt_error err = {0};
	int exit_code = WT_EXIT_FAILURE;

	if (!files || !result)
		wt_cli_complain("no memory for a replay");
	else if (wt_replayer_open(&replay, &options->config, files, &err))
		wt_cli_complain("%s", err.text);
	else
		exit_code = run(replay, options, result, files);
	wt_replayer_close(replay);
	free(result);
	free(files);
	return exit_code;
}

int wt_replay_run_options(struct wt_replay_options *options)
{
	options->config.stop = wt_replay_catch_signals();
	if (!options->quiet && isatty(STDERR_FILENO))
		options->config.on_progress = wt_replay_draw_progress;
	return replay_files(options);
}

int wt_command_replay(int argc, char **argv)
{
	struct wt_replay_options options = {0};
	int exit_code = wt_replay_options_parse(&options, argc, argv);

	if (!exit_code && options.check)
		exit_code = wt_replay_check(options.config.interface, options.json);
	else if (!exit_code)
		exit_code = wt_replay_run_options(&options);
	wt_replay_options_free(&options);
	return exit_code;
}
