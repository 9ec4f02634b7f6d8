/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_REPLAY_PROOF_PROOF_CSV_H
#define WIRETAPE_REPLAY_PROOF_PROOF_CSV_H

/* The proof, a line a packet. Not installed. */

#include <wiretape/base/error.h>
#include <wiretape/replay/proof/proof.h>

struct wt_proof_csv;

/* Open; the file appears under its name when it is finished; "-" is standard output. `interfaces`
 * are the ports' names, the caller's until it is finished. 0 or a negative errno. */
int wt_proof_csv_open(struct wt_proof_csv **csv, const char *path, const char *const *interfaces,
                      struct wt_error *err);

/* Add a line. A failure is kept for wt_proof_csv_finish(). */
void wt_proof_csv_add(struct wt_proof_csv *csv, const struct wt_departure *departure);

/* Finish: 0, and the file is there, or a negative errno, and it is not. *csv is gone in any
 * case. */
int wt_proof_csv_finish(struct wt_proof_csv *csv, struct wt_error *err);

/* Abandon; NULL is fine. */
void wt_proof_csv_abandon(struct wt_proof_csv *csv);

#endif
