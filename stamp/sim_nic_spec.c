/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/stamp/sim_nic_spec.h>

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/stamp/capabilities.h>

/* Longer values there are none. */
enum { VALUE_BYTES = 40 };

typedef bool parse_value(struct wt_sim_nic_config *config, const char *value);

static bool parse_integer(const char *text, int64_t min, int64_t max, int64_t *value)
{
	char *end;
	long long number;

	if (!isdigit((unsigned char)text[0]) && text[0] != '-')
		return false;
	errno = 0;
	number = strtoll(text, &end, 10);
	if (errno || end == text || *end || number < min || number > max)
		return false;
	*value = number;
	return true;
}

static bool parse_real(const char *text, double min, double max, double *value)
{
	char *end;
	double number = strtod(text, &end);

	if (end == text || *end || isspace((unsigned char)text[0]) ||
	    !(number >= min && number <= max))
		return false;
	*value = number;
	return true;
}

/* "no" sets it: the configuration says what is absent. */
static bool parse_absence(const char *text, bool *absent)
{
	*absent = !strcmp(text, "no");
	return *absent || !strcmp(text, "yes");
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

static bool set_ppm(struct wt_sim_nic_config *config, const char *value)
{
	return parse_real(value, -1e5, 1e5, &config->ppm);
}

static bool set_wander(struct wt_sim_nic_config *config, const char *value)
{
	return parse_real(value, -1e5, 1e5, &config->wander_ppm);
}

static bool set_wander_period(struct wt_sim_nic_config *config, const char *value)
{
	double seconds;

	if (!parse_real(value, 1e6, 1e18, &seconds))
		return false;
	config->wander_period_s = seconds / 1e9;
	return true;
}

/* Up to a century to either side, so that no sum overflows. */
static bool set_offset(struct wt_sim_nic_config *config, const char *value)
{
	const int64_t century_ns = INT64_C(3155760000000000000);

	return parse_integer(value, -century_ns, century_ns, &config->offset_ns);
}

static bool set_bracket(struct wt_sim_nic_config *config, const char *value)
{
	return parse_integer(value, 1, 1000000000, &config->bracket_ns);
}

static bool set_noise(struct wt_sim_nic_config *config, const char *value)
{
	return parse_integer(value, 0, 1000000000, &config->bracket_noise_ns);
}

static bool set_seed(struct wt_sim_nic_config *config, const char *value)
{
	int64_t seed;

	if (!parse_integer(value, 0, INT64_MAX, &seed))
		return false;
	config->seed = (uint64_t)seed;
	return true;
}

static bool set_tai(struct wt_sim_nic_config *config, const char *value)
{
	int64_t seconds;

	if (!parse_integer(value, -1000, 1000, &seconds))
		return false;
	config->tai_offset_s = (int)seconds;
	return true;
}

static bool set_phc(struct wt_sim_nic_config *config, const char *value)
{
	int64_t index = -1;

	if (strcmp(value, "no") && !parse_integer(value, 0, 9999, &index))
		return false;
	config->phc_index = (int)index;
	return true;
}

static bool set_rx_filter(struct wt_sim_nic_config *config, const char *value)
{
	return parse_name(value, wt_rx_filter_name, &config->rx_filter);
}

static bool set_tx_type(struct wt_sim_nic_config *config, const char *value)
{
	return parse_name(value, wt_tx_type_name, &config->tx_type);
}

static bool set_precise(struct wt_sim_nic_config *config, const char *value)
{
	return parse_absence(value, &config->no_precise);
}

static bool set_extended(struct wt_sim_nic_config *config, const char *value)
{
	return parse_absence(value, &config->no_extended);
}

static bool set_netlink(struct wt_sim_nic_config *config, const char *value)
{
	return parse_absence(value, &config->no_netlink);
}

static bool set_permission(struct wt_sim_nic_config *config, const char *value)
{
	return parse_absence(value, &config->no_permission);
}

static const struct known_key {
	struct wt_sim_nic_key key;
	parse_value *parse;
} keys[] = {
        {{"ppm", "P", "how much faster than true time its clock runs [0]"}, set_ppm},
        {{"wander", "P", "ppm of a slow sine that is added to it [0]"}, set_wander},
        {{"wander-period", "NS", "of that sine [60000000000]"}, set_wander_period},
        {{"offset", "NS", "PHC - UTC at the start [0]; of TAI it is 37000000000"}, set_offset},
        {{"bracket", "NS", "width of a reading's bracket, the least [1000]"}, set_bracket},
        {{"noise", "NS", "what chance adds to it, at most [0]"}, set_noise},
        {{"seed", "N", "of chance [0]"}, set_seed},
        {{"tai", "S", "TAI - UTC in s, as the kernel knows it [0: not told]"}, set_tai},
        {{"phc", "N|no", "its clock is /dev/ptpN, or it has none [0]"}, set_phc},
        {{"rx-filter", "NAME", "what is stamped already: none, all ... [none]"}, set_rx_filter},
        {{"tx-type", "NAME", "likewise: off, on ... [off]"}, set_tx_type},
        {{"precise", "yes|no", "PTP_SYS_OFFSET_PRECISE works [yes]"}, set_precise},
        {{"extended", "yes|no", "PTP_SYS_OFFSET_EXTENDED works [yes]"}, set_extended},
        {{"netlink", "yes|no", "no: only the ioctl tells what it can stamp [yes]"}, set_netlink},
        {{"permission", "yes|no", "stamping may be switched on and off [yes]"}, set_permission},
};
enum { KEYS = sizeof(keys) / sizeof(keys[0]) };

static const struct known_key *find_key(const char *name, size_t length)
{
	for (size_t i = 0; i < KEYS; i++)
		if (strlen(keys[i].key.name) == length && !memcmp(keys[i].key.name, name, length))
			return &keys[i];
	return NULL;
}

static int refuse_key(const char *item, size_t length, struct wt_error *err)
{
	char known[200];
	size_t used = 0;

	for (size_t i = 0; i < KEYS; i++)
		used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s", i ? ", " : "",
		                         keys[i].key.name);
	return wt_error_set(err, -EINVAL, "a simulated NIC has no '%.*s'; there are %s",
	                    length > VALUE_BYTES ? VALUE_BYTES : (int)length, item, known);
}

static int parse_item(struct wt_sim_nic_config *config, const char *item, size_t length,
                      struct wt_error *err)
{
	const char *equals = memchr(item, '=', length);
	size_t name_length = equals ? (size_t)(equals - item) : length;
	const struct known_key *known = find_key(item, name_length);
	char value[VALUE_BYTES] = "";
	size_t value_length;

	if (!known)
		return refuse_key(item, name_length, err);
	value_length = equals ? length - name_length - 1 : 0;
	if (value_length && value_length < sizeof(value)) {
		memcpy(value, equals + 1, value_length);
		if (known->parse(config, value))
			return 0;
	}
	return wt_error_set(
	        err, -EINVAL, "a simulated NIC's %s is not '%.*s': %s=%s, %s", known->key.name,
	        value_length > VALUE_BYTES ? VALUE_BYTES : (int)value_length,
	        equals ? equals + 1 : "", known->key.name, known->key.values, known->key.meaning);
}

int wt_sim_nic_parse(struct wt_sim_nic_config *config, const char *text, struct wt_error *err)
{
	struct wt_sim_nic_config parsed = *config;

	while (*text) {
		size_t length = strcspn(text, ",");
		int ret = parse_item(&parsed, text, length, err);

		if (ret)
			return ret;
		text += length;
		if (*text && !*++text)
			return refuse_key("", 0, err);
	}
	*config = parsed;
	return 0;
}

bool wt_sim_nic_knows(const char *key, size_t length)
{
	return find_key(key, length);
}

bool wt_sim_nic_key(size_t number, struct wt_sim_nic_key *key)
{
	if (number >= KEYS)
		return false;
	*key = keys[number].key;
	return true;
}
