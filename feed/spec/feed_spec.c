/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/feed/spec/feed_spec.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/base/quantity.h>

#include "feed_spec_private.h"

enum {
	FILE_BYTES_MAX = 64 << 20,
	READ_BYTES = 64 << 10,
	WORDS_MAX = 16, /* of a line: more than a valid line has */
	QUOTE = 60,     /* characters of a long text in a message */
};

static int fail_at(const struct wt_feed_place *place, const char *word, const char *reason)
{
	return wt_feed_fail(place, -EINVAL, "'%.*s' %s", QUOTE, word, reason);
}

/* The words of an address. */

/* "5000"; false for anything else. */
static bool read_port(const char *text, uint16_t *port)
{
	uint64_t value;

	if (wt_parse_number(text, 1, UINT16_MAX, &value, NULL))
		return false;
	*port = (uint16_t)value;
	return true;
}

static bool is_printable(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text > '~')
			return false;
	return true;
}

static int read_interface(const char *name, struct wt_feed_address *address,
                          const struct wt_feed_place *place)
{
	if (!*name || strlen(name) >= sizeof(address->interface) || !is_printable(name))
		return fail_at(place, name, "is no name of an interface");
	strcpy(address->interface, name);
	return 0;
}

/* "239.1.1.1" or "[ff15::1]", which ends at `end`. */
static bool read_ip(const char *text, const char *end, struct wt_feed_address *address)
{
	static const uint8_t nowhere[sizeof(address->ip)];
	char ip[INET6_ADDRSTRLEN];
	size_t length;

	address->is_ipv6 = *text == '[';
	if (address->is_ipv6) {
		if (end - text < 2 || end[-1] != ']')
			return false;
		text++;
		end--;
	}
	length = (size_t)(end - text);
	if (length >= sizeof(ip))
		return false;
	memcpy(ip, text, length);
	ip[length] = '\0';
	return inet_pton(address->is_ipv6 ? AF_INET6 : AF_INET, ip, address->ip) == 1 &&
	       memcmp(address->ip, nowhere, sizeof(nowhere)) != 0;
}

/* "GROUP:PORT[@INTERFACE]"; changes `text`. */
static int read_address(char *text, struct wt_feed_address *address,
                        const struct wt_feed_place *place)
{
	char *at = strchr(text, '@'), *colon;

	if (at)
		*at = '\0';
	colon = strrchr(text, ':');
	if (!colon || (text[0] == '[' && colon[-1] != ']'))
		return fail_at(place, text, "is no GROUP:PORT: there is no port");
	if (!read_ip(text, colon, address))
		return fail_at(place, text,
		               text[0] != '[' && strchr(text, ':') != colon
		                       ? "is no GROUP:PORT; IPv6 goes in brackets, "
		                         "like [ff15::1]:5000"
		                       : "is no GROUP:PORT, like 239.1.1.1:5000");
	if (!read_port(colon + 1, &address->port))
		return fail_at(place, text, "has no port from 1 to 65535");
	address->used = true;
	return at ? read_interface(at + 1, address, place) : 0;
}

int wt_feed_address_parse(struct wt_feed_address *address, const char *text, struct wt_error *err)
{
	const struct wt_feed_place place = {.err = err};
	char copy[WT_FEED_LINE_BYTES];

	*address = (struct wt_feed_address){0};
	if (strlen(text) >= sizeof(copy))
		return fail_at(&place, text, "is too long");
	strcpy(copy, text);
	return read_address(copy, address, &place);
}

/* The words of a channel. */

static bool is_name(const char *text)
{
	return *text && strlen(text) < WT_FEED_NAME_BYTES && is_printable(text) &&
	       !strpbrk(text, "\"'`\\") && *text != '#';
}

static int read_name(const char *text, struct wt_feed_channel *channel,
                     const struct wt_feed_place *place)
{
	if (!*text)
		return wt_feed_fail(place, -EINVAL, "the channel's name is empty");
	if (strlen(text) >= sizeof(channel->name))
		return wt_feed_fail(place, -EINVAL, "the name '%.*s…' has more than %d characters",
		                    QUOTE, text, WT_FEED_NAME_BYTES - 1);
	if (!is_name(text))
		return fail_at(place, text,
		               "is no name: printable ASCII without spaces, quotes and "
		               "backslashes, and no # first");
	strcpy(channel->name, text);
	return 0;
}

static int read_kind(const char *text, struct wt_feed_channel *channel,
                     const struct wt_feed_place *place)
{
	for (int kind = WT_FEED_LIVE; kind <= WT_FEED_RETRANSMISSION; kind++)
		if (!strcmp(text, wt_feed_kind_name((enum wt_feed_kind)kind))) {
			channel->kind = (enum wt_feed_kind)kind;
			return 0;
		}
	return fail_at(place, text, "is no kind; there are live, loop and retransmission");
}

static int unknown_preset(const char *text, const struct wt_feed_place *place)
{
	char names[400] = "";
	size_t length = 0;

	for (size_t i = 0; i < wt_preset_count && length < sizeof(names); i++)
		length += (size_t)snprintf(names + length, sizeof(names) - length, "%s, ",
		                           wt_presets[i]->name);
	return wt_feed_fail(place, -EINVAL, "there is no preset '%.*s'; there are %scustom:…",
	                    QUOTE, text, names);
}

static int read_preset(struct wt_feed_channels *channels, const char *text,
                       struct wt_feed_channel *channel, const struct wt_feed_place *place)
{
	if (!is_printable(text))
		return fail_at(place, text, "is no preset: there are spaces in it");
	if (!strncmp(text, "custom:", strlen("custom:")))
		return wt_feed_list_custom(channels, text, &channel->preset, place);
	channel->preset = wt_preset_find(text);
	return channel->preset ? 0 : unknown_preset(text, place);
}

/* The side that "A=…" begins with; -1: none. */
static int side_of(const char *word)
{
	for (int side = 0; side < WT_FEED_SIDES; side++)
		if (word[0] == wt_feed_side_name((enum wt_feed_side)side)[0] && word[1] == '=')
			return side;
	return -1;
}

static int read_side(int side, char *text, struct wt_feed_channel *channel,
                     const struct wt_feed_place *place)
{
	if (channel->sides[side].used)
		return wt_feed_fail(place, -EINVAL, "side %s is there twice",
		                    wt_feed_side_name((enum wt_feed_side)side));
	return read_address(text, &channel->sides[side], place);
}

/* "A=…", "kind=…" and, on the command line, "name=…". */
static int read_word(char *word, struct wt_feed_channel *channel, const struct wt_feed_place *place)
{
	int side = side_of(word);

	if (side >= 0)
		return read_side(side, word + 2, channel, place);
	if (!strncmp(word, "kind=", 5))
		return read_kind(word + 5, channel, place);
	if (!place->path && !strncmp(word, "name=", 5))
		return read_name(word + 5, channel, place);
	return fail_at(place, word,
	               place->path ? "is none of A=, B=, R= and kind="
	                           : "is none of A=, B=, R=, name= and kind=");
}

/* Whether sides and kind go together. */
static int check_sides(const struct wt_feed_channel *channel, const struct wt_feed_place *place)
{
	bool is_pair = channel->sides[WT_FEED_B].used || channel->sides[WT_FEED_R].used;

	if (!channel->sides[WT_FEED_A].used)
		return wt_feed_fail(place, -EINVAL, "there is no side A; write A=GROUP:PORT");
	if (channel->kind != WT_FEED_LIVE && is_pair)
		return wt_feed_fail(place, -EINVAL,
		                    "a channel of kind=%s has one side, A; only live ones have B= "
		                    "and R=",
		                    wt_feed_kind_name(channel->kind));
	return 0;
}

static int name_by_address(struct wt_feed_channel *channel, const struct wt_feed_place *place)
{
	char address[WT_FEED_INTERFACE_BYTES + 64], name[sizeof(address) + WT_FEED_TEXT_BYTES];
	const char *preset = channel->preset->name;

	wt_feed_address_text(&channel->sides[WT_FEED_A], address, sizeof(address));
	snprintf(name, sizeof(name), "%.*s@%s", (int)strcspn(preset, ":"), preset, address);
	if (!is_name(name))
		return fail_at(place, name, "makes no name of a channel; add name=NAME");
	strcpy(channel->name, name);
	return 0;
}

static int add(struct wt_feed_channels *channels, struct wt_feed_channel *channel,
               const struct wt_feed_place *place)
{
	int failed = check_sides(channel, place);

	if (!failed && !channel->name[0])
		failed = name_by_address(channel, place);
	return failed ? failed : wt_feed_list_append(channels, channel, place);
}

/* Texts from outside go into messages, and onto terminals. */
static int refuse_control(const char *text, const struct wt_feed_place *place)
{
	for (const char *at = text; *at; at++)
		if (((unsigned char)*at < ' ' && *at != '\t') || *at == 0x7f)
			return wt_feed_fail(place, -EINVAL,
			                    "character %zu is a control character (0x%02x)",
			                    (size_t)(at - text) + 1, (unsigned)(unsigned char)*at);
	return 0;
}

/* --feed */

static int read_list(char *list, struct wt_feed_channel *channel, const struct wt_feed_place *place)
{
	char *word = strsep(&list, ",");
	int failed;

	if (strchr(word, '=') && side_of(word) < 0 && strncmp(word, "name=", 5) != 0 &&
	    strncmp(word, "kind=", 5) != 0)
		return fail_at(place, word, "is none of GROUP:PORT, A=, B=, R=, name= and kind=");
	failed = strchr(word, '=') ? read_word(word, channel, place)
	                           : read_side(WT_FEED_A, word, channel, place);
	while (!failed && (word = strsep(&list, ",")))
		failed = read_word(word, channel, place);
	return failed;
}

static int add_spec(struct wt_feed_channels *channels, char *text,
                    const struct wt_feed_place *place)
{
	struct wt_feed_channel channel = {0};
	char *at = strchr(text, '@');
	int failed = refuse_control(text, place);

	if (failed)
		return failed;
	if (!at)
		return fail_at(place, text, "says not where; write PRESET@GROUP:PORT");
	*at = '\0';
	failed = read_preset(channels, text, &channel, place);
	if (!failed)
		failed = read_list(at + 1, &channel, place);
	return failed ? failed : add(channels, &channel, place);
}

int wt_feed_channels_add(struct wt_feed_channels *channels, const char *text, struct wt_error *err)
{
	const struct wt_feed_place place = {.err = err};
	size_t count = channels->count, custom_count = channels->custom_count;
	char copy[WT_FEED_LINE_BYTES];
	int failed;

	if (strlen(text) >= sizeof(copy))
		return wt_feed_fail(&place, -EINVAL, "'%.*s…' is too long", QUOTE, text);
	strcpy(copy, text);
	failed = add_spec(channels, copy, &place);
	if (failed)
		wt_feed_list_truncate(channels, count, custom_count);
	return failed;
}

/* Feeds files */

/* Split at spaces and tabs, up to a comment; returns how many words there are, or one more than
 * fit. */
static size_t split(char *line, char *words[WORDS_MAX])
{
	size_t count = 0;
	char *word;

	while ((word = strsep(&line, " \t"))) {
		if (*word == '#')
			break;
		if (!*word)
			continue;
		if (count == WORDS_MAX)
			return count + 1;
		words[count++] = word;
	}
	return count;
}

static int add_words(struct wt_feed_channels *channels, char *const *words, size_t count,
                     const struct wt_feed_place *place)
{
	struct wt_feed_channel channel = {.line = place->line};
	int failed;

	if (count > WORDS_MAX)
		return wt_feed_fail(place, -EINVAL, "there are more words than a channel has");
	if (count < 3)
		return wt_feed_fail(place, -EINVAL,
		                    "'%.*s' is not all of a channel; write NAME PRESET "
		                    "A=GROUP:PORT",
		                    QUOTE, words[0]);
	failed = read_name(words[0], &channel, place);
	if (!failed)
		failed = read_preset(channels, words[1], &channel, place);
	for (size_t i = 2; !failed && i < count; i++)
		failed = read_word(words[i], &channel, place);
	return failed ? failed : add(channels, &channel, place);
}

/* A line without its end; it may have any bytes. */
static int add_line(struct wt_feed_channels *channels, const char *line, size_t bytes,
                    const struct wt_feed_place *place)
{
	char copy[WT_FEED_LINE_BYTES], *words[WORDS_MAX];
	size_t count;
	int failed;

	if (bytes && line[bytes - 1] == '\r')
		bytes--;
	if (bytes >= sizeof(copy))
		return wt_feed_fail(place, -EINVAL, "the line is longer than %d bytes",
		                    WT_FEED_LINE_BYTES - 1);
	if (memchr(line, '\0', bytes))
		return wt_feed_fail(place, -EINVAL,
		                    "there is a NUL byte: this is no text in ASCII or UTF-8");
	memcpy(copy, line, bytes);
	copy[bytes] = '\0';
	failed = refuse_control(copy, place);
	if (failed)
		return failed;
	count = split(copy, words);
	return count ? add_words(channels, words, count, place) : 0;
}

static int add_lines(struct wt_feed_channels *channels, const char *text, size_t bytes,
                     struct wt_feed_place *place)
{
	const char *end = text + bytes;
	int failed = 0;

	if (bytes >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		text += 3;
	while (!failed && text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *line_end = newline ? newline : end;

		place->line++;
		failed = add_line(channels, text, (size_t)(line_end - text), place);
		text = newline ? newline + 1 : end;
	}
	return failed;
}

int wt_feed_channels_add_text(struct wt_feed_channels *channels, const char *path, const char *text,
                              size_t bytes, struct wt_error *err)
{
	struct wt_feed_place place = {.path = path, .err = err};
	size_t count = channels->count, custom_count = channels->custom_count;
	int failed = add_lines(channels, text, bytes, &place);

	if (!failed && channels->count == count)
		failed = wt_error_set(err, -EINVAL,
		                      "%s: there is no channel in it; a line is NAME PRESET "
		                      "A=GROUP:PORT",
		                      path);
	if (failed)
		wt_feed_list_truncate(channels, count, custom_count);
	return failed;
}

static int read_all(FILE *file, char **text, size_t *bytes)
{
	size_t got;
	char *grown;

	do {
		if (*bytes > FILE_BYTES_MAX)
			return -EFBIG;
		grown = realloc(*text, *bytes + READ_BYTES);
		if (!grown)
			return -ENOMEM;
		*text = grown;
		errno = 0;
		got = fread(*text + *bytes, 1, READ_BYTES, file);
		*bytes += got;
	} while (got == READ_BYTES);
	return ferror(file) ? (errno ? -errno : -EIO) : 0;
}

int wt_feed_channels_add_file(struct wt_feed_channels *channels, const char *path,
                              struct wt_error *err)
{
	bool is_stdin = !strcmp(path, "-");
	FILE *file = is_stdin ? stdin : fopen(path, "re");
	char *text = NULL;
	size_t bytes = 0;
	int failed = file ? 0 : -errno;

	if (file)
		failed = read_all(file, &text, &bytes);
	if (file && !is_stdin)
		fclose(file);
	if (failed)
		failed = wt_error_set(err, failed, "cannot read the feeds file %s: %s", path,
		                      strerror(-failed));
	else
		failed = wt_feed_channels_add_text(channels, is_stdin ? "standard input" : path,
		                                   text, bytes, err);
	free(text);
	return failed;
}
