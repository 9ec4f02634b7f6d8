/* SPDX-License-Identifier: BSD-2-Clause */
#include "check_result.h"
#include <wiretape/cli/cli.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/base/grow.h>

static void add(uint64_t *sum, uint64_t count)
{
	if (__builtin_add_overflow(*sum, count, sum))
		*sum = UINT64_MAX;
}

static struct wt_check_account *account_of(struct wt_check_result *result, const char *name)
{
	struct wt_check_account *account;

	for (size_t i = 0; i < result->account_count; i++)
		if (!strcmp(result->accounts[i].name, name))
			return &result->accounts[i];
	account = wt_grow((void **)&result->accounts, &result->account_count, &result->account_room,
	                  sizeof(*account));
	if (account)
		account->name = name;
	return account;
}

static int add_interface(struct wt_check_result *result, const struct wt_books_interface *interface)
{
	struct wt_check_account *account;

	if (!interface->ledger.ledgers)
		return 0;
	account = account_of(result, interface->name);
	if (!account)
		return -ENOMEM;
	account->files++;
	add(&account->packets, interface->packets);
	wt_books_add(&account->ledger, &interface->ledger);
	wt_books_add(&result->sum, &interface->ledger);
	return 0;
}

static bool is_wrong(const struct wt_books *books)
{
	for (size_t i = 0; i < books->interface_count; i++) {
		const struct wt_books_ledger *ledger = &books->interfaces[i].ledger;

		if (ledger->unreadable || ledger->open || ledger->differs)
			return true;
	}
	return false;
}

static int add_file(struct wt_check_result *result, const struct wt_check_file *file)
{
	const struct wt_books *books = &file->books;
	int rc = 0;

	add(&result->packets, books->packets);
	add(&result->lost, wt_books_lost(books));
	add(&result->holes, books->holes);
	add(&result->hole_packets, books->hole_packets);
	add(&result->files_missing, file->missing_before);
	add(&result->files_missing, file->missing_after);
	if (!file->was_read)
		return 0;
	result->broken += books->result != 0;
	result->not_closed += !books->result && books->not_closed;
	result->wrong += is_wrong(books);
	result->without_ledger += file->format && !wt_books_has_ledger(books);
	for (size_t i = 0; i < books->interface_count && !rc; i++)
		rc = add_interface(result, &books->interfaces[i]);
	return rc;
}

int wt_check_result_add_up(struct wt_check_result *result)
{
	int rc = 0;

	for (size_t i = 0; i < result->file_count && !rc; i++)
		rc = add_file(result, &result->files[i]);
	wt_feed_summary_fill(&result->feeds_found, &result->monitor, result->monitor ? 1 : 0);
	return rc;
}

void wt_check_result_fini(struct wt_check_result *result)
{
	free(result->accounts);
	result->accounts = NULL;
}

int wt_check_result_exit(const struct wt_check_result *result)
{
	if (result->broken || result->not_closed || result->wrong || result->interrupted)
		return WT_EXIT_FAILURE;
	if (result->lost || result->holes || result->files_missing || result->lanes_missing ||
	    result->feeds_found.total.gaps || result->feeds_found.total.pair_gaps)
		return WT_EXIT_LOSS;
	return WT_EXIT_OK;
}
