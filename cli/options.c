/* SPDX-License-Identifier: BSD-2-Clause */
#include "options.h"

#include "cli.h"
#include "foreign.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <wiretape/base/quantity.h>

enum { ROWS_MAX = 96, LONG = 256, NAME_MAX_BYTES = 48, WIDTH = 80, HELP_COLUMN = 26 };

static const struct wt_option help_row = {.name = "help", .letter = 'h', .help = "this text"};

/* A command's rows one after the other, and as getopt wants them: the number of a long option is
 * LONG and its row's, that of a short one its letter. */
struct table {
	const struct wt_command_line *line;
	const struct wt_option *rows[ROWS_MAX];
	size_t at[ROWS_MAX]; /* of the row's member in the command's struct */
	size_t count;
	struct option longs[2 * ROWS_MAX + 1];
	size_t long_count;
	char letters[2 * ROWS_MAX + 3];
};

static void add_name(struct table *table, const char *name)
{
	const struct wt_option *row = table->rows[table->count];

	table->longs[table->long_count++] = (struct option){
	        .name = name,
	        .has_arg = row->metavar ? required_argument : no_argument,
	        .val = LONG + (int)table->count,
	};
}

static void add_row(struct table *table, const struct wt_option *row, size_t at)
{
	char letter[] = {row->letter, row->metavar ? ':' : '\0', '\0'};

	if (table->count == ROWS_MAX)
		return;
	table->rows[table->count] = row;
	table->at[table->count] = at + row->at;
	add_name(table, row->name);
	if (row->also)
		add_name(table, row->also);
	strcat(table->letters, letter);
	table->count++;
}

static void fill_table(struct table *table, const struct wt_command_line *line)
{
	memset(table, 0, sizeof(*table));
	table->line = line;
	strcpy(table->letters, line->words_come_last ? "+:" : ":");
	for (const struct wt_option_group *group = line->groups; group->rows; group++)
		for (const struct wt_option *row = group->rows; row->name; row++)
			add_row(table, row, group->at);
	add_row(table, &help_row, 0);
}

/* Find the row that getopt's number stands for; table->count: none. */
static size_t find_row(const struct table *table, int number)
{
	size_t i = 0;

	if (number >= LONG)
		return (size_t)(number - LONG);
	while (i < table->count && (!number || table->rows[i]->letter != number))
		i++;
	return i;
}

/* Count insertions, deletions, changes and neighbours that have changed places. */
static int distance(const char *a, const char *b)
{
	int rows[3][NAME_MAX_BYTES + 1];
	int a_length = (int)strlen(a), b_length = (int)strlen(b);

	if (a_length > NAME_MAX_BYTES || b_length > NAME_MAX_BYTES)
		return NAME_MAX_BYTES;
	for (int j = 0; j <= b_length; j++)
		rows[0][j] = j;
	for (int i = 1; i <= a_length; i++) {
		int *row = rows[i % 3], *above = rows[(i - 1) % 3];

		row[0] = i;
		for (int j = 1; j <= b_length; j++) {
			int least = above[j - 1] + (a[i - 1] != b[j - 1]);

			if (above[j] + 1 < least)
				least = above[j] + 1;
			if (row[j - 1] + 1 < least)
				least = row[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    rows[(i - 2) % 3][j - 2] + 1 < least)
				least = rows[(i - 2) % 3][j - 2] + 1;
			row[j] = least;
		}
	}
	return rows[a_length % 3][b_length];
}

/* Find the long name that `name` is most likely meant to be; NULL: none. */
static const char *nearest(const struct table *table, const char *name)
{
	int least = ((int)strlen(name) + 1) / 3;
	const char *found = NULL;

	for (size_t i = 0; i < table->long_count; i++) {
		int here = distance(name, table->longs[i].name);

		if (here < least || (here == least && !found)) {
			least = here;
			found = table->longs[i].name;
		}
	}
	return found;
}

/* ". tcpdump's -C (a new file …) is … here"; "" if nobody else has it. */
static void foreign_text(char *text, size_t capacity, const struct table *table, const char *option)
{
	const struct wt_foreign *foreign = wt_foreign_find(table->line->command, option);

	*text = '\0';
	if (foreign)
		snprintf(text, capacity, "; %s's %s (%s) %s", foreign->tool, option, foreign->there,
		         foreign->here);
}

/* List the names that `name`, an abbreviation, may stand for; "" if it is none. */
static void meant_text(char *text, size_t capacity, const struct table *table, const char *name)
{
	size_t used = 0;

	*text = '\0';
	for (size_t i = 0; i < table->long_count && used < capacity; i++)
		if (!strncmp(table->longs[i].name, name, strlen(name)))
			used += (size_t)snprintf(text + used, capacity - used, "%s--%s",
			                         used ? ", " : "", table->longs[i].name);
}

static int refuse_long(const struct table *table, const char *word)
{
	size_t length = strcspn(word, "=");
	char option[NAME_MAX_BYTES], hint[300];
	const char *near;

	if (length >= sizeof(option))
		return wt_cli_usage(table->line->command, "there is no option '%s'", word);
	snprintf(option, sizeof(option), "%.*s", (int)length, word);
	meant_text(hint, sizeof(hint), table, option + 2);
	if (*hint)
		return wt_cli_usage(table->line->command, "'%s' may stand for %s", option, hint);
	foreign_text(hint, sizeof(hint), table, option);
	near = *hint ? NULL : nearest(table, option + 2);
	return wt_cli_usage(table->line->command, "there is no option '%s'%s%s%s%s", option, hint,
	                    near ? "; did you mean --" : "", near ? near : "", near ? "?" : "");
}

static int refuse(const struct table *table, const char *word)
{
	const char option[] = {'-', (char)optopt, '\0'};
	size_t row = find_row(table, optopt);
	char hint[300];

	if (row < table->count)
		return wt_cli_usage(table->line->command, "--%s: it takes no value",
		                    table->rows[row]->name);
	if (!optopt)
		return refuse_long(table, word);
	foreign_text(hint, sizeof(hint), table, option);
	return wt_cli_usage(table->line->command, "there is no option '%s'%s", option, hint);
}

static int store_number(const struct wt_option *row, void *member, const char *value,
                        struct wt_error *err)
{
	uint64_t max = row->max ? row->max : row->bytes == 4 ? INT32_MAX : UINT64_MAX;
	uint64_t number;
	uint32_t narrow;
	int rc = wt_parse_number(value, row->min, max, &number, err);

	if (rc)
		return rc;
	narrow = (uint32_t)number;
	if (row->bytes == 4)
		memcpy(member, &narrow, sizeof(narrow));
	else
		memcpy(member, &number, sizeof(number));
	return 0;
}

/* "sw, hw or auto" */
static void choices_text(char *text, size_t capacity, const char *choices)
{
	size_t used = 0;

	*text = '\0';
	while (*choices && used < capacity) {
		size_t length = strcspn(choices, "|");
		const char *rest = choices + length + (choices[length] == '|');

		used += (size_t)snprintf(text + used, capacity - used, "%.*s%s", (int)length,
		                         choices,
		                         !*rest              ? ""
		                         : strchr(rest, '|') ? ", "
		                                             : " or ");
		choices = rest;
	}
}

static int store_choice(const struct wt_option *row, unsigned *member, const char *value,
                        struct wt_error *err)
{
	const char *choice = row->metavar;
	char text[200];

	for (unsigned i = 0; *choice; i++) {
		size_t length = strcspn(choice, "|");

		if (strlen(value) == length && !strncmp(choice, value, length)) {
			*member = (unsigned)row->min + i;
			return 0;
		}
		choice += length + (choice[length] == '|');
	}
	choices_text(text, sizeof(text), row->metavar);
	return wt_error_set(err, -EINVAL, "'%s' is not %s", value, text);
}

static int store_duration(const struct wt_option *row, int64_t *ns, const char *value,
                          struct wt_error *err)
{
	enum wt_unit_rule rule = row->kind == WT_OPTION_SECONDS ? WT_UNIT_SECONDS : WT_UNIT_NEEDED;
	int64_t taken;
	int rc = wt_parse_duration(value, rule | WT_ABOVE_ZERO, &taken, err);

	if (rc)
		return rc;
	if (row->max && (uint64_t)taken > row->max)
		return wt_error_set(err, -EINVAL, "'%s' is more than %" PRIu64 "s", value,
		                    row->max / 1000000000);
	*ns = taken;
	return 0;
}

static int store_size(const struct wt_option *row, uint64_t *bytes, const char *value,
                      struct wt_error *err)
{
	uint64_t taken = 0;
	int rc = row->kind == WT_OPTION_FILESIZE ? wt_parse_filesize(value, &taken, err)
	                                         : wt_parse_size(value, &taken, err);

	if (!rc && !taken)
		return wt_error_set(err, -EINVAL, "'%s': the size has to be more than 0", value);
	if (!rc)
		*bytes = taken;
	return rc;
}

static int store(const struct wt_option *row, void *member, const char *value, struct wt_error *err)
{
	switch (row->kind) {
	case WT_OPTION_FLAG:
		*(bool *)member = true;
		return 0;
	case WT_OPTION_TEXT:
		*(const char **)member = value;
		return 0;
	case WT_OPTION_NUMBER:
		return store_number(row, member, value, err);
	case WT_OPTION_CHOICE:
		return store_choice(row, member, value, err);
	case WT_OPTION_DURATION:
	case WT_OPTION_SECONDS:
		return store_duration(row, member, value, err);
	case WT_OPTION_SIZE:
	case WT_OPTION_FILESIZE:
		return store_size(row, member, value, err);
	default:
		return row->take(member, value, err);
	}
}

/* "duration:TIME, packets:N or filesize:SIZE" */
static void keys_text(char *text, size_t capacity, const struct wt_option *keys)
{
	size_t used = 0;

	*text = '\0';
	for (const struct wt_option *key = keys; key->name && used < capacity; key++)
		used += (size_t)snprintf(text + used, capacity - used, "%s%s:%s",
		                         key == keys   ? ""
		                         : key[1].name ? ", "
		                                       : " or ",
		                         key->name, key->metavar);
}

int wt_options_take_key(const struct wt_option *keys, void *options, const char *value,
                        struct wt_error *err)
{
	size_t length = strcspn(value, ":");
	struct wt_error why = {0};
	char text[200];

	for (const struct wt_option *key = keys; key->name; key++) {
		if (strlen(key->name) != length || strncmp(key->name, value, length) != 0 ||
		    value[length] != ':')
			continue;
		if (!store(key, (char *)options + key->at, value + length + 1, &why))
			return 0;
		return wt_error_set(err, -EINVAL, "'%s': %s", value, why.text);
	}
	keys_text(text, sizeof(text), keys);
	return wt_error_set(err, -EINVAL, "'%s' is not %s", value, text);
}

/* 0 or an exit code. */
static int take(const struct table *table, size_t index, bool by_letter, void *options)
{
	const struct wt_option *row = table->rows[index];
	const char letter[] = {'-', row->letter, '\0'};
	struct wt_error err = {0};
	char hint[300] = "";
	int rc = store(row, (char *)options + table->at[index], optarg, &err);

	if (!rc)
		return WT_EXIT_OK;
	if (rc != -EINVAL && rc != -EEXIST) {
		wt_cli_complain("--%s: %s", row->name, err.text);
		return WT_EXIT_FAILURE;
	}
	if (by_letter)
		foreign_text(hint, sizeof(hint), table, letter);
	return wt_cli_usage(table->line->command, "--%s: %s%s", row->name, err.text, hint);
}

static int print_help(const struct wt_command_line *line)
{
	/* So that a closed pipe is an error of writing, and an exit code. */
	signal(SIGPIPE, SIG_IGN);
	wt_options_help(line);
	return WT_EXIT_HELPED;
}

int wt_options_parse(const struct wt_command_line *line, int argc, char **argv, void *options,
                     struct wt_words *words)
{
	struct table table;
	int number, code = WT_EXIT_OK;

	fill_table(&table, line);
	opterr = 0;
	optind = 0; /* anew, for glibc */
	while (!code &&
	       (number = getopt_long(argc, argv, table.letters, table.longs, NULL)) != -1) {
		size_t row = find_row(&table, number == ':' ? optopt : number);

		if (number == '?')
			code = refuse(&table, argv[optind - 1]);
		else if (number == ':')
			code = wt_cli_usage(line->command, "--%s: it needs a value, %s",
			                    table.rows[row]->name, table.rows[row]->metavar);
		else if (table.rows[row] == &help_row)
			code = print_help(line);
		else
			code = take(&table, row, number < LONG, options);
	}
	*words = (struct wt_words){argv + optind, argc - optind};
	return code;
}

/* Columns on a terminal; "…" is three bytes. */
static int columns(const char *text, size_t bytes)
{
	int count = 0;

	for (size_t i = 0; i < bytes; i++)
		count += (text[i] & 0xc0) != 0x80;
	return count;
}

void wt_print_wrapped(const char *text, int column, int indent)
{
	bool is_first = true;

	while (*text) {
		size_t bytes = strcspn(text, " ");
		int width = columns(text, bytes);

		if (!is_first && column + 1 + width > WIDTH) {
			column = printf("\n%*s", indent, "") - 1;
			is_first = true;
		}
		column += printf("%s", is_first ? "" : " ") + width;
		printf("%.*s", (int)bytes, text);
		is_first = false;
		text += bytes;
		text += strspn(text, " ");
	}
	putchar('\n');
}

/* Take the next line of `text`; false at the end. */
static bool next_line(const char **text, char *line, size_t capacity)
{
	size_t length = strcspn(*text, "\n");

	if (!**text)
		return false;
	snprintf(line, capacity, "%.*s", (int)length, *text);
	*text += length + ((*text)[length] == '\n');
	return true;
}

static void print_usage(const char *usage)
{
	const char *before = "Usage: wiretape ";
	char line[200];

	while (next_line(&usage, line, sizeof(line))) {
		wt_print_wrapped(line, printf("%s", before), (int)strlen(before));
		before = "       wiretape ";
	}
}

static void print_row(const struct wt_option *row)
{
	char head[160];
	int used = row->letter ? snprintf(head, sizeof(head), "  -%c, --%s", row->letter, row->name)
	                       : snprintf(head, sizeof(head), "      --%s", row->name);

	if (row->also)
		used += snprintf(head + used, sizeof(head) - (size_t)used, ", --%s", row->also);
	if (row->metavar)
		snprintf(head + used, sizeof(head) - (size_t)used, " %s", row->metavar);
	used = printf("%s", head);
	if (used + 2 > HELP_COLUMN)
		used = printf("\n%*s", HELP_COLUMN, "") - 1;
	else
		used += printf("%*s", HELP_COLUMN - used, "");
	wt_print_wrapped(row->help, used, HELP_COLUMN);
}

static void print_groups(const struct wt_option_group *groups)
{
	for (const struct wt_option_group *group = groups; group->rows; group++) {
		if (group->title) {
			if (group != groups)
				putchar('\n');
			wt_print_wrapped(group->title, 0, 0);
		}
		for (const struct wt_option *row = group->rows; row->name; row++)
			print_row(row);
	}
	print_row(&help_row);
}

static void print_notes(const char *notes)
{
	bool was_kept = false;
	char line[4000];

	while (next_line(&notes, line, sizeof(line))) {
		bool is_kept = *line == ' ';

		if (!is_kept || !was_kept)
			putchar('\n');
		if (is_kept)
			puts(line);
		else
			wt_print_wrapped(line, 0, 0);
		was_kept = is_kept;
	}
}

void wt_options_help(const struct wt_command_line *line)
{
	print_usage(line->usage);
	wt_print_wrapped(line->about, 0, 0);
	putchar('\n');
	print_groups(line->groups);
	if (line->print_more)
		line->print_more();
	if (line->notes)
		print_notes(line->notes);
}
