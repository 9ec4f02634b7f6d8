/* SPDX-License-Identifier: BSD-2-Clause */
#include "feeds.h"

#include <wiretape/cli/cli.h>

#include <inttypes.h>
#include <string.h>

/* Prints what was found as a feeds file: channels as lines, all else as comments. */

enum { UNICAST_SHOWN = 10 }; /* addresses that are not recognised and no groups */

bool wt_feeds_channel(const struct wt_recogniser *recogniser, uint32_t index,
                      struct wt_feeds_numbers *numbers, struct wt_feed_channel *channel)
{
	enum { PRESETS = sizeof(numbers->presets) / sizeof(numbers->presets[0]) };
	const struct wt_preset *preset = wt_recogniser_group(recogniser, index)->preset;
	unsigned i = 0;

	while (i + 1 < PRESETS && numbers->presets[i] && numbers->presets[i] != preset)
		i++;
	if (!wt_recognise_channel(recogniser, index, WT_RECOGNISED_PERHAPS, numbers->counts[i] + 1,
	                          channel))
		return false;
	numbers->presets[i] = preset;
	numbers->counts[i]++;
	return true;
}

double wt_feeds_rate(const struct wt_recognised *group)
{
	int64_t ns;

	if (group->first_ns == INT64_MIN ||
	    __builtin_sub_overflow(group->last_ns, group->first_ns, &ns) || ns <= 0)
		return 0;
	return (double)(group->packets - 1) * 1e9 / (double)ns;
}

static void print_address(FILE *out, const struct wt_recognised *group)
{
	struct wt_feed_address address = group->address;
	char text[WT_FEED_INTERFACE_BYTES + 64];

	if (!group->interface_matters)
		address.interface[0] = '\0';
	wt_feed_address_text(&address, text, sizeof(text));
	for (char *at = text; *at; at++)
		if (*at < ' ' || *at > '~')
			*at = '?';
	fputs(text, out);
}

static void print_traffic(FILE *out, const struct wt_recognised *group)
{
	double rate = wt_feeds_rate(group);

	fprintf(out, "%" PRIu64 " packet%s", group->packets, wt_cli_plural(group->packets));
	if (rate > 0)
		fprintf(out, ", %.*f packets/s", rate < 10 ? 2 : 0, rate);
	fprintf(out, ", %" PRIu64 " bytes", group->bytes);
	if (group->sources > 1)
		fprintf(out, ", from %" PRIu32 "%s addresses", group->sources,
		        group->sources == 16 ? " or more" : "");
	if (group->vlan)
		fputs(", VLAN", out);
	if (group->cut)
		fprintf(out, ", %" PRIu64 " cut short", group->cut);
}

static bool is_number(const char *text)
{
	return text[strspn(text, "0123456789")] == '\0';
}

static void print_stream(FILE *out, const struct wt_recognised *group)
{
	/* Some say what they are: "unit 3", "version 1". */
	if (group->channel[0])
		fprintf(out, ", %s%s", is_number(group->channel) ? "channel " : "", group->channel);
	if (group->session[0])
		fprintf(out, ", %s%s", strchr(group->session, ' ') ? "" : "session ",
		        group->session);
	if (group->streams > 1)
		fprintf(out, ", %" PRIu32 " streams%s", group->streams,
		        group->streams == 8 ? " or more" : "");
}

/* "#   A 239.1.1.1:5000 (eth0): 42 packets …" */
static void print_side(FILE *out, const struct wt_recognised *group, const char *side)
{
	fprintf(out, "#   %s ", side);
	print_address(out, group);
	fputs(": ", out);
	print_traffic(out, group);
	print_stream(out, group);
	if (group->is_b)
		fprintf(out, "; %u %% of the numbers of A", group->same_percent);
	if (group->is_b && group->has_content)
		fprintf(out, ", %u %% of these with the same content", group->content_percent);
	else if (group->is_b)
		fputs(", whose contents are cut off", out);
	fputc('\n', out);
}

static void print_why(FILE *out, const struct wt_feed_channel *channel,
                      const struct wt_recognised *group)
{
	fprintf(out, "\n# %s: %s, %u %%: %s\n", channel->name, wt_recognised_word(group->percent),
	        group->percent, group->holds);
	if (group->or_else)
		fprintf(out, "#   or %s: these bytes can be either\n", group->or_else->name);
	if (channel->kind == WT_FEED_LOOP)
		fprintf(out, "#   a loop: its numbers began anew %" PRIu64 " times\n",
		        group->restarts);
	else if (group->restarts)
		fprintf(out, "#   its numbers began anew once; kind=loop if they do so all the "
		             "time\n");
	if (channel->kind == WT_FEED_RETRANSMISSION)
		fprintf(out, "#   all of it is marked as sent again: R= of another channel?\n");
}

static void print_channel(FILE *out, const struct wt_recogniser *recogniser, uint32_t index,
                          const struct wt_feed_channel *channel)
{
	const struct wt_recognised *group = wt_recogniser_group(recogniser, index);
	char line[1024];

	print_why(out, channel, group);
	print_side(out, group, "A");
	if (group->other_side >= 0)
		print_side(out, wt_recogniser_group(recogniser, (uint32_t)group->other_side), "B");
	if (wt_feed_channel_text(channel, line, sizeof(line)) >= (int)sizeof(line))
		return;
	fprintf(out, "%s%s\n", group->percent < WT_RECOGNISED_LIKELY ? "#" : "", line);
}

static bool is_group(const struct wt_recognised *group)
{
	const uint8_t *ip = group->address.ip;

	return group->address.is_ipv6 ? ip[0] == 0xff : (ip[0] & 0xf0) == 0xe0;
}

static void print_unknown(FILE *out, const struct wt_recognised *group)
{
	fputs("# ", out);
	print_address(out, group);
	fputs(" ", out);
	print_traffic(out, group);
	fputs(": not recognised, first bytes", out);
	for (uint8_t i = 0; i < group->first_bytes; i++)
		fprintf(out, " %02x", group->first[i]);
	fputs(group->first_bytes ? "\n" : " none\n", out);
}

/* Groups, and not more than a few other addresses: these come and go with every connection. */
static void print_unknowns(FILE *out, const struct wt_recogniser *recogniser)
{
	uint64_t left_out = 0, packets = 0;
	uint32_t shown = 0;
	bool any = false;

	for (uint32_t i = 0; i < wt_recogniser_count(recogniser); i++) {
		const struct wt_recognised *group = wt_recogniser_group(recogniser, i);

		if (group->preset)
			continue;
		if (!any)
			fputc('\n', out);
		any = true;
		if (is_group(group) || shown++ < UNICAST_SHOWN) {
			print_unknown(out, group);
			continue;
		}
		left_out++;
		packets += group->packets;
	}
	if (left_out)
		fprintf(out,
		        "# and %" PRIu64 " more addresses that are no groups, %" PRIu64
		        " packet%s: not recognised\n",
		        left_out, packets, wt_cli_plural(packets));
}

static uint32_t count_recognised(const struct wt_recogniser *recogniser)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < wt_recogniser_count(recogniser); i++)
		count += wt_recogniser_group(recogniser, i)->preset != NULL;
	return count;
}

/* Print a comment if there is anything to note. */
static void note(FILE *out, uint64_t packets, const char *what)
{
	if (packets)
		fprintf(out, "# %" PRIu64 " packet%s %s\n", packets, wt_cli_plural(packets), what);
}

static void print_head(FILE *out, const struct wt_recogniser *recogniser,
                       const struct wt_feeds_source *source)
{
	uint32_t groups = wt_recogniser_count(recogniser);
	uint32_t recognised = count_recognised(recogniser);
	struct wt_recogniser_totals totals;

	wt_recogniser_totals(recogniser, &totals);
	fprintf(out, "# Feeds, found by wiretape. Names, sides and kinds are yours to change.\n");
	fprintf(out, "# %" PRIu64 " packet%s", totals.frames, wt_cli_plural(totals.frames));
	if (source->live)
		fprintf(out, " in %.1f s", (double)source->elapsed_ns / 1e9);
	fprintf(out, ", %" PRIu32 " address%s with UDP: %" PRIu32 " recognised\n", groups,
	        groups == 1 ? "" : "es", recognised);
	note(out, source->lost, "were lost here: numbers that do not follow may be ours");
	note(out, totals.fragments, "are later fragments of IP datagrams, which nobody can tell");
	note(out, totals.tunnelled,
	     "are of tunnels (GRE, IP in IP, MPLS, VXLAN, Geneve), which are not followed");
	note(out, totals.unknown_link, "are from a kind of link that is not understood");
	note(out, totals.beyond_groups, "went to further addresses: there was no room for them");
	if (!recognised)
		fprintf(out, "# No feed was found.\n");
}

void wt_feeds_print(FILE *out, const struct wt_recogniser *recogniser,
                    const struct wt_feeds_source *source)
{
	struct wt_feeds_numbers numbers = {0};
	struct wt_feed_channel channel;

	print_head(out, recogniser, source);
	for (uint32_t i = 0; i < wt_recogniser_count(recogniser); i++)
		if (wt_feeds_channel(recogniser, i, &numbers, &channel))
			print_channel(out, recogniser, i, &channel);
	print_unknowns(out, recogniser);
}
