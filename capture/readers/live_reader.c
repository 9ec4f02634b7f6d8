/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/readers/reader_private.h>

#include <errno.h>
#include <linux/if_packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

/* Filters that the kernel does not take run here, and need whole packets, whatever is kept of
 * them. */
static int take_filter(struct wt_live_reader *live, struct wt_filter *filter, struct wt_error *err)
{
	enum { BYTES_AN_INSTRUCTION = 64 }; /* that the kernel charges, at the most */
	struct wt_packet_socket *packet = &live->packet;
	uint32_t count = filter->count;
	int rc = wt_packet_socket_set_filter(packet, filter, WT_DEFAULT_SNAPLEN, err);

	live->snaplen = live->reader.info.snaplen;
	if (rc || !packet->refusal)
		return rc;
	if (live->snaplen < WT_DEFAULT_SNAPLEN)
		live->snaplen = WT_DEFAULT_SNAPLEN;
	if (count > BPF_MAXINSNS)
		wt_reader_degrade(
		        &live->reader,
		        "%s: the filter runs in the recorder, which costs more: it has %u "
		        "instructions, and the kernel takes %d, whatever "
		        "net.core.optmem_max is",
		        packet->link.name, count, BPF_MAXINSNS);
	else
		wt_reader_degrade(
		        &live->reader,
		        "%s: the filter runs in the recorder, which costs more: the kernel "
		        "does not take its %u instructions: %s; 'sysctl -w "
		        "net.core.optmem_max=%u' makes room for it",
		        packet->link.name, count, strerror(-packet->refusal),
		        count * BYTES_AN_INSTRUCTION);
	return 0;
}

int wt_live_reader_create(struct wt_live_reader **live, size_t size,
                          const struct wt_reader_config *config, const struct wt_reader_ops *ops,
                          struct wt_error *err)
{
	struct wt_live_reader *made;
	struct wt_link link;
	struct wt_filter filter;
	int rc, link_type;

	rc = wt_link_read(config->interface, &link, err);
	if (rc)
		return rc;
	link_type = wt_link_type(link.hardware_type);
	if (link_type < 0)
		return wt_error_set(err, link_type,
		                    "%s is of a kind of link (ARPHRD %u) that cannot be recorded; "
		                    "record the Ethernet or IP interface below or above it",
		                    link.name, link.hardware_type);
	/* Compile before anything has been changed that would have to be put back: it may take
	 * minutes. */
	rc = wt_filter_compile(&filter,
	                       &(struct wt_filter_config){.expression = config->filter,
	                                                  .link_type = link_type,
	                                                  .snaplen = config->snaplen,
	                                                  .is_live = true,
	                                                  .abort_writes = config->abort_writes},
	                       err);
	if (rc)
		return rc;
	made = calloc(1, size);
	rc = made ? wt_packet_socket_open(&made->packet, &link, err)
	          : wt_error_set(err, -ENOMEM, "no memory for a reader");
	if (rc)
		goto free_reader;
	made->reader.ops = ops;
	made->reader.fd = made->packet.fd;
	made->reader.info = (struct wt_reader_info){
	        .name = made->packet.link.name,
	        .kind = config->kind,
	        .link_type = (uint16_t)link_type,
	        .snaplen = config->snaplen,
	        .promiscuous = !config->no_promiscuous,
	        .ring_bytes_asked = config->ring_bytes,
	        .link = &made->packet.link,
	};
	if (config->busy_poll_us)
		wt_reader_degrade(
		        &made->reader,
		        "%s: no busy polling: the kernel does it for UDP sockets, and not "
		        "for packet sockets",
		        link.name);
	rc = take_filter(made, &filter, err);
	if (rc)
		goto close_socket;
	rc = wt_reader_begin_stamps(&made->reader, config,
	                            config->system ? config->system : wt_kernel_system(), link.name,
	                            err);
	if (!rc && made->reader.info.stamps == WT_STAMP_HARDWARE)
		rc = wt_packet_socket_ask_hardware(&made->packet, err);
	if (rc)
		goto end_stamps;
	*live = made;
	return 0;

end_stamps:
	wt_reader_end_stamps(&made->reader);
close_socket:
	wt_packet_socket_close(&made->packet);
free_reader:
	wt_filter_free(&filter);
	free(made);
	return rc;
}

int wt_live_reader_bind(struct wt_live_reader *live, struct wt_error *err)
{
	if (live->packet.refusal)
		wt_reader_filter_here(&live->reader, &live->packet.filter);
	return wt_packet_socket_bind(&live->packet, live->reader.info.promiscuous, err);
}

int wt_live_reader_start(struct wt_reader *reader, struct wt_error *err)
{
	return wt_packet_socket_open_gate(&((struct wt_live_reader *)reader)->packet, err);
}

int wt_live_reader_stop(struct wt_reader *reader)
{
	return wt_packet_socket_shut_gate(&((struct wt_live_reader *)reader)->packet);
}

int wt_live_reader_health(struct wt_reader *reader)
{
	int health = wt_packet_socket_health(&((struct wt_live_reader *)reader)->packet);

	if (health != -EMEDIUMTYPE)
		return health;
	/* Its packets from now on cannot stand in the same file. */
	wt_reader_degrade(reader, "%s has come back as another kind of link: that is not recorded",
	                  reader->info.name);
	return -ENODEV;
}

int wt_live_reader_reattach(struct wt_reader *reader, struct wt_error *err)
{
	struct wt_packet_socket *packet = &((struct wt_live_reader *)reader)->packet;
	struct wt_link link;
	int rc;

	if (packet->in_group)
		return wt_error_set(err, -ENOTSUP,
		                    "a queue of %s is bound to the interface that is gone: record "
		                    "anew",
		                    packet->link.name);
	rc = wt_link_read(packet->link.name, &link, err);
	if (rc)
		return rc;
	if (link.hardware_type != packet->link.hardware_type)
		return wt_error_set(err, -EMEDIUMTYPE,
		                    "interface %s is another kind of link than before (ARPHRD %u, "
		                    "not %u), which one file does not take",
		                    link.name, link.hardware_type, packet->link.hardware_type);
	packet->link = link;
	wt_reader_renew_stamps(reader);
	return wt_packet_socket_bind(packet, packet->promiscuous, err);
}

int wt_live_reader_statistics(struct wt_reader *reader, struct wt_ring_statistics *since_last)
{
	return wt_packet_socket_statistics(&((struct wt_live_reader *)reader)->packet,
	                                   reader->info.kind == WT_READER_V3, since_last);
}

void wt_live_reader_close(struct wt_reader *reader)
{
	struct wt_live_reader *live = (struct wt_live_reader *)reader;

	wt_ring_close(reader->ring);
	if (live->map)
		munmap(live->map, live->map_bytes);
	wt_packet_socket_close(&live->packet);
	wt_reader_end_stamps(reader);
	free(live);
}

const struct wt_reader_ops wt_live_reader_ops = {
        .start = wt_live_reader_start,
        .stop = wt_live_reader_stop,
        .statistics = wt_live_reader_statistics,
        .health = wt_live_reader_health,
        .reattach = wt_live_reader_reattach,
        .close = wt_live_reader_close,
};

/* Read MemAvailable. The kernel would rather kill somebody than refuse a ring that is too large, so
 * a ring never asks for nearly all there is. */
static uint64_t most_ring_bytes(void)
{
	FILE *info = fopen("/proc/meminfo", "re");
	unsigned long long kib, most = UINT64_MAX;
	char line[128];

	if (!info)
		return most;
	while (fgets(line, sizeof(line), info))
		if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1)
			most = kib * 1024 / 4 * 3;
	fclose(info);
	return most;
}

static struct wt_ring_plan make_plan(uint64_t bytes, uint32_t frame_bytes)
{
	return frame_bytes ? wt_ring_plan_v2(bytes, frame_bytes) : wt_ring_plan_v3(bytes);
}

static uint64_t plan_bytes(const struct wt_ring_plan *plan)
{
	return (uint64_t)plan->block_bytes * plan->block_count;
}

int wt_live_reader_map(struct wt_live_reader *live, const struct wt_reader_config *config,
                       int version, wt_ring_shape *shape, uint32_t frame_bytes,
                       struct wt_error *err)
{
	uint64_t most = most_ring_bytes();
	uint64_t bytes = config->ring_bytes < most ? config->ring_bytes : most;
	struct wt_ring_plan plan = make_plan(bytes, frame_bytes);
	struct tpacket_req3 request;
	int rc;

	if (setsockopt(live->packet.fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version))) {
		rc = -errno;
		return wt_error_set(err, rc, "the kernel does not know TPACKET_V%d: %s",
		                    version + 1, strerror(-rc));
	}
	for (;;) {
		size_t size = shape(&plan, config->retire_timeout_ms, &request);

		if (!setsockopt(live->packet.fd, SOL_PACKET, PACKET_RX_RING, &request,
		                (socklen_t)size))
			break;
		rc = -errno;
		if (rc != -ENOMEM || plan.block_count <= 2)
			return wt_error_set(err, rc,
			                    "the kernel gives %s no ring of %llu bytes: %s",
			                    live->packet.link.name,
			                    (unsigned long long)plan_bytes(&plan), strerror(-rc));
		plan = make_plan(plan_bytes(&plan) / 2, frame_bytes);
	}
	live->map_bytes = plan_bytes(&plan);
	live->map =
	        mmap(NULL, live->map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, live->packet.fd, 0);
	if (live->map == MAP_FAILED) {
		rc = -errno;
		live->map = NULL;
		return wt_error_set(err, rc, "cannot map the ring of %s: %s",
		                    live->packet.link.name, strerror(-rc));
	}
	live->memory = (struct wt_ring_memory){live->map, plan.block_bytes, plan.block_count,
	                                       plan.slot_bytes, live->snaplen};
	live->reader.memory = &live->memory;
	live->reader.info.ring_bytes = live->map_bytes;
	live->reader.info.block_bytes = plan.block_bytes;
	live->reader.info.slot_bytes = plan.slot_bytes;
	if (plan_bytes(&plan) < config->ring_bytes)
		wt_reader_degrade(&live->reader,
		                  "%s: ring of %llu bytes asked, %llu got: not enough memory",
		                  live->packet.link.name, (unsigned long long)config->ring_bytes,
		                  (unsigned long long)plan_bytes(&plan));
	return 0;
}
