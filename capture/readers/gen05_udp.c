/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/readers/reader_private.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <wiretape/capture/readers/udp_ring.h>
#include <wiretape/capture/readers/udp_socket.h>
#include <wiretape/capture/readers/udp_spec.h>
#include <wiretape/packet/filter.h>

enum { LINKTYPE_RAW = 101 };

/* A reader for those without any capability: datagrams of one address and port. */
struct udp_reader {
	struct wt_reader reader;
	struct wt_udp_socket socket;
	struct wt_udp_spec spec;
	struct wt_reader_config config; /* for another socket */
	struct wt_filter filter;
	struct wt_link link; /* if an interface was named */
	struct wt_ring_statistics told;
	char *name;
};

static int start(struct wt_reader *reader, struct wt_error *err)
{
	int rc = wt_udp_socket_open_gate(&((struct udp_reader *)reader)->socket);

	return rc ? wt_error_set(err, rc, "cannot start to listen to %s: %s", reader->info.name,
	                         strerror(-rc))
	          : 0;
}

static int stop(struct wt_reader *reader)
{
	return wt_udp_ring_stop(reader->ring);
}

static int statistics(struct wt_reader *reader, struct wt_ring_statistics *since_last)
{
	struct wt_ring_statistics *told = &((struct udp_reader *)reader)->told, total;

	wt_udp_ring_count(reader->ring, &total);
	*since_last = (struct wt_ring_statistics){.packets = total.packets - told->packets,
	                                          .drops = total.drops - told->drops};
	*told = total;
	return 0;
}

static int health(struct wt_reader *reader)
{
	int pending;
	socklen_t length = sizeof(pending);

	/* Reading the error clears it, so that poll() can sleep again. */
	getsockopt(reader->fd, SOL_SOCKET, SO_ERROR, &pending, &length);
	return reader->info.link ? wt_link_state(reader->fd, reader->info.link->index) : 0;
}

/* A socket stays bound to the interface that is gone, and so do its memberships. An address that it
 * is not bound to an interface for comes back by itself. */
static int reattach(struct wt_reader *reader, struct wt_error *err)
{
	struct udp_reader *udp = (struct udp_reader *)reader;
	struct wt_link link;
	int rc = wt_link_read(udp->spec.interface, &link, err);

	if (rc)
		return rc;
	/* Datagrams that wait in the old socket are read first. */
	if (!wt_udp_ring_is_empty(reader->ring))
		return wt_error_set(err, -ENODEV, "%s is still being read", udp->name);
	if (udp->socket.bound_to_device || udp->spec.is_group) {
		wt_udp_ring_change_socket(reader->ring);
		rc = wt_udp_socket_reopen(&udp->socket, &udp->spec, udp->name, link.index,
		                          &udp->config, err);
		if (!rc)
			rc = start(reader, err);
	}
	if (rc)
		return rc;
	udp->link = link;
	wt_reader_renew_stamps(reader);
	return 0;
}

static void close_reader(struct wt_reader *reader)
{
	struct udp_reader *udp = (struct udp_reader *)reader;

	wt_ring_close(reader->ring);
	wt_udp_socket_close(&udp->socket);
	wt_reader_end_stamps(reader);
	wt_filter_free(&udp->filter);
	free(udp->name);
	free(udp);
}

/* Report degradations. */
static void tell_degraded(struct udp_reader *udp, const struct wt_reader_config *config)
{
	unsigned long long asked = config->ring_bytes, got = udp->socket.buffer_bytes;

	udp->reader.info.ring_bytes = got;
	if (*udp->spec.interface && !udp->socket.bound_to_device && !udp->spec.is_group)
		wt_reader_degrade(&udp->reader,
		                  "%s: datagrams from other interfaces are recorded, too: the "
		                  "kernel binds a socket to an interface only for CAP_NET_RAW",
		                  udp->name);
	if (udp->socket.busy_poll_refusal)
		wt_reader_degrade(&udp->reader, "%s: no busy polling: %s; it takes CAP_NET_ADMIN",
		                  udp->name, strerror(-udp->socket.busy_poll_refusal));
	if (got < asked / 100 * 99)
		wt_reader_degrade(&udp->reader,
		                  "%s: socket buffer of %llu bytes asked, %llu got: without "
		                  "CAP_NET_ADMIN net.core.rmem_max is the limit",
		                  udp->name, asked, got);
}

static void describe(struct udp_reader *udp, const struct wt_reader_config *config)
{
	udp->config = *config;
	udp->reader.fd = udp->socket.fd;
	udp->reader.info = (struct wt_reader_info){
	        .name = udp->name,
	        .kind = WT_READER_UDP,
	        .link_type = LINKTYPE_RAW,
	        .snaplen = config->snaplen,
	        .ring_bytes_asked = config->ring_bytes,
	        .link = *udp->spec.interface ? &udp->link : NULL,
	        .wakes_for_each_frame = true,
	        .rebuilds_headers = true,
	};
	tell_degraded(udp, config);
}

/* The NIC's stamps are those of one NIC, and only SO_TIMESTAMPING brings them. */
static int begin_stamps(struct udp_reader *udp, const struct wt_reader_config *config,
                        struct wt_error *err)
{
	struct wt_system *system = config->system ? config->system : wt_kernel_system();
	bool possible = *udp->spec.interface && config->socket_stamp == WT_SOCKET_STAMP_ALL;
	struct wt_reader_config chosen = *config;

	if (!possible && config->stamp == WT_STAMP_HW)
		return wt_error_set(err, -EINVAL,
		                    "%s: hardware stamps need the interface (@IFACE) and "
		                    "--sockstamp all",
		                    udp->name);
	if (!possible && config->stamp == WT_STAMP_AUTO) {
		snprintf(udp->reader.stamps_degraded, sizeof(udp->reader.stamps_degraded),
		         "%.200s: software stamps only: hardware stamps need the interface "
		         "(@IFACE) and --sockstamp all",
		         udp->name);
		udp->reader.info.stamps_degraded = udp->reader.stamps_degraded;
	}
	if (!possible)
		chosen.stamp = WT_STAMP_SW;
	return wt_reader_begin_stamps(&udp->reader, &chosen, system, udp->spec.interface, err);
}

static int open_ring(struct udp_reader *udp, const struct wt_reader_config *config)
{
	struct wt_udp_ring_config ring = {
	        .socket = &udp->socket,
	        .filter = &udp->filter,
	        .snaplen = config->snaplen,
	        .port = udp->spec.port,
	        .hardware = udp->reader.info.stamps == WT_STAMP_HARDWARE,
	};

	return wt_udp_ring_open(&udp->reader.ring, &ring);
}

static int open_parts(struct udp_reader *udp, const struct wt_reader_config *config,
                      struct wt_error *err)
{
	int rc = wt_udp_spec_parse(&udp->spec, config->interface, err);

	if (!rc && *udp->spec.interface)
		rc = wt_link_read(udp->spec.interface, &udp->link, err);
	/* Socket options do not take all that may have been given. */
	if (!rc && *udp->spec.interface)
		strcpy(udp->spec.interface, udp->link.name);
	if (!rc && config->filter && *config->filter)
		rc = wt_filter_compile(
		        &udp->filter,
		        &(struct wt_filter_config){.expression = config->filter,
		                                   .link_type = LINKTYPE_RAW,
		                                   .snaplen = config->snaplen,
		                                   .abort_writes = config->abort_writes},
		        err);
	udp->filter.interface_index = udp->link.index;
	if (!rc)
		rc = wt_udp_socket_open(&udp->socket, &udp->spec, udp->name, udp->link.index,
		                        config, err);
	if (rc)
		return rc;
	describe(udp, config);
	rc = begin_stamps(udp, config, err);
	if (rc)
		return rc;
	rc = open_ring(udp, config);
	return rc ? wt_error_set(err, rc, "no memory for the batches of %s", udp->name) : 0;
}

static struct udp_reader *make_reader(const char *name)
{
	static const struct wt_reader_ops ops = {
	        .start = start,
	        .stop = stop,
	        .statistics = statistics,
	        .health = health,
	        .reattach = reattach,
	        .close = close_reader,
	};
	struct udp_reader *udp = calloc(1, sizeof(*udp));

	if (!udp)
		return NULL;
	udp->reader.ops = &ops;
	udp->socket.fd = -1;
	udp->name = strdup(name);
	if (udp->name)
		return udp;
	free(udp);
	return NULL;
}

int wt_gen05_udp_open(struct wt_reader **reader, const struct wt_reader_config *config,
                      struct wt_error *err)
{
	struct udp_reader *udp = make_reader(config->interface);
	int rc;

	if (!udp)
		return wt_error_set(err, -ENOMEM, "no memory for a reader");
	rc = open_parts(udp, config, err);
	if (rc) {
		close_reader(&udp->reader);
		return rc;
	}
	*reader = &udp->reader;
	return 0;
}
