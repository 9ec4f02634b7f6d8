/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/feed/verdict/loss_log.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	MARKS = 65536,
	GROUP = 256, /* marks that are counted, and forgotten, together */
	GROUPS = MARKS / GROUP,
	BREAKS = 4096,
	LOOKS = 16384,
	/* Keep this many of the newest looks, and those this recent, so that windows end at the
	 * nearest one whenever their gaps settle. */
	LOOKS_KEPT = 64,
	LOOKS_KEPT_S = 20,
	COUNTERS = 7,
	INTERFACES_MAX = 256,
	NO_LANE = UINT32_MAX,
};

/* rx_errors is a sum of others, and rx_nohandler counts packets that recorders do see. */
const char *const wt_nic_loss_counters[] = {
        "rx_dropped",    "rx_missed_errors", "rx_fifo_errors",   "rx_over_errors",
        "rx_crc_errors", "rx_frame_errors",  "rx_length_errors", NULL,
};
_Static_assert(sizeof(wt_nic_loss_counters) / sizeof(char *) == COUNTERS + 1, "one count for each");
_Static_assert((int)COUNTERS <= (int)WT_NIC_COUNTERS_MAX, "struct wt_loss has room");

/* Packets lost just before one of these was stored. Neither bound falls from one mark to the next.
 */
struct mark {
	uint64_t first, last;
	uint64_t packets;
	uint64_t up_to; /* packets of this mark and all before it */
	uint64_t claimed;
};

/* The newest marks: numbers begin .. end - 1, each in the slot of its number, and the sum claimed
 * of each group, so that long windows are not walked mark by mark. */
struct marks {
	struct mark *list;
	uint64_t claimed[GROUPS];
	uint64_t begin, end;
	uint64_t forgotten; /* `last` of the newest that was forgotten; 0: none */
};

/* A break before one of these packets; `last` never falls from one to the next. */
struct gap_in_ledger {
	uint64_t first, last;
	const char *why;
};

struct look {
	int64_t look_ns;
	uint64_t counters[COUNTERS];
};

struct ledger {
	const char *none; /* why there is no ledger; NULL: there is one */
	struct marks ring, writer;
	struct gap_in_ledger *breaks;
	uint64_t breaks_begin, breaks_end, breaks_forgotten;
	struct look *looks;
	uint64_t looks_begin, looks_end;
	uint64_t looks_settled; /* older ones stay */
	uint32_t next_lane;     /* of the same interface; NO_LANE: none */
	bool no_memory;         /* a list could not be made */
};

struct wt_loss_log {
	uint32_t interfaces;
	struct ledger ledgers[];
};

/* Make a list with its first entry: there may be many interfaces, and most lose nothing. Without
 * the memory, their losses are not known. */
static void *make_list(struct ledger *ledger, size_t count, size_t bytes)
{
	void *list = calloc(count, bytes);

	ledger->no_memory |= !list;
	return list;
}

int wt_loss_log_create(struct wt_loss_log **log, uint32_t interfaces)
{
	struct wt_loss_log *made;

	if (interfaces > INTERFACES_MAX)
		return -EINVAL;
	made = calloc(1, sizeof(*made) + interfaces * sizeof(made->ledgers[0]));
	if (!made)
		return -ENOMEM;
	made->interfaces = interfaces;
	for (uint32_t i = 0; i < interfaces; i++) {
		made->ledgers[i].none = "there is no ledger";
		made->ledgers[i].next_lane = NO_LANE;
	}
	*log = made;
	return 0;
}

void wt_loss_log_destroy(struct wt_loss_log *log)
{
	if (!log)
		return;
	for (uint32_t i = 0; i < log->interfaces; i++) {
		free(log->ledgers[i].ring.list);
		free(log->ledgers[i].writer.list);
		free(log->ledgers[i].breaks);
		free(log->ledgers[i].looks);
	}
	free(log);
}

void wt_loss_log_has_ledger(struct wt_loss_log *log, uint32_t interface)
{
	if (interface < log->interfaces)
		log->ledgers[interface].none = NULL;
}

void wt_loss_log_no_ledger(struct wt_loss_log *log, uint32_t interface, const char *why)
{
	if (interface < log->interfaces)
		log->ledgers[interface].none = why;
}

void wt_loss_log_lane(struct wt_loss_log *log, uint32_t lane, uint32_t interface)
{
	if (lane >= log->interfaces || interface >= log->interfaces || lane == interface)
		return;
	log->ledgers[lane].next_lane = log->ledgers[interface].next_lane;
	log->ledgers[interface].next_lane = lane;
}

static struct mark *mark_at(const struct marks *marks, uint64_t number)
{
	return &marks->list[number % MARKS];
}

static uint64_t add_up(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static uint64_t *group_of(struct marks *marks, uint64_t number)
{
	return &marks->claimed[number / GROUP % GROUPS];
}

/* Begin a group at the next mark; another may have its place. */
static void begin_group(struct marks *marks)
{
	if (marks->end - marks->begin == MARKS) {
		marks->begin += GROUP;
		marks->forgotten = mark_at(marks, marks->begin - 1)->last;
	}
	*group_of(marks, marks->end) = 0;
}

static void add_mark(struct ledger *ledger, struct marks *marks, uint64_t first, uint64_t last,
                     uint64_t packets)
{
	uint64_t before = marks->end > marks->begin ? mark_at(marks, marks->end - 1)->up_to : 0;
	struct mark *newest;

	if (!packets)
		return;
	if (!marks->list && !(marks->list = make_list(ledger, MARKS, sizeof(*marks->list))))
		return;
	if (marks->end > marks->begin && mark_at(marks, marks->end - 1)->last == last) {
		newest = mark_at(marks, marks->end - 1);
		newest->packets = add_up(newest->packets, packets);
		newest->up_to = add_up(before, packets);
		return;
	}
	if (marks->end % GROUP == 0)
		begin_group(marks);
	newest = mark_at(marks, marks->end++);
	*newest = (struct mark){first, last, packets, add_up(before, packets), 0};
}

void wt_loss_log_drop_within(struct wt_loss_log *log, uint32_t interface, uint64_t first,
                             uint64_t last, uint64_t packets)
{
	struct ledger *ledger;

	if (interface >= log->interfaces)
		return;
	ledger = &log->ledgers[interface];
	add_mark(ledger, &ledger->ring, first, last, packets);
}

void wt_loss_log_writer_within(struct wt_loss_log *log, uint32_t interface, uint64_t first,
                               uint64_t last, uint64_t packets)
{
	struct ledger *ledger;

	if (interface >= log->interfaces)
		return;
	ledger = &log->ledgers[interface];
	add_mark(ledger, &ledger->writer, first, last, packets);
}

void wt_loss_log_break_within(struct wt_loss_log *log, uint32_t interface, uint64_t first,
                              uint64_t last, const char *why)
{
	struct ledger *ledger;

	if (interface >= log->interfaces)
		return;
	ledger = &log->ledgers[interface];
	if (!ledger->breaks &&
	    !(ledger->breaks = make_list(ledger, BREAKS, sizeof(*ledger->breaks))))
		return;
	if (ledger->breaks_end - ledger->breaks_begin == BREAKS)
		ledger->breaks_forgotten = ledger->breaks[ledger->breaks_begin++ % BREAKS].last;
	if (ledger->breaks_end > ledger->breaks_begin &&
	    ledger->breaks[(ledger->breaks_end - 1) % BREAKS].last > last)
		last = ledger->breaks[(ledger->breaks_end - 1) % BREAKS].last;
	ledger->breaks[ledger->breaks_end++ % BREAKS] = (struct gap_in_ledger){first, last, why};
}

static void close_mark(const struct marks *marks, uint64_t order)
{
	if (marks->end > marks->begin && mark_at(marks, marks->end - 1)->last > order)
		mark_at(marks, marks->end - 1)->last = order;
}

void wt_loss_log_reached(struct wt_loss_log *log, uint32_t interface, uint64_t order)
{
	struct ledger *ledger;

	if (interface >= log->interfaces)
		return;
	ledger = &log->ledgers[interface];
	close_mark(&ledger->ring, order);
	close_mark(&ledger->writer, order);
	for (uint64_t i = ledger->breaks_end; i-- > ledger->breaks_begin;) {
		struct gap_in_ledger *one = &ledger->breaks[i % BREAKS];

		if (one->last <= order)
			return;
		one->last = order;
	}
}

static struct look *look_at(const struct ledger *ledger, uint64_t number)
{
	return &ledger->looks[number % LOOKS];
}

static bool same_counters(const struct look *a, const struct look *b)
{
	return memcmp(a->counters, b->counters, sizeof(a->counters)) == 0;
}

static bool look_is_new(struct ledger *ledger, uint64_t number)
{
	const struct look *newest = look_at(ledger, ledger->looks_end - 1);
	uint64_t since_ns = (uint64_t)newest->look_ns - (uint64_t)look_at(ledger, number)->look_ns;

	return ledger->looks_end - number <= LOOKS_KEPT ||
	       since_ns < LOOKS_KEPT_S * UINT64_C(1000000000);
}

static void leave_out_look(struct ledger *ledger, uint64_t number)
{
	for (uint64_t i = number; i + 1 < ledger->looks_end; i++)
		*look_at(ledger, i) = *look_at(ledger, i + 1);
	ledger->looks_end--;
}

/* Drop looks between the first and the last of a run with the same counters, a few at a time: at
 * least as many as come. */
static void leave_out_looks(struct ledger *ledger)
{
	if (ledger->looks_settled <= ledger->looks_begin)
		ledger->looks_settled = ledger->looks_begin + 1;
	for (int i = 0; i < 2; i++) {
		uint64_t number = ledger->looks_settled;

		if (number + 1 >= ledger->looks_end || look_is_new(ledger, number))
			return;
		if (same_counters(look_at(ledger, number - 1), look_at(ledger, number)) &&
		    same_counters(look_at(ledger, number), look_at(ledger, number + 1)))
			leave_out_look(ledger, number);
		else
			ledger->looks_settled++;
	}
}

void wt_loss_log_nic(struct wt_loss_log *log, uint32_t interface, int64_t look_ns,
                     const uint64_t *counters)
{
	struct ledger *ledger;
	struct look *look;

	if (interface >= log->interfaces)
		return;
	ledger = &log->ledgers[interface];
	if (!ledger->looks && !(ledger->looks = make_list(ledger, LOOKS, sizeof(*ledger->looks))))
		return;
	/* A recording's file begins with looks that the previous file has, too. */
	if (ledger->looks_end > ledger->looks_begin &&
	    look_ns <= look_at(ledger, ledger->looks_end - 1)->look_ns)
		return;
	if (ledger->looks_end - ledger->looks_begin == LOOKS)
		ledger->looks_begin++;
	look = look_at(ledger, ledger->looks_end++);
	look->look_ns = look_ns;
	memcpy(look->counters, counters, sizeof(look->counters));
	leave_out_looks(ledger);
}

/* Number of the first mark that may lie after this packet. */
static uint64_t mark_after(const struct marks *marks, uint64_t order)
{
	uint64_t low = marks->begin, high = marks->end;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (mark_at(marks, middle)->last > order)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* Number of the first mark that lies after this packet. */
static uint64_t mark_beyond(const struct marks *marks, uint64_t order)
{
	uint64_t low = marks->begin, high = marks->end;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (mark_at(marks, middle)->first > order)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static uint64_t packets_between(const struct marks *marks, uint64_t first, uint64_t end)
{
	uint64_t before;

	if (first >= end)
		return 0;
	before = mark_at(marks, first)->up_to - mark_at(marks, first)->packets;
	return mark_at(marks, end - 1)->up_to - before;
}

/* End of the part of first .. end - 1 that lies in one group; *is_whole: it is the whole group. */
static uint64_t group_end(uint64_t first, uint64_t end, bool *is_whole)
{
	uint64_t next = first - first % GROUP + GROUP;

	*is_whole = first % GROUP == 0 && next <= end;
	return next < end ? next : end;
}

static uint64_t claimed_between(struct marks *marks, uint64_t first, uint64_t end)
{
	uint64_t claimed = 0;

	while (first < end) {
		bool is_whole;
		uint64_t next = group_end(first, end, &is_whole);

		if (is_whole)
			claimed += *group_of(marks, first);
		for (; !is_whole && first < next; first++)
			claimed += mark_at(marks, first)->claimed;
		first = next;
	}
	return claimed;
}

/* Claim packets that no gap has claimed, the earliest first. Returns how many. */
static uint64_t claim_between(struct marks *marks, uint64_t first, uint64_t end, uint64_t claim)
{
	uint64_t asked = claim;

	while (first < end && claim) {
		bool is_whole;
		uint64_t next = group_end(first, end, &is_whole);

		if (is_whole && *group_of(marks, first) == packets_between(marks, first, next))
			first = next;
		for (; first < next && claim; first++) {
			struct mark *mark = mark_at(marks, first);
			uint64_t left = mark->packets - mark->claimed;
			uint64_t taken = left < claim ? left : claim;

			mark->claimed += taken;
			*group_of(marks, first) += taken;
			claim -= taken;
		}
	}
	return asked - claim;
}

static void not_known(struct wt_loss *loss, const char *why)
{
	loss->known = false;
	snprintf(loss->why, sizeof(loss->why), "%s", why);
}

/* Set the reason if losses are not known. */
static void judge_window(const struct ledger *ledger, const struct wt_loss_window *window,
                         struct wt_loss *loss)
{
	if (ledger->none) {
		not_known(loss, ledger->none);
		return;
	}
	if (ledger->no_memory) {
		not_known(loss, "there was no memory for its losses");
		return;
	}
	if (!window->after) {
		not_known(loss, "it begins before the recording");
		return;
	}
	if (window->after < ledger->ring.forgotten || window->after < ledger->writer.forgotten ||
	    window->after < ledger->breaks_forgotten) {
		not_known(loss, "it begins before what is remembered of losses");
		return;
	}
	for (uint64_t i = ledger->breaks_end; i-- > ledger->breaks_begin;) {
		const struct gap_in_ledger *one = &ledger->breaks[i % BREAKS];

		if (one->last <= window->after)
			return;
		if (one->first <= window->before)
			not_known(loss, one->why);
	}
}

/* Number of the first look at or after this. */
static uint64_t look_from(const struct ledger *ledger, int64_t ns)
{
	uint64_t low = ledger->looks_begin, high = ledger->looks_end;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (look_at(ledger, middle)->look_ns >= ns)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static void compare_looks(const struct look *from, const struct look *to, struct wt_loss *loss)
{
	loss->has_nic = true;
	loss->nic_from_ns = from->look_ns;
	loss->nic_to_ns = to->look_ns;
	for (unsigned i = 0; i < COUNTERS; i++) {
		/* A counter that fell belongs to a device that began anew. */
		uint64_t moved = to->counters[i] > from->counters[i]
		                         ? to->counters[i] - from->counters[i]
		                         : 0;

		loss->nic_moved[i] = moved;
		loss->nic = add_up(loss->nic, moved);
	}
}

static void find_looks(const struct ledger *ledger, const struct wt_loss_window *window,
                       struct wt_loss *loss)
{
	uint64_t from = look_from(ledger, window->after_ns);
	uint64_t to = look_from(ledger, window->before_ns);

	if (from == ledger->looks_end || look_at(ledger, from)->look_ns > window->after_ns) {
		if (from == ledger->looks_begin)
			return;
		from--;
	}
	if (to < ledger->looks_end)
		compare_looks(look_at(ledger, from), look_at(ledger, to), loss);
}

static struct ledger *ledger_of(struct wt_loss_log *log, uint32_t lane)
{
	return lane < log->interfaces ? &log->ledgers[lane] : NULL;
}

static void add_losses(struct ledger *ledger, const struct wt_loss_window *window,
                       struct wt_loss *loss)
{
	uint64_t first = mark_after(&ledger->ring, window->after);
	uint64_t end = mark_beyond(&ledger->ring, window->before);
	uint64_t dropped = packets_between(&ledger->ring, first, end);

	loss->ring_all = add_up(loss->ring_all, dropped);
	loss->ring = add_up(loss->ring, dropped - claimed_between(&ledger->ring, first, end));
	loss->writer =
	        add_up(loss->writer,
	               packets_between(&ledger->writer, mark_after(&ledger->writer, window->after),
	                               mark_beyond(&ledger->writer, window->before)));
}

void wt_loss_log_between(void *log, const struct wt_loss_window *window, uint64_t claim,
                         struct wt_loss *loss)
{
	struct ledger *first = ledger_of(log, window->interface), *ledger;

	*loss = (struct wt_loss){.known = true};
	if (!first) {
		not_known(loss, "nothing is known of its interface");
		return;
	}
	for (ledger = first; ledger; ledger = ledger_of(log, ledger->next_lane)) {
		judge_window(ledger, window, loss);
		add_losses(ledger, window, loss);
	}
	for (ledger = first; ledger && loss->known && claim;
	     ledger = ledger_of(log, ledger->next_lane))
		claim -= claim_between(&ledger->ring, mark_after(&ledger->ring, window->after),
		                       mark_beyond(&ledger->ring, window->before), claim);
	find_looks(first, window, loss);
}
