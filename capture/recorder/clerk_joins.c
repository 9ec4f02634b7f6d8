/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/recorder/clerk_joins.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The groups that an interface is to be a member of. */
struct groups {
	struct wt_join_group *list;
	size_t count;
};

static bool has_group(const struct groups *groups, const struct wt_join_group *group)
{
	for (size_t i = 0; i < groups->count; i++) {
		const struct wt_join_group *one = &groups->list[i];

		if (one->family == group->family && !one->has_source &&
		    !memcmp(one->group, group->group, sizeof(one->group)))
			return true;
	}
	return false;
}

static bool is_multicast(const struct wt_feed_address *address)
{
	return address->is_ipv6 ? address->ip[0] == 0xff : (address->ip[0] & 0xf0) == 0xe0;
}

static void add_feed_group(struct groups *groups, const struct wt_feed_address *address,
                           const struct wt_reader_info *reader)
{
	struct wt_join_group group = {.family = address->is_ipv6 ? AF_INET6 : AF_INET};

	if (!address->used || !is_multicast(address) ||
	    (address->interface[0] && strcmp(address->interface, reader->name) != 0))
		return;
	memcpy(group.group, address->ip, address->is_ipv6 ? 16 : 4);
	inet_ntop(group.family, address->ip, group.text, sizeof(group.text));
	if (!has_group(groups, &group))
		groups->list[groups->count++] = group;
}

/* A socket that listens to UDP has joined its own group, and gets no other; a simulated interface
 * needs no joining. */
static bool joins_feeds(const struct wt_recorder_config *config,
                        const struct wt_reader_info *reader)
{
	return config->joins_feeds && config->feeds && reader->link &&
	       reader->kind != WT_READER_UDP;
}

static void list_groups(struct groups *groups, const struct wt_recorder_config *config,
                        const struct wt_reader_info *reader)
{
	if (config->join_count)
		memcpy(groups->list, config->joins, config->join_count * sizeof(*config->joins));
	groups->count = config->join_count;
	for (size_t i = 0; joins_feeds(config, reader) && i < config->feeds->count; i++)
		for (size_t side = 0; side < WT_FEED_SIDES; side++)
			add_feed_group(groups, &config->feeds->list[i].sides[side], reader);
}

int wt_clerk_join_open(struct wt_clerk_join *join, const struct wt_recorder_state *state,
                       const struct wt_recorded *recorded, struct wt_error *err)
{
	const struct wt_recorder_config *config = &state->config;
	const struct wt_reader_info *reader = recorded->report->reader;
	size_t most =
	        config->join_count + (config->feeds ? config->feeds->count * WT_FEED_SIDES : 0);
	struct groups groups = {0};
	int rc = 0;

	if (config->join_count && !reader->link)
		return wt_error_set(
		        err, -EOPNOTSUPP,
		        "cannot join %s on %s: the interface is simulated, and there is "
		        "no network behind it",
		        config->joins[0].text, reader->name);
	if (!most)
		return 0;
	groups.list = calloc(most, sizeof(*groups.list));
	if (!groups.list)
		return wt_error_set(err, -ENOMEM, "no memory for groups to join");
	list_groups(&groups, config, reader);
	if (groups.count)
		rc = wt_join_open(&join->join, groups.list, groups.count, reader->link, err);
	free(groups.list);
	return rc;
}

/* Recipient of the news. */
struct listener {
	struct wt_recorder_state *state;
	const char *name; /* of the interface */
};

static void say_silence(struct wt_recorder_state *state, const char *name,
                        const struct wt_join_group *group, bool again)
{
	char text[WT_MAX_DEGRADED_TEXT];

	snprintf(text, sizeof(text),
	         "joined %s on %s, but nothing has arrived for it for 5 s: is the sender on%s, "
	         "does a "
	         "querier keep the group alive, does the switch port get it, does rp_filter here "
	         "drop the queries?",
	         group->text, name, group->has_source ? " and this its address" : "");
	/* A state is recorded once, and reported each time. */
	if (again || state->degraded_count == WT_MAX_DEGRADED)
		wt_recorder_say(state, "%s", text);
	else
		wt_recorder_note_degraded(state, text);
}

static void on_news(void *context, const struct wt_join_group *group, enum wt_join_news news,
                    int64_t after_ns)
{
	const struct listener *listener = context;
	double seconds = (double)after_ns / 1e9;

	switch (news) {
	case WT_JOIN_SILENT:
	case WT_JOIN_SILENT_AGAIN:
		say_silence(listener->state, listener->name, group, news == WT_JOIN_SILENT_AGAIN);
		break;
	case WT_JOIN_ARRIVES:
		wt_recorder_say(listener->state, "%s on %s: arrives after %.0f s", group->text,
		                listener->name, seconds);
		break;
	case WT_JOIN_ARRIVES_AGAIN:
		wt_recorder_say(listener->state, "%s on %s: packets arrive again, after %.0f s",
		                group->text, listener->name, seconds);
		break;
	case WT_JOIN_NO_NEWS:
		break;
	}
}

/* The kernel forgets the memberships of an interface that disappears. Until it is up nothing
 * can be joined. */
static void renew(struct wt_clerk_join *join, struct wt_recorder_state *state,
                  struct wt_recorded *recorded)
{
	const char *name = recorded->report->reader->name;
	struct wt_error err = {0};
	struct wt_link link;

	if (wt_reader_link(recorded->reader, &link) || !(link.flags & IFF_UP))
		return;
	if (wt_join_renew(join->join, &link, &err))
		wt_recorder_note_degraded(state, err.text);
	else
		wt_recorder_say(state, "joined the groups on %s again", name);
	join->lost = err.code != 0;
}

int64_t wt_clerk_join_keep(struct wt_clerk_join *join, struct wt_recorder_state *state,
                           struct wt_recorded *recorded, bool is_down)
{
	struct listener listener = {state, recorded->report->reader->name};
	const int64_t look_again_ns = 1000000000;

	if (!join->join)
		return INT64_MAX;
	if (join->lost && !recorded->report->gone)
		renew(join, state, recorded);
	if (!join->lost && !is_down && !recorded->report->gone)
		return wt_join_tick(join->join, state->now_ns, on_news, &listener);
	wt_join_restart(join->join, state->now_ns);
	return state->now_ns + look_again_ns;
}

void wt_clerk_join_close(struct wt_clerk_join *join)
{
	wt_join_close(join->join);
	join->join = NULL;
}
