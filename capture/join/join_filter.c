/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/join/join_filter.h>

#include <assert.h>
#include <string.h>
#include <sys/socket.h>

/* Offsets in the header of each version. MLD has a hop-by-hop header with the router alert in front
 * (RFC 3810, 5), and nothing else of a group has. */
struct layout {
	uint8_t version;
	uint8_t protocol_at;
	uint8_t membership; /* the protocol of membership messages */
	uint8_t source_at;
	uint8_t group_at;
	uint8_t address_bytes;
	uint8_t header_bytes;
};

static const struct layout *layout_of(const struct wt_join_group *group)
{
	static const struct layout v4 = {0x40, 9, 2, 12, 16, 4, 20};
	static const struct layout v6 = {0x60, 6, 0, 8, 24, 16, 40};

	return group->family == AF_INET ? &v4 : &v6;
}

struct program {
	struct sock_filter *insns;
	size_t count;
};

static void emit(struct program *program, uint16_t code, uint8_t if_true, uint8_t if_false,
                 uint32_t k)
{
	program->insns[program->count++] = (struct sock_filter){code, if_true, if_false, k};
}

static uint32_t word(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       bytes[3];
}

/* Compare an address; where it differs, go to `end`. */
static void emit_address(struct program *program, const struct layout *layout, uint32_t at,
                         const uint8_t *address, size_t end)
{
	for (uint32_t i = 0; i < layout->address_bytes; i += 4) {
		emit(program, BPF_LD | BPF_W | BPF_ABS, 0, 0, at + i);
		emit(program, BPF_JMP | BPF_JEQ | BPF_K, 0, (uint8_t)(end - program->count - 1),
		     word(address + i));
	}
}

static size_t length_of(const struct wt_join_group *group)
{
	size_t addresses = group->has_source ? 2 : 1;

	return 6 + addresses * layout_of(group)->address_bytes / 2;
}

_Static_assert(6 + 2 * 16 / 2 == WT_JOIN_GROUP_INSNS, "the longest");

static void emit_group(struct program *program, const struct wt_join_group *group)
{
	const struct layout *layout = layout_of(group);
	size_t end = program->count + length_of(group);

	emit(program, BPF_LD | BPF_B | BPF_ABS, 0, 0, 0);
	emit(program, BPF_ALU | BPF_AND | BPF_K, 0, 0, 0xf0);
	emit(program, BPF_JMP | BPF_JEQ | BPF_K, 0, (uint8_t)(end - program->count - 1),
	     layout->version);
	emit(program, BPF_LD | BPF_B | BPF_ABS, 0, 0, layout->protocol_at);
	emit(program, BPF_JMP | BPF_JEQ | BPF_K, (uint8_t)(end - program->count - 1), 0,
	     layout->membership);
	emit_address(program, layout, layout->group_at, group->group, end);
	if (group->has_source)
		emit_address(program, layout, layout->source_at, group->source, end);
	emit(program, BPF_RET | BPF_K, 0, 0, WT_JOIN_PACKET_BYTES);
}

size_t wt_join_filter_make(struct sock_filter insns[WT_JOIN_FILTER_INSNS],
                           const struct wt_join_group *groups, size_t count, uint32_t mask)
{
	struct program program = {insns, 0};

	assert(count <= WT_JOIN_FILTER_GROUPS);
	for (size_t i = 0; i < count; i++)
		if (mask & 1u << i)
			emit_group(&program, &groups[i]);
	emit(&program, BPF_RET | BPF_K, 0, 0, 0);
	return program.count;
}

bool wt_join_filter_matches(const struct wt_join_group *group, const uint8_t *packet, size_t bytes)
{
	const struct layout *layout = layout_of(group);

	return bytes >= layout->header_bytes && (packet[0] & 0xf0) == layout->version &&
	       packet[layout->protocol_at] != layout->membership &&
	       !memcmp(packet + layout->group_at, group->group, layout->address_bytes) &&
	       (!group->has_source ||
	        !memcmp(packet + layout->source_at, group->source, layout->address_bytes));
}
