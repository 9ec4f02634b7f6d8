/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_TESTS_MEND_H
#define WIRETAPE_TESTS_MEND_H

#include <wiretape/archive/repair/recover.h>

/* wt_recover_apply(); where that is refused, the repaired copy of the file takes its place, in the
 * same inode. */
int mend(struct wt_recovery *recovery, const char *path, struct wt_error *err);

#endif
