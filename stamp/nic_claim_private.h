/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_STAMP_NIC_CLAIM_PRIVATE_H
#define WIRETAPE_STAMP_NIC_CLAIM_PRIVATE_H

/* A program that needs a NIC's stamps holds a claim on it, in a file shared by all such programs,
 * so that none takes another's stamps away, and the next restores the setting that a killed one has
 * left behind. Not installed.
 *
 * The file, one per interface, is empty while there is nothing to restore, else it is
 *
 *     wiretape stamping 1
 *     place 8d65b49d-8859-4ed4-b6d6-5985340acceb.4026531840
 *     interface 2 52:54:00:00:00:00
 *     before 0 0 0
 *     made 0 12 0
 *
 * the boot and network namespace, the interface's index and permanent address ("-": none), and two
 * settings (struct hwtstamp_config: tx_type, rx_filter, flags): the one before any claim, and the
 * one made from it. The file is believed only if the first three lines equal those of the interface
 * now, everything is formatted exactly as here, and the NIC still has the setting that was made:
 * otherwise somebody else has changed it, or it is another NIC, and its current setting counts as
 * the one before.
 *
 * Three of its bytes are locked. TURN: while a program reads or writes the file or sets the NIC. RX
 * and TX, shared: as long as a program needs received or sent packets stamped. The last claim of a
 * half restores it, and also the other half if no live program needs that.
 *
 * If no file is possible (wt_state_ops, state_file_private.h) there is no claim, and each program
 * relies on its own memory. */

#include <wiretape/stamp/nic_claim.h>

enum { WT_NIC_WORD_BYTES = 512 };

/* Contents of the file after its head. */
struct wt_nic_word {
	struct wt_stamp_active before;
	struct wt_stamp_active made;
};

/* Parse the file, which must begin with the lines `head`. Pure; the bytes are not trusted. 0 or
 * -EBADMSG. */
int wt_nic_word_parse(struct wt_nic_word *word, const char *text, size_t length, const char *head);

/* Format the file. Pure. The length, without the NUL; -EMSGSIZE. */
ssize_t wt_nic_word_format(char *out, size_t capacity, const struct wt_nic_word *word,
                           const char *head);

/* Claim half of an interface and take the turn. Waits a second at most. On failure claim->is_open
 * is false, and the functions below do nothing or return the value given there. */
void wt_nic_claim_open(struct wt_nic_claim *claim, struct wt_system *system, const char *interface,
                       enum wt_nic_half half);

bool wt_nic_claim_read(const struct wt_nic_claim *claim, struct wt_nic_word *word);

/* Write the file; empty if there is nothing to restore. */
void wt_nic_claim_write(const struct wt_nic_claim *claim, const struct wt_nic_word *word);

void wt_nic_claim_take_turn(const struct wt_nic_claim *claim);
void wt_nic_claim_end_turn(const struct wt_nic_claim *claim);

/* Whether nobody else claims this half; then nobody can until this claim is closed. */
bool wt_nic_claim_is_last(const struct wt_nic_claim *claim, enum wt_nic_half half);

/* Closing twice, or a claim that is not open, is fine. */
void wt_nic_claim_close(struct wt_nic_claim *claim);

#endif
