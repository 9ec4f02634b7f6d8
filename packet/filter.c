/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/packet/filter.h>

#include <errno.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/packet/filter_job.h>

/* pcap's bpf_insn and the kernel's sock_filter are the same eight bytes. */
_Static_assert(sizeof(struct bpf_insn) == sizeof(struct sock_filter), "linux/filter.h");

enum { LINKTYPE_ETHERNET = 1 };

static int keep_program(struct wt_filter *filter, const struct bpf_program *compiled,
                        struct wt_error *err)
{
	size_t bytes = compiled->bf_len * sizeof(struct sock_filter);

	filter->code = malloc(bytes);
	if (!filter->code)
		return wt_error_set(err, -ENOMEM, "no memory for the filter");
	memcpy(filter->code, compiled->bf_insns, bytes);
	filter->count = compiled->bf_len;
	return 0;
}

/* A live handle makes libpcap look for VLAN tags where the kernel has them; a dead one would not.
 * The interface does not matter except for its link type, so this uses one that always exists. The
 * protocol matches no packet (0 means all, and the kernel sees the lower 16 bits of this number):
 * so the socket receives nothing, even if the interface is down. */
static int open_live(pcap_t **handle, uint32_t snaplen, struct wt_error *err)
{
	enum { SMALLEST_BUFFER = 65536, NO_PROTOCOL = 0x10000 };
	char message[PCAP_ERRBUF_SIZE];
	int rc;

	*handle = pcap_create("lo", message);
	if (!*handle)
		return wt_error_set(err, -ENOMEM, "cannot compile a filter: %s", message);
	pcap_set_snaplen(*handle, (int)snaplen);
	pcap_set_buffer_size(*handle, SMALLEST_BUFFER);
	pcap_set_immediate_mode(*handle, 1);
	pcap_set_protocol_linux(*handle, NO_PROTOCOL);
	rc = pcap_activate(*handle);
	if (rc >= 0 && pcap_datalink(*handle) == DLT_EN10MB)
		return 0;
	wt_error_set(err, -EINVAL,
	             "cannot compile a filter for an interface: libpcap does not open lo: %s",
	             rc < 0 ? pcap_geterr(*handle) : "it is no Ethernet interface");
	pcap_close(*handle);
	return -EINVAL;
}

/* libpcap's interfaces take its own numbers (DLT_*), which differ from the file's
 * (LINKTYPE_*) for bare IP. */
static int dlt_of(int link_type)
{
	enum { LINKTYPE_RAW = 101 };

	return link_type == LINKTYPE_RAW ? DLT_RAW : link_type;
}

/* Only Ethernet has VLAN tags, for libpcap as for the kernel. */
static int open_handle(pcap_t **handle, const struct wt_filter_config *config, struct wt_error *err)
{
	if (config->is_live && config->link_type == LINKTYPE_ETHERNET && *config->expression)
		return open_live(handle, config->snaplen, err);
	*handle = pcap_open_dead(dlt_of(config->link_type), (int)config->snaplen);
	return *handle ? 0 : wt_error_set(err, -ENOMEM, "no memory for the filter compiler");
}

static bool is_in_a_hurry(void *context)
{
	const struct wt_filter_config *config = context;

	return *config->abort_writes != 0;
}

static int compile(struct wt_filter *filter, struct wt_filter_config *config, struct wt_error *err)
{
	const struct wt_patience patience = {is_in_a_hurry, config};
	struct bpf_program compiled;
	struct wt_error why = {0};
	pcap_t *handle;
	int rc = open_handle(&handle, config, err);

	if (rc)
		return rc;
	rc = wt_filter_job(&compiled, handle, config->expression, true,
	                   config->abort_writes && *config->expression ? &patience : NULL, &why);
	if (rc == -EINVAL)
		return wt_error_set(err, rc, "filter '%.300s': %s", config->expression, why.text);
	if (rc)
		return wt_error_set(err, rc, "%s", why.text);
	filter->is_live = config->is_live;
	rc = keep_program(filter, &compiled, err);
	pcap_freecode(&compiled);
	return rc;
}

int wt_filter_compile(struct wt_filter *filter, const struct wt_filter_config *config,
                      struct wt_error *err)
{
	struct wt_filter_config filled = *config;

	*filter = (struct wt_filter){0};
	if (!filled.expression)
		filled.expression = "";
	return compile(filter, &filled, err);
}

/* Frame as the kernel's filter sees it. */
struct view {
	const struct wt_frame *frame;
	uint32_t taken; /* bytes of a tag in the frame that the kernel's copy lacks */
	int interface_index;
};

enum { ADDRESSES_BYTES = 12, TAG_BYTES = 4 };

/* Metadata that the kernel has for a packet. */
static bool load_ancillary(const struct view *view, uint32_t what, uint32_t *value)
{
	const struct wt_frame *frame = view->frame;

	switch (what) {
	case SKF_AD_PKTTYPE: {
		enum { HOST = 0, BROADCAST = 1, MULTICAST = 2, OTHERHOST = 3, OUTGOING = 4 };
		uint32_t reception = frame->link_flags & WT_LINK_RECEPTION_MASK;

		if ((frame->link_flags & WT_LINK_DIRECTION_MASK) == WT_LINK_OUTBOUND)
			*value = OUTGOING;
		else if (reception == WT_LINK_BROADCAST)
			*value = BROADCAST;
		else if (reception == WT_LINK_MULTICAST)
			*value = MULTICAST;
		else
			*value = reception == WT_LINK_PROMISCUOUS ? OTHERHOST : HOST;
		return true;
	}
	case SKF_AD_IFINDEX:
		*value = (uint32_t)view->interface_index;
		return true;
	case SKF_AD_VLAN_TAG_PRESENT:
		*value = view->taken != 0;
		return true;
	case SKF_AD_VLAN_TAG:
		*value = view->taken ? frame->vlan_tci : 0;
		return true;
	case SKF_AD_VLAN_TPID:
		*value = view->taken ? (uint32_t)(frame->data[12] << 8 | frame->data[13]) : 0;
		return true;
	default:
		return false;
	}
}

/* False ends the program with 0, as it does in the kernel. */
static bool load(const struct view *view, uint32_t at, uint32_t bytes, uint32_t *value)
{
	uint32_t there = view->frame->caplen - view->taken;

	*value = 0;
	if (at >= (uint32_t)SKF_AD_OFF)
		return load_ancillary(view, at - (uint32_t)SKF_AD_OFF, value);
	if (at > there || bytes > there - at)
		return false;
	for (; bytes; bytes--, at++)
		*value = *value << 8 |
		         view->frame->data[at < ADDRESSES_BYTES ? at : at + view->taken];
	return true;
}

static uint32_t calculate(uint16_t operation, uint32_t a, uint32_t b)
{
	switch (operation) {
	case BPF_ADD:
		return a + b;
	case BPF_SUB:
		return a - b;
	case BPF_MUL:
		return a * b;
	case BPF_DIV:
		return b ? a / b : 0;
	case BPF_MOD:
		return b ? a % b : 0;
	case BPF_OR:
		return a | b;
	case BPF_AND:
		return a & b;
	case BPF_XOR:
		return a ^ b;
	case BPF_LSH:
		return b < 32 ? a << b : 0;
	case BPF_RSH:
		return b < 32 ? a >> b : 0;
	case BPF_NEG:
		return -a;
	default:
		return 0;
	}
}

static bool compare(uint16_t operation, uint32_t a, uint32_t b)
{
	switch (operation) {
	case BPF_JEQ:
		return a == b;
	case BPF_JGT:
		return a > b;
	case BPF_JGE:
		return a >= b;
	case BPF_JSET:
		return (a & b) != 0;
	default:
		return false;
	}
}

struct machine {
	uint32_t a;
	uint32_t x;
	uint32_t memory[BPF_MEMWORDS];
};

/* Execute LD and LDX. */
static bool load_register(struct machine *machine, const struct view *view,
                          const struct sock_filter *code)
{
	static const uint8_t sizes[] = {[BPF_W >> 3] = 4, [BPF_H >> 3] = 2, [BPF_B >> 3] = 1, 0};
	uint32_t bytes = sizes[BPF_SIZE(code->code) >> 3];
	uint32_t *into = BPF_CLASS(code->code) == BPF_LD ? &machine->a : &machine->x;
	uint32_t at = machine->x + code->k;
	uint32_t head;

	switch (BPF_MODE(code->code)) {
	case BPF_IMM:
		*into = code->k;
		return true;
	case BPF_MEM:
		*into = machine->memory[code->k % BPF_MEMWORDS];
		return true;
	case BPF_LEN:
		*into = view->frame->len - view->taken;
		return true;
	case BPF_ABS:
		return load(view, code->k, bytes, into);
	case BPF_IND:
		return at <= INT32_MAX && load(view, at, bytes, into);
	case BPF_MSH:
		if (code->k > INT32_MAX || !load(view, code->k, 1, &head))
			return false;
		*into = (head & 0xf) * 4;
		return true;
	default:
		return false;
	}
}

/* Jumps only go forward, so it ends. */
static uint32_t run(const struct wt_filter *filter, const struct view *view)
{
	struct machine machine = {0};

	for (uint64_t at = 0; at < filter->count; at++) {
		const struct sock_filter *code = &filter->code[at];
		uint32_t operand = BPF_SRC(code->code) == BPF_X ? machine.x : code->k;

		switch (BPF_CLASS(code->code)) {
		case BPF_LD:
		case BPF_LDX:
			if (!load_register(&machine, view, code))
				return 0;
			break;
		case BPF_ST:
			machine.memory[code->k % BPF_MEMWORDS] = machine.a;
			break;
		case BPF_STX:
			machine.memory[code->k % BPF_MEMWORDS] = machine.x;
			break;
		case BPF_ALU:
			machine.a = calculate(BPF_OP(code->code), machine.a, operand);
			break;
		case BPF_JMP:
			if (BPF_OP(code->code) == BPF_JA)
				at += code->k;
			else
				at += compare(BPF_OP(code->code), machine.a, operand) ? code->jt
				                                                      : code->jf;
			break;
		case BPF_RET:
			return BPF_RVAL(code->code) == BPF_A ? machine.a : code->k;
		case BPF_MISC:
			if (BPF_MISCOP(code->code) == BPF_TAX)
				machine.x = machine.a;
			else
				machine.a = machine.x;
			break;
		}
	}
	return 0;
}

bool wt_filter_passes(const struct wt_filter *filter, const struct wt_frame *frame)
{
	bool has_tag = filter->is_live && frame->notes & WT_FRAME_VLAN &&
	               frame->caplen >= ADDRESSES_BYTES + TAG_BYTES;
	struct view view = {frame, has_tag ? TAG_BYTES : 0, filter->interface_index};

	return !filter->count || run(filter, &view);
}

void wt_filter_free(struct wt_filter *filter)
{
	free(filter->code);
	*filter = (struct wt_filter){0};
}
