/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <wiretape/cli/cli.h>

TestSuite(cli);

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
