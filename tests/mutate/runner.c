/*
 * Stand-in for Criterion's main(): PROGRAM PATTERN runs the tests of the suites that match, each
 * in a fork, and ends with the first that fails. Criterion starts the program anew for each test,
 * which takes longer than most tests do.
 */
#include <criterion/criterion.h>
#include <criterion/logging.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROCESSOR_SECONDS = 20 };

/* Bounds of the sections that TestSuite() and Test() fill, by the linker. */
extern struct criterion_suite *__start_cr_sts[], *__stop_cr_sts[];
extern struct criterion_test *__start_cr_tst[], *__stop_cr_tst[];

static const struct criterion_test *now;
static void *parameter;
static int failures;

static const struct criterion_test_extra_data *suite_of(const struct criterion_test *test)
{
	for (struct criterion_suite **at = __start_cr_sts; at < __stop_cr_sts; at++) {
		if (*at && !strcmp((*at)->name, test->category))
			return (*at)->data;
	}
	return NULL;
}

void criterion_internal_test_setup(void)
{
	const struct criterion_test_extra_data *suite = suite_of(now);

	if (suite && suite->init)
		suite->init();
	if (now->data->init)
		now->data->init();
}

void criterion_internal_test_main(void (*fn)(void))
{
	if (parameter)
		((void (*)(void *))fn)(parameter);
	else
		fn();
}

void criterion_internal_test_teardown(void)
{
	const struct criterion_test_extra_data *suite = suite_of(now);

	if (now->data->fini)
		now->data->fini();
	if (suite && suite->fini)
		suite->fini();
}

void criterion_abort_test(void)
{
	_exit(1);
}

void criterion_continue_test(void)
{
	failures++;
}

void criterion_skip_test(const char *format, ...)
{
	(void)format;
	_exit(0);
}

/* Nobody reads what Criterion would be told. */
void criterion_send_assert(struct criterion_assert_stats *stats)
{
	(void)stats;
}

void cri_assert_node_send(const char *file, size_t line, struct cri_assert_node *tree)
{
	(void)file, (void)line, (void)tree;
}

void cri_asserts_passed_incr(void)
{
}

void cr_log(enum criterion_severity severity, const char *msg, ...)
{
	(void)severity, (void)msg;
}

static void __attribute__((noreturn)) child(void)
{
	struct rlimit limit = {PROCESSOR_SECONDS, PROCESSOR_SECONDS};

	setrlimit(RLIMIT_CPU, &limit);
	now->test();
	exit(failures != 0);
}

static bool passes(void)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		child();
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return false;
	if (now->data->signal)
		return WIFSIGNALED(status) && WTERMSIG(status) == now->data->signal;
	return WIFEXITED(status) && WEXITSTATUS(status) == now->data->exit_code;
}

static bool passes_with_each_parameter(void)
{
	struct criterion_test_params all = {.length = 0};
	bool good = true;

	if (now->data->kind_ != CR_TEST_PARAMETERIZED)
		return passes();
	all = now->data->param_();
	for (size_t i = 0; good && i < all.length; i++) {
		parameter = (char *)all.params + i * all.size;
		good = passes();
	}
	parameter = NULL;
	return good;
}

int main(int argc, char **argv)
{
	int run = 0;

	for (struct criterion_test **at = __start_cr_tst; argc == 2 && at < __stop_cr_tst; at++) {
		now = *at;
		if (!now || now->data->disabled || fnmatch(argv[1], now->category, FNM_EXTMATCH))
			continue;
		run++;
		if (!passes_with_each_parameter()) {
			printf("%s/%s fails\n", now->category, now->name);
			return 1;
		}
	}
	printf("%d tests pass\n", run);
	return run ? 0 : 2;
}
