/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/stamp/sim_nic_spec.h>

#include <stdlib.h>
#include <string.h>

#include <wiretape/base/quantity.h>
#include <wiretape/base/spec.h>
#include <wiretape/stamp/capabilities.h>

/* A century: no sum of a time of today and this overflows. */
#define CENTURY_NS UINT64_C(3155760000000000000)

enum { SECOND_NS = 1000000000, TAI_MAX = 1000, PHC_MAX = 9999, PPM_MAX = 100000 };

/* "12.5" or "-12.5", up to PPM_MAX. */
static bool take_ppm(const struct wt_spec_key *key, void *target, const char *value)
{
	bool is_negative = *value == '-';
	struct wt_decimal number;
	double ppm;

	if (wt_parse_decimal(value + is_negative, &number, NULL))
		return false;
	ppm = (double)number.numerator / (double)number.denominator;
	if (ppm > PPM_MAX)
		return false;
	if (is_negative)
		ppm = -ppm;
	memcpy((char *)target + key->offset, &ppm, sizeof(ppm));
	return true;
}

static bool parse_name(const char *text, const char *(*name)(unsigned), int *value)
{
	for (unsigned i = 0; name(i); i++) {
		if (strcmp(name(i), text))
			continue;
		*value = (int)i;
		return true;
	}
	return false;
}

static bool take_wander_period(const struct wt_spec_key *key, void *target, const char *value)
{
	struct wt_sim_nic_config *config = target;
	int64_t ns;

	if (wt_parse_duration(value, WT_UNIT_NS, &ns, NULL) || (uint64_t)ns < key->min ||
	    (uint64_t)ns > key->max)
		return false;
	config->wander_period_s = (double)ns / SECOND_NS;
	return true;
}

static bool take_tai(const struct wt_spec_key *key, void *target, const char *value)
{
	struct wt_sim_nic_config *config = target;
	bool is_negative = *value == '-';
	uint64_t seconds;

	(void)key;
	if (wt_parse_number(value + is_negative, 0, TAI_MAX, &seconds, NULL))
		return false;
	config->tai_offset_s = is_negative ? -(int)seconds : (int)seconds;
	return true;
}

static bool take_phc(const struct wt_spec_key *key, void *target, const char *value)
{
	struct wt_sim_nic_config *config = target;
	uint64_t index;

	(void)key;
	if (!strcmp(value, "no")) {
		config->phc_index = -1;
		return true;
	}
	if (wt_parse_number(value, 0, PHC_MAX, &index, NULL))
		return false;
	config->phc_index = (int)index;
	return true;
}

static bool take_rx_filter(const struct wt_spec_key *key, void *target, const char *value)
{
	struct wt_sim_nic_config *config = target;

	(void)key;
	return parse_name(value, wt_rx_filter_name, &config->rx_filter);
}

static bool take_tx_type(const struct wt_spec_key *key, void *target, const char *value)
{
	struct wt_sim_nic_config *config = target;

	(void)key;
	return parse_name(value, wt_tx_type_name, &config->tx_type);
}

/* "no" sets it: the configuration says what is absent. */
static bool take_absence(const struct wt_spec_key *key, void *target, const char *value)
{
	bool *absent = (bool *)((char *)target + key->offset);

	if (strcmp(value, "no") != 0 && strcmp(value, "yes") != 0)
		return false;
	*absent = !strcmp(value, "no");
	return true;
}

#define OF(member) offsetof(struct wt_sim_nic_config, member)

static const struct wt_spec_key keys[] = {
        {"ppm", "P", "how much faster than true time its clock runs [0]", take_ppm, OF(ppm), 0, 0},
        {"wander", "P", "ppm of a slow sine that is added to it [0]", take_ppm, OF(wander_ppm), 0,
         0},
        {"wander-period", "TIME", "of that sine [60s]", take_wander_period, 0, 1000000,
         UINT64_C(1000000000000000000)},
        {"offset", "TIME", "PHC - UTC at the start [0]; of TAI it is 37s", wt_spec_offset,
         OF(offset_ns), 0, CENTURY_NS},
        {"bracket", "TIME", "width of a reading's bracket, the least [1us]", wt_spec_ns,
         OF(bracket_ns), 1, SECOND_NS},
        {"noise", "TIME", "what chance adds to it, at most [0]", wt_spec_ns, OF(bracket_noise_ns),
         0, SECOND_NS},
        {"seed", "N", "of chance [0]", wt_spec_u64, OF(seed), 0, INT64_MAX},
        {"tai", "S", "TAI - UTC in s, as the kernel knows it [0: not told]", take_tai, 0, 0, 0},
        {"phc", "N|no", "its clock is /dev/ptpN, or it has none [0]", take_phc, 0, 0, 0},
        {"rx-filter", "NAME", "what is stamped already: none, all ... [none]", take_rx_filter, 0, 0,
         0},
        {"tx-type", "NAME", "likewise: off, on ... [off]", take_tx_type, 0, 0, 0},
        {"precise", "yes|no", "PTP_SYS_OFFSET_PRECISE works [yes]", take_absence, OF(no_precise), 0,
         0},
        {"extended", "yes|no", "PTP_SYS_OFFSET_EXTENDED works [yes]", take_absence, OF(no_extended),
         0, 0},
        {"netlink", "yes|no", "no: only the ioctl tells what it can stamp [yes]", take_absence,
         OF(no_netlink), 0, 0},
        {"permission", "yes|no", "stamping may be switched on and off [yes]", take_absence,
         OF(no_permission), 0, 0},
};

const struct wt_spec_form wt_sim_nic_form = {
        .noun = "a simulated NIC",
        .keys = keys,
        .key_count = sizeof(keys) / sizeof(keys[0]),
};

int wt_sim_nic_parse(struct wt_sim_nic_config *config, const char *text, struct wt_error *err)
{
	struct wt_sim_nic_config parsed = *config;
	int rc = wt_spec_parse(&wt_sim_nic_form, text, &parsed, err);

	if (!rc)
		*config = parsed;
	return rc;
}
