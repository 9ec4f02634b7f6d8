/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/writer/files/file_set_private.h>

/* Add with saturation instead of wrapping around. */
static int64_t add(int64_t a, int64_t b)
{
	int64_t sum;

	if (!__builtin_add_overflow(a, b, &sum))
		return sum;
	return b < 0 ? INT64_MIN : INT64_MAX;
}

static int64_t subtract(int64_t a, int64_t b)
{
	return b == INT64_MIN ? INT64_MAX : add(a, -b);
}

/* The first multiple of the interval after the one in which the file was begun. */
static int64_t next_slot_ns(const struct wt_file_set *set)
{
	int64_t interval = set->config.interval_ns;
	int64_t into = set->begun_utc_ns % interval;

	if (into < 0)
		into += interval;
	return add(set->begun_utc_ns, interval - into);
}

/* A clock that steps back a little repeats a slot: its file goes on, and ends when that slot is
 * over for the second time. One that goes back by more than a whole interval has been corrected,
 * and may have been years ahead: waiting for it would take for ever. */
static bool interval_is_over(const struct wt_file_set *set, int64_t utc_ns)
{
	return utc_ns >= next_slot_ns(set) ||
	       subtract(set->begun_utc_ns, utc_ns) > set->config.interval_ns;
}

static bool bytes_are_due(const struct wt_file_set *set, uint64_t bytes, uint64_t next_bytes,
                          uint64_t packets)
{
	uint64_t most = set->config.max_bytes;

	/* A file without packets takes the first one, however large: another would not be
	 * emptier. */
	return most && packets && (bytes > most || next_bytes > most - bytes);
}

enum wt_file_set_due wt_file_set_is_due(const struct wt_file_set *set, uint64_t bytes,
                                        uint64_t next_bytes, uint64_t packets, int64_t monotonic_ns,
                                        int64_t utc_ns)
{
	const struct wt_file_set_config *config = &set->config;

	if (!set->rotates || !set->begun)
		return WT_FILE_NOT_DUE;
	if (bytes_are_due(set, bytes, next_bytes, packets))
		return WT_FILE_DUE_BYTES;
	if (config->max_packets && packets >= config->max_packets)
		return WT_FILE_DUE_PACKETS;
	if (config->duration_ns &&
	    subtract(monotonic_ns, set->begun_monotonic_ns) >= config->duration_ns)
		return WT_FILE_DUE_DURATION;
	if (config->interval_ns && interval_is_over(set, utc_ns))
		return WT_FILE_DUE_INTERVAL;
	return WT_FILE_NOT_DUE;
}

int64_t wt_file_set_next_due_ns(const struct wt_file_set *set, int64_t monotonic_ns, int64_t utc_ns)
{
	int64_t due = INT64_MAX;

	if (!set->rotates || !set->begun)
		return due;
	if (set->config.duration_ns)
		due = add(set->begun_monotonic_ns, set->config.duration_ns);
	if (set->config.interval_ns) {
		int64_t slot = interval_is_over(set, utc_ns)
		                       ? monotonic_ns
		                       : add(monotonic_ns, subtract(next_slot_ns(set), utc_ns));

		due = slot < due ? slot : due;
	}
	return due;
}

uint64_t wt_file_set_max_bytes(const struct wt_file_set *set)
{
	return set->config.max_bytes;
}

uint64_t wt_file_set_max_packets(const struct wt_file_set *set)
{
	return set->config.max_packets;
}
