/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/replay/tx/tx_private.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* linux/net_tstamp.h, linux/include/uapi/asm-generic/socket.h: since Linux 6.13. */
#ifndef SCM_TS_OPT_ID
#define SCM_TS_OPT_ID 81
#endif

/* Room for the control messages of a packet: its launch time and its number. */
enum { CONTROL_BYTES = CMSG_SPACE(sizeof(uint64_t)) + CMSG_SPACE(sizeof(uint32_t)) };

/* Everything is there before the first packet: nothing is allocated on the way. Those who send
 * and those who read reports may be two threads, and use two halves of this. */
struct wt_tx_messages {
	struct mmsghdr sent[WT_TX_BATCH];
	struct iovec pieces[WT_TX_BATCH];
	_Alignas(struct cmsghdr) uint8_t told[WT_TX_BATCH][CONTROL_BYTES];
	uint32_t id_at; /* in `told`: where the number is; the launch time is first */
	_Alignas(64) struct mmsghdr reports[WT_TX_REPORTS];
	_Alignas(struct cmsghdr) uint8_t controls[WT_TX_REPORTS][WT_TX_REPORT_CONTROL_BYTES];
};

/* Room for one more control message of all messages: where its data is. */
static uint32_t add_control(struct wt_tx_messages *messages, int type, size_t bytes)
{
	size_t at = messages->sent[0].msg_hdr.msg_controllen;
	const struct cmsghdr control = {
	        .cmsg_len = CMSG_LEN(bytes),
	        .cmsg_level = SOL_SOCKET,
	        .cmsg_type = type,
	};

	for (size_t i = 0; i < WT_TX_BATCH; i++) {
		memcpy(&messages->told[i][at], &control, sizeof(control));
		messages->sent[i].msg_hdr.msg_control = messages->told[i];
		messages->sent[i].msg_hdr.msg_controllen = at + CMSG_SPACE(bytes);
	}
	return (uint32_t)(at + CMSG_LEN(0));
}

static void remove_controls(struct wt_tx_messages *messages, size_t bytes)
{
	for (size_t i = 0; i < WT_TX_BATCH; i++) {
		messages->sent[i].msg_hdr.msg_controllen -= bytes;
		if (!messages->sent[i].msg_hdr.msg_controllen)
			messages->sent[i].msg_hdr.msg_control = NULL;
	}
}

static void prepare(const struct wt_tx *tx, const struct wt_tx_packet *packet, uint32_t i)
{
	struct wt_tx_messages *messages = tx->messages;
	uint32_t id = tx->next_id + i;

	messages->pieces[i].iov_base = (void *)(uintptr_t)packet->data;
	messages->pieces[i].iov_len = packet->bytes;
	if (tx->is_launched)
		memcpy(&messages->told[i][CMSG_LEN(0)], &packet->launch_ns, sizeof(uint64_t));
	if (tx->has_own_ids)
		memcpy(&messages->told[i][messages->id_at], &id, sizeof(id));
}

static int send_message(struct wt_tx *tx, const struct wt_tx_packet *packet)
{
	prepare(tx, packet, 0);
	return sendmsg(tx->fd, &tx->messages->sent[0].msg_hdr, tx->send_flags) < 0 ? -errno : 1;
}

static int send_one(struct wt_tx *tx, const struct wt_tx_packet *packet)
{
	if (tx->is_launched || tx->has_own_ids)
		return send_message(tx, packet);
	return send(tx->fd, packet->data, packet->bytes, tx->send_flags) < 0 ? -errno : 1;
}

static int send_several(struct wt_tx *tx, const struct wt_tx_packet *packets, uint32_t count)
{
	int taken;

	for (uint32_t i = 0; i < count; i++)
		prepare(tx, &packets[i], i);
	taken = sendmmsg(tx->fd, tx->messages->sent, count, tx->send_flags);
	return taken < 0 ? -errno : taken;
}

/* The kernel parses the control messages before it faults on the payload. */
static const struct wt_tx_packet unreadable = {.data = (const uint8_t *)1, .bytes = 60};

/* Numbers of packets can be told to the kernel; else it counts by itself. */
static void try_own_ids(struct wt_tx *tx)
{
	tx->messages->id_at = add_control(tx->messages, SCM_TS_OPT_ID, sizeof(uint32_t));
	tx->has_own_ids = true;
	if (send_message(tx, &unreadable) == -EFAULT)
		return;
	tx->has_own_ids = false;
	remove_controls(tx->messages, CMSG_SPACE(sizeof(uint32_t)));
}

static int messages_create(struct wt_tx *tx, struct wt_error *err)
{
	struct wt_tx_messages *messages = aligned_alloc(64, (sizeof(*messages) + 63) / 64 * 64);

	if (!messages)
		return wt_error_set(err, -ENOMEM, "no memory for messages");
	memset(messages, 0, sizeof(*messages));
	for (size_t i = 0; i < WT_TX_BATCH; i++) {
		messages->sent[i].msg_hdr.msg_iov = &messages->pieces[i];
		messages->sent[i].msg_hdr.msg_iovlen = 1;
	}
	tx->messages = messages;
	if (tx->is_launched)
		add_control(messages, SCM_TXTIME, sizeof(uint64_t));
	if (tx->has_stamps && tx->kind != WT_TX_RING)
		try_own_ids(tx);
	return 0;
}

int wt_tx_finish(struct wt_tx **tx, struct wt_tx *made, int rc, struct wt_error *err)
{
	if (!rc)
		rc = messages_create(made, err);
	if (rc)
		made->ops->close(made);
	else
		*tx = made;
	return rc;
}

/* The kernel counts a packet as soon as it has memory for it, also if it is then dropped because
 * a queue is full (ENOBUFS). sendmmsg() does not say why it stops after some packets, so the one
 * that it stops at may have been counted or not. */
static int send_each(struct wt_tx *tx, const struct wt_tx_packet *packets, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		int taken = send_one(tx, &packets[i]);

		tx->next_id += taken > 0 || taken == -ENOBUFS;
		if (taken < 0)
			return i ? (int)i : taken;
	}
	return (int)count;
}

int wt_tx_send_messages(struct wt_tx *tx, const struct wt_tx_packet *packets, uint32_t count)
{
	int taken;

	assert(count && count <= WT_TX_BATCH);
	if (tx->has_stamps && !tx->has_own_ids)
		return send_each(tx, packets, count);
	taken = count == 1 ? send_one(tx, packets) : send_several(tx, packets, count);
	if (taken > 0)
		tx->next_id += (uint32_t)taken;
	return taken;
}

/* The kernel has not counted it yet, at least a packet socket has not. */
void wt_tx_warm_messages(struct wt_tx *tx)
{
	send_one(tx, &unreadable);
	send_several(tx, &unreadable, 1);
}

int wt_tx_read_reports(struct wt_tx *tx, struct wt_tx_report *reports)
{
	struct wt_tx_messages *messages = tx->messages;
	int got;

	for (size_t i = 0; i < WT_TX_REPORTS; i++) {
		messages->reports[i].msg_hdr = (struct msghdr){
		        .msg_control = messages->controls[i],
		        .msg_controllen = WT_TX_REPORT_CONTROL_BYTES,
		};
	}
	got = recvmmsg(tx->fd, messages->reports, WT_TX_REPORTS, MSG_ERRQUEUE | MSG_DONTWAIT, NULL);
	for (int i = 0; i < got; i++)
		wt_tx_report_read(&reports[i], &messages->reports[i].msg_hdr);
	return got < 0 ? 0 : got;
}

void wt_tx_free(struct wt_tx *tx)
{
	if (!tx)
		return;
	wt_tx_stamps_close(&tx->stamps, NULL);
	if (tx->fd >= 0)
		close(tx->fd);
	free(tx->messages);
	free(tx);
}
