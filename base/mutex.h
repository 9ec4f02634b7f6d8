/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_BASE_MUTEX_H
#define WIRETAPE_BASE_MUTEX_H

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>

/* Whether somebody has locked the mutex, for assertions: a function that relies on its caller's
 * lock says so with it. If nobody has, it is locked afterwards. */
static inline bool wt_mutex_is_locked(pthread_mutex_t *mutex)
{
	return pthread_mutex_trylock(mutex) == EBUSY;
}

#endif
