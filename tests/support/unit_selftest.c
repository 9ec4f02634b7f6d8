/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests that go wrong in every way, for unit_selftest.sh. */
#include "unit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int calls;

static void set_up(void)
{
	calls++;
}

static void tear_down(void)
{
	printf("torn down after %d\n", calls);
}

TestSuite(good, .init = set_up, .fini = tear_down);
TestSuite(bad, .fini = tear_down);

Test(good, says_nothing)
{
	printf("what nobody sees");
	cr_expect(eq(int, calls, 1));
	cr_expect(true);
	cr_assert(not(zero(dbl, 0.5)));
	cr_expect_str_eq("a", "a", "%s", "a");
}

Test(good, begins_where_no_other_was, .init = set_up)
{
	cr_assert(eq(int, calls, 2));
}

Test(good, is_aborted, .signal = SIGABRT)
{
	abort();
}

Test(good, is_skipped)
{
	cr_skip_test("there is no %s", "moon");
}

Test(bad, shows_both_values_and_goes_on)
{
	cr_expect(eq(int, 1 + 1, 3));
	cr_expect(lt(u8, (uint8_t)(256 + 200), 100), "number %d", 7);
	cr_expect_str_eq("some", "other");
	cr_expect(eq(str, NULL, "other"));
	cr_expect(le(dbl, 1.5, 0.5));
	cr_expect(not(eq(i64, INT64_MIN, INT64_MIN)));
	cr_expect_eq(calls, 1, "100 %%");
	cr_fail("no %s", "reason");
}

Test(bad, ends_with_an_assertion, .fini = set_up)
{
	cr_assert(calls, "the first");
	cr_expect(calls, "the second");
}

static void assert_nothing(void)
{
	cr_assert(false);
}

Test(bad, does_not_begin, .init = assert_nothing)
{
	puts("it does");
}

Test(bad, crashes_with_its_last_words)
{
	printf("last words");
	raise(SIGKILL);
}

Test(bad, is_not_aborted, .signal = SIGABRT)
{
}

Test(bad, exits)
{
	exit(0);
}

Test(bad, exits_with_a_code)
{
	exit(3);
}

Test(bad, has_a_child_that_fails)
{
	pid_t pid = fork();

	if (!pid)
		cr_assert(false);
	waitpid(pid, NULL, 0);
}

static void *fail_here(void *unused)
{
	cr_expect(false);
	return unused;
}

Test(bad, has_a_thread_that_fails)
{
	pthread_t thread;

	cr_assert(zero(int, pthread_create(&thread, NULL, fail_here, NULL)));
	pthread_join(thread, NULL);
}

ParameterizedTestParameters(bad, is_so_for_the_second)
{
	static int numbers[] = {1, 2, 3};

	return cr_make_param_array(int, numbers, 3);
}

ParameterizedTest(const int *number, bad, is_so_for_the_second)
{
	cr_expect(ne(int, *number, 2));
}

#if defined(__SANITIZE_ADDRESS__)
#define HAS_LEAKS
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_LEAKS
#endif
#endif

#ifdef HAS_LEAKS
static void *volatile leak;

Test(leaking, is_told_of)
{
	leak = malloc(7);
	leak = NULL;
}

Test(leaking, is_told_of_a_child_that_ends_well)
{
	pid_t pid = fork();

	if (!pid) {
		leak = malloc(7);
		leak = NULL;
		exit(0);
	}
	waitpid(pid, NULL, 0);
}
#endif

/* Tell the script. */
static void say_begun(pid_t pid)
{
	FILE *begun = fopen(getenv("BEGUN"), "w");

	fprintf(begun, "%d\n", (int)pid);
	fclose(begun);
}

Test(late, waits_for_ever)
{
	say_begun(getpid());
	for (;;)
		pause();
}

Test(leaving, a_child_behind)
{
	pid_t pid = fork();

	while (!pid)
		pause();
	say_begun(pid);
}
