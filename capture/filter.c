/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/filter.h>

#include <errno.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

/* pcap's bpf_insn and the kernel's sock_filter are the same eight bytes. */
_Static_assert(sizeof(struct bpf_insn) == sizeof(struct sock_filter), "linux/filter.h");

static int keep_program(struct wt_filter *filter, const struct bpf_program *compiled,
                        struct wt_error *err)
{
	size_t bytes = compiled->bf_len * sizeof(struct sock_filter);
	struct sock_filter *copy;

	if (compiled->bf_len > BPF_MAXINSNS)
		return wt_error_set(err, -E2BIG,
		                    "the filter is too long for the kernel: %u instructions, %d "
		                    "allowed; simplify it or record more and filter afterwards",
		                    compiled->bf_len, BPF_MAXINSNS);
	copy = malloc(bytes);
	if (!copy)
		return wt_error_set(err, -ENOMEM, "no memory for the filter");
	memcpy(copy, compiled->bf_insns, bytes);
	filter->program = (struct sock_fprog){(unsigned short)compiled->bf_len, copy};
	return 0;
}

static int compile(pcap_t *handle, struct wt_filter *filter, const char *expression,
                   struct wt_error *err)
{
	struct bpf_program compiled;
	int ret;

	if (pcap_compile(handle, &compiled, expression, 1, PCAP_NETMASK_UNKNOWN))
		return wt_error_set(err, -EINVAL, "filter '%s': %s", expression,
		                    pcap_geterr(handle));
	ret = keep_program(filter, &compiled, err);
	pcap_freecode(&compiled);
	return ret;
}

/* A live handle makes libpcap generate code that looks for VLAN tags and the
 * packet's direction where a socket filter finds them. A dead one would not. */
static pcap_t *live_handle(const char *interface, uint32_t snaplen)
{
	char message[PCAP_ERRBUF_SIZE];
	enum { SMALLEST_BUFFER = 65536 };
	pcap_t *handle = pcap_create(interface, message);

	if (!handle)
		return NULL;
	pcap_set_snaplen(handle, (int)snaplen);
	pcap_set_buffer_size(handle, SMALLEST_BUFFER);
	pcap_set_immediate_mode(handle, 1);
	if (pcap_activate(handle) < 0) {
		pcap_close(handle);
		return NULL;
	}
	return handle;
}

/* libpcap's interfaces take its own numbers (DLT_*), which differ from the file's
 * (LINKTYPE_*) for bare IP. */
static int dlt_of(int link_type)
{
	enum { LINKTYPE_RAW = 101 };

	return link_type == LINKTYPE_RAW ? DLT_RAW : link_type;
}

int wt_filter_compile(struct wt_filter *filter, const char *interface, int link_type,
                      uint32_t snaplen, const char *expression, struct wt_error *err)
{
	pcap_t *handle = NULL;
	int ret;

	filter->program = (struct sock_fprog){0};
	if (!expression)
		expression = "";
	if (interface && *expression)
		handle = live_handle(interface, snaplen);
	if (!handle)
		handle = pcap_open_dead(dlt_of(link_type), (int)snaplen);
	if (!handle)
		return wt_error_set(err, -ENOMEM, "no memory for the filter compiler");
	ret = compile(handle, filter, expression, err);
	pcap_close(handle);
	return ret;
}

bool wt_filter_passes(const struct wt_filter *filter, const uint8_t *packet, uint32_t caplen,
                      uint32_t len)
{
	struct bpf_program program = {filter->program.len, (void *)filter->program.filter};
	struct pcap_pkthdr header = {.caplen = caplen, .len = len};

	return !program.bf_len || pcap_offline_filter(&program, &header, packet);
}

void wt_filter_free(struct wt_filter *filter)
{
	free(filter->program.filter);
	filter->program = (struct sock_fprog){0};
}
