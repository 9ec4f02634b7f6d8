/* Names for a test's files, in the folders that tidy.sh cleans. */
#ifndef WT_TESTS_TEMP_H
#define WT_TESTS_TEMP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { TEMP_BYTES = 64 };

/* Write a template for mkstemp() or mkdtemp() to path, of TEMP_BYTES: in $TMPDIR, or in /tmp where
 * that has too long a name. */
static inline void temp_template(char *path, const char *name)
{
	const char *folder = getenv("TMPDIR");

	if (!folder || snprintf(path, TEMP_BYTES, "%s/%s.XXXXXX", folder, name) >= TEMP_BYTES)
		snprintf(path, TEMP_BYTES, "/tmp/%s.XXXXXX", name);
}

/* Write a template for a file in memory, where the machine has a place for it. */
static inline void temp_template_in_memory(char *path, const char *name)
{
	const char *folder = getenv("TMPDIR_MEMORY");

	if (!folder)
		folder = "/dev/shm";
	if (access(folder, W_OK) ||
	    snprintf(path, TEMP_BYTES, "%s/%s.XXXXXX", folder, name) >= TEMP_BYTES)
		temp_template(path, name);
}

#endif
