/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main() of the unit tests:
 *   PROGRAM [--list] [--filter PATTERN] [--jobs N] [--patience SECONDS] [--fail-fast]
 *
 * PATTERN is fnmatch()'s, with its (a|b), for SUITE/NAME; N tests run side by side, and
 * each may take SECONDS (600). Each is a fork
 * of this process, where LeakSanitizer looks as it exits. What it says is kept in memory and shown
 * if it fails. The output is TAP: a line for each test, with the processor time that it took. The
 * exit code is 0 if none failed; 2 if there was none.
 */
#include "unit.h"

#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* SHOWN_BYTES: of a test that says more than anybody reads. */
enum { JOBS_MAX = 64, SHOWN_BYTES = 1 << 20, WHY_BYTES = 200 };

/* Bounds of the section that UNIT_LIST() fills, by the linker. */
extern const struct unit_test *__start_unit_tests[], *__stop_unit_tests[];

/* What a test tells the runner, in memory that both have. Its own children fail it too. */
struct outcome {
	atomic_int failures;
	bool skipped;
	bool ended; /* it has not called exit() */
	char why[WHY_BYTES];
};

/* A test that runs. */
struct job {
	pid_t pid; /* 0: none does */
	const struct unit_test *test;
	int output;
	struct outcome *outcome;
	double deadline;
	bool late;
};

static struct {
	const char *filter;
	unsigned jobs;
	bool list;
	bool fail_fast;
	unsigned patience_s;
} options = {.filter = "*", .jobs = 1, .patience_s = 600};

static struct job jobs[JOBS_MAX];
static unsigned chosen, failed, skipped;

/* In the test: whose process this is, and how it ends early. */
static struct job *mine;
static pid_t self;
static jmp_buf end;

/* What was compared last, for the text of a failure. */
enum kind { SIGNED, UNSIGNED, DOUBLE, POINTER, TEXT };
union value {
	intmax_t as_SIGNED;
	uintmax_t as_UNSIGNED;
	double as_DOUBLE;
	const void *as_POINTER;
	const char *as_TEXT;
};
static _Thread_local struct {
	bool is_set;
	enum kind kind;
	union value a, b;
} compared;

/* Conditions */

#define UNIT_DEFINE(name, type, kind_)                                                             \
	bool unit_##name(enum unit_relation is, type a, type b)                                    \
	{                                                                                          \
		compared.is_set = true;                                                            \
		compared.kind = kind_;                                                             \
		compared.a.as_##kind_ = a;                                                         \
		compared.b.as_##kind_ = b;                                                         \
		switch (is) {                                                                      \
		case UNIT_EQ:                                                                      \
			return a == b;                                                             \
		case UNIT_NE:                                                                      \
			return a != b;                                                             \
		case UNIT_LT:                                                                      \
			return a < b;                                                              \
		case UNIT_LE:                                                                      \
			return a <= b;                                                             \
		case UNIT_GT:                                                                      \
			return a > b;                                                              \
		default:                                                                           \
			return a >= b;                                                             \
		}                                                                                  \
	}
UNIT_TYPES(UNIT_DEFINE)

bool unit_str(enum unit_relation is, const char *a, const char *b)
{
	compared.is_set = true;
	compared.kind = TEXT;
	compared.a.as_TEXT = a;
	compared.b.as_TEXT = b;
	if (!a || !b)
		return false;
	return !strcmp(a, b) == (is == UNIT_EQ);
}

static void show_value(FILE *file, enum kind kind, const union value *value)
{
	switch (kind) {
	case SIGNED:
		fprintf(file, "%jd", value->as_SIGNED);
		break;
	case UNSIGNED:
		fprintf(file, "%ju (%#jx)", value->as_UNSIGNED, value->as_UNSIGNED);
		break;
	case DOUBLE:
		fprintf(file, "%.17g", value->as_DOUBLE);
		break;
	case POINTER:
		fprintf(file, "%p", value->as_POINTER);
		break;
	case TEXT:
		fprintf(file, value->as_TEXT ? "\"%s\"" : "NULL", value->as_TEXT);
		break;
	}
}

/* FILE:LINE: CONDITION is false: A and B: MESSAGE */
static void __attribute__((format(printf, 4, 0)))
fail(const char *file, int line, const char *condition, const char *format, va_list args)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *to = open_memstream(&text, &bytes);

	atomic_fetch_add(&mine->outcome->failures, 1);
	if (!to)
		return;
	fprintf(to, "%s:%d: %s", file, line, condition);
	if (compared.is_set && strchr(condition, ',')) {
		fputs(": ", to);
		show_value(to, compared.kind, &compared.a);
		fputs(" and ", to);
		show_value(to, compared.kind, &compared.b);
	}
	if (format[1]) {
		fputs(": ", to);
		vfprintf(to, format + 1, args);
	}
	fputc('\n', to);
	fclose(to);
	/* Whatever the test has done to its standard output. */
	if (write(mine->output, text, bytes) < 0)
		perror("write");
	free(text);
}

/* A thread or a child of the test cannot go back to where it began, and ends its process. */
static void __attribute__((noreturn)) leave(void)
{
	if (gettid() != self)
		_exit(1);
	longjmp(end, 1);
}

void unit_expected(const char *file, int line, const char *condition, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fail(file, line, condition, format, args);
	va_end(args);
}

void unit_asserted(const char *file, int line, const char *condition, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fail(file, line, condition, format, args);
	va_end(args);
	leave();
}

void cr_skip_test(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(mine->outcome->why, WHY_BYTES, format, args);
	va_end(args);
	mine->outcome->skipped = true;
	leave();
}

/* In the process of a test */

static const struct unit_test *suite_of(const struct unit_test *test)
{
	static const struct unit_test none;

	for (const struct unit_test **at = __start_unit_tests; at < __stop_unit_tests; at++) {
		if (!(*at)->name && !strcmp((*at)->suite, test->suite))
			return *at;
	}
	return &none;
}

static void call(void (*function)(void))
{
	if (function && !setjmp(end))
		function();
}

/* Until something in it ends it. */
static void run(const struct unit_test *test, void *parameter)
{
	if (setjmp(end))
		return;
	if (suite_of(test)->init)
		suite_of(test)->init();
	if (test->init)
		test->init();
	test->run(parameter);
}

static void __attribute__((noreturn)) child(struct job *job, void *parameter, const sigset_t *mask)
{
	self = getpid();
	mine = job;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	dup2(job->output, STDOUT_FILENO);
	dup2(job->output, STDERR_FILENO);
	/* A test that crashes has said what it said. */
	setvbuf(stdout, NULL, _IONBF, 0);
	run(job->test, parameter);
	call(job->test->fini);
	call(suite_of(job->test)->fini);
	job->outcome->ended = true;
	exit(0);
}

/* In the runner, which prints without a buffer: a child would have a copy of what is in it. */

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void begin(struct job *job, const struct unit_test *test, void *parameter,
                  const sigset_t *mask)
{
	job->test = test;
	job->late = false;
	job->output = memfd_create(test->name, MFD_CLOEXEC);
	*job->outcome = (struct outcome){0};
	job->deadline = now_s() + options.patience_s;
	job->pid = fork();
	if (!job->pid)
		child(job, parameter, mask);
	if (job->output < 0 || job->pid < 0) {
		perror("a test cannot be run");
		exit(2);
	}
}

/* What it said. */
static char *output_of(const struct job *job)
{
	static char text[SHOWN_BYTES + 1];
	ssize_t bytes = pread(job->output, text, SHOWN_BYTES, 0);

	if (bytes < 0)
		bytes = 0;
	text[bytes] = 0;
	while (bytes-- > 0) {
		if (!text[bytes])
			text[bytes] = ' ';
	}
	return text;
}

/* What is wrong with how it ended, in `text`. */
static bool is_as_wanted(const struct job *job, int status, const char *output, char *text,
                         size_t bytes)
{
	int wanted = job->test->signal;

	text[0] = 0;
	if (job->late)
		snprintf(text, bytes, "it took more than %u s", options.patience_s);
	else if (WIFSIGNALED(status) && WTERMSIG(status) != wanted)
		snprintf(text, bytes, "ended by SIG%s", sigabbrev_np(WTERMSIG(status)));
	else if (WIFEXITED(status) && wanted)
		snprintf(text, bytes, "not ended by SIG%s", sigabbrev_np(wanted));
	else if (WIFEXITED(status) && WEXITSTATUS(status))
		snprintf(text, bytes, "exit code %d", WEXITSTATUS(status));
	else if (WIFEXITED(status) && !job->outcome->ended)
		snprintf(text, bytes, "it called exit()");
	else if (strstr(output, "Sanitizer: ") || strstr(output, "runtime error: "))
		snprintf(text, bytes, "a sanitizer has something to say");
	else
		return !atomic_load(&job->outcome->failures);
	return false;
}

static void show_lines(char *text)
{
	char *line;

	while ((line = strsep(&text, "\n"))) {
		if (*line || text)
			dprintf(STDOUT_FILENO, "# %s\n", line);
	}
}

/* Whether it was as it should be. */
static bool report(struct job *job, int status, const struct rusage *usage)
{
	double seconds = (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) +
	                 (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1e6;
	char *output = output_of(job), ending[64];
	bool good = is_as_wanted(job, status, output, ending, sizeof(ending));

	dprintf(STDOUT_FILENO, "%sok - %s::%s", good ? "" : "not ", job->test->suite,
	        job->test->name);
	if (good && job->outcome->skipped)
		dprintf(STDOUT_FILENO, " # SKIP %s\n", job->outcome->why);
	else
		dprintf(STDOUT_FILENO, " (%.2f s)\n", seconds);
	if (!good)
		show_lines(output);
	if (*ending)
		dprintf(STDOUT_FILENO, "# %s\n", ending);
	skipped += good && job->outcome->skipped;
	failed += !good;
	close(job->output);
	job->pid = 0;
	return good;
}

static void kill_all(void)
{
	for (unsigned i = 0; i < options.jobs; i++) {
		if (jobs[i].pid)
			kill(jobs[i].pid, SIGKILL);
	}
}

static void __attribute__((noreturn)) interrupted(int signal)
{
	sigset_t one;

	kill_all();
	for (unsigned i = 0; i < options.jobs; i++) {
		if (jobs[i].pid)
			dprintf(STDOUT_FILENO, "# interrupted: %s::%s\n", jobs[i].test->suite,
			        jobs[i].test->name);
	}
	sigemptyset(&one);
	sigaddset(&one, signal);
	raise(signal);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	_exit(2);
}

/* Until the first deadline at most; a test that is beyond its own is killed. */
static void wait_for_signal(const sigset_t *signals)
{
	double first = now_s() + options.patience_s, left;
	struct timespec time;
	int signal;

	for (unsigned i = 0; i < options.jobs; i++) {
		if (!jobs[i].pid || jobs[i].late)
			continue;
		if (jobs[i].deadline <= now_s()) {
			jobs[i].late = true;
			kill(jobs[i].pid, SIGKILL);
		} else if (jobs[i].deadline < first) {
			first = jobs[i].deadline;
		}
	}
	left = first - now_s();
	if (left < 0)
		left = 0;
	time.tv_sec = (time_t)left;
	time.tv_nsec = (long)((left - (double)time.tv_sec) * 1e9);
	signal = sigtimedwait(signals, NULL, &time);
	if (signal > 0 && signal != SIGCHLD)
		interrupted(signal);
}

/* Report those that have ended; a place where none runs, or NULL. */
static struct job *collect(void)
{
	struct job *free_one = NULL;
	struct rusage usage;
	int status;

	for (unsigned i = 0; i < options.jobs; i++) {
		if (jobs[i].pid && wait4(jobs[i].pid, &status, WNOHANG, &usage) == jobs[i].pid &&
		    !report(&jobs[i], status, &usage) && options.fail_fast) {
			kill_all();
			exit(1);
		}
		if (!jobs[i].pid)
			free_one = &jobs[i];
	}
	return free_one;
}

static bool any_runs(void)
{
	for (unsigned i = 0; i < options.jobs; i++) {
		if (jobs[i].pid)
			return true;
	}
	return false;
}

static bool is_chosen(const struct unit_test *test)
{
	char id[256];

	snprintf(id, sizeof(id), "%s/%s", test->suite, test->name);
	return test->name && !fnmatch(options.filter, id, FNM_EXTMATCH);
}

static void run_test(const struct unit_test *test, const sigset_t *signals, const sigset_t *mask)
{
	struct unit_parameters all = {.count = 1};
	struct job *job;

	if (test->parameters)
		all = test->parameters();
	for (size_t i = 0; i < all.count; i++) {
		while (!(job = collect()))
			wait_for_signal(signals);
		begin(job, test, all.first ? (char *)all.first + i * all.bytes : NULL, mask);
		chosen++;
	}
}

static void run_all(void)
{
	sigset_t signals, mask;

	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, &mask);
	for (const struct unit_test **at = __start_unit_tests; at < __stop_unit_tests; at++) {
		if (is_chosen(*at))
			run_test(*at, &signals, &mask);
	}
	while (collect(), any_runs())
		wait_for_signal(&signals);
	dprintf(STDOUT_FILENO, "1..%u\n# %u failed, %u skipped\n", chosen, failed, skipped);
}

/* The compiler may have listed them in another order. */
static int in_order(const void *a, const void *b)
{
	const struct unit_test *const *left = a, *const *right = b;
	int files = strcmp((*left)->file, (*right)->file);

	return files ? files : (*left)->line - (*right)->line;
}

static void list(void)
{
	for (const struct unit_test **at = __start_unit_tests; at < __stop_unit_tests; at++) {
		if (is_chosen(*at))
			dprintf(STDOUT_FILENO, "%s/%s\n", (*at)->suite, (*at)->name);
	}
}

static bool parse(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--list"))
			options.list = true;
		else if (!strcmp(argv[i], "--fail-fast"))
			options.fail_fast = true;
		else if (!strcmp(argv[i], "--filter") && argv[i + 1])
			options.filter = argv[++i];
		else if (!strcmp(argv[i], "--jobs") && argv[i + 1])
			options.jobs = (unsigned)atoi(argv[++i]);
		else if (!strcmp(argv[i], "--patience") && argv[i + 1])
			options.patience_s = (unsigned)atoi(argv[++i]);
		else
			return false;
	}
	return options.jobs > 0 && options.jobs <= JOBS_MAX;
}

int main(int argc, char **argv)
{
	struct outcome *outcomes = mmap(NULL, JOBS_MAX * sizeof(*outcomes), PROT_READ | PROT_WRITE,
	                                MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (!parse(argc, argv) || outcomes == MAP_FAILED) {
		fprintf(stderr,
		        "usage: %s [--list] [--filter SUITE/NAME] [--jobs 1-%d] "
		        "[--patience SECONDS] [--fail-fast]\n",
		        argv[0], JOBS_MAX);
		return 2;
	}
	for (unsigned i = 0; i < options.jobs; i++)
		jobs[i].outcome = &outcomes[i];
	qsort(__start_unit_tests, (size_t)(__stop_unit_tests - __start_unit_tests),
	      sizeof(__start_unit_tests[0]), in_order);
	if (options.list)
		list();
	else
		run_all();
	if (failed)
		return 1;
	return chosen || options.list ? 0 : 2;
}
