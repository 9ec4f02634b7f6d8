/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/recorder/published.h>

#include <errno.h>
#include <stdlib.h>

int wt_published_init(struct wt_published *published, size_t interfaces)
{
	published->ledgers = calloc(interfaces ? interfaces : 1, sizeof(*published->ledgers));
	if (!published->ledgers)
		return -ENOMEM;
	published->count = interfaces;
	pthread_mutex_init(&published->lock, NULL);
	return 0;
}

void wt_published_fini(struct wt_published *published)
{
	if (!published->ledgers)
		return;
	pthread_mutex_destroy(&published->lock);
	free(published->ledgers);
}

static bool take_lock(struct wt_published *published, bool waits)
{
	if (!waits)
		return !pthread_mutex_trylock(&published->lock);
	pthread_mutex_lock(&published->lock);
	return true;
}

static struct wt_record_state state_of(const struct wt_recorder_report *report)
{
	return (struct wt_record_state){
	        .file_bytes = report->file_bytes,
	        .file_count = report->file_count,
	        .end = report->end,
	        .start_utc_ns = report->start_utc_ns,
	        .elapsed_ns = report->elapsed_ns,
	        .high_water_ns = report->high_water_ns,
	        .high_water_pct = report->high_water_pct,
	        .fill_pct = report->fill_pct,
	};
}

bool wt_published_put(struct wt_published *published, const struct wt_recorder_report *report,
                      bool final)
{
	struct wt_record_state *state = &published->state;

	if (!take_lock(published, final))
		return false;
	*state = state_of(report);
	for (size_t i = 0; i < published->count; i++) {
		struct wt_ledger *ledger = &published->ledgers[i];

		*ledger = report->interfaces[i].ledger;
		if (!final)
			ledger->seen = ledger->written + wt_ledger_lost(ledger);
		state->seen += ledger->seen;
		state->written += ledger->written;
		state->lost += wt_ledger_lost(ledger);
	}
	pthread_mutex_unlock(&published->lock);
	return true;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* A failure of one is what has become of all. */
static enum wt_record_end graver(enum wt_record_end a, enum wt_record_end b)
{
	return a == WT_END_WRITER || a == WT_END_FAILURE ? a : b;
}

static double larger(double a, double b)
{
	return a > b ? a : b;
}

void wt_published_add_state(struct wt_published *published, struct wt_record_state *sum)
{
	struct wt_record_state one;

	pthread_mutex_lock(&published->lock);
	one = published->state;
	pthread_mutex_unlock(&published->lock);
	sum->seen += one.seen;
	sum->written += one.written;
	sum->lost += one.lost;
	sum->file_bytes += one.file_bytes;
	sum->file_count += one.file_count;
	if (one.start_utc_ns && (!sum->start_utc_ns || one.start_utc_ns < sum->start_utc_ns))
		sum->start_utc_ns = one.start_utc_ns;
	sum->end = graver(sum->end, one.end);
	sum->elapsed_ns = later(sum->elapsed_ns, one.elapsed_ns);
	sum->high_water_ns = later(sum->high_water_ns, one.high_water_ns);
	sum->high_water_pct = larger(sum->high_water_pct, one.high_water_pct);
	sum->fill_pct = larger(sum->fill_pct, one.fill_pct);
}

int wt_published_add_ledger(struct wt_published *published, uint32_t interface,
                            struct wt_ledger *sum)
{
	if (interface != WT_ALL_INTERFACES && interface >= published->count)
		return -ERANGE;
	pthread_mutex_lock(&published->lock);
	for (size_t i = 0; i < published->count; i++)
		if (interface == WT_ALL_INTERFACES || interface == i)
			wt_ledger_add(sum, &published->ledgers[i]);
	pthread_mutex_unlock(&published->lock);
	return 0;
}
