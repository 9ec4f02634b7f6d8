/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_STAMP_NIC_CLAIM_PRIVATE_H
#define WIRETAPE_STAMP_NIC_CLAIM_PRIVATE_H

/* Whoever has a NIC stamp for him claims it while he needs it, in a file that all who do so share,
 * so that one does not take another's stamps away, and the next puts back what one that was
 * killed has left behind. Not installed.
 *
 * The file, one for each interface, is empty while there is nothing to be put back, else it is
 *
 *     wiretape stamping 1
 *     place 8d65b49d-8859-4ed4-b6d6-5985340acceb.4026531840
 *     interface 2 52:54:00:00:00:00
 *     before 0 0 0
 *     made 0 12 0
 *
 * the boot and network namespace, the interface's index and permanent address ("-": it has none),
 * and two settings (struct hwtstamp_config: tx_type, rx_filter, flags): what was there before
 * anybody claimed it, and what was made of that. It is believed only if the first three lines are
 * word for word those of the interface now, nothing is written otherwise than it would be here,
 * and the NIC still has exactly the setting that was made: else somebody else has changed it, or
 * it is another NIC, and what there is now is what was there before.
 *
 * Three of its bytes are locked. TURN: by one who reads or writes it or sets the NIC, for that
 * moment. RX and TX, shared: by each who needs received or sent packets stamped, as long as he
 * does. The last of a half puts it back, also that of the other half if nobody lives who needs it.
 *
 * Where there can be no file (wt_state_ops, state_file_private.h) there is no claim, and each goes
 * by what he remembers himself. */

#include <wiretape/stamp/nic_stamping.h>

enum { WT_NIC_WORD_BYTES = 512 };

/* What the file says, behind its head. */
struct wt_nic_word {
	struct wt_stamp_active before;
	struct wt_stamp_active made;
};

/* Pure; the bytes are not trusted. 0 or -EBADMSG. `head`: the lines that it has to begin with. */
int wt_nic_word_parse(struct wt_nic_word *word, const char *text, size_t length, const char *head);

/* Pure. The length, without the zero; -EMSGSIZE. */
ssize_t wt_nic_word_format(char *out, size_t capacity, const struct wt_nic_word *word,
                           const char *head);

/* Claim half of an interface, and have the turn. Waits a second at most. If it cannot be done
 * claim->is_open is false, and the functions below do nothing or return what is said there. */
void wt_nic_claim_open(struct wt_nic_claim *claim, struct wt_system *system, const char *interface,
                       enum wt_nic_half half);

bool wt_nic_claim_read(const struct wt_nic_claim *claim, struct wt_nic_word *word);

/* Nothing to be put back leaves the file empty. */
void wt_nic_claim_write(const struct wt_nic_claim *claim, const struct wt_nic_word *word);

void wt_nic_claim_take_turn(const struct wt_nic_claim *claim);
void wt_nic_claim_end_turn(const struct wt_nic_claim *claim);

/* Whether nobody else claims this half; then nobody else can, until the claim is closed. */
bool wt_nic_claim_is_last(const struct wt_nic_claim *claim, enum wt_nic_half half);

/* A second time, and one that is not open, are fine. */
void wt_nic_claim_close(struct wt_nic_claim *claim);

#endif
