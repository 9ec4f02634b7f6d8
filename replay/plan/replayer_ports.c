/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/replay/plan/replayer_ports.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool is_left_out(const char *name)
{
	return !strcmp(name, "-");
}

static int add_port(struct wt_replayer_ports *ports, const char *name, struct wt_error *err)
{
	for (size_t i = 0; i < ports->count; i++)
		if (!strcmp(ports->names[i], name))
			return (int)i;
	if (ports->count == WT_REPLAYER_PORTS_MAX)
		return wt_error_set(err, -E2BIG, "more than %d interfaces to send on",
		                    WT_REPLAYER_PORTS_MAX);
	ports->names[ports->count] = name;
	return (int)ports->count++;
}

int wt_replayer_ports_init(struct wt_replayer_ports *ports, const struct wt_replayer_config *config,
                           bool is_sim, struct wt_error *err)
{
	int rc = 0;

	ports->config = config;
	ports->default_port = WT_PORT_NONE;
	if (config->target)
		rc = ports->default_port = add_port(ports, "udp", err);
	else if (config->interface)
		/* Name a simulation by "sim": its description has commas. */
		rc = ports->default_port = add_port(ports, is_sim ? "sim" : config->interface, err);
	for (size_t i = 0; config->made && i < config->made->interface_count && rc >= 0; i++)
		rc = add_port(ports, is_sim ? "sim" : config->made->interfaces[i], err);
	for (size_t i = 0; i < config->map_count && rc >= 0; i++)
		if (!is_left_out(config->maps[i].to))
			rc = config->target ? 0 : add_port(ports, config->maps[i].to, err);
	if (rc >= 0 && !ports->count)
		return wt_error_set(
		        err, -EINVAL,
		        "no interface was given to send on; name it with -i, or in --map "
		        "FROM=IFACE");
	return rc < 0 ? rc : 0;
}

static bool is_number(const char *text, uint32_t number)
{
	char digits[16];

	snprintf(digits, sizeof(digits), "%u", number);
	return !strcmp(text, digits);
}

/* Names take precedence over numbers, so that an interface called "0" can be told from the
 * first. */
int wt_replayer_port_of(const struct wt_replayer_ports *ports, const char *name, uint32_t number)
{
	const struct wt_replayer_config *config = ports->config;

	for (int by_name = 1; by_name >= 0; by_name--)
		for (size_t i = 0; i < config->map_count; i++) {
			const struct wt_replayer_map *map = &config->maps[i];

			if (by_name ? !name || strcmp(map->from, name)
			            : !is_number(map->from, number))
				continue;
			if (is_left_out(map->to))
				return WT_PORT_LEFT_OUT;
			if (config->target)
				return ports->default_port;
			for (size_t port = 0; port < ports->count; port++)
				if (!strcmp(ports->names[port], map->to))
					return (int)port;
		}
	return ports->default_port;
}
