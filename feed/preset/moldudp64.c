/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/feed/preset/moldudp64.h>

#include <errno.h>
#include <string.h>

int wt_moldudp64_session(uint8_t session[WT_MOLDUDP64_SESSION_BYTES], const char *name)
{
	size_t length = strnlen(name, WT_MOLDUDP64_SESSION_BYTES + 1);

	if (!length || length > WT_MOLDUDP64_SESSION_BYTES)
		return -EINVAL;
	for (size_t i = 0; i < length; i++)
		if (name[i] < ' ' || name[i] > '~')
			return -EINVAL;
	memset(session, ' ', WT_MOLDUDP64_SESSION_BYTES);
	memcpy(session, name, length);
	return 0;
}
