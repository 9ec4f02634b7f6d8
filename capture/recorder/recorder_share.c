/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/recorder/recorder_share.h>

/* The file's number and its packets are one word, so that what is taken is of that very file. */
enum { LEFT_BITS = 40 };
static const uint64_t left_mask = (UINT64_C(1) << LEFT_BITS) - 1;

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t numbered(const struct wt_recorder_share *share, uint64_t file)
{
	/* A limit beyond that is out of reach, too. */
	uint64_t left = share->file_packets ? smaller(share->file_packets, left_mask) : left_mask;

	return file << LEFT_BITS | left;
}

static bool is_of(uint64_t word, uint64_t file)
{
	return word >> LEFT_BITS == (file << LEFT_BITS) >> LEFT_BITS;
}

void wt_recorder_share_init(struct wt_recorder_share *share, uint64_t max_packets,
                            uint64_t file_packets, void (*wake)(void *context), void *context)
{
	*share = (struct wt_recorder_share){
	        .max_packets = max_packets,
	        .file_packets = file_packets,
	        .wake = wake,
	        .context = context,
	};
	atomic_init(&share->packets_left, max_packets);
	pthread_mutex_init(&share->lock, NULL);
}

/* As if it were announced by the file before the first. */
void wt_recorder_share_begin(struct wt_recorder_share *share, int64_t monotonic_ns, int64_t utc_ns)
{
	wt_recorder_share_announce(share, 0, monotonic_ns, utc_ns);
}

void wt_recorder_share_fini(struct wt_recorder_share *share)
{
	pthread_mutex_destroy(&share->lock);
}

/* Both return what was taken, not less than `least` or nothing. */
static uint64_t take_of_all(struct wt_recorder_share *share, uint64_t least, uint64_t most)
{
	uint64_t left = atomic_load_explicit(&share->packets_left, memory_order_relaxed), taken;

	do {
		taken = smaller(left, most);
		if (taken < least)
			return 0;
	} while (!atomic_compare_exchange_weak_explicit(&share->packets_left, &left, left - taken,
	                                                memory_order_relaxed,
	                                                memory_order_relaxed));
	return taken;
}

static uint64_t take_of_file(struct wt_recorder_share *share, uint64_t file, uint64_t least,
                             uint64_t most)
{
	uint64_t word = atomic_load_explicit(&share->file, memory_order_relaxed), taken;

	do {
		taken = is_of(word, file) ? smaller(word & left_mask, most) : 0;
		if (taken < least || !taken || !share->file_packets)
			return taken < least ? 0 : taken;
	} while (!atomic_compare_exchange_weak_explicit(
	        &share->file, &word, word - taken, memory_order_relaxed, memory_order_relaxed));
	return taken;
}

static uint64_t left_of_all(const struct wt_recorder_share *share)
{
	return share->max_packets ? atomic_load_explicit(&share->packets_left, memory_order_relaxed)
	                          : UINT64_MAX;
}

/* The recording's limit comes last: what is taken of it cannot be put back, for somebody may have
 * ended meanwhile. */
static uint64_t take(struct wt_recorder_share *share, uint64_t file, uint64_t least, uint64_t most)
{
	uint64_t taken = take_of_file(share, file, least, smaller(most, left_of_all(share)));

	return share->max_packets ? take_of_all(share, least, taken) : taken;
}

uint64_t wt_recorder_share_take(struct wt_recorder_share *share, uint64_t file, uint64_t wanted)
{
	return take(share, file, 0, wanted);
}

bool wt_recorder_share_take_all(struct wt_recorder_share *share, uint64_t file, uint64_t wanted)
{
	return take(share, file, wanted, wanted) == wanted;
}

bool wt_recorder_share_is_full(const struct wt_recorder_share *share)
{
	return !left_of_all(share);
}

bool wt_recorder_share_is_over(const struct wt_recorder_share *share, uint64_t file)
{
	uint64_t word = atomic_load_explicit(&share->file, memory_order_relaxed);

	return !is_of(word, file) || !(word & left_mask);
}

bool wt_recorder_share_is_behind(const struct wt_recorder_share *share, uint64_t file)
{
	return !is_of(atomic_load_explicit(&share->file, memory_order_relaxed), file);
}

static struct wt_share_time *time_of(struct wt_recorder_share *share, uint64_t file)
{
	return &share->begun[file % WT_SHARE_TIMES];
}

void wt_recorder_share_announce(struct wt_recorder_share *share, uint64_t file,
                                int64_t monotonic_ns, int64_t utc_ns)
{
	bool is_first;

	pthread_mutex_lock(&share->lock);
	is_first = is_of(atomic_load_explicit(&share->file, memory_order_relaxed), file);
	if (is_first) {
		*time_of(share, file + 1) = (struct wt_share_time){monotonic_ns, utc_ns};
		share->latest = file + 1;
		atomic_store_explicit(&share->file, numbered(share, file + 1),
		                      memory_order_relaxed);
	}
	pthread_mutex_unlock(&share->lock);
	if (is_first)
		share->wake(share->context);
}

struct wt_share_time wt_recorder_share_begun(struct wt_recorder_share *share, uint64_t file)
{
	struct wt_share_time time;

	pthread_mutex_lock(&share->lock);
	if (file + WT_SHARE_TIMES <= share->latest)
		file = share->latest + 1; /* whose place the oldest has */
	time = *time_of(share, file);
	pthread_mutex_unlock(&share->lock);
	return time;
}

uint64_t wt_recorder_share_add_bytes(struct wt_recorder_share *share, uint64_t bytes)
{
	return atomic_fetch_add_explicit(&share->bytes, bytes, memory_order_relaxed) + bytes;
}

void wt_recorder_share_end(struct wt_recorder_share *share, enum wt_record_end end)
{
	int none = 0;

	if (atomic_compare_exchange_strong_explicit(&share->end, &none, 1 + (int)end,
	                                            memory_order_relaxed, memory_order_relaxed))
		share->wake(share->context);
}

bool wt_recorder_share_has_ended(const struct wt_recorder_share *share, enum wt_record_end *end)
{
	int noted = atomic_load_explicit(&share->end, memory_order_relaxed);

	if (noted)
		*end = (enum wt_record_end)(noted - 1);
	return noted != 0;
}
