/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include <wiretape/base/error.h>

#include "support/unit.h"

Test(error, code_is_returned_and_kept_with_the_text)
{
	struct wt_error err;

	cr_expect(eq(int, wt_error_set(&err, -ENOENT, "no %s, only %d", "file", 7), -ENOENT));
	cr_expect(eq(int, err.code, -ENOENT));
	cr_expect(eq(int, strcmp(err.text, "no file, only 7"), 0), "%s", err.text);
}

Test(error, nobody_has_to_listen)
{
	cr_expect(eq(int, wt_error_set(NULL, -EINVAL, "%s", "unheard"), -EINVAL));
}

Test(error, text_that_is_too_long_is_cut)
{
	char endless[2000];
	struct wt_error err;

	memset(endless, 'x', sizeof(endless));
	endless[sizeof(endless) - 1] = '\0';
	wt_error_set(&err, -EINVAL, "%s", endless);
	cr_expect(eq(sz, strlen(err.text), sizeof(err.text) - 1));
}
