/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <pcap/pcap.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <wiretape/writer/capture_file.h>

#define NS_PER_S 1000000000u

/* What is kept of a hostile file; what is beyond is counted and no more. */
enum {
	MAX_SECTIONS = 1024,
	MAX_INTERFACES = 4096, /* in all sections together */
	MAX_DEGRADED = 256,
};

/* What packets add up to, of an interface or a file. */
struct tally {
	uint64_t packets;
	uint64_t captured_bytes;
	uint64_t wire_bytes;
	uint64_t inbound;
	uint64_t outbound;
	uint64_t truncated;    /* fewer bytes than there were on the wire */
	uint64_t out_of_order; /* stamped before their predecessor */
	uint64_t unstamped;
	uint64_t dropped; /* between the packets, as these say */
	uint64_t stamped;
	int64_t first_ns; /* the earliest, if any is stamped */
	int64_t last_ns;
	int64_t previous_ns;
};

/* Copies of an item's texts are terminated, and NULL if absent. */
struct statistics {
	uint64_t blocks;                          /* how many there were; the rest is of the last */
	struct wt_pcapng_item_statistics numbers; /* its text views are dead */
	char *ledger;
	char *nic;
	char *degraded[MAX_DEGRADED];
	size_t degraded_count;
};

struct interface {
	struct wt_pcapng_item_interface fields; /* its text views are dead */
	char *name, *description, *filter, *os, *hardware, *comment, *reader;
	struct tally tally;
	struct statistics *statistics; /* NULL if there were none */
};

struct section {
	struct wt_pcapng_item_section fields; /* its text views are dead */
	char *hardware, *os, *application, *comment;
	struct interface *interfaces;
	size_t interface_count;
	size_t interface_room;
};

struct report {
	const char *path;
	const char *format; /* NULL if the file could not be opened */
	uint64_t size_bytes;
	struct section *sections;
	size_t section_count;
	size_t section_room;
	size_t interface_count;
	uint64_t sections_seen;
	uint64_t interfaces_seen;
	bool in_detail; /* the current section is the last of `sections` */
	struct tally tally;
	uint64_t statistics, names, secrets, custom, local, unknown; /* blocks */
	int result; /* 0, or what reading ended with */
	struct wt_error error;
};

/* ---- collecting ---- */

static char *copy_text(struct wt_pcapng_item_text text)
{
	return text.chars ? strndup(text.chars, text.length) : NULL;
}

static void add_stamp(struct tally *tally, int64_t ns)
{
	if (!tally->stamped) {
		tally->first_ns = ns;
		tally->last_ns = ns;
	}
	if (tally->stamped && ns < tally->previous_ns)
		tally->out_of_order++;
	if (ns < tally->first_ns)
		tally->first_ns = ns;
	if (ns > tally->last_ns)
		tally->last_ns = ns;
	tally->previous_ns = ns;
	tally->stamped++;
}

static void add_packet(struct tally *tally, const struct wt_pcapng_item_packet *packet)
{
	uint32_t direction = packet->frame.link_flags & WT_LINK_DIRECTION_MASK;

	tally->packets++;
	tally->captured_bytes += packet->frame.caplen;
	tally->wire_bytes += packet->frame.len;
	tally->inbound += direction == WT_LINK_INBOUND;
	tally->outbound += direction == WT_LINK_OUTBOUND;
	tally->truncated += packet->frame.caplen < packet->frame.len;
	if (__builtin_add_overflow(tally->dropped, packet->frame.dropped_before, &tally->dropped))
		tally->dropped = UINT64_MAX;
	if (packet->has_stamp)
		add_stamp(tally, packet->frame.stamp_ns);
	else
		tally->unstamped++;
}

/* Room for one more element of `size` bytes, the new one zeroed. */
static bool grow(void **array, size_t count, size_t *room, size_t size)
{
	size_t wanted = *room ? *room * 2 : 1;
	void *grown;

	if (count == *room) {
		grown = realloc(*array, wanted * size);
		if (!grown)
			return false;
		*array = grown;
		*room = wanted;
	}
	memset((char *)*array + count * size, 0, size);
	return true;
}

static int add_section(struct report *report, const struct wt_pcapng_item_section *fields)
{
	struct section *section;

	report->sections_seen++;
	report->in_detail = report->section_count < MAX_SECTIONS;
	if (!report->in_detail)
		return 0;
	if (!grow((void **)&report->sections, report->section_count, &report->section_room,
	          sizeof(*section)))
		return -ENOMEM;
	section = &report->sections[report->section_count++];
	section->fields = *fields;
	section->hardware = copy_text(fields->hardware);
	section->os = copy_text(fields->os);
	section->application = copy_text(fields->application);
	section->comment = copy_text(fields->comment);
	return 0;
}

static int add_interface(struct report *report, const struct wt_pcapng_item_interface *fields)
{
	struct interface *interface;
	struct section *section;

	report->interfaces_seen++;
	if (!report->in_detail || report->interface_count == MAX_INTERFACES)
		return 0;
	section = &report->sections[report->section_count - 1];
	if (!grow((void **)&section->interfaces, section->interface_count, &section->interface_room,
	          sizeof(*interface)))
		return -ENOMEM;
	interface = &section->interfaces[section->interface_count++];
	report->interface_count++;
	interface->fields = *fields;
	interface->name = copy_text(fields->name);
	interface->description = copy_text(fields->description);
	interface->filter = copy_text(fields->filter);
	interface->os = copy_text(fields->os);
	interface->hardware = copy_text(fields->hardware);
	interface->comment = copy_text(fields->comment);
	interface->reader = copy_text(fields->reader);
	return 0;
}

/* NULL if its details are not kept. */
static struct interface *find_interface(struct report *report, uint32_t id)
{
	struct section *section;

	if (!report->in_detail)
		return NULL;
	section = &report->sections[report->section_count - 1];
	return id < section->interface_count ? &section->interfaces[id] : NULL;
}

static void forget_texts(struct statistics *statistics)
{
	free(statistics->ledger);
	free(statistics->nic);
	for (size_t i = 0; i < statistics->degraded_count; i++)
		free(statistics->degraded[i]);
	statistics->degraded_count = 0;
}

static void copy_degraded(struct statistics *statistics, struct wt_pcapng_options options)
{
	struct wt_pcapng_option_view option;

	while (statistics->degraded_count < MAX_DEGRADED &&
	       wt_pcapng_next_option(&options, &option, NULL) > 0)
		if (option.code == WT_OPT_LOCAL_DEGRADED)
			statistics->degraded[statistics->degraded_count++] =
			        copy_text(wt_pcapng_option_text(&option));
}

/* Counters run from the start of the recording: the last block has them all. */
static int add_statistics(struct report *report, const struct wt_pcapng_item *item)
{
	struct interface *interface = find_interface(report, item->statistics.interface_id);
	struct statistics *statistics;

	report->statistics++;
	if (!interface)
		return 0;
	if (!interface->statistics)
		interface->statistics = calloc(1, sizeof(*interface->statistics));
	statistics = interface->statistics;
	if (!statistics)
		return -ENOMEM;
	forget_texts(statistics);
	statistics->blocks++;
	statistics->numbers = item->statistics;
	statistics->ledger = copy_text(item->statistics.ledger);
	statistics->nic = copy_text(item->statistics.nic);
	copy_degraded(statistics, item->options);
	return 0;
}

static void add_other(struct report *report, uint32_t block_type)
{
	switch (block_type) {
	case WT_PCAPNG_NAMES:
		report->names++;
		break;
	case WT_PCAPNG_SECRETS:
		report->secrets++;
		break;
	case WT_PCAPNG_CUSTOM:
	case WT_PCAPNG_CUSTOM_NOCOPY:
		report->custom++;
		break;
	default:
		if (block_type & WT_PCAPNG_LOCAL_BLOCK)
			report->local++;
		else
			report->unknown++;
		break;
	}
}

static int add_item(struct report *report, const struct wt_pcapng_item *item)
{
	struct interface *interface;

	switch (item->kind) {
	case WT_ITEM_SECTION:
		return add_section(report, &item->section);
	case WT_ITEM_INTERFACE:
		return add_interface(report, &item->interface);
	case WT_ITEM_PACKET:
		add_packet(&report->tally, &item->packet);
		interface = find_interface(report, item->packet.interface_id);
		if (interface)
			add_packet(&interface->tally, &item->packet);
		return 0;
	case WT_ITEM_STATISTICS:
		return add_statistics(report, item);
	default:
		add_other(report, item->block_type);
		return 0;
	}
}

static int read_items(struct report *report, struct wt_capture_file *file)
{
	struct wt_pcapng_item item;
	int rc;

	while ((rc = wt_capture_file_next(file, &item, &report->error)) > 0)
		if (add_item(report, &item))
			return wt_error_set(&report->error, -ENOMEM,
			                    "no memory for what is in the file");
	return rc;
}

/* Reads as far as it goes; report->result says whether that was to the end. */
static void collect(struct report *report, const char *path)
{
	struct wt_capture_file *file;
	struct stat status;

	report->path = path;
	report->result = wt_capture_file_open(&file, path, &report->error);
	if (report->result)
		return;
	report->format = wt_capture_format_name(wt_capture_file_format(file));
	report->result = read_items(report, file);
	report->size_bytes = wt_capture_file_offset(file);
	if (strcmp(path, "-") && !stat(path, &status) && S_ISREG(status.st_mode))
		report->size_bytes = (uint64_t)status.st_size;
	wt_capture_file_close(file);
}

static void free_interface(struct interface *interface)
{
	if (interface->statistics)
		forget_texts(interface->statistics);
	free(interface->statistics);
	free(interface->name);
	free(interface->description);
	free(interface->filter);
	free(interface->os);
	free(interface->hardware);
	free(interface->comment);
	free(interface->reader);
}

static void free_report(struct report *report)
{
	for (size_t i = 0; i < report->section_count; i++) {
		struct section *section = &report->sections[i];

		for (size_t j = 0; j < section->interface_count; j++)
			free_interface(&section->interfaces[j]);
		free(section->interfaces);
		free(section->hardware);
		free(section->os);
		free(section->application);
		free(section->comment);
	}
	free(report->sections);
}

/* ---- the ledger ---- */

/* One line "name=count" of a ledger. */
struct count {
	const char *name;
	size_t name_length;
	uint64_t value;
};

/* The next line, false at the end of the text. A line that is none has no name. */
static bool next_count(const char **text, struct count *count)
{
	const char *line = *text;
	size_t length = strcspn(line, "\n");
	const char *equals = memchr(line, '=', length);
	char digits[24];
	size_t digits_length;

	if (!*line)
		return false;
	*text = line + length + (line[length] == '\n');
	*count = (struct count){0};
	if (!equals)
		return true;
	digits_length = length - (size_t)(equals + 1 - line);
	if (digits_length >= sizeof(digits))
		return true;
	memcpy(digits, equals + 1, digits_length);
	digits[digits_length] = '\0';
	if (wt_cli_parse_u64(digits, 0, UINT64_MAX, &count->value)) {
		count->name = line;
		count->name_length = (size_t)(equals - line);
	}
	return true;
}

static bool count_is(const struct count *count, const char *name)
{
	return count->name_length == strlen(name) && !memcmp(count->name, name, strlen(name));
}

struct ledger_check {
	uint64_t seen, written, lost;
	bool has_seen, has_written;
	bool readable; /* every line was a count, and the sum did not overflow */
	bool closes;   /* seen = written + lost */
	bool matches;  /* written is what the file has */
};

static struct ledger_check check_ledger(const struct interface *interface)
{
	static const char lost[] = "lost.";
	struct ledger_check check = {.readable = true};
	const char *text = interface->statistics->ledger;
	struct count count;
	uint64_t sum;

	while (next_count(&text, &count)) {
		if (!count.name) {
			check.readable = false;
		} else if (count_is(&count, "seen")) {
			check.seen = count.value;
			check.has_seen = true;
		} else if (count_is(&count, "written")) {
			check.written = count.value;
			check.has_written = true;
		} else if (count.name_length >= sizeof(lost) &&
		           !memcmp(count.name, lost, sizeof(lost) - 1)) {
			if (__builtin_add_overflow(check.lost, count.value, &check.lost))
				check.readable = false;
		}
	}
	check.readable &= check.has_seen && check.has_written;
	check.closes = check.readable && !__builtin_add_overflow(check.written, check.lost, &sum) &&
	               sum == check.seen;
	check.matches = check.has_written && check.written == interface->tally.packets;
	return check;
}

/* ---- words ---- */

/* LINKTYPE_* and DLT_* are the same number but for a few old ones. */
static int datalink_of(uint16_t link_type)
{
	switch (link_type) {
	case 100:
		return DLT_ATM_RFC1483;
	case 101:
		return DLT_RAW;
	case 102:
		return DLT_SLIP_BSDOS;
	case 103:
		return DLT_PPP_BSDOS;
	case 106:
		return DLT_ATM_CLIP;
	default:
		return link_type;
	}
}

struct text {
	char chars[96];
};

/* "2023-11-14T22:13:20.000000001Z" */
static struct text utc_text(int64_t ns)
{
	int64_t fraction = ns % (int64_t)NS_PER_S;
	time_t seconds = (time_t)(ns / (int64_t)NS_PER_S);
	struct text text;
	struct tm tm;
	size_t length;

	if (fraction < 0) {
		fraction += NS_PER_S;
		seconds--;
	}
	gmtime_r(&seconds, &tm);
	length = strftime(text.chars, sizeof(text.chars), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text.chars + length, sizeof(text.chars) - length, ".%09" PRId64 "Z", fraction);
	return text;
}

/* "1700000000.000000001" */
static struct text epoch_text(int64_t ns)
{
	uint64_t size = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
	struct text text;

	snprintf(text.chars, sizeof(text.chars), "%s%" PRIu64 ".%09" PRIu64, ns < 0 ? "-" : "",
	         size / NS_PER_S, size % NS_PER_S);
	return text;
}

static struct text mac_text(const uint8_t mac[6])
{
	struct text text;

	snprintf(text.chars, sizeof(text.chars), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1],
	         mac[2], mac[3], mac[4], mac[5]);
	return text;
}

static struct text resolution_text(uint8_t tsresol)
{
	unsigned exponent = tsresol & 0x7f;
	const char *name = tsresol == 9   ? " (nanoseconds)"
	                   : tsresol == 6 ? " (microseconds)"
	                   : tsresol == 3 ? " (milliseconds)"
	                                  : "";
	struct text text;

	snprintf(text.chars, sizeof(text.chars), "%s^-%u s%s", tsresol & 0x80 ? "2" : "10",
	         exponent, name);
	return text;
}

/* In 64 bits without sign, where the difference of any two stamps has room. */
static uint64_t duration_ns(const struct tally *tally)
{
	return (uint64_t)tally->last_ns - (uint64_t)tally->first_ns;
}

/* Per second; 0 where there is no time between the packets. */
static double rate(const struct tally *tally, uint64_t amount)
{
	uint64_t ns = tally->stamped ? duration_ns(tally) : 0;

	return ns ? (double)amount / ((double)ns / NS_PER_S) : 0;
}

/* Bytes of the well-formed UTF-8 character that `text` starts with, else 0. */
static size_t utf8_length(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	uint32_t code;
	size_t length;

	if (at[0] < 0x80)
		return 1;
	if (at[0] < 0xc2 || at[0] > 0xf4)
		return 0;
	length = at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
	code = at[0] & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (at[i] & 0x3f);
	}
	if ((length == 3 && code < 0x800) || (length == 4 && (code < 0x10000 || code > 0x10ffff)))
		return 0;
	return code >= 0xd800 && code <= 0xdfff ? 0 : length;
}

/* ---- for a person ---- */

/* A file's text could move the cursor or set the window's title: control
 * characters (in UTF-8 also those at U+0080) are shown as what they are. */
static void print_text(const char *text)
{
	while (*text) {
		size_t length = utf8_length(text);
		bool control = (unsigned char)*text < 0x20 || *text == 0x7f ||
		               (length == 2 && *text == '\xc2' && (unsigned char)text[1] < 0xa0);

		if (length && !control) {
			fwrite(text, 1, length, stdout);
			text += length;
		} else {
			printf("\\x%02x", (unsigned char)*text);
			text++;
		}
	}
}

static void print_label(int indent, const char *label)
{
	enum { LABEL_COLUMNS = 26 };

	printf("%*s%-*s", indent, "", LABEL_COLUMNS - indent, label);
}

static void __attribute__((format(printf, 3, 4)))
print_row(int indent, const char *label, const char *format, ...)
{
	va_list args;

	print_label(indent, label);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

/* Nothing for a text that is not there. */
static void print_text_row(int indent, const char *label, const char *text)
{
	if (!text)
		return;
	print_label(indent, label);
	print_text(text);
	putchar('\n');
}

static void print_number_row(int indent, const char *label,
                             const struct wt_pcapng_item_number *number)
{
	if (number->present)
		print_row(indent, label, "%" PRIu64, number->value);
}

static void print_stamp_row(int indent, const char *label, int64_t ns)
{
	print_row(indent, label, "%s (%s)", utc_text(ns).chars, epoch_text(ns).chars);
}

static void print_time(int indent, const struct tally *tally)
{
	uint64_t ns = duration_ns(tally);

	print_stamp_row(indent, "First packet:", tally->first_ns);
	print_stamp_row(indent, "Last packet:", tally->last_ns);
	print_row(indent, "Duration:", "%" PRIu64 ".%09" PRIu64 " s", ns / NS_PER_S, ns % NS_PER_S);
	if (ns)
		print_row(indent, "Average rate:", "%.1f packets/s, %.0f bit/s",
		          rate(tally, tally->packets), 8 * rate(tally, tally->wire_bytes));
}

static void print_tally(int indent, const struct tally *tally)
{
	print_row(indent, "Packets:", "%" PRIu64, tally->packets);
	if (!tally->packets)
		return;
	print_row(indent, "Bytes:", "%" PRIu64 " on the wire, %" PRIu64 " here", tally->wire_bytes,
	          tally->captured_bytes);
	print_row(indent, "Direction:", "%" PRIu64 " in, %" PRIu64 " out, %" PRIu64 " not said",
	          tally->inbound, tally->outbound,
	          tally->packets - tally->inbound - tally->outbound);
	if (tally->stamped)
		print_time(indent, tally);
	if (tally->unstamped)
		print_row(indent, "Without stamp:", "%" PRIu64, tally->unstamped);
	print_row(indent, "Out of time order:", "%" PRIu64, tally->out_of_order);
	print_row(indent, "Cut by snaplen:", "%" PRIu64, tally->truncated);
	print_row(indent, "Lost in between:", "%" PRIu64 " (epb_dropcount)", tally->dropped);
}

static void print_counts(int indent, const char *label, const char *text)
{
	struct count count;

	if (!text)
		return;
	printf("%*s%s\n", indent, "", label);
	while (next_count(&text, &count)) {
		char name[256];

		if (count.name)
			snprintf(name, sizeof(name), "%.*s", (int)count.name_length, count.name);
		printf("%*s%20" PRIu64 "  ", indent, "", count.value);
		print_text(count.name ? name : "(a line that is not name=count)");
		putchar('\n');
	}
}

static void print_ledger_check(int indent, const struct interface *interface)
{
	struct ledger_check check = check_ledger(interface);

	if (!check.readable)
		print_row(indent,
		          "Check:", "NOT A LEDGER: it lacks counts or has lines that are none");
	else if (check.closes)
		print_row(indent, "Check:",
		          "it closes: %" PRIu64 " seen = %" PRIu64 " written + %" PRIu64 " lost",
		          check.seen, check.written, check.lost);
	else
		print_row(indent, "Check:",
		          "DOES NOT CLOSE: %" PRIu64 " seen, but %" PRIu64 " written + %" PRIu64
		          " lost",
		          check.seen, check.written, check.lost);
	if (check.has_written && !check.matches)
		print_row(indent, "",
		          "NOT THIS FILE: it says %" PRIu64 " written, the file has %" PRIu64
		          " packets of this interface",
		          check.written, interface->tally.packets);
}

static void print_statistics(int indent, const struct interface *interface)
{
	const struct statistics *statistics = interface->statistics;
	const struct wt_pcapng_item_statistics *numbers = &statistics->numbers;

	printf("%*sStatistics (the last of %" PRIu64 ")\n", indent, "", statistics->blocks);
	indent += 2;
	if (numbers->stamp.present)
		print_stamp_row(indent, "At:", numbers->stamp.ns);
	if (numbers->start.present)
		print_stamp_row(indent, "Start:", numbers->start.ns);
	if (numbers->end.present)
		print_stamp_row(indent, "End:", numbers->end.ns);
	print_number_row(indent, "Received:", &numbers->ifrecv);
	print_number_row(indent, "Dropped:", &numbers->ifdrop);
	print_number_row(indent, "Filter accepted:", &numbers->filteraccept);
	print_number_row(indent, "Dropped by OS:", &numbers->osdrop);
	print_number_row(indent, "Delivered:", &numbers->usrdeliv);
	for (size_t i = 0; i < statistics->degraded_count; i++)
		print_text_row(indent, "Degraded:", statistics->degraded[i]);
	print_counts(indent, "Ledger", statistics->ledger);
	if (statistics->ledger)
		print_ledger_check(indent + 2, interface);
	print_counts(indent, "NIC", statistics->nic);
}

static void print_link_type(int indent, uint16_t link_type)
{
	const char *name = pcap_datalink_val_to_name(datalink_of(link_type));
	const char *description = pcap_datalink_val_to_description(datalink_of(link_type));

	print_row(indent, "Link type:", "%s (%s, %u)", name ? name : "unknown",
	          description ? description : "no name known", link_type);
}

/* Where it is the only one, its packets are those of the file, printed before. */
static void print_interface(const struct interface *interface, bool is_only_one)
{
	enum { INDENT = 4 };
	const struct wt_pcapng_item_interface *fields = &interface->fields;

	printf("  Interface %" PRIu32, fields->id);
	if (interface->name) {
		printf(": ");
		print_text(interface->name);
	}
	putchar('\n');
	print_text_row(INDENT, "Description:", interface->description);
	print_link_type(INDENT, fields->link_type);
	if (fields->snaplen)
		print_row(INDENT, "Snaplen:", "%" PRIu32, fields->snaplen);
	else
		print_row(INDENT, "Snaplen:", "no limit");
	print_row(INDENT, "Resolution:", "%s", resolution_text(fields->tsresol).chars);
	if (fields->tsoffset_s)
		print_row(INDENT, "Stamp offset:", "%" PRId64 " s", fields->tsoffset_s);
	if (fields->has_mac)
		print_row(INDENT, "MAC address:", "%s", mac_text(fields->mac).chars);
	if (fields->speed_bps.present)
		print_row(INDENT, "Speed:", "%" PRIu64 " bit/s", fields->speed_bps.value);
	print_text_row(INDENT, "Hardware:", interface->hardware);
	print_text_row(INDENT, "OS:", interface->os);
	print_text_row(INDENT, "Filter:", interface->filter);
	print_text_row(INDENT, "Reader:", interface->reader);
	print_text_row(INDENT, "Comment:", interface->comment);
	if (!is_only_one)
		print_tally(INDENT, &interface->tally);
	if (interface->statistics)
		print_statistics(INDENT, interface);
}

static void print_section(const struct section *section, size_t number, bool has_only_interface)
{
	printf("\nSection %zu\n", number);
	print_row(2, "Version:", "%u.%u, %s-endian", section->fields.major, section->fields.minor,
	          section->fields.big_endian ? "big" : "little");
	print_text_row(2, "Hardware:", section->hardware);
	print_text_row(2, "OS:", section->os);
	print_text_row(2, "Application:", section->application);
	print_text_row(2, "Comment:", section->comment);
	for (size_t i = 0; i < section->interface_count; i++)
		print_interface(&section->interfaces[i], has_only_interface);
}

static void print_other_blocks(const struct report *report)
{
	const struct {
		const char *label;
		uint64_t count;
	} rows[] = {
	        {"Name resolution:", report->names},  {"Secrets:", report->secrets},
	        {"Custom blocks:", report->custom},   {"Local blocks:", report->local},
	        {"Unknown blocks:", report->unknown},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].count)
			print_row(0, rows[i].label, "%" PRIu64, rows[i].count);
}

static void print_report(const struct report *report)
{
	if (!report->format)
		return;
	print_text_row(0, "File:", report->path);
	print_row(0, "Type:", "%s", report->format);
	print_row(0, "Size:", "%" PRIu64 " bytes", report->size_bytes);
	print_text_row(0, "Complete:", report->result ? "NO" : "yes");
	if (report->result)
		print_text_row(2, "Because:", report->error.text);
	print_row(0, "Sections:", "%" PRIu64, report->sections_seen);
	print_row(0, "Interfaces:", "%" PRIu64, report->interfaces_seen);
	print_tally(0, &report->tally);
	print_other_blocks(report);
	for (size_t i = 0; i < report->section_count; i++)
		print_section(&report->sections[i], i + 1, report->interfaces_seen == 1);
	if (report->interfaces_seen > report->interface_count)
		printf("and %" PRIu64 " more interfaces, of which only the packets are counted\n",
		       report->interfaces_seen - report->interface_count);
}

/* ---- for a program ---- */

/* JSON's text must be UTF-8, a file's need not be: what is not becomes U+FFFD. */
static json_t *json_text(const char *text)
{
	char *clean, *to;
	json_t *string;

	if (!text)
		return json_null();
	clean = malloc(3 * strlen(text) + 1);
	if (!clean)
		return NULL;
	for (to = clean; *text;) {
		size_t length = utf8_length(text);

		memcpy(to, length ? text : "\xef\xbf\xbd", length ? length : 3);
		to += length ? length : 3;
		text += length ? length : 1;
	}
	*to = '\0';
	string = json_string(clean);
	free(clean);
	return string;
}

/* Integers are signed there. What does not fit is no count that was ever counted. */
static json_t *json_count(uint64_t count)
{
	return count <= INT64_MAX ? json_integer((json_int_t)count) : json_null();
}

static json_t *json_number(const struct wt_pcapng_item_number *number)
{
	return number->present ? json_count(number->value) : json_null();
}

static json_t *json_stamp(bool present, int64_t ns)
{
	return present ? json_integer(ns) : json_null();
}

static json_t *json_utc(bool present, int64_t ns)
{
	return present ? json_string(utc_text(ns).chars) : json_null();
}

/* Running out of memory shows in the object that is not there in the end. */
static void put(json_t *object, const char *key, json_t *value)
{
	json_object_set_new(object, key, value);
}

static void put_tally(json_t *object, const struct tally *tally)
{
	bool stamped = tally->stamped != 0;

	put(object, "packets", json_count(tally->packets));
	put(object, "wire_bytes", json_count(tally->wire_bytes));
	put(object, "captured_bytes", json_count(tally->captured_bytes));
	put(object, "inbound", json_count(tally->inbound));
	put(object, "outbound", json_count(tally->outbound));
	put(object, "truncated", json_count(tally->truncated));
	put(object, "out_of_order", json_count(tally->out_of_order));
	put(object, "unstamped", json_count(tally->unstamped));
	put(object, "dropcount", json_count(tally->dropped));
	put(object, "first_ns", json_stamp(stamped, tally->first_ns));
	put(object, "last_ns", json_stamp(stamped, tally->last_ns));
	put(object, "first", json_utc(stamped, tally->first_ns));
	put(object, "last", json_utc(stamped, tally->last_ns));
	put(object, "duration_ns", stamped ? json_count(duration_ns(tally)) : json_null());
	put(object, "packets_per_second", json_real(rate(tally, tally->packets)));
	put(object, "bits_per_second", json_real(8 * rate(tally, tally->wire_bytes)));
}

static json_t *counts_object(const char *text)
{
	json_t *object;
	struct count count;
	char name[256];

	if (!text)
		return json_null();
	object = json_object();
	while (next_count(&text, &count)) {
		if (!count.name)
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)count.name_length, count.name);
		put(object, name, json_count(count.value));
	}
	return object;
}

static json_t *degraded_array(const struct statistics *statistics)
{
	json_t *array = json_array();

	for (size_t i = 0; i < statistics->degraded_count; i++)
		json_array_append_new(array, json_text(statistics->degraded[i]));
	return array;
}

static void put_ledger(json_t *object, const struct interface *interface)
{
	struct ledger_check check;

	put(object, "ledger", counts_object(interface->statistics->ledger));
	if (!interface->statistics->ledger)
		return;
	check = check_ledger(interface);
	put(object, "ledger_closes", json_boolean(check.closes));
	put(object, "ledger_matches_file", json_boolean(check.matches));
}

static json_t *statistics_object(const struct interface *interface)
{
	const struct statistics *statistics = interface->statistics;
	const struct wt_pcapng_item_statistics *numbers;
	json_t *object;

	if (!statistics)
		return json_null();
	numbers = &statistics->numbers;
	object = json_object();
	put(object, "blocks", json_count(statistics->blocks));
	put(object, "at_ns", json_stamp(numbers->stamp.present, numbers->stamp.ns));
	put(object, "start_ns", json_stamp(numbers->start.present, numbers->start.ns));
	put(object, "end_ns", json_stamp(numbers->end.present, numbers->end.ns));
	put(object, "ifrecv", json_number(&numbers->ifrecv));
	put(object, "ifdrop", json_number(&numbers->ifdrop));
	put(object, "filteraccept", json_number(&numbers->filteraccept));
	put(object, "osdrop", json_number(&numbers->osdrop));
	put(object, "usrdeliv", json_number(&numbers->usrdeliv));
	put_ledger(object, interface);
	put(object, "nic", counts_object(statistics->nic));
	put(object, "degraded", degraded_array(statistics));
	return object;
}

static json_t *interface_object(const struct interface *interface)
{
	const struct wt_pcapng_item_interface *fields = &interface->fields;
	json_t *object = json_object();

	put(object, "id", json_integer(fields->id));
	put(object, "name", json_text(interface->name));
	put(object, "description", json_text(interface->description));
	put(object, "link_type", json_integer(fields->link_type));
	put(object, "link_type_name",
	    json_text(pcap_datalink_val_to_name(datalink_of(fields->link_type))));
	put(object, "snaplen", json_integer(fields->snaplen));
	put(object, "tsresol", json_integer(fields->tsresol));
	put(object, "tsoffset_s", json_integer(fields->tsoffset_s));
	put(object, "mac",
	    fields->has_mac ? json_string(mac_text(fields->mac).chars) : json_null());
	put(object, "speed_bps", json_number(&fields->speed_bps));
	put(object, "hardware", json_text(interface->hardware));
	put(object, "os", json_text(interface->os));
	put(object, "filter", json_text(interface->filter));
	put(object, "reader", json_text(interface->reader));
	put(object, "comment", json_text(interface->comment));
	put_tally(object, &interface->tally);
	put(object, "statistics", statistics_object(interface));
	return object;
}

static json_t *section_object(const struct section *section)
{
	json_t *object = json_object();
	json_t *interfaces = json_array();
	char version[16];

	snprintf(version, sizeof(version), "%u.%u", section->fields.major, section->fields.minor);
	put(object, "version", json_string(version));
	put(object, "byte_order", json_string(section->fields.big_endian ? "big" : "little"));
	put(object, "hardware", json_text(section->hardware));
	put(object, "os", json_text(section->os));
	put(object, "application", json_text(section->application));
	put(object, "comment", json_text(section->comment));
	for (size_t i = 0; i < section->interface_count; i++)
		json_array_append_new(interfaces, interface_object(&section->interfaces[i]));
	put(object, "interfaces", interfaces);
	return object;
}

static json_t *other_blocks_object(const struct report *report)
{
	json_t *object = json_object();

	put(object, "names", json_count(report->names));
	put(object, "secrets", json_count(report->secrets));
	put(object, "custom", json_count(report->custom));
	put(object, "local", json_count(report->local));
	put(object, "unknown", json_count(report->unknown));
	return object;
}

static json_t *report_object(const struct report *report)
{
	json_t *object = json_object();
	json_t *sections = json_array();

	put(object, "path", json_text(report->path));
	put(object, "type", json_text(report->format));
	put(object, "size_bytes", report->format ? json_count(report->size_bytes) : json_null());
	put(object, "complete", json_boolean(!report->result));
	put(object, "cut_off", json_boolean(report->result == -ENODATA && report->format));
	put(object, "error", report->result ? json_text(report->error.text) : json_null());
	put(object, "section_count", json_count(report->sections_seen));
	put(object, "interface_count", json_count(report->interfaces_seen));
	put_tally(object, &report->tally);
	put(object, "statistics_blocks", json_count(report->statistics));
	put(object, "other_blocks", other_blocks_object(report));
	for (size_t i = 0; i < report->section_count; i++)
		json_array_append_new(sections, section_object(&report->sections[i]));
	put(object, "sections", sections);
	return object;
}

static void print_json(const struct report *report)
{
	json_t *object = report_object(report);

	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(object);
}

/* ---- the command ---- */

static const struct option long_options[] = {
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
};

static void print_help(void)
{
	printf("Usage: wiretape info [--json] FILE...\n"
	       "Say what is in pcapng and pcap files: interfaces, packets, first and last stamp,\n"
	       "statistics, and whether the ledger of losses closes. FILE '-' is standard input.\n"
	       "\n"
	       "  -j, --json  one JSON object per file, each on a line of its own\n"
	       "  -h, --help  this text\n"
	       "\n"
	       "The JSON object has path, type, size_bytes, complete, cut_off, error,\n"
	       "section_count, interface_count, statistics_blocks, other_blocks, the sums of all\n"
	       "packets (packets, wire_bytes, captured_bytes, inbound, outbound, truncated,\n"
	       "out_of_order, unstamped, dropcount, first_ns, last_ns, first, last, duration_ns,\n"
	       "packets_per_second, bits_per_second), and sections[]. A section has version,\n"
	       "byte_order, hardware, os, application, comment and interfaces[]. An interface has\n"
	       "id, name, description, link_type, link_type_name, snaplen, tsresol, tsoffset_s,\n"
	       "mac, speed_bps, hardware, os, filter, reader, comment, the same sums of its\n"
	       "packets, and statistics: blocks, at_ns, start_ns, end_ns, ifrecv, ifdrop,\n"
	       "filteraccept, osdrop, usrdeliv, ledger{}, ledger_closes, ledger_matches_file,\n"
	       "nic{} and degraded[]. What is not in the file is null.\n"
	       "\n"
	       "Exit status: 0 if every file was read to its end, 1 if one could not be read or\n"
	       "is cut off or broken (what came before is printed), 2 for a wrong command line.\n");
}

static int report_file(const char *path, bool json)
{
	struct report report = {0};
	int result;

	collect(&report, path);
	if (json)
		print_json(&report);
	else
		print_report(&report);
	result = report.result;
	if (result) {
		/* In order, where both go to one terminal. */
		fflush(stdout);
		wt_cli_complain("%s: %s", path, report.error.text);
	}
	free_report(&report);
	return result ? WT_EXIT_FAILURE : WT_EXIT_OK;
}

/* A full disk or a reader that has left shows here at the latest. */
static int flush_output(void)
{
	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return WT_EXIT_OK;
	wt_cli_complain("cannot write to standard output: %s",
	                errno ? strerror(errno) : "not all was written");
	return WT_EXIT_FAILURE;
}

static int report_files(char **paths, int count, bool json)
{
	int exit_code = WT_EXIT_OK;

	for (int i = 0; i < count && !ferror(stdout); i++) {
		if (i && !json)
			putchar('\n');
		if (report_file(paths[i], json))
			exit_code = WT_EXIT_FAILURE;
	}
	return exit_code;
}

int wt_command_info(int argc, char **argv)
{
	bool json = false;
	int option, exit_code;

	/* So that a closed pipe is an error of writing, and an exit code. */
	signal(SIGPIPE, SIG_IGN);
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":jh", long_options, NULL)) != -1) {
		switch (option) {
		case 'j':
			json = true;
			break;
		case 'h':
			print_help();
			return flush_output();
		default:
			return wt_cli_usage("info", "there is no option '%s'", argv[optind - 1]);
		}
	}
	if (optind == argc)
		return wt_cli_usage("info", "no FILE given");
	exit_code = report_files(argv + optind, argc - optind, json);
	return flush_output() ? WT_EXIT_FAILURE : exit_code;
}
