/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/unit.h"
#include "support/veth.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <wiretape/replay/tx/tx_private.h>

enum { BYTES = 100, PATIENCE_MS = 5000 };

static struct wt_udp_target target;
static struct wt_tx *tx;
static struct wt_error err;
static int receiver = -1;
static char payloads[WT_REPLAYER_BATCH_DEFAULT][BYTES];
static struct wt_tx_packet packets[WT_REPLAYER_BATCH_DEFAULT];

static void tear_down(void)
{
	if (tx)
		tx->ops->close(tx);
	if (receiver >= 0)
		close(receiver);
}

TestSuite(tx_udp, .fini = tear_down);

static void parse(const char *text)
{
	int rc = wt_udp_target_parse(&target, text, &err);

	cr_assert(eq(int, rc, 0), "%s: %s", text, rc ? err.text : "");
}

static void refuse(const char *text, const char *part)
{
	cr_expect(eq(int, wt_udp_target_parse(&target, text, &err), -EINVAL), "%s", text);
	cr_expect(strstr(err.text, part) != NULL, "%s: '%s' says nothing of '%s'", text, err.text,
	          part);
}

static void make(uint32_t first)
{
	for (uint32_t i = 0; i < WT_REPLAYER_BATCH_DEFAULT; i++) {
		memset(payloads[i], 0x22, BYTES);
		snprintf(payloads[i], BYTES, "%u", first + i);
		packets[i] = (struct wt_tx_packet){.data = (uint8_t *)payloads[i], .bytes = BYTES};
	}
}

static void open_tx(enum wt_tx_stamp stamp)
{
	const struct wt_tx_config config = {.target = &target, .stamp = stamp};
	int rc = wt_tx_open_udp(&tx, &config, &err);

	cr_assert(eq(int, rc, 0), "%s", rc ? err.text : "");
}

/* ---- places ---- */

Test(tx_udp, takes_an_address_and_a_port)
{
	parse("192.0.2.1:99");
	cr_expect(eq(int, target.address.ss_family, AF_INET));
	parse("[ff15::1]:99@lo");
	cr_expect(eq(int, target.address.ss_family, AF_INET6));
	cr_expect(strcmp(target.interface, "lo") == 0);
}

Test(tx_udp, refuses_what_is_no_place_to_send_to)
{
	refuse("*:99", "no place to send to");
	refuse("192.0.2.1:0", "port '0'");
	refuse("192.0.2.9>233.252.0.1:99", "");
	refuse("nowhere", "");
	refuse("", "");
}

/* ---- sending ---- */

static void listen_on_lo(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
	                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t bytes = sizeof(address);
	char text[64];

	receiver = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	cr_assert(eq(int, bind(receiver, (struct sockaddr *)&address, sizeof(address)), 0));
	cr_assert(eq(int, getsockname(receiver, (struct sockaddr *)&address, &bytes), 0));
	snprintf(text, sizeof(text), "127.0.0.1:%u", ntohs(address.sin_port));
	parse(text);
}

static void expect_received(uint32_t first, uint32_t count)
{
	struct pollfd ready = {.fd = receiver, .events = POLLIN};
	char payload[2 * BYTES];

	for (uint32_t i = 0; i < count; i++) {
		cr_assert(gt(int, poll(&ready, 1, PATIENCE_MS), 0), "datagram %u", i);
		cr_assert(eq(long, (long)recv(receiver, payload, sizeof(payload), 0), BYTES));
		cr_assert(eq(long, strtol(payload, NULL, 10), (long)(first + i)));
	}
}

Test(tx_udp, payloads_arrive_in_order)
{
	listen_on_lo();
	open_tx(WT_TX_STAMP_OFF);
	make(0);
	cr_expect(eq(int, tx->ops->send(tx, packets, 1), 1));
	expect_received(0, 1);
	cr_expect(eq(int, tx->ops->send(tx, packets, WT_REPLAYER_BATCH_DEFAULT),
	             WT_REPLAYER_BATCH_DEFAULT));
	expect_received(0, WT_REPLAYER_BATCH_DEFAULT);
	cr_expect(eq(u32, tx->bytes_min, 0));
	cr_expect(eq(u32, tx->bytes_max, 65507));
}

/* Nobody listens: each datagram's refusal is told to the one behind it. */
Test(tx_udp, that_nobody_listens_stops_nothing)
{
	listen_on_lo();
	close(receiver);
	receiver = -1;
	open_tx(WT_TX_STAMP_OFF);
	make(0);
	for (uint32_t sent = 0; sent < WT_REPLAYER_BATCH_DEFAULT;) {
		int taken = tx->ops->send(tx, packets + sent, WT_REPLAYER_BATCH_DEFAULT - sent);

		cr_assert(gt(int, taken, 0), "%s", strerror(-taken));
		sent += (uint32_t)taken;
	}
}

Test(tx_udp, a_group_without_a_way_is_an_error_that_says_the_way_out)
{
	const struct wt_tx_config config = {.target = &target};
	const char *why = veth_enter_namespace();

	if (why)
		cr_skip_test("%s", why);
	parse("233.252.0.1:99");
	cr_expect(eq(int, wt_tx_open_udp(&tx, &config, &err), -ENETUNREACH));
	cr_expect(strstr(err.text, "-i") != NULL, "%s", err.text);
}

/* ---- over a veth ---- */

static void enter(const char *place)
{
	const char *why = veth_enter_namespace();
	struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP)};
	int bytes = 16 << 20;

	if (why)
		cr_skip_test("%s", why);
	veth_ip("addr add 10.9.0.1/24 dev wt_a");
	veth_ip("neigh add 10.9.0.2 lladdr 02:00:00:00:00:02 dev wt_a");
	receiver = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	address.sll_ifindex = (int)if_nametoindex("wt_b");
	cr_assert(eq(int, bind(receiver, (struct sockaddr *)&address, sizeof(address)), 0));
	setsockopt(receiver, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	parse(place);
	strcpy(target.interface, "wt_a");
}

static size_t count_received(int patience_ms)
{
	struct pollfd ready = {.fd = receiver, .events = POLLIN};
	char packet[2 * BYTES];
	size_t count = 0;

	while (poll(&ready, 1, patience_ms) > 0 && recv(receiver, packet, sizeof(packet), 0) > 0)
		count++;
	return count;
}

Test(tx_udp, a_group_is_reached_through_the_interface_that_was_named)
{
	enter("233.252.0.1:99");
	open_tx(WT_TX_STAMP_SOFTWARE);
	cr_expect(tx->has_stamps);
	make(0);
	cr_expect(eq(int, tx->ops->send(tx, packets, 10), 10));
	cr_expect(eq(sz, count_received(300), 10));
}

static uint8_t ttl_of(void)
{
	struct pollfd ready = {.fd = receiver, .events = POLLIN};
	uint8_t packet[2 * BYTES];

	cr_assert(gt(int, poll(&ready, 1, PATIENCE_MS), 0));
	cr_assert(gt(long, (long)recv(receiver, packet, sizeof(packet), 0), 20));
	return packet[8];
}

Test(tx_udp, the_ttl_of_groups_is_1_unless_something_else_is_wanted)
{
	enter("233.252.0.1:99");
	open_tx(WT_TX_STAMP_OFF);
	make(0);
	tx->ops->send(tx, packets, 1);
	cr_expect(eq(u8, ttl_of(), 1));
	tx->ops->close(tx);
	tx = NULL;
	target.ttl = 9;
	open_tx(WT_TX_STAMP_OFF);
	tx->ops->send(tx, packets, 1);
	cr_expect(eq(u8, ttl_of(), 9));
}

/* The kernel by itself would say that it has sent what a full queue has thrown away. */
Test(tx_udp, what_a_full_queue_throws_away_is_not_counted_as_sent)
{
	static const char tbf[] = "PATH=$PATH:/usr/sbin:/sbin tc qdisc replace dev wt_a root tbf "
	                          "rate 10mbit burst 2000 limit 1600";
	size_t sent = 0, refused = 0;

	enter("10.9.0.2:99");
	if (system(tbf))
		cr_skip_test("tc(8) or the kernel lacks tbf");
	open_tx(WT_TX_STAMP_OFF);
	make(0);
	for (int i = 0; i < 20; i++) {
		int taken = tx->ops->send(tx, packets, WT_REPLAYER_BATCH_DEFAULT);

		cr_assert(taken > 0 || taken == -ENOBUFS, "%s", strerror(-taken));
		refused += taken < WT_REPLAYER_BATCH_DEFAULT;
		sent += taken > 0 ? (size_t)taken : 0;
		usleep(1000);
	}
	cr_expect(gt(sz, refused, 0));
	cr_expect(eq(sz, count_received(500), sent));
}
