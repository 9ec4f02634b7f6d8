/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>

#include <wiretape/feed/preset/moldudp64.h>

#include "support/unit.h"

Test(moldudp64, session_is_padded_with_spaces)
{
	uint8_t session[WT_MOLDUDP64_SESSION_BYTES];

	cr_assert_eq(wt_moldudp64_session(session, "ABC"), 0);
	cr_assert_arr_eq(session, "ABC       ", sizeof(session));
}

Test(moldudp64, session_of_ten_characters_is_taken_whole)
{
	uint8_t session[WT_MOLDUDP64_SESSION_BYTES];

	cr_assert_eq(wt_moldudp64_session(session, "0123456789"), 0);
	cr_assert_arr_eq(session, "0123456789", sizeof(session));
}

Test(moldudp64, session_refuses_what_does_not_fit_or_print)
{
	uint8_t session[WT_MOLDUDP64_SESSION_BYTES];

	cr_expect_eq(wt_moldudp64_session(session, ""), -EINVAL);
	cr_expect_eq(wt_moldudp64_session(session, "0123456789A"), -EINVAL);
	cr_expect_eq(wt_moldudp64_session(session, "tab\t"), -EINVAL);
	cr_expect_eq(wt_moldudp64_session(session, "\xc3\xa4"), -EINVAL);
}
