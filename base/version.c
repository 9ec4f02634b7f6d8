/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/version.h>

#define TEXT_OF(number)                   #number
#define VERSION_TEXT(major, minor, patch) TEXT_OF(major) "." TEXT_OF(minor) "." TEXT_OF(patch)

const char *wt_version(void)
{
	return VERSION_TEXT(WT_VERSION_MAJOR, WT_VERSION_MINOR, WT_VERSION_PATCH);
}
