/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/replay/tx_private.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A launch time's control message (linux/net_tstamp.h). */
enum { LAUNCH_BYTES = CMSG_SPACE(sizeof(uint64_t)) };

/* Everything is there before the first packet: nothing is allocated on the way. Those who send
 * and those who read reports may be two threads, and use two halves of this. */
struct wt_tx_messages {
	struct mmsghdr sent[WT_TX_BATCH];
	struct iovec pieces[WT_TX_BATCH];
	_Alignas(struct cmsghdr) uint8_t launches[WT_TX_BATCH][LAUNCH_BYTES];
	_Alignas(64) struct mmsghdr reports[WT_TX_REPORTS];
	_Alignas(struct cmsghdr) uint8_t controls[WT_TX_REPORTS][WT_TX_REPORT_CONTROL_BYTES];
};

static void prepare_launch(struct wt_tx_messages *messages, size_t i)
{
	struct msghdr *header = &messages->sent[i].msg_hdr;
	struct cmsghdr *control;

	header->msg_control = messages->launches[i];
	header->msg_controllen = LAUNCH_BYTES;
	control = CMSG_FIRSTHDR(header);
	control->cmsg_level = SOL_SOCKET;
	control->cmsg_type = SCM_TXTIME;
	control->cmsg_len = CMSG_LEN(sizeof(uint64_t));
}

int wt_tx_messages_create(struct wt_tx *tx, struct wt_error *err)
{
	struct wt_tx_messages *messages = aligned_alloc(64, (sizeof(*messages) + 63) / 64 * 64);

	if (!messages)
		return wt_error_set(err, -ENOMEM, "no memory for messages");
	memset(messages, 0, sizeof(*messages));
	for (size_t i = 0; i < WT_TX_BATCH; i++) {
		messages->sent[i].msg_hdr.msg_iov = &messages->pieces[i];
		messages->sent[i].msg_hdr.msg_iovlen = 1;
		if (tx->is_launched)
			prepare_launch(messages, i);
	}
	tx->messages = messages;
	return 0;
}

static int send_one(struct wt_tx *tx, const struct wt_tx_packet *packet)
{
	return send(tx->fd, packet->data, packet->bytes, tx->send_flags) < 0 ? -errno : 1;
}

static void prepare(const struct wt_tx *tx, const struct wt_tx_packet *packet, uint32_t i)
{
	struct wt_tx_messages *messages = tx->messages;

	messages->pieces[i].iov_base = (void *)(uintptr_t)packet->data;
	messages->pieces[i].iov_len = packet->bytes;
	if (tx->is_launched)
		memcpy(CMSG_DATA((struct cmsghdr *)(void *)messages->launches[i]),
		       &packet->launch_ns, sizeof(uint64_t));
}

static int send_several(struct wt_tx *tx, const struct wt_tx_packet *packets, uint32_t count)
{
	int taken;

	for (uint32_t i = 0; i < count; i++)
		prepare(tx, &packets[i], i);
	taken = sendmmsg(tx->fd, tx->messages->sent, count, tx->send_flags);
	return taken < 0 ? -errno : taken;
}

static int send_launched(struct wt_tx *tx, const struct wt_tx_packet *packet)
{
	prepare(tx, packet, 0);
	return sendmsg(tx->fd, &tx->messages->sent[0].msg_hdr, tx->send_flags) < 0 ? -errno : 1;
}

/* The kernel counts a packet as soon as it has memory for it, also if it is then dropped because
 * a queue is full (ENOBUFS). sendmmsg() does not say why it stops after some packets, so the one
 * that it stops at may have been counted or not. */
static int send_each(struct wt_tx *tx, const struct wt_tx_packet *packets, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		int taken = tx->is_launched ? send_launched(tx, &packets[i])
		                            : send_one(tx, &packets[i]);

		tx->next_id += taken > 0 || taken == -ENOBUFS;
		if (taken < 0)
			return i ? (int)i : taken;
	}
	return (int)count;
}

int wt_tx_send_messages(struct wt_tx *tx, const struct wt_tx_packet *packets, uint32_t count)
{
	return tx->has_stamps || count == 1 ? send_each(tx, packets, count)
	                                    : send_several(tx, packets, count);
}

/* The kernel makes a packet and finds that it cannot read its bytes. It has not counted it yet, at
 * least a packet socket has not. */
void wt_tx_warm_messages(struct wt_tx *tx)
{
	const struct wt_tx_packet unreadable = {.data = (const uint8_t *)1, .bytes = 60};
	const uint32_t next_id = tx->next_id;

	send_one(tx, &unreadable);
	send_several(tx, &unreadable, 1);
	tx->next_id = next_id;
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
