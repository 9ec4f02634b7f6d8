/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli.h"
#include "options.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* `wiretape completion`: a script for a shell, from the tables of options. */

const struct wt_command_line wt_completion_line = {
        .command = "completion",
        .usage = "completion bash|zsh|fish",
        .about = "Print the script with which a shell completes commands, options and their "
                 "values.",
        .groups = (const struct wt_option_group[]){{0}},
        .notes = "  source <(wiretape completion bash)\n"
                 "  wiretape completion zsh >~/.zfunc/_wiretape\n"
                 "  wiretape completion fish >~/.config/fish/completions/wiretape.fish\n"
                 "'cmake --install' puts all three where shells look for them.",
        .words = "bash|zsh|fish",
};

/* Meaning of a metavar: "OUT" is a file, "sw|hw|auto" a choice. */
enum values { FILES, INTERFACES, CHOICES, ANYTHING };

/* The next word among "none|close|interval:TIME" that is to be typed as it stands; its length,
 * 0 after the last. */
static size_t next_choice(const char **choices)
{
	while (**choices) {
		size_t length = strcspn(*choices, "|");

		if (length && strspn(*choices, "abcdefghijklmnopqrstuvwxyz0123456789") == length)
			return length;
		*choices += length + ((*choices)[length] == '|');
	}
	return 0;
}

static enum values values_of(const char *metavar)
{
	const char *choices = metavar;

	if (!strcmp(metavar, "FILE") || !strcmp(metavar, "OUT") || !strcmp(metavar, "FEEDSFILE"))
		return FILES;
	if (!strcmp(metavar, "IFACE"))
		return INTERFACES;
	return next_choice(&choices) ? CHOICES : ANYTHING;
}

/* "none close" */
static void print_choices(const char *choices)
{
	const char *before = "";
	size_t length;

	while ((length = next_choice(&choices))) {
		printf("%s%.*s", before, (int)length, choices);
		choices += length;
		before = " ";
	}
}

typedef void print_row(const struct wt_command_line *line, const struct wt_option *row);
typedef void print_line(const struct wt_command_line *line);

static void each_row(const struct wt_command_line *line, print_row *print)
{
	static const struct wt_option help = {"help", .letter = 'h', .help = "the options"};

	for (const struct wt_option_group *group = line->groups; group->rows; group++)
		for (const struct wt_option *row = group->rows; row->name; row++)
			print(line, row);
	print(line, &help);
}

/* Commands with options, subcommands in the place of those that have some. */
static void each_line(print_line *print)
{
	for (const struct wt_command *command = wt_commands; command->name; command++) {
		if (command->line)
			print(command->line);
		for (const struct wt_command *sub = command->subcommands; sub && sub->name; sub++)
			print(sub->line);
	}
}

static void print_names(const struct wt_command *commands)
{
	for (const struct wt_command *command = commands; command->name; command++)
		printf("%s%s", command == commands ? "" : " ", command->name);
}

static void bash_values(const char *metavar)
{
	switch (values_of(metavar)) {
	case FILES:
		printf("_wiretape_files ;;\n");
		break;
	case INTERFACES:
		printf("_wiretape_words \"$(ls /sys/class/net) sim\" ;;\n");
		break;
	case CHOICES:
		printf("_wiretape_words '");
		print_choices(metavar);
		printf("' ;;\n");
		break;
	default:
		printf("return ;;\n");
	}
}

static void bash_row(const struct wt_command_line *line, const struct wt_option *row)
{
	if (!row->metavar)
		return;
	printf("  '%s --%s'", line->command, row->name);
	if (row->also)
		printf(" | '%s --%s'", line->command, row->also);
	if (row->letter)
		printf(" | '%s -%c'", line->command, row->letter);
	printf(") ");
	bash_values(row->metavar);
}

static void bash_line(const struct wt_command_line *line)
{
	each_row(line, bash_row);
}

static void bash_name(const struct wt_command_line *line, const struct wt_option *row)
{
	(void)line;
	printf(" --%s", row->name);
	if (row->letter)
		printf(" -%c", row->letter);
}

static void bash_options(const struct wt_command_line *line)
{
	printf("  '%s -'*) _wiretape_words '", line->command);
	each_row(line, bash_name);
	printf("' ;;\n");
}

static void bash_words(const struct wt_command_line *line)
{
	if (!line->words || values_of(line->words) == ANYTHING)
		return;
	printf("  '%s '*) ", line->command);
	bash_values(line->words);
}

static void print_bash(void)
{
	printf("# bash completion for wiretape\n"
	       "_wiretape_words() {\n"
	       "  mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$current\")\n"
	       "}\n"
	       "_wiretape_files() {\n"
	       "  compopt -o filenames 2>/dev/null\n"
	       "  mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
	       "}\n"
	       "_wiretape() {\n"
	       "  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}\n"
	       "  local command=${COMP_WORDS[1]}\n"
	       "  COMPREPLY=()\n"
	       "  if [ \"$COMP_CWORD\" -eq 1 ] || { [ \"$command\" = help ] && "
	       "[ \"$COMP_CWORD\" -eq 2 ]; }; then\n"
	       "    _wiretape_words '");
	print_names(wt_commands);
	printf(" help --help --version'\n"
	       "    return\n"
	       "  fi\n"
	       "  case $command in\n");
	for (const struct wt_command *command = wt_commands; command->name; command++) {
		if (!command->subcommands)
			continue;
		printf("  %s)\n"
		       "    if [ \"$COMP_CWORD\" -eq 2 ]; then\n"
		       "      _wiretape_words '",
		       command->name);
		print_names(command->subcommands);
		printf("'\n"
		       "      return\n"
		       "    fi\n"
		       "    command=\"$command ${COMP_WORDS[2]}\"\n"
		       "    ;;\n");
	}
	printf("  esac\n"
	       "  # bash takes --name=value apart.\n"
	       "  if [ \"$current\" = = ]; then\n"
	       "    current=\n"
	       "  elif [ \"$before\" = = ]; then\n"
	       "    before=${COMP_WORDS[COMP_CWORD - 2]}\n"
	       "  fi\n"
	       "  case \"$command $before\" in\n");
	each_line(bash_line);
	printf("  *)\n"
	       "  case \"$command $current\" in\n");
	each_line(bash_options);
	each_line(bash_words);
	printf("  esac\n"
	       "  ;;\n"
	       "  esac\n"
	       "}\n"
	       "complete -F _wiretape wiretape\n");
}

/* Print the help of a row in quotes, up to its first colon, semicolon or bracket. */
static void print_short(const char *help)
{
	size_t length = strcspn(help, ":;[(");

	while (length && isspace((unsigned char)help[length - 1]))
		length--;
	for (size_t i = 0; i < length; i++)
		if (help[i] != '\'')
			putchar(help[i]);
}

/* Print in single quotes, where one more is written as `escape`. */
static void print_quoted(const char *text, const char *escape)
{
	putchar('\'');
	for (; *text; text++)
		if (*text == '\'')
			fputs(escape, stdout);
		else
			putchar(*text);
	putchar('\'');
}

static void zsh_values(const char *metavar)
{
	switch (values_of(metavar)) {
	case FILES:
		printf("_files");
		break;
	case INTERFACES:
		printf("_net_interfaces");
		break;
	case CHOICES:
		putchar('(');
		print_choices(metavar);
		putchar(')');
		break;
	default:
		putchar(' ');
	}
}

static void zsh_option(const struct wt_option *row, const char *option)
{
	printf(" \\\n      '*%s[", option);
	print_short(row->help);
	putchar(']');
	if (row->metavar) {
		printf(":%.*s:", (int)strcspn(row->metavar, ":[]"), row->metavar);
		zsh_values(row->metavar);
	}
	putchar('\'');
}

static void zsh_row(const struct wt_command_line *line, const struct wt_option *row)
{
	const char letter[] = {'-', row->letter, row->metavar ? '+' : '\0', '\0'};
	char name[80];

	(void)line;
	snprintf(name, sizeof(name), "--%s%s", row->name, row->metavar ? "=" : "");
	zsh_option(row, name);
	if (row->letter)
		zsh_option(row, letter);
}

static void zsh_line(const struct wt_command_line *line)
{
	printf("  '%s')\n    _arguments -s", line->command);
	each_row(line, zsh_row);
	if (line->words && values_of(line->words) != ANYTHING) {
		printf(" \\\n      '*:%s:",
		       values_of(line->words) == CHOICES ? "word" : line->words);
		zsh_values(line->words);
		putchar('\'');
	}
	printf("\n    ;;\n");
}

static void zsh_commands(const struct wt_command *commands)
{
	printf("  list=(");
	for (const struct wt_command *command = commands; command->name; command++) {
		printf("\n    %s:", command->name);
		print_quoted(command->summary, "'\\''");
	}
	printf(")\n");
}

static void print_zsh(void)
{
	printf("#compdef wiretape\n"
	       "_wiretape() {\n"
	       "  local -a list\n"
	       "  local command=$words[2]\n");
	zsh_commands(wt_commands);
	printf("  if (( CURRENT == 2 )); then\n"
	       "    _describe command list\n"
	       "    return\n"
	       "  fi\n"
	       "  shift words\n"
	       "  (( CURRENT-- ))\n");
	for (const struct wt_command *command = wt_commands; command->name; command++) {
		if (!command->subcommands)
			continue;
		printf("  if [[ $command == %s ]]; then\n", command->name);
		zsh_commands(command->subcommands);
		printf("  if (( CURRENT == 2 )); then\n"
		       "    _describe command list\n"
		       "    return\n"
		       "  fi\n"
		       "  command=\"$command $words[2]\"\n"
		       "  shift words\n"
		       "  (( CURRENT-- ))\n"
		       "  fi\n");
	}
	printf("  case $command in\n");
	each_line(zsh_line);
	printf("  esac\n"
	       "}\n"
	       "_wiretape \"$@\"\n");
}

/* "-n '__fish_seen_subcommand_from stamp; and __fish_seen_subcommand_from caps'" */
static void fish_condition(const struct wt_command_line *line)
{
	const char *space = strchr(line->command, ' ');
	int length = space ? (int)(space - line->command) : (int)strlen(line->command);

	printf("complete -c wiretape -n '__fish_seen_subcommand_from %.*s", length, line->command);
	if (space)
		printf("; and __fish_seen_subcommand_from %s", space + 1);
	putchar('\'');
}

static void fish_values(const char *metavar)
{
	switch (values_of(metavar)) {
	case FILES:
		printf(" -F");
		break;
	case INTERFACES:
		printf(" -f -a '(ls /sys/class/net) sim'");
		break;
	case CHOICES:
		printf(" -f -a '");
		print_choices(metavar);
		putchar('\'');
		break;
	default:
		printf(" -f");
	}
}

static void fish_row(const struct wt_command_line *line, const struct wt_option *row)
{
	fish_condition(line);
	printf(" -l %s", row->name);
	if (row->letter)
		printf(" -s %c", row->letter);
	if (row->metavar) {
		printf(" -r");
		fish_values(row->metavar);
	}
	printf(" -d '");
	print_short(row->help);
	printf("'\n");
}

static void fish_line(const struct wt_command_line *line)
{
	fish_condition(line);
	fish_values(line->words ? line->words : "");
	putchar('\n');
	each_row(line, fish_row);
}

static void fish_command(const char *condition, const struct wt_command *command)
{
	printf("complete -c wiretape -f -n '%s' -a %s -d ", condition, command->name);
	print_quoted(command->summary, "\\'");
	putchar('\n');
}

static void print_fish(void)
{
	char condition[200];

	for (const struct wt_command *command = wt_commands; command->name; command++) {
		fish_command("__fish_use_subcommand", command);
		snprintf(condition, sizeof(condition), "__fish_seen_subcommand_from %s",
		         command->name);
		for (const struct wt_command *sub = command->subcommands; sub && sub->name; sub++)
			fish_command(condition, sub);
	}
	each_line(fish_line);
}

int wt_command_completion(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*print)(void);
	} shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};
	struct wt_words words;
	int code = wt_options_parse(&wt_completion_line, argc, argv, NULL, &words);

	if (code)
		return code;
	if (words.count != 1)
		return wt_cli_usage("completion", "which shell? bash, zsh or fish");
	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
		if (!strcmp(words.list[0], shells[i].name)) {
			shells[i].print();
			return wt_cli_flush();
		}
	return wt_cli_usage("completion", "'%s' is not bash, zsh or fish", words.list[0]);
}
