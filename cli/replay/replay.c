/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/cli/cli.h>
#include "replay_check.h"
#include "replay_options.h"
#include "replay_report.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct wt_replay_stop stop;

static void on_signal(int number)
{
	(void)number;
	wt_replay_stop(&stop);
}

static void catch_signals(void)
{
	/* No SA_RESTART: the signal also ends a wait. */
	struct sigaction action = {.sa_handler = on_signal};

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	/* What is set at a NIC is put back also when the terminal goes; nohup remains. */
	if (signal(SIGHUP, SIG_IGN) != SIG_IGN)
		sigaction(SIGHUP, &action, NULL);
	/* So that a closed pipe is an error of writing. */
	signal(SIGPIPE, SIG_IGN);
}

static bool missed(const struct wt_replay_options *options, const struct wt_replay_result *result)
{
	return result->proof.dropped ||
	       (options->has_tolerance && (result->proof.over_tolerance || result->unproved));
}

static int report(const struct wt_replay_options *options, const struct wt_replay_result *result,
                  const struct wt_timeline_file *files)
{
	int exit_code = wt_replay_report_files(options, files);
	int left_out = wt_replay_report_left_out(options, result);

	if (!options->quiet && !options->json)
		wt_replay_report_print(options, result);
	if (options->json && wt_replay_report_json(options, result, files))
		exit_code = WT_EXIT_FAILURE;
	if (!exit_code)
		exit_code = left_out;
	if (!exit_code && missed(options, result))
		exit_code = WT_EXIT_TOLERANCE;
	return exit_code;
}

/* Send, and report what was sent: also if it failed on the way. */
static int run(struct wt_replay *replay, const struct wt_replay_options *options,
               struct wt_replay_result *result, const struct wt_timeline_file *files)
{
	struct wt_error err = {0};
	int failed = wt_replay_run(replay, result, &err);
	int exit_code;

	if (options->config.on_progress)
		wt_replay_clear_progress();
	if (failed)
		wt_cli_complain("%s", err.text);
	/* A run that never began has nothing to report. */
	if (failed && !result->sent)
		return WT_EXIT_FAILURE;
	exit_code = report(options, result, files);
	return failed ? WT_EXIT_FAILURE : exit_code;
}

static int replay_files(const struct wt_replay_options *options)
{
	size_t paths = options->config.path_count;
	struct wt_timeline_file *files = calloc(paths ? paths : 1, sizeof(*files));
	struct wt_replay_result *result = malloc(sizeof(*result));
	struct wt_replay *replay = NULL;
	struct wt_error err = {0};
	int exit_code = WT_EXIT_FAILURE;

	if (!files || !result)
		wt_cli_complain("no memory for a replay");
	else if (wt_replay_open(&replay, &options->config, files, &err))
		wt_cli_complain("%s", err.text);
	else
		exit_code = run(replay, options, result, files);
	wt_replay_close(replay);
	free(result);
	free(files);
	return exit_code;
}

int wt_command_replay(int argc, char **argv)
{
	struct wt_replay_options options = {.config.stop = &stop};
	int exit_code = wt_replay_options_parse(&options, argc, argv);

	if (!exit_code && options.help) {
		wt_replay_options_help();
	} else if (!exit_code && options.check) {
		exit_code = wt_replay_check(options.config.interface, options.json);
	} else if (!exit_code) {
		catch_signals();
		if (!options.quiet && isatty(STDERR_FILENO))
			options.config.on_progress = wt_replay_draw_progress;
		exit_code = replay_files(&options);
	}
	wt_replay_options_free(&options);
	return exit_code;
}
