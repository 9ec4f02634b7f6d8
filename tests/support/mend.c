/* SPDX-License-Identifier: BSD-2-Clause */
#include "mend.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void replace(const char *path, const char *by)
{
	int to = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	int from = open(by, O_RDONLY | O_CLOEXEC);
	char bytes[65536];
	ssize_t got;

	if (to < 0 || from < 0)
		abort();
	while ((got = read(from, bytes, sizeof(bytes))) > 0)
		if (write(to, bytes, (size_t)got) != got)
			abort();
	close(from);
	close(to);
}

int mend(struct wt_recovery *recovery, const char *path, struct wt_error *err)
{
	char copy[4096];
	int rc;

	if (wt_recover_report(recovery)->way != WT_RECOVER_COPY)
		return wt_recover_apply(recovery, err);
	if (wt_recover_apply(recovery, err) != -EPERM)
		abort();
	snprintf(copy, sizeof(copy), "%s.mend", path);
	rc = wt_recover_copy(recovery, copy, 0, err);
	if (!rc)
		replace(path, copy);
	unlink(copy);
	return rc;
}
