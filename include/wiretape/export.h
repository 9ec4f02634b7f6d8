/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_EXPORT_H
#define WIRETAPE_EXPORT_H

/* Rules for all headers of this folder: they are the library's whole promise.
 *
 * Functions that can fail return 0 or a negative errno; counts are never negative. Times are
 * int64_t in ns, packet times since 1970. Strings are UTF-8 or any bytes without NUL. Nothing
 * prints, exits, or changes signal handlers. An object belongs to one thread at a time unless its
 * function says otherwise; different objects never share a lock.
 *
 * Structs that may grow begin with their own size, which whoever owns the memory sets before
 * anything else:
 *
 *     struct wt_record_config config = {.size = sizeof(config), .path = "tape.pcapng"};
 *
 * (C++: `wt_record_config config = {}; config.size = sizeof(config);`). A member that is 0 has its
 * default, given in brackets. A program may have been compiled with an older or a newer header than
 * the library: settings that a shorter struct lacks are 0; a longer one is accepted if everything
 * unknown to the library is 0, else it is -E2BIG, as in openat2(2). Results are written as far as
 * the caller's size has room, with zeros beyond the library's own struct. */

/* Marks what programs may link with: everything else in the library is hidden. */
#define WT_API __attribute__((visibility("default")))

#endif
