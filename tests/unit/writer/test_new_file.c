/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <wiretape/tests/support/temp.h>
#include <wiretape/writer/files/new_file.h>

#include "support/unit.h"

/* Each test has a directory of its own, which is also its working directory. */

static char folder[TEMP_BYTES];
static struct wt_new_file file;
static struct wt_error err;

static void set_up(void)
{
	temp_template(folder, "new_file");
	cr_assert(mkdtemp(folder) != NULL);
	cr_assert(eq(int, chdir(folder), 0));
	umask(022);
}

static void tear_down(void)
{
	char command[128];

	wt_new_file_abandon(&file);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	cr_assert(eq(int, chdir("/"), 0));
	cr_assert(eq(int, system(command), 0));
}

TestSuite(new_file, .init = set_up, .fini = tear_down);

static void put(const char *name, const char *contents, mode_t mode)
{
	FILE *made = fopen(name, "we");

	cr_assert(made != NULL);
	fputs(contents, made);
	fclose(made);
	cr_assert(eq(int, chmod(name, mode), 0));
}

static const char *get(const char *name)
{
	static char contents[64];
	FILE *read_from = fopen(name, "re");

	memset(contents, 0, sizeof(contents));
	if (!read_from)
		return "(no file)";
	cr_assert(fread(contents, 1, sizeof(contents) - 1, read_from) < sizeof(contents));
	fclose(read_from);
	return contents;
}

static bool holds(const char *name, const char *contents)
{
	return !strcmp(get(name), contents);
}

static mode_t mode_of(const char *name)
{
	struct stat status;

	cr_assert(eq(int, lstat(name, &status), 0));
	return status.st_mode & 07777;
}

static void open_new(const char *path, mode_t mode)
{
	cr_assert(eq(int, wt_new_file_open(&file, path, mode, &err), 0), "%s", err.text);
	cr_assert(eq(long, write(file.fd, "new", 3), 3));
}

static void expect_new(const char *path, mode_t mode)
{
	cr_expect(eq(int, wt_new_file_commit(&file, &err), 0), "%s", err.text);
	cr_expect(holds(path, "new"));
	cr_expect(eq(u32, mode_of(path), mode), "%o", mode_of(path));
}

Test(new_file, appears_when_it_is_complete)
{
	open_new("tape", 0);
	cr_expect(eq(int, access("tape", F_OK), -1));
	expect_new("tape", 0640);
}

Test(new_file, mode_is_what_was_asked_for)
{
	open_new("tape", 0664);
	expect_new("tape", 0664);
}

Test(new_file, one_that_replaces_another_has_its_mode)
{
	put("tape", "old", 0604);
	open_new("tape", 0);
	cr_expect(holds("tape", "old"));
	expect_new("tape", 0604);
}

Test(new_file, asked_for_mode_goes_before_that_of_the_old_one)
{
	put("tape", "old", 0604);
	open_new("tape", 0600);
	expect_new("tape", 0600);
}

Test(new_file, abandoned_one_leaves_the_old_one)
{
	put("tape", "old", 0644);
	open_new("tape", 0);
	wt_new_file_abandon(&file);
	cr_expect(holds("tape", "old"));
}

Test(new_file, protected_one_stays)
{
	put("tape", "old", 0444);
	if (!access("tape", W_OK)) {
		tear_down(); /* a skipped test is not partial down */
		cr_skip_test("to this user nothing is protected");
	}
	cr_expect(eq(int, wt_new_file_open(&file, "tape", 0, &err), -EACCES));
	cr_expect(holds("tape", "old"));
}

Test(new_file, own_link_leads_to_its_target)
{
	cr_assert(eq(int, mkdir("other", 0755), 0));
	cr_assert(eq(int, symlink("other/tape", "link"), 0));
	open_new("link", 0);
	expect_new("other/tape", 0640);
	cr_expect(holds("link", "new"));
}

Test(new_file, link_that_others_may_have_made_is_refused)
{
	put("victim", "old", 0600);
	cr_assert(eq(int, mkdir("shared", 0755), 0));
	cr_assert(eq(int, chmod("shared", 0777), 0));
	cr_assert(eq(int, symlink("../victim", "shared/tape"), 0));
	cr_expect(eq(int, wt_new_file_open(&file, "shared/tape", 0, &err), -ELOOP));
	cr_expect(strstr(err.text, "others may write") != NULL, "%s", err.text);
	cr_expect(holds("victim", "old"));
}

Test(new_file, links_that_lead_nowhere_end)
{
	cr_assert(eq(int, symlink("b", "a"), 0));
	cr_assert(eq(int, symlink("a", "b"), 0));
	cr_expect(eq(int, wt_new_file_open(&file, "a", 0, &err), -ELOOP));
}

Test(new_file, directory_that_is_renamed_meanwhile_is_still_the_one)
{
	cr_assert(eq(int, mkdir("before", 0755), 0));
	open_new("before/tape", 0);
	cr_assert(eq(int, rename("before", "after"), 0));
	cr_assert(eq(int, mkdir("before", 0755), 0));
	expect_new("after/tape", 0640);
	cr_expect(eq(int, access("before/tape", F_OK), -1));
}

Test(new_file, device_is_written_as_it_is)
{
	open_new("/dev/null", 0);
	cr_expect(file.is_stream);
	cr_expect(eq(int, wt_new_file_commit(&file, &err), 0), "%s", err.text);
}

Test(new_file, directory_is_none)
{
	cr_expect(eq(int, wt_new_file_open(&file, folder, 0, &err), -EISDIR));
	cr_expect(eq(int, wt_new_file_open(&file, "./", 0, &err), -EISDIR));
}
