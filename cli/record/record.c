/* SPDX-License-Identifier: BSD-2-Clause */
#include "background.h"
#include "ready.h"
#include "record_options.h"
#include "record_report.h"
#include <wiretape/cli/cli.h>
#include <wiretape/cli/json_output.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <wiretape/base/mutex.h>
#include <wiretape/capture/readers/udp_spec.h>
#include <wiretape/capture/recorder/recording.h>

/* What goes to one -w: of all interfaces, or of one. */
struct recording {
	struct session *session;
	const char *path;
	struct wt_recording *recording;
	struct wt_progress progress;
	pthread_t thread;
	bool has_thread;
	struct wt_error err; /* of the run */
	bool files_failed;   /* some file is not what it should be */
};

struct session {
	const struct wt_record_options *options;
	struct recording *recordings;
	size_t count;
	size_t lanes; /* of those that are open */
	size_t begun; /* of them; guarded by output_lock */
	bool terminal;
	struct wt_ready ready;
	int release;                 /* --background: of the process that waits; -1: nobody does */
	pthread_mutex_t output_lock; /* guards what is printed while recording */
	struct wt_feed_voice voice;  /* of feeds; its lines are guarded, too */
};

/* The session, for signal handlers. */
static struct session *running;
static volatile sig_atomic_t stop_requested; /* the signal that asked for it */
static volatile sig_atomic_t only_waits;     /* for commands of --on-close */
/* Nothing has been done yet that would have to be undone: a request to stop kills. */
static volatile sig_atomic_t dies;

static void stop_all(struct session *session)
{
	for (size_t i = 0; i < session->count; i++)
		if (session->recordings[i].recording)
			wt_recording_stop(session->recordings[i].recording);
}

/* Commands of --on-close are not waited for. */
static void hurry_all(struct session *session)
{
	for (size_t i = 0; i < session->count; i++)
		if (session->recordings[i].recording)
			wt_recording_abort_commands(session->recordings[i].recording);
}

/* One request to stop may come as two signals, such as those of timeout(1), which sends its signal
 * to the process and to its group. */
static bool is_another_request(void)
{
	enum { APART_MS = 200 };
	static int64_t first_ns; /* of the handler's: its signals wait for one another */
	struct timespec now;
	int64_t now_ns;

	clock_gettime(CLOCK_MONOTONIC, &now);
	now_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
	if (!first_ns)
		first_ns = now_ns;
	return now_ns - first_ns > APART_MS * (int64_t)1000000;
}

static void handle(int number, void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler};

	sigemptyset(&action.sa_mask);
	sigaction(number, &action, NULL);
}

/* Die as if the signal had not been caught: whoever waits for us sees what ended us. From a handler
 * of the same signal it takes effect when that returns. */
static void die_of(int number)
{
	handle(number, SIG_DFL);
	raise(number);
}

static void on_stop(int number)
{
	bool again = is_another_request() || only_waits;

	stop_requested = number;
	if (dies)
		die_of(number);
	if (!running)
		return;
	stop_all(running);
	if (again)
		hurry_all(running);
}

static void on_poke(int number)
{
	(void)number;
	for (size_t i = 0; running && i < running->count; i++)
		wt_recording_request_report(running->recordings[i].recording);
}

static void install_handlers(void)
{
	struct sigaction hangup;

	/* Handle them even where they were ignored: a shell without job control ignores SIGINT for
	 * programs it starts in the background, and kill -INT is how such a recording is ended. */
	handle(SIGINT, on_stop);
	handle(SIGTERM, on_stop);
	handle(SIGUSR1, on_poke);
	/* A closed pipe or a file at its limit (ulimit -f) is an error of the write, not
	 * the end of the program. */
	handle(SIGPIPE, SIG_IGN);
	handle(SIGXFSZ, SIG_IGN);
	/* nohup has it ignored, and means it. */
	if (!sigaction(SIGHUP, NULL, &hangup) && hangup.sa_handler != SIG_IGN)
		handle(SIGHUP, on_stop);
}

/* List like tcpdump -D, but only interfaces that -i takes. */
static int list_interfaces(void)
{
	char message[PCAP_ERRBUF_SIZE];
	pcap_if_t *all;
	int number = 0;

	if (pcap_findalldevs(&all, message)) {
		wt_cli_complain("cannot list the interfaces: %s", message);
		return WT_EXIT_FAILURE;
	}
	for (const pcap_if_t *i = all; i; i = i->next) {
		if (!if_nametoindex(i->name))
			continue;
		printf("%d.%s%s%s%s [%s%s%s]\n", ++number, i->name, i->description ? " (" : "",
		       i->description ? i->description : "", i->description ? ")" : "",
		       i->flags & PCAP_IF_UP ? "Up" : "Down",
		       i->flags & PCAP_IF_RUNNING ? ", Running" : "",
		       i->flags & PCAP_IF_LOOPBACK ? ", Loopback" : "");
	}
	pcap_freealldevs(all);
	printf("%d.sim (simulated, with --reader sim)\n", ++number);
	return fflush(stdout) ? WT_EXIT_FAILURE : WT_EXIT_OK;
}

/* Label of a line, if there are several recordings. */
static const char *label(const struct recording *recording)
{
	return recording->session->count > 1 ? recording->path : NULL;
}

static void on_progress(void *context, const struct wt_recorder_report *report,
                        bool report_requested)
{
	struct recording *recording = context;
	struct session *session = recording->session;

	pthread_mutex_lock(&session->output_lock);
	if (report_requested) {
		wt_report_end_line(&recording->progress);
		wt_report_ledger(report, label(recording));
	} else {
		wt_report_progress(&recording->progress, report, label(recording),
		                   session->terminal);
	}
	pthread_mutex_unlock(&session->output_lock);
}

static void on_event(void *context, const char *text)
{
	struct recording *recording = context;
	struct session *session = recording->session;

	if (session->options->quiet)
		return;
	pthread_mutex_lock(&session->output_lock);
	wt_report_end_line(&recording->progress);
	wt_cli_complain("%s", text);
	pthread_mutex_unlock(&session->output_lock);
}

/* Report gaps without a line. */
static void say_unsaid(struct recording *recording)
{
	uint64_t unsaid = wt_feed_voice_take_unsaid(&recording->session->voice);

	assert(wt_mutex_is_locked(&recording->session->output_lock));
	if (!unsaid || recording->session->options->quiet)
		return;
	wt_report_end_line(&recording->progress);
	wt_cli_complain("%" PRIu64 " more gaps", unsaid);
}

static void on_feed_event(void *context, const struct wt_feed_event *event)
{
	struct recording *recording = context;
	struct session *session = recording->session;
	char text[WT_FEED_EVENT_TEXT_BYTES];

	wt_feed_voice_write(&session->voice, event);
	if (session->options->quiet)
		return;
	pthread_mutex_lock(&session->output_lock);
	if (wt_feed_voice_line(&session->voice, event, text, sizeof(text))) {
		say_unsaid(recording);
		wt_report_end_line(&recording->progress);
		wt_cli_complain("%s", text);
	}
	pthread_mutex_unlock(&session->output_lock);
}

static bool is_stdout(const char *path)
{
	return !strcmp(path, "-");
}

/* Report the beginning to whoever waits for it, the impatient last. */
static void tell_begun(struct session *session)
{
	for (size_t i = 0; !session->options->quiet && i < session->count; i++) {
		const struct recording *recording = &session->recordings[i];
		struct wt_recording_report report;

		wt_recording_report(recording->recording, &report);
		wt_report_begin(&report, recording->path,
		                wt_recording_rotates(recording->recording));
	}
	wt_ready_begun(&session->ready);
	if (session->release >= 0 && !wt_background_release(session->release))
		on_stop(SIGHUP);
	session->release = -1;
}

static int on_begin(void *context)
{
	struct session *session = ((struct recording *)context)->session;

	pthread_mutex_lock(&session->output_lock);
	if (++session->begun == session->count)
		tell_begun(session);
	pthread_mutex_unlock(&session->output_lock);
	return 0;
}

static int64_t progress_interval_ns(const struct session *session)
{
	if (session->options->stats_every_s)
		return (int64_t)session->options->stats_every_s * 1000000000;
	return session->terminal && !session->options->quiet ? 500000000 : 0;
}

static void complain_of(const struct wt_error *err)
{
	struct rlimit limit;

	if (err->code == -EMFILE && !getrlimit(RLIMIT_NOFILE, &limit))
		wt_cli_complain("%s; a process may have %llu here: ulimit -n", err->text,
		                (unsigned long long)limit.rlim_cur);
	else
		wt_cli_complain("%s", err->text);
}

/* Name the input of this command, if any, that already has the port of one of these `count`. */
static void blame_ourselves(const struct wt_record_options *options, size_t first, size_t count,
                            struct wt_error *err)
{
	struct wt_udp_spec one, other;

	for (size_t i = first; i < first + count; i++)
		for (size_t j = 0; j < i; j++)
			if (!wt_udp_spec_parse(&one, options->interfaces[i].interface, NULL) &&
			    !wt_udp_spec_parse(&other, options->interfaces[j].interface, NULL) &&
			    wt_udp_spec_excludes(&one, &other)) {
				wt_error_set(err, -EADDRINUSE,
				             "cannot listen to %s: this command listens to %s, "
				             "which has the port already; leave one of them out, "
				             "or record from the interface, with -i IFACE udp port "
				             "%u",
				             options->interfaces[i].interface,
				             options->interfaces[j].interface, one.port);
				return;
			}
}

/* `first` and `count`: its interfaces. */
static struct wt_recorder_config recorder_config(struct recording *recording, size_t first,
                                                 size_t count)
{
	const struct wt_record_options *options = recording->session->options;

	return (struct wt_recorder_config){
	        .interfaces = options->interfaces + first,
	        .interface_count = count,
	        .joins = options->joins,
	        .join_count = options->join_count,
	        .feeds = &options->feeds.channels,
	        .feeds_late_ns = options->feeds.late_ns,
	        .joins_feeds = !options->feeds.no_join,
	        .application = "wiretape " WT_VERSION,
	        .max_packets = options->max_packets,
	        .max_bytes = options->max_bytes,
	        .max_duration_ns = options->max_duration_ns,
	        .clock = options->clock,
	        .tai_offset_s = options->tai_offset_s,
	        .on_begin = on_begin,
	        .abort_writes = &stop_requested,
	        .waits_for_interfaces = options->interface_gone == WT_GONE_WAIT,
	        .progress_every_ns = progress_interval_ns(recording->session),
	        .on_progress = on_progress,
	        .on_event = on_event,
	        .on_feed_event = on_feed_event,
	        .context = recording,
	};
}

static int open_recording(struct recording *recording, size_t first, size_t count)
{
	const struct wt_record_options *options = recording->session->options;
	struct wt_recording_config config = {
	        .recorder = recorder_config(recording, first, count),
	        .files = options->files,
	        .stream_fd = STDOUT_FILENO,
	        .io = options->io,
	        .direct = options->direct,
	        .layout = options->layout,
	        .sync = options->sync,
	        .sync_every_ns = options->sync_every_ns,
	        .queues = options->queues.count,
	        .fanout = (enum wt_fanout)options->queues.fanout,
	        .busy_poll_us = options->queues.busy_poll_us,
	        .cpus = options->queues.cpus,
	        .cpu_count = options->queues.cpu_count,
	        .first_cpu = recording->session->lanes,
	        .fifo_priority = options->queues.fifo_priority,
	        .lock_memory = options->queues.lock_memory,
	};
	struct wt_recording_report report;
	int rc;

	config.files.path = is_stdout(recording->path) ? NULL : recording->path;
	rc = wt_recording_open(&recording->recording, &config, &recording->err);
	if (rc == -EADDRINUSE)
		blame_ourselves(options, first, count, &recording->err);
	if (rc && !stop_requested)
		complain_of(&recording->err);
	if (rc)
		return rc;
	wt_recording_report(recording->recording, &report);
	recording->session->lanes += report.lane_count;
	return 0;
}

/* Take events of the background, at the end. */
static void take_events(struct recording *recording)
{
	char text[512];
	bool error;

	while (wt_recording_next_event(recording->recording, text, sizeof(text), &error)) {
		recording->files_failed |= error;
		if (error || !recording->session->options->quiet)
			wt_cli_complain("%s", text);
	}
}

static void *run_recording(void *argument)
{
	struct recording *recording = argument;
	struct session *session = recording->session;

	/* Nothing has begun: no file is needed. */
	if (!stop_requested && !wt_recording_run(recording->recording, &recording->err))
		recording->err.code = 0;
	pthread_mutex_lock(&session->output_lock);
	/* A recording that could not begin takes the others with it, as if it had failed to
	 * open. */
	if (recording->err.code && session->begun < session->count)
		stop_all(session);
	pthread_mutex_unlock(&session->output_lock);
	return NULL;
}

/* Run all at once, the first in this thread, which takes the signals. */
static void run_all(struct session *session)
{
	sigset_t all, before;

	running = session;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	for (size_t i = 1; i < session->count; i++) {
		struct recording *recording = &session->recordings[i];
		int rc = pthread_create(&recording->thread, NULL, run_recording, recording);

		recording->has_thread = !rc;
		if (!rc)
			continue;
		wt_error_set(&recording->err, -rc, "cannot start a thread for %s: %s",
		             recording->path, strerror(rc));
		stop_all(session);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	run_recording(&session->recordings[0]);
	for (size_t i = 1; i < session->count; i++)
		if (session->recordings[i].has_thread)
			pthread_join(session->recordings[i].thread, NULL);
}

static void fill_result(struct wt_record_result *result, struct recording *recording)
{
	*result = (struct wt_record_result){
	        .path = recording->path,
	        .error = recording->err.code ? recording->err.text : NULL,
	};
	wt_recording_report(recording->recording, &result->report);
	result->feeds = wt_recording_feeds(recording->recording);
	if (!result->error)
		result->error = result->report.sum.files_error;
}

/* Did it end by itself, for a reason that is not a failure of the recorder? */
static bool ended_early(const struct wt_recorder_report *report)
{
	return report->end == WT_END_INTERFACE || report->end == WT_END_READER_GONE ||
	       report->end == WT_END_SPACE;
}

static int exit_code(const struct recording *recording, const struct wt_record_result *result,
                     bool fail_on_loss)
{
	const struct wt_recorder_report *report = &result->report.sum;

	if (recording->files_failed || report->files_error ||
	    (recording->err.code && !ended_early(report)))
		return WT_EXIT_FAILURE;
	if (fail_on_loss && wt_ledger_lost(&report->total))
		return WT_EXIT_LOSS;
	return ended_early(report) ? WT_EXIT_ENDED : WT_EXIT_OK;
}

/* Choose the code that is first in the list; 0 is last. */
static int worse(int a, int b)
{
	if (!a || !b)
		return a ? a : b;
	return a < b ? a : b;
}

static bool print_json(const struct session *session, const struct wt_record_result *results,
                       int exit_code)
{
	FILE *out = is_stdout(session->recordings[0].path) ? stderr : stdout;
	struct wt_document_error error = {.exit = exit_code};
	struct wt_record_summary summary;

	for (size_t i = 0; i < session->count && !error.message; i++)
		error.message = results[i].error;
	wt_record_summary_fill(&summary, results, session->count);
	return wt_json_print(out, &wt_record_document, &summary, error.message ? &error : NULL);
}

/* Print the end of all recordings; an exit code. */
static int conclude(struct session *session)
{
	const struct wt_record_options *options = session->options;
	struct wt_record_result results[WT_RECORD_INTERFACES_MAX];
	int code = WT_EXIT_OK;

	wt_feed_voice_close(&session->voice);
	for (size_t i = 0; i < session->count; i++) {
		struct recording *recording = &session->recordings[i];

		pthread_mutex_lock(&session->output_lock);
		wt_report_end_line(&recording->progress);
		say_unsaid(recording);
		pthread_mutex_unlock(&session->output_lock);
		only_waits = 1;
		wt_recording_settle(recording->recording);
		take_events(recording);
		fill_result(&results[i], recording);
		/* Errors of a file were reported when they came, unless quiet. */
		if (results[i].error && (recording->err.code || options->quiet))
			wt_cli_complain("%s", results[i].error);
		/* A recording that has not begun has nothing to sum up. */
		if (!options->quiet && results[i].report.sum.elapsed_ns)
			wt_report_summary(&results[i], options->verbose);
		code = worse(code, exit_code(recording, &results[i], options->fail_on_loss));
	}
	if (options->json && !print_json(session, results, code))
		code = WT_EXIT_FAILURE;
	return code;
}

static void close_all(struct session *session)
{
	running = NULL;
	wt_feed_voice_close(&session->voice);
	for (size_t i = 0; i < session->count; i++) {
		struct recording *recording = &session->recordings[i];

		wt_recording_close(recording->recording);
	}
	free(session->recordings);
}

static int open_and_run(struct session *session)
{
	const struct wt_record_options *options = session->options;
	size_t each = options->interface_count / session->count;

	/* The stamping of a NIC is put back; all else ends with the process. */
	dies = options->common.stamp == WT_STAMP_SW;
	if (wt_feed_voice_open(&session->voice, &options->feeds))
		return WT_EXIT_FAILURE;
	for (size_t i = 0; !stop_requested && i < session->count; i++) {
		session->recordings[i].session = session;
		session->recordings[i].path = options->paths[i];
		if (open_recording(&session->recordings[i], i * each, each))
			return WT_EXIT_FAILURE;
	}
	dies = false;
	if (!stop_requested)
		run_all(session);
	if (stop_requested && session->begun < session->count)
		return WT_EXIT_FAILURE;
	wt_ready_stopping(&session->ready);
	return conclude(session);
}

static bool is_for_programs(void)
{
	if (!isatty(STDOUT_FILENO))
		return true;
	wt_cli_complain("standard output is a terminal; give it to a program or a file: "
	                "wiretape record ... -w - | tshark -r -");
	return false;
}

static int record(const struct wt_record_options *options, int release)
{
	struct session session = {
	        .options = options,
	        .count = options->path_count,
	        .terminal = isatty(STDERR_FILENO) && !options->stats_every_s &&
	                    !options->background && options->path_count == 1,
	        .release = release,
	        .output_lock = PTHREAD_MUTEX_INITIALIZER,
	};
	int code;

	if (is_stdout(options->paths[0]) && !is_for_programs())
		return WT_EXIT_FAILURE;
	if (is_stdout(options->paths[0]))
		wt_json_go_to(stderr);
	wt_cli_raise_descriptor_limit();
	wt_ready_init(&session.ready, options->ready_fd);
	session.recordings = calloc(session.count, sizeof(*session.recordings));
	if (!session.recordings) {
		wt_cli_complain("no memory for a recording");
		return WT_EXIT_FAILURE;
	}
	code = open_and_run(&session);
	close_all(&session);
	if (stop_requested && session.begun < session.count)
		die_of(stop_requested);
	return code;
}

static int record_somewhere(const struct wt_record_options *options)
{
	int release = -1, code;

	/* Before there are two processes: none is without them for a moment. */
	install_handlers();
	if (options->background && !wt_background_fork(&release, &code))
		return code;
	return record(options, release);
}

int wt_command_record(int argc, char **argv)
{
	struct wt_record_options options = {0};
	int code = wt_record_options_parse(&options, argc, argv);

	if (!code && options.list)
		code = list_interfaces();
	else if (!code)
		code = record_somewhere(&options);
	wt_record_options_fini(&options);
	return code;
}
