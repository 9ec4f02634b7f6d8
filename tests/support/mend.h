/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_TESTS_MEND_H
#define WIRETAPE_TESTS_MEND_H

#include <wiretape/archive/repair/recover.h>

/* Call wt_recover_apply(); if it refuses, put the repaired copy in the file's place, in the
 * same inode. */
int mend(struct wt_recovery *recovery, const char *path, struct wt_error *err);

#endif
