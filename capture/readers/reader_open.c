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

static const char *const fanouts[WT_FANOUTS] = {
        [WT_FANOUT_NONE] = "none", [WT_FANOUT_QM] = "qm", [WT_FANOUT_CPU] = "cpu",
        [WT_FANOUT_HASH] = "hash", [WT_FANOUT_LB] = "lb",
};

const char *wt_fanout_name(enum wt_fanout fanout)
{
	return (unsigned)fanout < WT_FANOUTS ? fanouts[fanout] : "unknown";
}

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

static bool shares_out(enum wt_reader_kind kind)
{
	return kind == WT_READER_V3 || kind == WT_READER_SIM;
}

int wt_reader_open(struct wt_reader **reader, const struct wt_reader_config *config,
                   struct wt_error *err)
{
	struct wt_reader_config filled = *config;

	if ((unsigned)config->kind >= WT_READER_KINDS || !config->interface)
		return wt_error_set(err, -EINVAL, "a reader needs a kind and an interface");
	if (config->fanout != WT_FANOUT_NONE && !shares_out(config->kind))
		return wt_error_set(err, -ENOTSUP, "%s: the reader %s has no queues; v3 has",
		                    config->interface, wt_reader_kind_name(config->kind));
	if (!filled.snaplen)
		filled.snaplen = WT_DEFAULT_SNAPLEN;
	if (!filled.ring_bytes)
		filled.ring_bytes = config->kind == WT_READER_V2 ? WT_DEFAULT_RING_BYTES_V2
		                                                 : WT_DEFAULT_RING_BYTES;
	if (!filled.retire_timeout_ms)
		filled.retire_timeout_ms = WT_DEFAULT_RETIRE_TIMEOUT_MS;
	return kinds[config->kind].open(reader, &filled, err);
}
