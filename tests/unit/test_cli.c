/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <wiretape/cli/cli.h>

TestSuite(cli);

Test(cli, times_have_units)
{
	static const struct {
		const char *text;
		int64_t ns;
	} cases[] = {
	        {"1ns", 1},
	        {"500ns", 500},
	        {"10us", 10000},
	        {"1ms", 1000000},
	        {"1.5ms", 1500000},
	        {"0.001us", 1},
	        {"2s", 2000000000},
	        {"0.123456789s", 123456789},
	        {"1000000000s", 1000000000000000000},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t ns = -1;

		cr_expect(wt_cli_parse_time_ns(cases[i].text, &ns), "%s", cases[i].text);
		cr_expect(eq(i64, ns, cases[i].ns), "%s", cases[i].text);
	}
}

Test(cli, what_is_no_time_is_refused)
{
	static const char *const wrong[] = {
	        "",     "1",    "ns",    "0ns",   "0.1ns",       "-1ns", "+1ns",
	        " 1ns", "1 ns", "1e3ns", "0x1ns", "1.2.3s",      "1nss", "1Ms",
	        "1m",   "nans", "infs",  ".5s",   "1000000001s",
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		int64_t ns;

		cr_expect(wt_cli_parse_time_ns(wrong[i], &ns) == false, "'%s'", wrong[i]);
	}
}

Test(cli, factors_are_decimal_numbers_above_0)
{
	static const char *const wrong[] = {"",    "0",   "-1",  "x",  "1x",  "1e3",
	                                    "0x2", "nan", "inf", "1 ", "0.0", "1,5"};
	double factor = 0;

	cr_expect(wt_cli_parse_factor("2", &factor) && factor == 2);
	cr_expect(wt_cli_parse_factor("0.25", &factor) && factor == 0.25);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		cr_expect(wt_cli_parse_factor(wrong[i], &factor) == false, "'%s'", wrong[i]);
}
