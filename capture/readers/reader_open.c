/* SPDX-License-Identifier: BSD-2-Clause */
/* The one place that knows all readers. */
#include <wiretape/capture/readers/reader_private.h>

#include <errno.h>
#include <string.h>

static const struct {
	const char *name;
	int (*open)(struct wt_reader **reader, const struct wt_reader_config *config,
	            struct wt_error *err);
} kinds[WT_READER_KINDS] = {
        [WT_READER_V3] = {"v3", wt_gen02_tpacket_v3_open},
        [WT_READER_V2] = {"v2", wt_gen03_tpacket_v2_open},
        [WT_READER_RECV] = {"recv", wt_gen01_recv_open},
        [WT_READER_SIM] = {"sim", wt_gen04_sim_open},
        [WT_READER_UDP] = {"udp", wt_gen05_udp_open},
};

const char *wt_reader_kind_name(enum wt_reader_kind kind)
{
	return (unsigned)kind < WT_READER_KINDS ? kinds[kind].name : "unknown";
}

int wt_reader_kind_from_name(const char *name)
{
	for (int i = 0; i < WT_READER_KINDS; i++)
		if (!strcmp(name, kinds[i].name))
			return i;
	return -EINVAL;
}

int wt_reader_open(struct wt_reader **reader, const struct wt_reader_config *config,
                   struct wt_error *err)
{
	struct wt_reader_config filled = *config;

	if ((unsigned)config->kind >= WT_READER_KINDS || !config->interface)
		return wt_error_set(err, -EINVAL, "a reader needs a kind and an interface");
	if (!filled.snaplen)
		filled.snaplen = WT_DEFAULT_SNAPLEN;
	if (!filled.ring_bytes)
		filled.ring_bytes = config->kind == WT_READER_V2 ? WT_DEFAULT_RING_BYTES_V2
		                                                 : WT_DEFAULT_RING_BYTES;
	if (!filled.retire_timeout_ms)
		filled.retire_timeout_ms = WT_DEFAULT_RETIRE_TIMEOUT_MS;
	return kinds[config->kind].open(reader, &filled, err);
}
