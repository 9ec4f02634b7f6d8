/* SPDX-License-Identifier: BSD-2-Clause */
#include "recognise_private.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/packet/udp_packet.h>

enum {
	GROUPS = 4096,
	GROUPS_MOST = 1 << 20,
	TRIED_ALWAYS = 32, /* of a group's first packets: every preset looks at each */
	TRIED_EVERY = 64,  /* and then at every 64th */
};

struct wt_recogniser {
	struct wt_recogniser_totals totals;
	struct wt_recognised_group **groups; /* room for max_groups */
	uint32_t group_count, max_groups;
	/* Every connection of a client makes an address: they leave room for groups. */
	uint32_t unicast_count, max_unicast;
	struct wt_recognised_group **ordered; /* by address, as wt_recogniser_finish() found them */
	uint32_t ordered_count;
	uint32_t *table; /* index of a group + 1 by its hash; 0: free */
	uint32_t table_mask;
	char *interfaces[WT_RECOGNISE_INTERFACES]; /* the first is NULL: one without a name */
	uint32_t interface_count;
};

uint32_t wt_recogniser_interface(struct wt_recogniser *recogniser, const char *name)
{
	uint32_t count = recogniser->interface_count;

	if (!name || !*name || strlen(name) >= WT_FEED_INTERFACE_BYTES)
		return 0;
	for (uint32_t i = 1; i < count; i++)
		if (!strcmp(recogniser->interfaces[i], name))
			return i;
	if (count == WT_RECOGNISE_INTERFACES)
		return 0;
	recogniser->interfaces[count] = strdup(name);
	if (!recogniser->interfaces[count])
		return 0;
	recogniser->interface_count++;
	return count;
}

static uint32_t *find_slot(const struct wt_recogniser *recogniser,
                           const struct wt_feed_address *address, uint32_t interface)
{
	uint64_t where = wt_recognise_hash(address->ip, sizeof(address->ip)) ^
	                 (uint64_t)interface << 16 ^ address->port;
	uint32_t at = (uint32_t)wt_recognise_mix(where) & recogniser->table_mask;

	while (recogniser->table[at]) {
		const struct wt_recognised_group *group =
		        recogniser->groups[recogniser->table[at] - 1];
		const struct wt_feed_address *other = &group->told.address;

		if (group->interface == interface && other->port == address->port &&
		    other->is_ipv6 == address->is_ipv6 &&
		    !memcmp(other->ip, address->ip, sizeof(other->ip)))
			break;
		at = (at + 1) & recogniser->table_mask;
	}
	return &recogniser->table[at];
}

static bool is_multicast(const struct wt_feed_address *address)
{
	return address->is_ipv6 ? address->ip[0] == 0xff : (address->ip[0] & 0xf0) == 0xe0;
}

static struct wt_recognised_group *make_group(struct wt_recogniser *recogniser, uint32_t *slot,
                                              const struct wt_feed_address *address,
                                              uint32_t interface)
{
	struct wt_recognised_group *group;

	if (recogniser->group_count == recogniser->max_groups)
		return NULL;
	if (!is_multicast(address) && recogniser->unicast_count == recogniser->max_unicast)
		return NULL;
	group = calloc(1, sizeof(*group));
	if (!group)
		return NULL;
	group->interface = interface;
	group->told.address = *address;
	group->told.other_side = -1;
	group->told.first_ns = group->told.last_ns = INT64_MIN;
	if (recogniser->interfaces[interface])
		strcpy(group->told.address.interface, recogniser->interfaces[interface]);
	recogniser->groups[recogniser->group_count++] = group;
	recogniser->unicast_count += !is_multicast(address);
	*slot = recogniser->group_count;
	return group;
}

/* The datagram's group; NULL: there is no room for it. */
static struct wt_recognised_group *find_group(struct wt_recogniser *recogniser, uint32_t interface,
                                              const struct wt_udp_view *view)
{
	struct wt_feed_address address = {
	        .used = true,
	        .is_ipv6 = view->ip_version == 6,
	        .port = view->destination_port,
	};
	uint32_t *slot;

	memcpy(address.ip, view->destination, address.is_ipv6 ? 16 : 4);
	slot = find_slot(recogniser, &address, interface);
	if (*slot)
		return recogniser->groups[*slot - 1];
	return make_group(recogniser, slot, &address, interface);
}

static void count_source(struct wt_recognised_group *group, const struct wt_udp_view *view)
{
	uint64_t hash = (wt_recognise_hash(view->source, view->ip_version == 6 ? 16 : 4) ^
	                 view->source_port) |
	                1;

	for (uint32_t i = 0; i < WT_GROUP_SOURCES; i++) {
		if (group->sources[i] == hash)
			return;
		if (group->sources[i])
			continue;
		group->sources[i] = hash;
		group->told.sources++;
		return;
	}
}

static void count_packet(struct wt_recognised_group *group, const struct wt_udp_view *view,
                         int64_t stamp_ns)
{
	struct wt_recognised *told = &group->told;

	if (!told->packets++) {
		told->first_bytes = (uint8_t)(view->payload_bytes < WT_RECOGNISE_FIRST_BYTES
		                                      ? view->payload_bytes
		                                      : WT_RECOGNISE_FIRST_BYTES);
		memcpy(told->first, view->payload, told->first_bytes);
	}
	told->bytes += view->payload_wire_bytes;
	told->vlan += view->vlan_tags > 0;
	told->cut += view->payload_bytes < view->payload_wire_bytes;
	group->beside += wt_candidate_is_beside_rtp(view->payload, view->payload_bytes);
	count_source(group, view);
	if (stamp_ns == INT64_MIN)
		return;
	if (told->first_ns == INT64_MIN || stamp_ns < told->first_ns)
		told->first_ns = stamp_ns;
	if (stamp_ns > told->last_ns)
		told->last_ns = stamp_ns;
}

/* Make room for another candidate: a free place, or that of the one that accepted least, if it
 * rejected most packets. NULL: no room, or no memory. */
static struct wt_candidate *make_candidate(struct wt_recognised_group *group)
{
	struct wt_candidate *least = group->candidates[0];

	for (size_t i = 0; i < WT_CANDIDATES; i++) {
		struct wt_candidate *candidate = group->candidates[i];

		if (!candidate)
			return group->candidates[i] = calloc(1, sizeof(*candidate));
		if (candidate->accepted < least->accepted)
			least = candidate;
	}
	/* It may not have seen the current packet yet. */
	if (least->accepted * 2 + 2 > group->told.packets)
		return NULL;
	memset(least, 0, sizeof(*least));
	return least;
}

static struct wt_candidate *find_candidate(const struct wt_recognised_group *group,
                                           const struct wt_preset *preset)
{
	for (size_t i = 0; i < WT_CANDIDATES; i++)
		if (group->candidates[i] && group->candidates[i]->preset == preset)
			return group->candidates[i];
	return NULL;
}

static void try_preset(struct wt_recognised_group *group, const struct wt_preset *preset,
                       const struct wt_candidate_packet *packet)
{
	struct wt_candidate *candidate = find_candidate(group, preset);
	struct wt_feed_proof proof =
	        wt_preset_prove(preset, packet->payload, packet->bytes, packet->wire_bytes);

	if (!proof.score)
		return;
	if (!candidate) {
		candidate = make_candidate(group);
		if (!candidate)
			return;
		candidate->preset = preset;
	}
	wt_candidate_add(candidate, packet, proof);
}

/* Weigh a packet. After a group's first ones only candidates look at each, other presets at every
 * 64th. */
static void weigh_packet(struct wt_recognised_group *group,
                         const struct wt_candidate_packet *packet)
{
	uint64_t number = group->told.packets;

	if (number <= TRIED_ALWAYS || number % TRIED_EVERY == 0) {
		for (size_t i = 0; i < wt_preset_count; i++)
			try_preset(group, wt_presets[i], packet);
		return;
	}
	for (size_t i = 0; i < WT_CANDIDATES; i++)
		if (group->candidates[i])
			try_preset(group, group->candidates[i]->preset, packet);
}

static void take_datagram(struct wt_recogniser *recogniser, uint32_t interface,
                          const struct wt_udp_view *view, int64_t stamp_ns)
{
	struct wt_recognised_group *group = find_group(recogniser, interface, view);
	struct wt_candidate_packet packet = {
	        .payload = view->payload,
	        .bytes = view->payload_bytes,
	        .wire_bytes = view->payload_wire_bytes,
	        .stamp_ns = stamp_ns,
	};

	if (!group) {
		recogniser->totals.beyond_groups++;
		return;
	}
	recogniser->totals.udp++;
	count_packet(group, view, stamp_ns);
	weigh_packet(group, &packet);
}

void wt_recogniser_frame(struct wt_recogniser *recogniser, uint32_t interface, uint16_t link_type,
                         const struct wt_frame *frame, bool has_stamp)
{
	const struct wt_headers_config config = {.link_type = link_type};
	struct wt_recogniser_totals *totals = &recogniser->totals;
	struct wt_headers headers;
	struct wt_udp_view view;

	wt_headers_read(&headers, &config, frame->data, frame->caplen);
	totals->frames++;
	totals->tunnelled += wt_headers_is_tunnelled(&headers);
	switch (wt_udp_from_headers(&view, &headers, frame->data)) {
	case 0:
		take_datagram(recogniser, interface < recogniser->interface_count ? interface : 0,
		              &view, has_stamp ? frame->stamp_ns : INT64_MIN);
		break;
	case -EMSGSIZE:
		totals->fragments++;
		break;
	case -ENOTSUP:
		totals->unknown_link++;
		break;
	default:
		totals->other++;
	}
}

void wt_recogniser_totals(const struct wt_recogniser *recogniser,
                          struct wt_recogniser_totals *totals)
{
	*totals = recogniser->totals;
}

/* Whether channels speak for this one of two headers that are equal byte by byte: groups of MITCH
 * are letters or digits, units of PITCH are small numbers. */
static bool speaks_for_itself(const struct wt_candidate *candidate)
{
	bool mitch = !strcmp(candidate->preset->name, "mitch");

	return mitch == candidate->alnum_channels;
}

static bool same_header(const struct wt_preset *a, const struct wt_preset *b)
{
	return a->header_bytes == b->header_bytes && a->order == b->order &&
	       a->number.offset == b->number.offset && a->number.bytes == b->number.bytes &&
	       a->count.offset == b->count.offset && a->count.bytes == b->count.bytes &&
	       a->channel.offset == b->channel.offset && a->channel.bytes == b->channel.bytes;
}

/* Whether `a` matches the group better than `b`. */
static bool is_better(const struct wt_candidate *a, unsigned a_percent,
                      const struct wt_candidate *b, unsigned b_percent)
{
	if (a_percent != b_percent)
		return a_percent > b_percent;
	if (same_header(a->preset, b->preset))
		return speaks_for_itself(a) && !speaks_for_itself(b);
	if (a->follows != b->follows)
		return a->follows > b->follows;
	return a->time_near > b->time_near;
}

/* Certainty of a candidate about the packets that can be its own. */
static unsigned percent_of(const struct wt_recognised_group *group,
                           const struct wt_candidate *candidate)
{
	uint64_t packets = group->told.packets;

	if (candidate->preset->number_bits <= 16)
		packets -= group->beside;
	return wt_candidate_percent(candidate, packets);
}

/* A candidate that is nearly as sure as the best cannot be told from it. */
static void name_other(struct wt_recognised_group *group)
{
	enum { NEARLY = 3 };
	struct wt_recognised *told = &group->told;

	for (size_t i = 0; i < WT_CANDIDATES; i++) {
		const struct wt_candidate *candidate = group->candidates[i];
		unsigned percent;

		if (!candidate || candidate == group->best)
			continue;
		percent = percent_of(group, candidate);
		if (percent + NEARLY >= told->percent)
			told->or_else = candidate->preset;
	}
}

static void find_best(struct wt_recognised_group *group)
{
	struct wt_recognised *told = &group->told;

	group->best = NULL;
	told->percent = 0;
	for (size_t i = 0; i < WT_CANDIDATES; i++) {
		struct wt_candidate *candidate = group->candidates[i];
		unsigned percent;

		if (!candidate || !candidate->preset)
			continue;
		percent = percent_of(group, candidate);
		if (!group->best || is_better(candidate, percent, group->best, told->percent)) {
			group->best = candidate;
			told->percent = percent;
		}
	}
	if (told->percent < WT_RECOGNISED_PERHAPS)
		group->best = NULL;
}

static void tell(struct wt_recognised_group *group)
{
	struct wt_recognised *told = &group->told;
	struct wt_candidate *best;

	told->preset = told->or_else = NULL;
	told->other_side = -1;
	told->is_b = false;
	told->holds[0] = told->channel[0] = told->session[0] = '\0';
	find_best(group);
	best = group->best;
	if (!best)
		return;
	wt_candidate_sort(best);
	told->preset = best->preset;
	told->kind = wt_candidate_kind(best);
	told->streams = wt_candidate_streams(best);
	told->restarts = best->restarts;
	wt_candidate_holds(best, told->holds);
	memcpy(told->channel, best->channel, sizeof(told->channel));
	memcpy(told->session, best->session, sizeof(told->session));
	name_other(group);
}

static int by_address(const void *left, const void *right)
{
	const struct wt_recognised_group *a = *(const struct wt_recognised_group *const *)left;
	const struct wt_recognised_group *b = *(const struct wt_recognised_group *const *)right;
	const struct wt_feed_address *x = &a->told.address, *y = &b->told.address;
	int ip = memcmp(x->ip, y->ip, sizeof(x->ip));

	if (x->is_ipv6 != y->is_ipv6)
		return x->is_ipv6 - y->is_ipv6;
	if (ip)
		return ip;
	if (x->port != y->port)
		return x->port - y->port;
	return strcmp(x->interface, y->interface);
}

static bool same_address(const struct wt_recognised_group *a, const struct wt_recognised_group *b)
{
	const struct wt_feed_address *x = &a->told.address, *y = &b->told.address;

	return x->is_ipv6 == y->is_ipv6 && x->port == y->port &&
	       !memcmp(x->ip, y->ip, sizeof(x->ip));
}

static void find_shared_addresses(struct wt_recognised_group *const *groups, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		groups[i]->told.interface_matters =
		        (i && same_address(groups[i - 1], groups[i])) ||
		        (i + 1 < count && same_address(groups[i], groups[i + 1]));
}

static int put_in_order(struct wt_recogniser *recogniser)
{
	uint32_t count = recogniser->group_count;

	free(recogniser->ordered);
	recogniser->ordered_count = 0;
	recogniser->ordered = calloc(count ? count : 1, sizeof(recogniser->ordered[0]));
	if (!recogniser->ordered)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		recogniser->ordered[i] = recogniser->groups[i];
	recogniser->ordered_count = count;
	qsort(recogniser->ordered, count, sizeof(recogniser->ordered[0]), by_address);
	return 0;
}

int wt_recogniser_finish(struct wt_recogniser *recogniser)
{
	int rc = put_in_order(recogniser);

	if (rc)
		return rc;
	find_shared_addresses(recogniser->ordered, recogniser->ordered_count);
	for (uint32_t i = 0; i < recogniser->ordered_count; i++)
		tell(recogniser->ordered[i]);
	wt_recognise_pairs(recogniser->ordered, recogniser->ordered_count);
	return 0;
}

uint32_t wt_recogniser_count(const struct wt_recogniser *recogniser)
{
	return recogniser->ordered_count;
}

const struct wt_recognised *wt_recogniser_group(const struct wt_recogniser *recogniser,
                                                uint32_t index)
{
	assert(index < recogniser->ordered_count);
	return &recogniser->ordered[index]->told;
}

const char *wt_recognised_word(unsigned percent)
{
	if (percent >= WT_RECOGNISED_SURE)
		return "sure";
	if (percent >= WT_RECOGNISED_LIKELY)
		return "likely";
	return percent >= WT_RECOGNISED_PERHAPS ? "perhaps" : "not recognised";
}

void wt_recogniser_close(struct wt_recogniser *recogniser)
{
	if (!recogniser)
		return;
	for (uint32_t i = 0; i < recogniser->group_count; i++) {
		for (size_t j = 0; j < WT_CANDIDATES; j++)
			free(recogniser->groups[i]->candidates[j]);
		free(recogniser->groups[i]);
	}
	for (uint32_t i = 1; i < recogniser->interface_count; i++)
		free(recogniser->interfaces[i]);
	free(recogniser->ordered);
	free(recogniser->groups);
	free(recogniser->table);
	free(recogniser);
}

/* The table is at most half full. */
static uint32_t table_size(uint32_t groups)
{
	uint32_t size = 16;

	while (size < 2 * groups)
		size *= 2;
	return size;
}

int wt_recogniser_open(struct wt_recogniser **recogniser, const struct wt_recogniser_config *config,
                       struct wt_error *err)
{
	struct wt_recogniser *made = calloc(1, sizeof(*made));
	uint32_t size;

	if (!made)
		return wt_error_set(err, -ENOMEM, "no memory to recognise feeds");
	made->max_groups = config->max_groups ? config->max_groups : GROUPS;
	if (made->max_groups > GROUPS_MOST)
		made->max_groups = GROUPS_MOST;
	made->max_unicast = made->max_groups - made->max_groups / 4;
	size = table_size(made->max_groups);
	made->table_mask = size - 1;
	made->interface_count = 1;
	made->groups = calloc(made->max_groups, sizeof(made->groups[0]));
	made->table = calloc(size, sizeof(made->table[0]));
	if (!made->groups || !made->table) {
		wt_recogniser_close(made);
		return wt_error_set(err, -ENOMEM, "no memory to recognise feeds");
	}
	*recogniser = made;
	return 0;
}
