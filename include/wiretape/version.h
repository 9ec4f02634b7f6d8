/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_VERSION_H
#define WIRETAPE_VERSION_H

#include <wiretape/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Version of these headers, by https://semver.org: before 1.0.0, an increase of the second number
 * may break a promise. The build takes the version of everything from here. */
#define WT_VERSION_MAJOR 0
#define WT_VERSION_MINOR 1
#define WT_VERSION_PATCH 0

/* Version of the running library: "0.1.0". Static; any thread. */
WT_API const char *wt_version(void);

#ifdef __cplusplus
}
#endif
#endif
