/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a unit test is written with: Criterion's names, with its meaning. -DWT_CRITERION=ON has
 * Criterion itself compile and run the tests. It takes five times as long to compile them, and, as
 * it starts the program anew for each test, ten times as long to run them under AddressSanitizer:
 * so usually what follows stands in for it, and unit.c for its main().
 *
 *     Test(spec, an_empty_one_is_refused)
 *     {
 *             cr_assert(eq(int, parse(""), -EINVAL), "reason: %s", reason);
 *     }
 *
 * Each test is a process of its own, so static variables are as they were compiled.
 */
#ifndef WT_TESTS_UNIT_H
#define WT_TESTS_UNIT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef WT_CRITERION

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>

#else

/* What a parameterized test is run with, one after the other. */
struct unit_parameters {
	size_t bytes;
	void *first;
	size_t count;
};

struct unit_test {
	const char *suite;
	const char *name; /* NULL: the suite itself, whose functions enclose those of its tests */
	void (*run)(void *parameter);
	struct unit_parameters (*parameters)(void);
	void (*init)(void);
	void (*fini)(void); /* also after a test that failed or was skipped */
	const char *file;   /* tests run in the order of these */
	int line;
	int signal; /* that has to end the test */
};

/* Where unit.c finds it. */
#define UNIT_LIST(symbol, ...)                                                                     \
	static const struct unit_test symbol = {.file = __FILE__, .line = __LINE__, __VA_ARGS__};  \
	static const struct unit_test *symbol##_listed                                             \
	        __attribute__((used, section("unit_tests"))) = &symbol

/* TestSuite(NAME, .init = set_up, .fini = tear_down); where its tests need that. */
#define TestSuite(name, ...) UNIT_LIST(name##_suite, .suite = #name, __VA_ARGS__)

/* Test(SUITE, NAME, .init = set_up, .signal = SIGABRT) {...} */
#define Test(suite, name, ...)                                                                     \
	UNIT_TEST(__attribute__((unused)) void *unit_none, suite, name, __VA_ARGS__)

#define UNIT_TEST(parameter, suite_, name_, ...)                                                   \
	static void suite_##_##name_##_body(parameter);                                            \
	static void suite_##_##name_##_run(void *unit_parameter)                                   \
	{                                                                                          \
		suite_##_##name_##_body(unit_parameter);                                           \
	}                                                                                          \
	UNIT_LIST(suite_##_##name_##_test, .suite = #suite_, .name = #name_,                       \
	          .run = suite_##_##name_##_run, __VA_ARGS__);                                     \
	static void suite_##_##name_##_body(parameter)

/* ParameterizedTestParameters(SUITE, NAME) { return cr_make_param_array(TYPE, ARRAY, COUNT); }
 * ParameterizedTest(TYPE *parameter, SUITE, NAME) {...} */
#define ParameterizedTestParameters(suite, name)                                                   \
	static struct unit_parameters suite##_##name##_parameters(void)
#define ParameterizedTest(parameter, suite, name)                                                  \
	UNIT_TEST(parameter, suite, name, .parameters = suite##_##name##_parameters)
#define cr_make_param_array(type, array, count)                                                    \
	(struct unit_parameters)                                                                   \
	{                                                                                          \
		sizeof(type), (array), (count)                                                     \
	}

/* Conditions that a failure shows both values of: eq(u64, actual, expected), zero(int, actual).
 * A function compares, for that takes less to compile than what would be here. */
#define UNIT_TYPES(X)                                                                              \
	X(int, int, SIGNED)                                                                        \
	X(long, long, SIGNED)                                                                      \
	X(i32, int32_t, SIGNED)                                                                    \
	X(i64, int64_t, SIGNED)                                                                    \
	X(uint, unsigned, UNSIGNED)                                                                \
	X(ullong, unsigned long long, UNSIGNED)                                                    \
	X(u8, uint8_t, UNSIGNED)                                                                   \
	X(u16, uint16_t, UNSIGNED)                                                                 \
	X(u32, uint32_t, UNSIGNED)                                                                 \
	X(u64, uint64_t, UNSIGNED)                                                                 \
	X(sz, size_t, UNSIGNED)                                                                    \
	X(dbl, double, DOUBLE)                                                                     \
	X(ptr, const void *, POINTER)

enum unit_relation { UNIT_EQ, UNIT_NE, UNIT_LT, UNIT_LE, UNIT_GT, UNIT_GE };

#define UNIT_DECLARE(name, type, kind) bool unit_##name(enum unit_relation is, type a, type b);
UNIT_TYPES(UNIT_DECLARE)
bool unit_str(enum unit_relation is, const char *a, const char *b);

#define eq(type, a, b) unit_##type(UNIT_EQ, a, b)
#define ne(type, a, b) unit_##type(UNIT_NE, a, b)
#define lt(type, a, b) unit_##type(UNIT_LT, a, b)
#define le(type, a, b) unit_##type(UNIT_LE, a, b)
#define gt(type, a, b) unit_##type(UNIT_GT, a, b)
#define ge(type, a, b) unit_##type(UNIT_GE, a, b)
#define zero(type, a)  unit_##type(UNIT_EQ, a, 0)
#define not(condition) (!(condition))

/* The format begins with a character that is left out: an empty one would be warned of. */
void unit_expected(const char *file, int line, const char *condition, const char *format, ...)
        __attribute__((format(printf, 4, 5)));
void unit_asserted(const char *file, int line, const char *condition, const char *format, ...)
        __attribute__((format(printf, 4, 5), noreturn));

/* CONDITION and, if it is wanted, a format with its arguments: cr_expect() fails the test, which
 * goes on; cr_assert() also ends it. */
#define cr_expect(condition, ...)                                                                  \
	((condition) ? (void)0 : unit_expected(__FILE__, __LINE__, #condition, "x" __VA_ARGS__))
#define cr_assert(condition, ...)                                                                  \
	((condition) ? (void)0 : unit_asserted(__FILE__, __LINE__, #condition, "x" __VA_ARGS__))
#define cr_fail(...)                       unit_expected(__FILE__, __LINE__, "failure", "x" __VA_ARGS__)
#define cr_fatal(...)                      unit_asserted(__FILE__, __LINE__, "failure", "x" __VA_ARGS__)

/* Shorter ones, which take a message as well. */
#define cr_expect_eq(a, b, ...)            cr_expect((a) == (b), __VA_ARGS__)
#define cr_assert_eq(a, b, ...)            cr_assert((a) == (b), __VA_ARGS__)
#define cr_expect_neq(a, b, ...)           cr_expect((a) != (b), __VA_ARGS__)
#define cr_assert_neq(a, b, ...)           cr_assert((a) != (b), __VA_ARGS__)
#define cr_expect_lt(a, b, ...)            cr_expect((a) < (b), __VA_ARGS__)
#define cr_assert_lt(a, b, ...)            cr_assert((a) < (b), __VA_ARGS__)
#define cr_expect_leq(a, b, ...)           cr_expect((a) <= (b), __VA_ARGS__)
#define cr_assert_leq(a, b, ...)           cr_assert((a) <= (b), __VA_ARGS__)
#define cr_expect_gt(a, b, ...)            cr_expect((a) > (b), __VA_ARGS__)
#define cr_assert_gt(a, b, ...)            cr_assert((a) > (b), __VA_ARGS__)
#define cr_expect_geq(a, b, ...)           cr_expect((a) >= (b), __VA_ARGS__)
#define cr_assert_geq(a, b, ...)           cr_assert((a) >= (b), __VA_ARGS__)
#define cr_expect_not(a, ...)              cr_expect(!(a), __VA_ARGS__)
#define cr_expect_null(a, ...)             cr_expect((a) == NULL, __VA_ARGS__)
#define cr_assert_null(a, ...)             cr_assert((a) == NULL, __VA_ARGS__)
#define cr_expect_not_null(a, ...)         cr_expect((a) != NULL, __VA_ARGS__)
#define cr_assert_not_null(a, ...)         cr_assert((a) != NULL, __VA_ARGS__)
#define cr_expect_str_eq(a, b, ...)        cr_expect(eq(str, a, b), __VA_ARGS__)
#define cr_assert_str_eq(a, b, ...)        cr_assert(eq(str, a, b), __VA_ARGS__)
#define cr_expect_str_neq(a, b, ...)       cr_expect(ne(str, a, b), __VA_ARGS__)
#define cr_expect_str_empty(a, ...)        cr_expect(eq(str, a, ""), __VA_ARGS__)
#define cr_expect_arr_eq(a, b, bytes, ...) cr_expect(!memcmp(a, b, bytes), __VA_ARGS__)
#define cr_assert_arr_eq(a, b, bytes, ...) cr_assert(!memcmp(a, b, bytes), __VA_ARGS__)

/* The test ends here, as one that was skipped, and this is why. */
void cr_skip_test(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif /* WT_CRITERION */

#endif
