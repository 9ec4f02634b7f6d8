/* SPDX-License-Identifier: BSD-2-Clause */
#include "check_result.h"
#include <wiretape/cli/cli.h>

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

enum { FEW_FILES = 8, FEW_STREAMS = 20 };

struct text {
	char chars[WT_BOOKS_NAME_BYTES];
};

/* Make a name printable: names in files may have any bytes, which a terminal would obey. */
static struct text printable(const char *name)
{
	struct text text;
	size_t i = 0;

	for (; name[i] && i + 1 < sizeof(text.chars); i++)
		text.chars[i] = name[i];
	text.chars[i] = '\0';
	for (i = 0; text.chars[i]; i++)
		if (iscntrl((unsigned char)text.chars[i]) || (unsigned char)text.chars[i] >= 0x80)
			text.chars[i] = '?';
	if (!*text.chars)
		snprintf(text.chars, sizeof(text.chars), "(no name)");
	return text;
}

static void print_part(FILE *out, bool *first, uint64_t count, const char *one, const char *several)
{
	if (!count)
		return;
	fprintf(out, "%s%" PRIu64 " %s", *first ? "" : ", ", count, count == 1 ? one : several);
	*first = false;
}

static void print_amount(FILE *out, const struct wt_check_result *result)
{
	fprintf(out, "%zu file%s, %" PRIu64 " packet%s", result->file_count,
	        wt_cli_plural(result->file_count), result->packets, wt_cli_plural(result->packets));
	if (result->monitor)
		fprintf(out, ", %" PRIu64 " stream%s", result->feeds_found.total.streams,
		        wt_cli_plural(result->feeds_found.total.streams));
}

static void print_loss(FILE *out, const struct wt_check_result *result)
{
	struct wt_feed_verdicts verdicts =
	        wt_feed_report_verdicts(&result->feeds_found.total.by_verdict);
	bool first = true;

	print_part(out, &first, result->lost, "packet lost by the recorder",
	           "packets lost by the recorder");
	print_part(out, &first, result->files_missing, "file of a recording is not here",
	           "files of a recording are not here");
	print_part(out, &first, result->lanes_missing, "lane of a recording is not here",
	           "lanes of recordings are not here");
	print_part(out, &first, result->feeds_found.total.gaps, "gap in the streams",
	           "gaps in the streams");
	if (result->feeds_found.total.gaps)
		fprintf(out, " (%s), %" PRIu64 " number%s missing", verdicts.text,
		        result->feeds_found.total.missing,
		        wt_cli_plural(result->feeds_found.total.missing));
	if (result->feeds_found.total.pair_gaps)
		fprintf(out, "; on all sides of a channel: %" PRIu64 " gap%s, %" PRIu64 " number%s",
		        result->feeds_found.total.pair_gaps,
		        wt_cli_plural(result->feeds_found.total.pair_gaps),
		        result->feeds_found.total.pair_missing,
		        wt_cli_plural(result->feeds_found.total.pair_missing));
	if (first)
		fputs("no packet is known to be missing", out);
}

static void print_broken(FILE *out, const struct wt_check_result *result)
{
	bool first = true;

	print_part(out, &first, result->broken, "file cannot be read to its end",
	           "files cannot be read to their ends");
	print_part(out, &first, result->not_closed, "file was not closed", "files were not closed");
	print_part(out, &first, result->wrong, "ledger does not close", "ledgers do not close");
	if (result->interrupted)
		fprintf(out, "%sinterrupted: what was read until then counts", first ? "" : ", ");
}

/* Print that nothing is known to be missing, and the grounds for it. */
static void print_clean(FILE *out, const struct wt_check_result *result)
{
	bool has_ledger = result->account_count && !result->without_ledger;

	fputs(has_ledger || result->feeds_found.total.streams ? "clean: " : "sound: ", out);
	print_amount(out, result);
	if (has_ledger)
		fputs("; nothing was lost while recording", out);
	else if (!result->feeds_found.total.streams)
		fputs("; whether packets are missing cannot be told, without a ledger and feeds",
		      out);
	if (result->feeds_found.total.streams)
		fputs("; nothing is missing from the streams", out);
	if (result->feeds_found.total.silent_channels)
		fprintf(out, "; no packet of %" PRIu64 " channel%s came",
		        result->feeds_found.total.silent_channels,
		        wt_cli_plural(result->feeds_found.total.silent_channels));
	fputc('\n', out);
}

/* Print the answer, in a line. */
static void print_verdict(FILE *out, const struct wt_check_result *result)
{
	switch (wt_check_result_exit(result)) {
	case WT_EXIT_OK:
		print_clean(out, result);
		return;
	case WT_EXIT_LOSS:
		fputs("loss: ", out);
		print_loss(out, result);
		break;
	default:
		fputs(result->interrupted ? "not done: " : "broken: ", out);
		print_broken(out, result);
		fputs("; ", out);
		print_loss(out, result);
		break;
	}
	fputs("; in ", out);
	print_amount(out, result);
	fputc('\n', out);
}

static void print_holes(FILE *out, const struct wt_books *books)
{
	if (books->holes)
		fprintf(out, ", %" PRIu64 " hole%s with %" PRIu64 " packet%s, repaired",
		        books->holes, wt_cli_plural(books->holes), books->hole_packets,
		        wt_cli_plural(books->hole_packets));
	if (books->tail_packets)
		fprintf(out, ", at least %" PRIu64 " packet%s at its end lost", books->tail_packets,
		        wt_cli_plural(books->tail_packets));
}

static bool is_noteworthy(const struct wt_check_file *file)
{
	const struct wt_books *books = &file->books;

	return books->result || books->not_closed || books->holes || file->missing_before ||
	       file->missing_after || books->unknown_sections || file->fractions.packets ||
	       file->beyond || !wt_books_has_ledger(books);
}

static void print_remarks(FILE *out, const struct wt_check_file *file)
{
	const struct wt_books *books = &file->books;

	if (file->missing_before)
		fprintf(out, "  %" PRIu64 " file%s of this recording before %s %s not here\n",
		        file->missing_before, wt_cli_plural(file->missing_before), file->head.path,
		        file->missing_before == 1 ? "is" : "are");
	if (file->missing_after)
		fprintf(out, "  %" PRIu64 " file%s of this lane after %s %s not here\n",
		        file->missing_after, wt_cli_plural(file->missing_after), file->head.path,
		        file->missing_after == 1 ? "is" : "are");
	if (books->unstamped)
		fprintf(out, "    %" PRIu64 " packet%s without a stamp\n", books->unstamped,
		        wt_cli_plural(books->unstamped));
	if (books->unknown_sections)
		fprintf(out, "    %" PRIu64 " section%s of an unknown version passed over\n",
		        books->unknown_sections, wt_cli_plural(books->unknown_sections));
	if (file->beyond)
		fprintf(out, "    %" PRIu64 " packet%s of more interfaces than are followed\n",
		        file->beyond, wt_cli_plural(file->beyond));
}

static void print_file(FILE *out, const struct wt_check_file *file)
{
	const struct wt_books *books = &file->books;

	if (!file->was_read) {
		fprintf(out, "  %s: not read\n", file->head.path);
		return;
	}
	fprintf(out, "  %s: ", file->head.path);
	if (!file->format) {
		fprintf(out, "%s\n", books->error.text);
		return;
	}
	fprintf(out, "%s%s, %" PRIu64 " packet%s", file->format, books->has_chunks ? " tape" : "",
	        books->packets, wt_cli_plural(books->packets));
	print_holes(out, books);
	if (!wt_books_has_ledger(books))
		fputs(books->has_chunks ? ", no final ledger" : ", no ledger: verdicts are unknown",
		      out);
	if (books->not_closed && !books->result)
		fputs(", not closed: its recorder was ended", out);
	if (books->result)
		fprintf(out, "; %s", books->error.text);
	fputc('\n', out);
	print_remarks(out, file);
}

static void print_files(FILE *out, const struct wt_check_result *result)
{
	size_t quiet = 0;

	fprintf(out, "files:\n");
	for (size_t i = 0; i < result->file_count; i++) {
		if (result->file_count <= FEW_FILES || is_noteworthy(&result->files[i]))
			print_file(out, &result->files[i]);
		else
			quiet++;
	}
	if (quiet)
		fprintf(out, "  %zu other%s, whole\n", quiet, wt_cli_plural(quiet));
}

static void print_account(FILE *out, const struct wt_check_account *account)
{
	const struct wt_books_ledger *ledger = &account->ledger;
	char causes[256];

	wt_books_causes_text(ledger, causes, sizeof(causes));
	fprintf(out, "  %s: seen %" PRIu64 " = written %" PRIu64 " + lost %" PRIu64 "%s%s%s: ",
	        printable(account->name).chars, ledger->seen, ledger->written, ledger->lost,
	        *causes ? " (" : "", causes, *causes ? ")" : "");
	if (ledger->unreadable)
		fputs("a ledger cannot be read\n", out);
	else if (ledger->open)
		fputs("DOES NOT CLOSE\n", out);
	else if (ledger->differs)
		fprintf(out, "closes, but %" PRIu64 " packets are in the files\n",
		        account->packets);
	else
		fputs("closes\n", out);
}

/* Print drops that other writers have counted. */
static void print_foreign(FILE *out, const struct wt_check_file *file)
{
	for (size_t i = 0; i < file->books.interface_count; i++) {
		const struct wt_books_interface *interface = &file->books.interfaces[i];

		if (!interface->ledger.ledgers && interface->foreign_drops)
			fprintf(out,
			        "  %s: its writer has counted %" PRIu64 " dropped packet%s on %s\n",
			        file->head.path, interface->foreign_drops,
			        wt_cli_plural(interface->foreign_drops),
			        printable(interface->name).chars);
	}
}

static void print_ledger(FILE *out, const struct wt_check_result *result)
{
	fputs("ledger:\n", out);
	if (!result->account_count)
		fputs("  none: what was lost while recording is not known\n", out);
	for (size_t i = 0; i < result->account_count; i++)
		print_account(out, &result->accounts[i]);
	for (size_t i = 0; i < result->file_count; i++)
		print_foreign(out, &result->files[i]);
}

static bool any_pipe(const struct wt_check_result *result)
{
	for (size_t i = 0; i < result->file_count; i++)
		if (result->files[i].format && !result->files[i].head.is_rewindable)
			return true;
	return false;
}

static void print_feeds_source(FILE *out, const struct wt_check_result *result)
{
	size_t count = result->channels->count;

	switch (result->feeds) {
	case WT_CHECK_FEEDS_TOLD:
		fprintf(out, "feeds: %zu channel%s, as told\n", count, wt_cli_plural(count));
		break;
	case WT_CHECK_FEEDS_TAPE:
		fprintf(out, "feeds: %zu channel%s, as the recorder was told\n", count,
		        wt_cli_plural(count));
		break;
	case WT_CHECK_FEEDS_RECOGNISED:
		fprintf(out, "feeds: %zu channel%s, recognised, not told\n", count,
		        wt_cli_plural(count));
		break;
	default:
		fputs("feeds: none told, and none that is likely to be one; see --feed and "
		      "'wiretape feeds'\n",
		      out);
		if (any_pipe(result))
			fputs("  what comes through a pipe cannot be looked at twice\n", out);
		break;
	}
}

static void print_gaps(FILE *out, const struct wt_check_result *result)
{
	struct wt_check_gaps *gaps = result->gaps;

	if (!gaps->gap_count)
		return;
	fputs("gaps:\n", out);
	wt_check_gaps_print(gaps, gaps->gaps, out);
	if (gaps->gap_count > gaps->most)
		fprintf(out, "  %" PRIu64 " more: --gaps or --json has all\n",
		        gaps->gap_count - gaps->most);
}

static void print_feeds(FILE *out, const struct wt_check_result *result, bool whole)
{
	print_feeds_source(out, result);
	if (!result->monitor)
		return;
	wt_feed_report_print(out, result->monitor, whole ? 0 : FEW_STREAMS, "  ");
	print_gaps(out, result);
}

static void print_state(FILE *out, const struct wt_check_result *result)
{
	fprintf(out, "state: %s%s", result->state_found ? "goes on from " : "begins with ",
	        result->state_path);
	if (result->state_left_out)
		fprintf(out, ", without %zu stream%s of channels that are not followed now",
		        result->state_left_out, wt_cli_plural(result->state_left_out));
	fputs(result->state_saved ? "\n" : "; not written, since not all was read\n", out);
}

void wt_check_print(const struct wt_check_result *result, FILE *out, bool whole)
{
	print_verdict(out, result);
	print_files(out, result);
	print_ledger(out, result);
	if (!result->feeds_not_wanted)
		print_feeds(out, result, whole);
	if (result->state_path)
		print_state(out, result);
}
