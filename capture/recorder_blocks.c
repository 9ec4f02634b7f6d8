/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/recorder_private.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include <wiretape/writer/pcapng_encode.h>

enum { BLOCK_ROOM = 64 * 1024 }; /* more than any block here takes */

static int64_t utc_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* The processor's own name for itself, or the machine's architecture. */
static void describe_hardware(char *out, size_t capacity, const struct utsname *system)
{
	FILE *info = fopen("/proc/cpuinfo", "re");
	char line[256], *value;

	snprintf(out, capacity, "%s", system->machine);
	if (!info)
		return;
	while (fgets(line, sizeof(line), info)) {
		value = strstr(line, ": ");
		if (strncmp(line, "model name", 10) || !value)
			continue;
		value[strcspn(value, "\n")] = '\0';
		snprintf(out, capacity, "%s (%s)", value + 2, system->machine);
		break;
	}
	fclose(info);
}

static int submit(struct wt_recorder *recorder, ssize_t bytes)
{
	if (bytes < 0)
		return (int)bytes;
	wt_sink_submit(recorder->sink, (size_t)bytes);
	return 0;
}

static int write_section(struct wt_recorder *recorder, const char *hardware, const char *os)
{
	struct wt_pcapng_section section = {
	        .hardware = hardware,
	        .os = os,
	        .application = recorder->config.application,
	};
	uint8_t *at;
	size_t room;
	int ret = wt_sink_reserve(recorder->sink, BLOCK_ROOM, &at, &room);

	return ret ? ret : submit(recorder, wt_pcapng_encode_section(at, room, &section));
}

static void describe_reader(char *out, size_t capacity, const struct wt_reader_info *info)
{
	char offloads[128] = "";

	if (info->link)
		wt_link_offload_text(info->link->offloads, offloads, sizeof(offloads));
	snprintf(out, capacity,
	         "reader=%s ring_bytes_asked=%" PRIu64 " ring_bytes=%" PRIu64
	         " block_bytes=%u slot_bytes=%u retire_timeout_ms=%u promiscuous=%s offloads=%s",
	         wt_reader_kind_name(info->kind), info->ring_bytes_asked, info->ring_bytes,
	         info->block_bytes, info->slot_bytes, info->retire_timeout_ms,
	         info->promiscuous ? "yes" : "no", *offloads ? offloads : "none");
}

static int write_interface(struct wt_recorder *recorder, size_t i, const char *os)
{
	const struct wt_reader_info *info = recorder->reports[i].reader;
	char reader[512];
	struct wt_pcapng_interface interface = {
	        .link_type = info->link_type,
	        .snaplen = info->snaplen,
	        .name = info->name,
	        .filter = recorder->config.interfaces[i].filter,
	        .os = os,
	        .reader = reader,
	        .comment = info->degraded,
	};
	uint8_t *at;
	size_t room;
	int ret;

	describe_reader(reader, sizeof(reader), info);
	if (info->link) {
		interface.description = info->link->alias;
		interface.hardware = info->link->driver;
		interface.speed_bps = info->link->speed_bps;
		interface.has_mac = info->link->has_mac;
		memcpy(interface.mac, info->link->mac, sizeof(interface.mac));
	} else {
		interface.description = "simulated interface";
	}
	ret = wt_sink_reserve(recorder->sink, BLOCK_ROOM, &at, &room);
	return ret ? ret : submit(recorder, wt_pcapng_encode_interface(at, room, &interface));
}

int wt_recorder_write_preamble(struct wt_recorder *recorder)
{
	struct utsname system = {0};
	char os[256], hardware[256];
	int ret;

	uname(&system);
	snprintf(os, sizeof(os), "%.80s %.80s", system.sysname, system.release);
	describe_hardware(hardware, sizeof(hardware), &system);
	ret = write_section(recorder, hardware, os);
	for (size_t i = 0; !ret && i < recorder->config.interface_count; i++)
		ret = write_interface(recorder, i, os);
	return ret ? ret : wt_sink_flush(recorder->sink);
}

/* What the NIC counted since the gate opened, by its own names. */
static void describe_nic(char *out, size_t capacity, const struct wt_recorder_interface *report)
{
	size_t used = 0;

	out[0] = '\0';
	if (!report->has_nic)
		return;
	for (const struct wt_nic_counter *i = wt_nic_counters; i->name; i++) {
		int wrote = snprintf(
		        out + used, capacity - used, "%s=%" PRIu64 "\n", i->name,
		        wt_nic_counter_difference(i, &report->nic_start, &report->nic_now));

		if (wrote < 0 || (size_t)wrote >= capacity - used)
			return;
		used += (size_t)wrote;
	}
}

static int write_interface_statistics(struct wt_recorder *recorder, size_t i, bool closing)
{
	const struct wt_recorder_interface *report = &recorder->reports[i];
	const struct wt_ledger *ledger = &report->ledger;
	char text[1024], nic[1024];
	int64_t now_ns = utc_ns();
	struct wt_pcapng_statistics statistics = {
	        .interface_id = (uint32_t)i,
	        .stamp_ns = now_ns,
	        .start_ns = recorder->start_utc_ns,
	        .end_ns = now_ns,
	        .received = ledger->seen,
	        /* Where dumpcap puts its socket's drops and Wireshark looks for them. */
	        .if_dropped = ledger->lost.ring,
	        .accepted = ledger->seen,
	        .os_dropped = ledger->lost.ring,
	        .delivered = ledger->written,
	        .ledger = text,
	        .nic = nic,
	        .degraded = closing ? recorder->degraded : NULL,
	};
	uint8_t *at;
	size_t room;
	int ret;

	wt_ledger_text(ledger, text, sizeof(text));
	describe_nic(nic, sizeof(nic), report);
	ret = wt_sink_reserve(recorder->sink, BLOCK_ROOM, &at, &room);
	return ret ? ret : submit(recorder, wt_pcapng_encode_statistics(at, room, &statistics));
}

int wt_recorder_write_statistics(struct wt_recorder *recorder, bool closing)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < recorder->config.interface_count; i++)
		ret = write_interface_statistics(recorder, i, closing);
	return ret;
}
