/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/replay/tx/sender.h>

#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

enum {
	/* Interval between looks at links and launch clocks. */
	LOOK_NS = 100000000,
	/* Until a queue that is full is tried again, if nothing presses. */
	RETRY_NS = 10000,
	STALL_NS = 1000000000,
	/* Naps while the buffer is empty: the first, and the longest. */
	STARVED_NAP_NS = 50000,
	STARVED_NAP_NS_MAX = 1000000,
	DRAIN_NS = 1000000000,
	/* Time from the decision on a launch time until the packet is in the qdisc. */
	LAUNCH_MARGIN_NS = 20000,
	/* Before the first packet. */
	READY_NS = 600000,
	/* After this long without sending, a rehearsal goes the way once more this long before a
	 * packet. */
	COLD_AFTER_NS = 1000000,
	REHEARSAL_NS = 150000,
	/* More than any lead that is worth to begin with. */
	FIRST_LEAD_NS_MAX = 10000,
	/* More for the first packet: no rehearsal touches what is the device's own, some twenty
	 * cache lines. */
	DEVICE_NS = 2000,
	/* Greatest distance ahead of their time at which packets are taken along. */
	AHEAD_NS_MAX = 2000,
	/* Between two looks at the clock, or beyond twice what a system call usually takes:
	 * somebody else had the processor. */
	INTERRUPTION_NS = 5000,
	/* An interruption in the first calls. */
	COLD_NS = 100000,
	COLD_CALLS = 4,
	/* A packet handed over this much later than it should have been is late because of an
	 * interruption. */
	DISTURBED_NS = 500,
};

static bool is_stopped(const struct wt_sender *sender)
{
	/* Relaxed: it publishes nothing. */
	return __atomic_load_n(sender->stop, __ATOMIC_RELAXED) != 0;
}

static int64_t now_of(const struct wt_sender *sender)
{
	return sender->clock->ops->now(sender->clock);
}

static int send_failed(const struct wt_tx *tx, int code, struct wt_error *err)
{
	const char *name = tx->interface;

	if (tx->kind == WT_TX_UDP)
		return wt_error_set(err, code, "cannot send to the address: %s", strerror(-code));
	if (code == -ENETDOWN)
		return wt_error_set(err, code, "interface '%s' went down while sending", name);
	if (code == -ENXIO || code == -ENODEV)
		return wt_error_set(err, -ENODEV, "interface '%s' vanished while sending", name);
	return wt_error_set(err, code, "cannot send on interface '%s': %s", name, strerror(-code));
}

/* The kernel has taken nothing: 0 if it is worth another try. */
static int refused(struct wt_sender *sender, const struct wt_tx *tx, int code, struct wt_error *err)
{
	int64_t now;

	if (code == -EINTR)
		return 0;
	if (code != -ENOBUFS && code != -EAGAIN)
		return send_failed(tx, code, err);
	now = now_of(sender);
	sender->refused++;
	if (!sender->refused_since_ns)
		sender->refused_since_ns = now;
	if (now - sender->refused_since_ns > STALL_NS)
		return wt_error_set(err, -ENOBUFS,
		                    "interface '%s' has refused every packet for a second; see "
		                    "whether its other end is up, and what its queue does: tc -s "
		                    "qdisc show dev %s",
		                    tx->interface, tx->interface);
	sender->clock->ops->wait_until(sender->clock, now + RETRY_NS, sender->spin_ns,
	                               sender->stop);
	return 0;
}

/* In real time: a simulated hour takes none, and the other threads do. */
static void rest(long ns)
{
	const struct timespec time = {.tv_nsec = ns};

	nanosleep(&time, NULL);
}

static int read_flags(const struct wt_tx *tx, short *flags)
{
	struct ifreq request = {0};

	strcpy(request.ifr_name, tx->interface);
	if (ioctl(tx->fd, SIOCGIFFLAGS, &request) < 0)
		return -ENODEV;
	*flags = request.ifr_flags;
	return 0;
}

/* A device without carrier swallows what comes through a qdisc and reports success; only its
 * flags tell. One that is unplugged goes down first. */
static int look_at_link(const struct wt_tx *tx, struct wt_error *err)
{
	enum { UNPLUGGING_NS = 50000000 };
	const short running = IFF_UP | IFF_RUNNING;
	short flags;
	int rc = read_flags(tx, &flags);

	if (!rc && (flags & running) == running)
		return 0;
	if (!rc) {
		rest(UNPLUGGING_NS);
		rc = read_flags(tx, &flags);
	}
	if (rc || !(flags & IFF_UP))
		return send_failed(tx, rc ? rc : -ENETDOWN, err);
	return wt_error_set(err, -ENETDOWN,
	                    "interface '%s' lost its carrier while sending; plug in the cable, or "
	                    "bring up the other end",
	                    tx->interface);
}

static int look_at_links(const struct wt_sender *sender, struct wt_error *err)
{
	int rc = 0;

	for (size_t i = 0; i < sender->port_count && !rc; i++)
		if (sender->ports[i].tx->interface[0])
			rc = look_at_link(sender->ports[i].tx, err);
	return rc;
}

/* Read the clock of launch times again: it may be set during the replay. */
static int read_launch_clocks(struct wt_sender *sender, struct wt_error *err)
{
	enum { READINGS = 8 };
	struct wt_pace_clock *clock = sender->clock;
	int rc = 0;

	for (size_t i = 0; i < sender->port_count; i++) {
		struct wt_sender_port *port = &sender->ports[i];
		int64_t before, other, after;

		port->offset = (struct wt_launch_offset){0};
		for (int n = 0; n < READINGS && !rc; n++) {
			rc = clock->ops->read_other(clock, port->launch.clock, &before, &other,
			                            &after);
			if (!rc)
				wt_launch_offset_read(&port->offset, before, other, after);
		}
	}
	if (rc)
		return wt_error_set(err, rc, "cannot read the clock of launch times: %s",
		                    strerror(-rc));
	return 0;
}

/* The packet's launch time; false if it is too early to hand it over, and *launch_ns is when it no
 * longer is. */
static bool launch_time(struct wt_sender *sender, struct wt_sender_port *port, int64_t due_ns,
                        int64_t now, int64_t *launch_ns)
{
	const struct wt_launch_decision decision =
	        wt_launch_decide(&port->launch, wt_launch_time(due_ns, &port->offset),
	                         wt_launch_time(now, &port->offset),
	                         LAUNCH_MARGIN_NS + port->offset.error_ns, port->last_launch_ns);

	*launch_ns = decision.time_ns;
	if (decision.way == WT_LAUNCH_NOT_YET)
		return false;
	sender->late_launches += decision.late;
	port->last_launch_ns = decision.time_ns;
	return true;
}

static void stamp_payload(struct wt_sender *sender, const struct wt_queued_packet *packet,
                          int64_t now)
{
	const struct wt_payload_stamp stamp = {
	        .offset = packet->stamp_offset,
	        .checksum = packet->checksum_offset,
	        .odd = packet->flags & WT_QUEUED_STAMP_ODD,
	};

	if (packet->flags & WT_QUEUED_STAMPED)
		wt_payload_stamp_put(&stamp, packet->data, packet->number,
		                     (uint64_t)(now + sender->utc_ns));
}

static void gather(struct wt_sender *sender, struct wt_queued_packet *const *packets, size_t count,
                   int64_t horizon_ns, int64_t now, struct wt_sender_batch *batch)
{
	struct wt_sender_port *port = &sender->ports[packets[0]->port];
	bool is_launched = sender->pace == WT_PACE_TXTIME;

	batch->count = 0;
	batch->port = packets[0]->port;
	for (size_t i = 0; i < count && packets[i]->port == batch->port; i++) {
		struct wt_tx_packet *to = &batch->packets[batch->count];

		if (packets[i]->due_ns > horizon_ns)
			break;
		if (is_launched && !launch_time(sender, port, sender->start_ns + packets[i]->due_ns,
		                                now, &to->launch_ns))
			break;
		if (sender->stamps_payloads)
			stamp_payload(sender, packets[i], now);
		to->data = packets[i]->data;
		to->bytes = packets[i]->caplen;
		batch->count++;
	}
}

/* Let the collector keep up with a simulation, unless it waits for what is still to leave. */
static void wait_for_proof(const struct wt_sender *sender)
{
	enum { BEHIND_MAX = 1 << 12, NAP_NS = 100000, UNTOLD_NS = 5000000 };

	while (wt_handovers_waiting(sender->handovers) > BEHIND_MAX && !is_stopped(sender)) {
		if (wt_handovers_oldest_due(sender->handovers) + UNTOLD_NS > now_of(sender))
			return;
		rest(NAP_NS);
	}
}

static void tell(struct wt_sender *sender, const struct wt_sender_batch *batch,
                 struct wt_queued_packet *const *packets, uint32_t count, uint32_t first_id,
                 int64_t now)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct wt_handover record = {
		        .due_ns = sender->start_ns + packets[i]->due_ns,
		        .handover_ns = now,
		        .launch_ns =
		                sender->pace == WT_PACE_TXTIME ? batch->packets[i].launch_ns : 0,
		        .id = first_id + i,
		        .bytes = packets[i]->caplen,
		        .port = (uint8_t)batch->port,
		        .place = i < UINT8_MAX ? (uint8_t)i : UINT8_MAX,
		        .is_disturbed = sender->is_disturbed,
		};

		if (sender->is_simulated)
			wait_for_proof(sender);
		wt_handovers_put(sender->handovers, &record);
	}
}

static void count_sent(struct wt_sender *sender, const struct wt_sender_batch *batch,
                       struct wt_queued_packet *const *packets, uint32_t count)
{
	struct wt_sender_port *port = &sender->ports[batch->port];
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < count; i++) {
		bytes += batch->packets[i].bytes;
		sender->stamped += packets[i]->flags & WT_QUEUED_STAMPED;
	}
	port->sent += count;
	port->bytes += bytes;
	sender->starved_packets += sender->is_behind ? count : 0;
	/* Relaxed: only this thread writes them. */
	__atomic_store_n(&sender->progress.sent, sender->progress.sent + count, __ATOMIC_RELAXED);
	__atomic_store_n(&sender->progress.bytes, sender->progress.bytes + bytes, __ATOMIC_RELAXED);
}

/* A packet that nobody stamps is handed over by itself: only then is the time of it known. */
static uint32_t batch_limit(const struct wt_sender *sender, uint16_t port)
{
	bool alone = sender->handovers && !sender->ports[port].tx->has_stamps &&
	             sender->pace == WT_PACE_SPIN;

	return alone ? 1 : sender->batch;
}

/* A packet that is due so soon that it would be late by more, had it to wait for a system call of
 * its own, than it is early if it goes along with this one. */
static int64_t ahead_of(const struct wt_sender *sender)
{
	if (!sender->lead_ns)
		return 0;
	return sender->call.ns / 2 < AHEAD_NS_MAX ? sender->call.ns / 2 : AHEAD_NS_MAX;
}

/* The machine has taken the processor away, for longer than anything here takes. */
static void note_interruption(struct wt_sender *sender, int64_t taken_ns)
{
	sender->interruptions++;
	sender->interrupted_ns += taken_ns;
}

/* A call that takes much longer than usual was interrupted. The first calls find the kernel's
 * memory cold, which is nobody's doing. */
static int64_t longest_call(const struct wt_sender *sender, uint32_t count)
{
	int64_t usual_ns = sender->call.ns * count;

	return 2 * usual_ns + (sender->calls < COLD_CALLS ? COLD_NS : INTERRUPTION_NS);
}

static void judge_call(struct wt_sender *sender, uint32_t count, int64_t from)
{
	int64_t took_ns, longest_ns;

	if (sender->pace != WT_PACE_SPIN || sender->is_asap)
		return;
	took_ns = now_of(sender) - from;
	longest_ns = longest_call(sender, count);
	if (count == 1 && sender->calls++)
		wt_median_follow(&sender->call, took_ns);
	else if (count == 1)
		wt_median_begin(&sender->call, took_ns);
	if (took_ns <= longest_ns)
		return;
	note_interruption(sender, took_ns - sender->call.ns);
	sender->is_disturbed = true;
}

/* The first packet is beyond the qdisc's horizon, and `launch_ns` is when it no longer is. */
static int wait_to_ask(const struct wt_sender *sender, const struct wt_sender_batch *batch)
{
	int64_t at_ns = batch->packets[0].launch_ns - sender->ports[batch->port].offset.ns;

	if (sender->pace == WT_PACE_TXTIME)
		sender->clock->ops->wait_until(sender->clock, at_ns, sender->spin_ns, sender->stop);
	return 0;
}

/* Hand over what is due at `now`, which the first of those that are held is: how many the kernel
 * has taken, or a negative errno. */
static int hand_over(struct wt_sender *sender, int64_t now, int64_t lead_ns, struct wt_error *err)
{
	struct wt_queued_packet *const *packets = &sender->held[sender->held_first];
	uint32_t count = sender->held_count;
	uint32_t limit = batch_limit(sender, packets[0]->port);
	struct wt_tx *tx = sender->ports[packets[0]->port].tx;
	int64_t horizon_ns =
	        sender->is_asap ? INT64_MAX : now + lead_ns + ahead_of(sender) - sender->start_ns;
	struct wt_sender_batch *batch = &sender->leaving;
	uint32_t first_id;
	int taken;

	gather(sender, packets, count < limit ? count : limit, horizon_ns, now, batch);
	if (!batch->count)
		return wait_to_ask(sender, batch);
	first_id = tx->next_id;
	taken = tx->ops->send(tx, batch->packets, batch->count);
	judge_call(sender, batch->count, now);
	/* Too large for what the interface's MTU is by now: that says nothing of the next. */
	if (taken == -EMSGSIZE) {
		sender->undone++;
		return 1;
	}
	if (taken < 0)
		return refused(sender, tx, taken, err);
	sender->refused_since_ns = 0;
	sender->cold_ns = 0;
	/* The kernel goes on to the next packet unless it cannot take one. */
	sender->refused += (uint32_t)taken < batch->count;
	sender->last_ns = sender->is_asap ? now_of(sender) : now;
	if (sender->handovers)
		tell(sender, batch, packets, (uint32_t)taken, first_id, now);
	count_sent(sender, batch, packets, (uint32_t)taken);
	return taken;
}

/* The way that the next packet takes: how long the kernel takes for it, by a stamp, or about how
 * long by one of the two calls that end before there is a packet. */
static int64_t rehearse(struct wt_sender *sender, struct wt_tx *tx)
{
	int64_t from_ns = now_of(sender), stamp_ns = 0;

	if (sender->rehearsal)
		stamp_ns = wt_tx_rehearse(sender->rehearsal);
	tx->ops->warm_up(tx);
	return stamp_ns ? stamp_ns - sender->utc_ns - from_ns : (now_of(sender) - from_ns) / 2;
}

/* After a long wait nothing that a packet needs is in the processor's caches any more, and it would
 * be late by more than others. */
static void rehearse_for(struct wt_sender *sender, const struct wt_queued_packet *packet,
                         int64_t at_ns)
{
	struct wt_pace_wait wait;

	if (!sender->rehearses || at_ns - sender->last_ns < COLD_AFTER_NS)
		return;
	wait = sender->clock->ops->wait_until(sender->clock, at_ns - REHEARSAL_NS, sender->spin_ns,
	                                      sender->stop);
	if (wait.now_ns < at_ns - REHEARSAL_NS / 2)
		rehearse(sender, sender->ports[packet->port].tx);
}

static int compare_times(const void *left, const void *right)
{
	const int64_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

/* Check that all ports stamp: where one does not, departures are unknown, and no lead makes them
 * punctual. */
static bool all_stamp(const struct wt_sender *sender)
{
	bool all = true;

	for (size_t i = 0; i < sender->port_count; i++)
		all &= sender->ports[i].tx->has_stamps;
	return all;
}

/* Before anything is known of packets: the median of some rehearsals, with pauses as packets have
 * them. */
static void begin_lead(struct wt_sender *sender)
{
	enum { REHEARSALS = 5, PAUSE_NS = 25000 };
	int64_t took_ns[REHEARSALS], now = now_of(sender);

	for (int i = 0; i < REHEARSALS; i++) {
		if (now > sender->start_ns - sender->early_ns - REHEARSAL_NS / 2)
			return;
		sender->clock->ops->wait_until(sender->clock, now + PAUSE_NS, PAUSE_NS,
		                               sender->stop);
		took_ns[i] = rehearse(sender, sender->ports[0].tx);
		now = now_of(sender);
	}
	qsort(took_ns, REHEARSALS, sizeof(*took_ns), compare_times);
	now = took_ns[REHEARSALS / 2];
	if (now <= 0 || now > FIRST_LEAD_NS_MAX)
		return;
	/* Relaxed: it publishes nothing. */
	__atomic_store_n(sender->lead_ns, now, __ATOMIC_RELAXED);
	sender->cold_ns = DEVICE_NS;
}

static int64_t lead_of(const struct wt_sender *sender)
{
	return sender->early_ns + sender->cold_ns +
	       (sender->lead_ns ? __atomic_load_n(sender->lead_ns, __ATOMIC_RELAXED) : 0);
}

/* Judge whether an interruption makes this packet late, and those after it until there is time to
 * wait again. */
static void judge_wait(struct wt_sender *sender, const struct wt_pace_wait *wait, int64_t at_ns)
{
	if (wait->taken_ns > INTERRUPTION_NS) {
		note_interruption(sender, wait->taken_ns);
		sender->is_disturbed = wait->now_ns - at_ns > DISTURBED_NS;
	} else if (wait->has_waited) {
		sender->is_disturbed = false;
	}
}

/* For the time at which a packet is handed over: the time then, earlier if it was stopped or
 * ends. */
static int64_t wait_for(struct wt_sender *sender, const struct wt_queued_packet *packet,
                        int64_t lead_ns)
{
	int64_t at_ns;
	struct wt_pace_wait wait;

	if (sender->is_asap)
		return now_of(sender);
	at_ns = sender->start_ns + packet->due_ns - lead_ns;
	if (__builtin_add_overflow(at_ns, sender->coalesce_ns, &at_ns) || at_ns > sender->end_ns)
		at_ns = sender->end_ns;
	rehearse_for(sender, packet, at_ns);
	wait = sender->clock->ops->wait_until(sender->clock, at_ns, sender->spin_ns, sender->stop);
	if (sender->pace == WT_PACE_SPIN)
		judge_wait(sender, &wait, at_ns);
	if (wait.has_waited)
		sender->is_behind = false;
	return wait.now_ns;
}

/* Wait for a packet: the disk is too slow, or a pipe's writer has nothing yet. A simulated clock
 * stands still until one comes. */
static void starve(struct wt_sender *sender)
{
	int64_t now = now_of(sender);

	if (sender->is_simulated) {
		rest(STARVED_NAP_NS);
		return;
	}
	sender->nap_ns = sender->starving_ns ? 2 * sender->nap_ns : STARVED_NAP_NS;
	if (sender->nap_ns > STARVED_NAP_NS_MAX)
		sender->nap_ns = STARVED_NAP_NS_MAX;
	if (!sender->starving_ns)
		sender->starving_ns = now;
	sender->clock->ops->wait_until(sender->clock, now + sender->nap_ns, 0, sender->stop);
}

/* Something has come: only if it should have left by now anything is late for it. */
static void judge_starving(struct wt_sender *sender, const struct wt_queued_packet *packet)
{
	int64_t due_ns = sender->start_ns + packet->due_ns - lead_of(sender);
	int64_t since_ns = sender->starving_ns, now = now_of(sender);

	sender->starving_ns = 0;
	if (!sender->is_asap && since_ns < due_ns)
		since_ns = due_ns;
	if (since_ns >= now)
		return;
	sender->starved++;
	sender->starved_ns += now - since_ns;
	sender->is_behind = !sender->is_asap;
}

static int look(struct wt_sender *sender, int64_t now, struct wt_error *err)
{
	int rc = 0;

	if (now - sender->looked_ns < LOOK_NS)
		return 0;
	sender->looked_ns = now;
	if (sender->watches_links)
		rc = look_at_links(sender, err);
	if (!rc && sender->pace == WT_PACE_TXTIME)
		rc = read_launch_clocks(sender, err);
	return rc;
}

/* Drain the rings. */
static void drain(struct wt_sender *sender)
{
	int64_t end_ns = now_of(sender) + DRAIN_NS;

	for (size_t i = 0; i < sender->port_count; i++) {
		struct wt_tx *tx = sender->ports[i].tx;

		while (tx->ops->drain(tx) && now_of(sender) < end_ns)
			sender->clock->ops->wait_until(sender->clock, now_of(sender) + RETRY_NS, 0,
			                               sender->stop);
	}
}

static bool hold_more(struct wt_sender *sender)
{
	sender->held_first = 0;
	sender->held_count =
	        (uint32_t)sender->source->ops->peek(sender->source, sender->held, sender->batch);
	return sender->held_count > 0;
}

/* Release packets that were handed over; the next one's bytes are wanted soon. */
static void let_go(struct wt_sender *sender, uint32_t count)
{
	sender->held_first += count;
	sender->held_count -= count;
	sender->source->ops->release(sender->source, count);
	if (sender->held_count)
		__builtin_prefetch(sender->held[sender->held_first]->data);
}

/* 0 at the end, 1 if there is more to come, or a negative errno. */
static int out_of_packets(struct wt_sender *sender, struct wt_error *err)
{
	int error;

	if (!sender->source->ops->ended(sender->source, &error)) {
		starve(sender);
		return now_of(sender) < sender->end_ns;
	}
	if (error && err)
		*err = sender->source->err;
	return error;
}

/* Does its due time fit the numbers of every clock? */
static bool can_be_told(const struct wt_sender *sender, const struct wt_queued_packet *packet)
{
	return packet->due_ns <= WT_SENDER_DUE_NS_MAX || sender->is_asap;
}

static int untold(const struct wt_queued_packet *packet, struct wt_error *err)
{
	return wt_error_set(err, -EOVERFLOW,
	                    "packet %" PRIu64
	                    " would be due more than 70 years after the start; see --timing, or "
	                    "shorten gaps in the file with --max-gap",
	                    packet->number);
}

/* Take one turn: 1 to go on, 0 at the end, or a negative errno. */
static int turn(struct wt_sender *sender, struct wt_error *err)
{
	int64_t lead_ns, now;
	int taken;

	if (!sender->held_count && !hold_more(sender))
		return out_of_packets(sender, err);
	if (!can_be_told(sender, sender->held[sender->held_first]))
		return untold(sender->held[sender->held_first], err);
	if (sender->starving_ns)
		judge_starving(sender, sender->held[sender->held_first]);
	lead_ns = lead_of(sender);
	now = wait_for(sender, sender->held[sender->held_first], lead_ns);
	if (is_stopped(sender) || now >= sender->end_ns)
		return 0;
	taken = hand_over(sender, now, lead_ns, err);
	if (taken < 0)
		return taken;
	let_go(sender, (uint32_t)taken);
	taken = look(sender, now, err);
	return taken ? taken : 1;
}

/* Right before the first packet, when everything that it needs is brought near. */
static void get_ready(struct wt_sender *sender)
{
	enum { ROUNDS = 4 };

	sender->clock->ops->wait_until(sender->clock,
	                               sender->start_ns - sender->early_ns - READY_NS,
	                               sender->spin_ns, sender->stop);
	hold_more(sender);
	for (size_t i = 0; i < ROUNDS * sender->port_count; i++) {
		struct wt_tx *tx = sender->ports[i % sender->port_count].tx;

		rehearse(sender, tx);
	}
	if (sender->rehearses && sender->lead_ns && all_stamp(sender))
		begin_lead(sender);
	/* Others wait for their packets' times. */
	if (sender->is_asap)
		sender->clock->ops->wait_until(sender->clock, sender->start_ns, sender->spin_ns,
		                               sender->stop);
}

int wt_sender_run(struct wt_sender *sender, struct wt_error *err)
{
	int rc = sender->pace == WT_PACE_TXTIME ? read_launch_clocks(sender, err) : 0;

	/* Long ago, for the first packet. */
	sender->last_ns = sender->start_ns - sender->early_ns - 2 * COLD_AFTER_NS;
	sender->looked_ns = sender->start_ns;
	if (rc)
		return rc;
	get_ready(sender);
	do
		rc = is_stopped(sender) ? 0 : turn(sender, err);
	while (rc > 0);
	drain(sender);
	return rc;
}
