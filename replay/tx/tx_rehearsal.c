/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/replay/tx/tx_private.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const char loopback[] = "lo";

struct rehearsal {
	const struct wt_tx_config *like;
	struct wt_tx *tx;
	int rc;
};

/* In a new namespace it is down. */
static int bring_up_loopback(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {.ifr_flags = IFF_UP};
	int rc;

	if (fd < 0)
		return -errno;
	strcpy(request.ifr_name, loopback);
	rc = ioctl(fd, SIOCSIFFLAGS, &request) < 0 ? -errno : 0;
	close(fd);
	return rc;
}

static int open_alike(struct wt_tx **tx, const struct wt_tx_config *like)
{
	const struct wt_tx_config settings = {
	        .interface = loopback,
	        .kind = like->kind,
	        .through_qdisc = like->through_qdisc,
	        .stamp = like->stamp == WT_TX_STAMP_OFF ? WT_TX_STAMP_OFF : WT_TX_STAMP_SOFTWARE,
	};

	if (like->kind == WT_TX_RING)
		return wt_tx_open_ring(tx, &settings, NULL);
	return wt_tx_open_socket(tx, &settings, NULL);
}

/* A socket stays in the namespace in which it was made; the thread ends, and with the socket the
 * namespace. */
static void *open_apart(void *argument)
{
	struct rehearsal *rehearsal = argument;

	rehearsal->rc = unshare(CLONE_NEWNET) < 0 ? -errno : bring_up_loopback();
	if (!rehearsal->rc)
		rehearsal->rc = open_alike(&rehearsal->tx, rehearsal->like);
	return NULL;
}

int wt_tx_open_rehearsal(struct wt_tx **tx, const struct wt_tx_config *like)
{
	struct rehearsal rehearsal = {.like = like};
	pthread_t thread;
	int rc;

	if (like->kind != WT_TX_SOCKET && like->kind != WT_TX_RING)
		return -EOPNOTSUPP;
	rc = -pthread_create(&thread, NULL, open_apart, &rehearsal);
	if (rc)
		return rc;
	pthread_join(thread, NULL);
	if (!rehearsal.rc)
		*tx = rehearsal.tx;
	return rehearsal.rc;
}

int64_t wt_tx_rehearse(struct wt_tx *tx)
{
	/* For nobody: of a type for experiments. */
	static const uint8_t frame[] __attribute__((aligned(64))) = {[12] = 0x88, 0xb5, [255] = 0};
	const struct wt_tx_packet packet = {.data = frame, .bytes = sizeof(frame)};
	struct wt_tx_report reports[WT_TX_REPORTS];
	uint32_t id = tx->next_id;
	int64_t stamp_ns = 0;
	int count;

	if (tx->ops->send(tx, &packet, 1) < 1 || !tx->has_stamps)
		return 0;
	count = tx->ops->reports(tx, reports);
	for (int i = 0; i < count; i++)
		if (reports[i].kind == WT_TX_STAMPED && reports[i].id == id)
			stamp_ns = reports[i].software_ns;
	return stamp_ns;
}
