/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/replay/plan/replayer_config.h>

#include <string.h>

static const char *const pace_names[WT_PACES] = {
        [WT_PACE_AUTO] = "auto",
        [WT_PACE_SPIN] = "spin",
        [WT_PACE_SLEEP] = "sleep",
        [WT_PACE_TXTIME] = "txtime",
};

static const char *const tx_names[WT_TX_KINDS] = {
        [WT_TX_AUTO] = "auto", [WT_TX_SOCKET] = "socket", [WT_TX_RING] = "ring",
        [WT_TX_UDP] = "udp",   [WT_TX_SIM] = "sim",
};

static const char *const tx_stamp_names[WT_TX_STAMPS] = {
        [WT_TX_STAMP_AUTO] = "auto",
        [WT_TX_STAMP_HARDWARE] = "hw",
        [WT_TX_STAMP_SOFTWARE] = "sw",
        [WT_TX_STAMP_OFF] = "off",
};

const char *wt_pace_name(enum wt_pace pace)
{
	return pace_names[pace];
}

const char *wt_tx_kind_name(enum wt_tx_kind kind)
{
	return tx_names[kind];
}

const char *wt_tx_stamp_name(enum wt_tx_stamp stamp)
{
	return tx_stamp_names[stamp];
}

int wt_tx_stamp_from_name(const char *name)
{
	for (int i = 0; i < WT_TX_STAMPS; i++)
		if (!strcmp(name, tx_stamp_names[i]))
			return i;
	return -1;
}

int wt_pace_from_name(const char *name)
{
	for (int i = 0; i < WT_PACES; i++)
		if (!strcmp(name, pace_names[i]))
			return i;
	return -1;
}

/* The simulation is chosen by its interface. */
int wt_tx_kind_from_name(const char *name)
{
	for (int i = 0; i < WT_TX_SIM; i++)
		if (!strcmp(name, tx_names[i]))
			return i;
	return -1;
}
