/* SPDX-License-Identifier: BSD-2-Clause */

/* Packets that sockets and rings send over a veth, and what the kernel tells of them. */

#include "support/unit.h"
#include "support/veth.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <wiretape/replay/tx/tx_private.h>

enum { BYTES = 100, PATIENCE_MS = 5000, EXPERIMENTAL = 0x88b5, REPORTS_MAX = 4096 };

static struct wt_tx *tx;
static struct wt_error err;
static int receiver = -1;
static uint8_t frames[WT_REPLAYER_BATCH_DEFAULT][2000];
static struct wt_tx_packet packets[WT_REPLAYER_BATCH_DEFAULT];

static void tear_down(void)
{
	if (tx)
		tx->ops->close(tx);
	if (receiver >= 0)
		close(receiver);
}

static void set_up(void)
{
	const char *why = veth_enter_namespace();
	struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(EXPERIMENTAL)};

	if (why)
		cr_skip_test("%s", why);
	receiver = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (receiver < 0)
		cr_skip_test("no right to receive packets");
	address.sll_ifindex = (int)if_nametoindex("wt_b");
	cr_assert(eq(int, bind(receiver, (struct sockaddr *)&address, sizeof(address)), 0));
}

TestSuite(tx_socket, .init = set_up, .fini = tear_down);

static void open_tx(int (*open)(struct wt_tx **, const struct wt_tx_config *, struct wt_error *),
                    struct wt_tx_config config)
{
	int rc;

	config.interface = "wt_a";
	rc = open(&tx, &config, &err);
	cr_assert(eq(int, rc, 0), "%s", rc ? err.text : "");
}

/* Frames with numbers from `first` on. */
static void make(uint32_t first, uint32_t count, uint32_t bytes)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t number = first + i;

		memset(frames[i], 0x11, sizeof(frames[i]));
		frames[i][12] = EXPERIMENTAL >> 8;
		frames[i][13] = EXPERIMENTAL & 0xff;
		memcpy(frames[i] + 14, &number, sizeof(number));
		packets[i] = (struct wt_tx_packet){.data = frames[i], .bytes = bytes};
	}
}

static void expect_received(uint32_t first, uint32_t count, uint32_t bytes)
{
	struct pollfd ready = {.fd = receiver, .events = POLLIN};
	uint8_t frame[2048];
	uint32_t number;

	for (uint32_t i = 0; i < count; i++) {
		cr_assert(gt(int, poll(&ready, 1, PATIENCE_MS), 0), "packet %u has not come", i);
		cr_assert(eq(long, (long)recv(receiver, frame, sizeof(frame), 0), (long)bytes));
		memcpy(&number, frame + 14, sizeof(number));
		cr_assert(eq(u32, number, first + i));
	}
	cr_expect(eq(int, poll(&ready, 1, 0), 0), "there is more");
}

/* Of all that has come within the patience, up to `wanted` stamps: how many, and their ids. */
static size_t read_ids(uint32_t *ids, size_t wanted)
{
	struct wt_tx_report reports[WT_TX_REPORTS];
	struct pollfd ready = {.fd = tx->fd};
	size_t got = 0;

	while (got < wanted && poll(&ready, 1, PATIENCE_MS) > 0) {
		int count = tx->ops->reports(tx, reports);

		for (int i = 0; i < count && got < wanted; i++) {
			if (reports[i].kind != WT_TX_STAMPED)
				continue;
			cr_expect(ne(i64, reports[i].software_ns, 0));
			ids[got++] = reports[i].id;
		}
	}
	return got;
}

static void send_all(uint32_t count)
{
	for (uint32_t sent = 0; sent < count;) {
		int taken = tx->ops->send(tx, packets + sent, count - sent);

		cr_assert(gt(int, taken, 0));
		sent += (uint32_t)taken;
	}
}

Test(tx_socket, one_and_many_arrive_in_order_with_a_stamp_for_each)
{
	uint32_t ids[65];

	open_tx(wt_tx_open_socket, (struct wt_tx_config){.stamp = WT_TX_STAMP_SOFTWARE});
	cr_assert(tx->has_stamps);
	make(0, 1, BYTES);
	send_all(1);
	make(1, WT_REPLAYER_BATCH_DEFAULT, BYTES);
	send_all(WT_REPLAYER_BATCH_DEFAULT);
	expect_received(0, 65, BYTES);
	cr_expect(eq(u32, tx->next_id, 65));
	cr_assert(eq(sz, read_ids(ids, 65), 65));
	for (uint32_t i = 0; i < 65; i++)
		cr_expect(eq(u32, ids[i], i));
}

Test(tx_socket, the_kernel_goes_by_the_numbers_that_it_is_told)
{
	enum { COUNT = 6 };
	const uint32_t first = UINT32_MAX - 2;
	uint32_t ids[COUNT];

	open_tx(wt_tx_open_socket, (struct wt_tx_config){.stamp = WT_TX_STAMP_SOFTWARE});
	if (!tx->has_own_ids)
		cr_skip_test("the kernel numbers packets itself, as it did before Linux 6.13");
	tx->next_id = first;
	make(0, COUNT, BYTES);
	send_all(1);
	make(1, COUNT - 1, BYTES);
	send_all(COUNT - 1);
	cr_assert(eq(sz, read_ids(ids, COUNT), COUNT));
	for (uint32_t i = 0; i < COUNT; i++)
		cr_expect(eq(u32, ids[i], first + i));
}

Test(tx_socket, warming_up_sends_nothing_and_counts_nothing)
{
	uint32_t id;

	open_tx(wt_tx_open_socket, (struct wt_tx_config){.stamp = WT_TX_STAMP_SOFTWARE});
	tx->ops->warm_up(tx);
	tx->ops->warm_up(tx);
	make(0, 1, BYTES);
	send_all(1);
	expect_received(0, 1, BYTES);
	cr_assert(eq(sz, read_ids(&id, 1), 1));
	cr_expect(eq(u32, id, 0));
}

Test(tx_socket, without_stamps_there_are_none)
{
	struct wt_tx_report reports[WT_TX_REPORTS];

	open_tx(wt_tx_open_socket, (struct wt_tx_config){.stamp = WT_TX_STAMP_OFF});
	cr_expect(not(tx->has_stamps));
	make(0, 5, BYTES);
	send_all(5);
	expect_received(0, 5, BYTES);
	cr_expect(eq(int, tx->ops->reports(tx, reports), 0));
}

Test(tx_socket, takes_what_the_mtu_allows)
{
	open_tx(wt_tx_open_socket, (struct wt_tx_config){.stamp = WT_TX_STAMP_OFF});
	cr_expect(eq(u32, tx->bytes_max, 1518));
	cr_expect(eq(u32, tx->bytes_min, 14));
	make(0, 1, 1514);
	send_all(1);
	expect_received(0, 1, 1514);
	make(0, 1, 1519);
	cr_expect(eq(int, tx->ops->send(tx, packets, 1), -EMSGSIZE));
}

static void shape(const char *qdisc)
{
	char command[200];

	snprintf(command, sizeof(command),
	         "PATH=$PATH:/usr/sbin:/sbin tc qdisc replace dev wt_a root %s", qdisc);
	if (system(command))
		cr_skip_test("tc(8) or the kernel lacks this qdisc");
}

/* What the kernel drops it has counted; what it stops at within a call, too, without a word. */
static void expect_ids_in_step(int (*open)(struct wt_tx **, const struct wt_tx_config *,
                                           struct wt_error *))
{
	enum { ROUNDS = 40 };
	static uint32_t ids[REPORTS_MAX], sent_ids[REPORTS_MAX];
	size_t sent = 0, refused = 0;

	shape("tbf rate 10mbit burst 2000 limit 1600");
	open_tx(open, (struct wt_tx_config){.stamp = WT_TX_STAMP_SOFTWARE, .through_qdisc = true});
	make(0, WT_REPLAYER_BATCH_DEFAULT, BYTES);
	for (int i = 0; i < ROUNDS; i++) {
		uint32_t first = tx->next_id;
		int taken = tx->ops->send(tx, packets, WT_REPLAYER_BATCH_DEFAULT);

		cr_assert(taken > 0 || taken == -ENOBUFS, "%s", strerror(-taken));
		refused += taken < WT_REPLAYER_BATCH_DEFAULT;
		for (int k = 0; k < taken && sent < REPORTS_MAX; k++)
			sent_ids[sent++] = first + (uint32_t)k;
		usleep(1000);
	}
	cr_expect(gt(sz, refused, 1), "the queue was never full");
	cr_assert(eq(sz, read_ids(ids, sent), sent));
	for (size_t i = 0; i < sent; i++)
		cr_assert(eq(u32, ids[i], sent_ids[i]), "stamp %zu", i);
}

Test(tx_socket, ids_keep_in_step_with_packets_where_the_queue_is_full)
{
	expect_ids_in_step(wt_tx_open_socket);
}

Test(tx_socket, an_interface_that_is_down_is_an_error)
{
	const struct wt_tx_config config = {.interface = "wt_a"};

	veth_ip("link set wt_a down");
	cr_expect(eq(int, wt_tx_open_socket(&tx, &config, &err), -ENETDOWN));
	cr_expect(strstr(err.text, "ip link set wt_a up") != NULL, "%s", err.text);
	veth_ip("link set wt_a up");
	veth_ip("link set wt_b down");
	cr_assert(veth_wait_running("wt_a", false));
	cr_expect(eq(int, wt_tx_open_socket(&tx, &config, &err), -ENETDOWN));
	cr_expect(strstr(err.text, "carrier") != NULL, "%s", err.text);
}

Test(tx_socket, an_interface_that_is_not_there_is_an_error)
{
	const struct wt_tx_config config = {.interface = "nope0"};

	cr_expect(eq(int, wt_tx_open_socket(&tx, &config, &err), -ENODEV));
	cr_expect(strstr(err.text, "nope0") != NULL, "%s", err.text);
}

Test(tx_socket, that_it_went_down_is_told_when_it_sends)
{
	open_tx(wt_tx_open_socket, (struct wt_tx_config){.stamp = WT_TX_STAMP_OFF});
	veth_ip("link set wt_a down");
	make(0, 1, BYTES);
	cr_expect(eq(int, tx->ops->send(tx, packets, 1), -ENETDOWN));
}

/* ---- the ring ---- */

/* More than there are slots, so that they are used again. */
Test(tx_socket, a_ring_sends_all_in_order)
{
	enum { ROUNDS = 20 };

	open_tx(wt_tx_open_ring, (struct wt_tx_config){.stamp = WT_TX_STAMP_OFF});
	for (uint32_t i = 0; i < ROUNDS; i++) {
		make(i * WT_REPLAYER_BATCH_DEFAULT, WT_REPLAYER_BATCH_DEFAULT, BYTES + i);
		for (uint32_t sent = 0; sent < WT_REPLAYER_BATCH_DEFAULT;) {
			int taken =
			        tx->ops->send(tx, packets + sent, WT_REPLAYER_BATCH_DEFAULT - sent);

			cr_assert(taken > 0 || taken == -EAGAIN, "%s", strerror(-taken));
			sent += taken > 0 ? (uint32_t)taken : 0;
		}
		while (tx->ops->drain(tx))
			usleep(100);
		expect_received(i * WT_REPLAYER_BATCH_DEFAULT, WT_REPLAYER_BATCH_DEFAULT,
		                BYTES + i);
	}
}

Test(tx_socket, a_ring_has_stamps_too)
{
	uint32_t ids[WT_REPLAYER_BATCH_DEFAULT];

	open_tx(wt_tx_open_ring, (struct wt_tx_config){.stamp = WT_TX_STAMP_SOFTWARE});
	tx->ops->warm_up(tx);
	make(0, WT_REPLAYER_BATCH_DEFAULT, BYTES);
	send_all(WT_REPLAYER_BATCH_DEFAULT);
	expect_received(0, WT_REPLAYER_BATCH_DEFAULT, BYTES);
	cr_assert(eq(sz, read_ids(ids, WT_REPLAYER_BATCH_DEFAULT), WT_REPLAYER_BATCH_DEFAULT));
	for (uint32_t i = 0; i < WT_REPLAYER_BATCH_DEFAULT; i++)
		cr_expect(eq(u32, ids[i], i));
}

Test(tx_socket, ids_of_a_ring_keep_in_step_with_packets_where_the_queue_is_full)
{
	expect_ids_in_step(wt_tx_open_ring);
}

/* As it does of a socket: else they would count as sent, and leave when the link is back. */
Test(tx_socket, a_ring_keeps_nothing_that_a_link_without_carrier_refuses)
{
	int receivers_error = 0;
	socklen_t length = sizeof(receivers_error);

	open_tx(wt_tx_open_ring, (struct wt_tx_config){.stamp = WT_TX_STAMP_SOFTWARE});
	make(0, 3, BYTES);
	veth_ip("link set wt_b down");
	cr_assert(veth_wait_running("wt_a", false));
	cr_expect(eq(int, tx->ops->send(tx, packets, 3), -ENOBUFS));
	cr_expect(eq(int, tx->ops->drain(tx), 0));
	veth_ip("link set wt_b up");
	cr_assert(veth_wait_running("wt_a", true));
	/* That its interface was down; asked for once, it is forgotten. */
	getsockopt(receiver, SOL_SOCKET, SO_ERROR, &receivers_error, &length);
	make(3, 2, BYTES);
	send_all(2);
	expect_received(3, 2, BYTES);
}

/* Too short: the kernel stops there, whether something came before it or not. */
Test(tx_socket, a_ring_tells_of_a_packet_that_the_kernel_does_not_take)
{
	open_tx(wt_tx_open_ring, (struct wt_tx_config){.stamp = WT_TX_STAMP_OFF});
	make(0, 4, BYTES);
	packets[1].bytes = 5;
	cr_expect(eq(int, tx->ops->send(tx, packets, 4), 1));
	expect_received(0, 1, BYTES);
	cr_expect(eq(int, tx->ops->send(tx, packets + 1, 3), -EMSGSIZE));
	cr_expect(eq(int, tx->ops->send(tx, packets + 2, 2), 2));
	expect_received(2, 2, BYTES);
}

/* ---- rehearsals ---- */

/* All that is received or sent by anybody here. */
static int open_listener(void)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(0x0003));

	cr_assert(ge(int, fd, 0));
	return fd;
}

static void rehearse_ten_times(enum wt_tx_kind kind, enum wt_tx_stamp stamp)
{
	const struct wt_tx_config like = {.kind = kind, .stamp = stamp};
	uint8_t frame[2000];
	int listener, rc;

	veth_ip("link set lo up");
	listener = open_listener();
	rc = wt_tx_open_rehearsal(&tx, &like);
	if (rc == -EPERM)
		cr_skip_test("no right to make a network namespace");
	cr_assert(eq(int, rc, 0));
	for (int i = 0; i < 10; i++) {
		int64_t stamp_ns = wt_tx_rehearse(tx);

		cr_expect(eq(int, stamp_ns != 0, stamp != WT_TX_STAMP_OFF));
	}
	cr_expect(eq(long, (long)recv(listener, frame, sizeof(frame), MSG_DONTWAIT), -1));
	/* This thread is where it was. */
	cr_expect(gt(u32, if_nametoindex("wt_a"), 0));
	close(listener);
}

Test(tx_socket, a_rehearsal_is_stamped_and_nobody_sees_it)
{
	rehearse_ten_times(WT_TX_SOCKET, WT_TX_STAMP_AUTO);
}

Test(tx_socket, a_rehearsal_without_stamps_has_none)
{
	rehearse_ten_times(WT_TX_SOCKET, WT_TX_STAMP_OFF);
}

Test(tx_socket, a_ring_rehearses_as_well)
{
	rehearse_ten_times(WT_TX_RING, WT_TX_STAMP_SOFTWARE);
}

Test(tx_socket, for_others_there_is_no_rehearsal)
{
	const struct wt_tx_config like = {.kind = WT_TX_UDP};

	cr_expect(eq(int, wt_tx_open_rehearsal(&tx, &like), -EOPNOTSUPP));
}
