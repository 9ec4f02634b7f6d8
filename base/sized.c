/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/base/sized.h>

#include <errno.h>
#include <stdint.h>
#include <string.h>

static size_t size_of(const void *sized)
{
	size_t bytes;

	memcpy(&bytes, sized, sizeof(bytes));
	return bytes;
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static int check_size(size_t bytes, const char *name, struct wt_error *err)
{
	if (bytes >= sizeof(size_t))
		return 0;
	return wt_error_set(err, -EINVAL,
	                    "the size in struct %s is %zu; set it to sizeof(struct %s) before "
	                    "anything else",
	                    name, bytes, name);
}

int wt_sized_take(void *ours, size_t our_bytes, const void *theirs, const char *name,
                  struct wt_error *err)
{
	const uint8_t *bytes = theirs;
	size_t their_bytes = size_of(theirs);
	int rc = check_size(their_bytes, name, err);

	if (rc)
		return rc;
	for (size_t i = our_bytes; i < their_bytes; i++)
		if (bytes[i])
			return wt_error_set(err, -E2BIG,
			                    "struct %s has settings, from byte %zu on, that this "
			                    "version of the library does not know; leave them 0, "
			                    "or take the library that the program was made for",
			                    name, i);
	memset(ours, 0, our_bytes);
	memcpy(ours, theirs, smaller(our_bytes, their_bytes));
	memcpy(ours, &our_bytes, sizeof(our_bytes));
	return 0;
}

int wt_sized_give(void *theirs, const void *ours, size_t our_bytes, const char *name,
                  struct wt_error *err)
{
	size_t their_bytes = size_of(theirs);
	int rc = check_size(their_bytes, name, err);

	if (rc)
		return rc;
	memset(theirs, 0, their_bytes);
	memcpy(theirs, ours, smaller(our_bytes, their_bytes));
	memcpy(theirs, &their_bytes, sizeof(their_bytes));
	return 0;
}
