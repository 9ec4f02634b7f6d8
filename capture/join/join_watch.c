/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/join/join_watch.h>

void wt_join_watch_restart(struct wt_join_watch *watch, int64_t now_ns)
{
	watch->since_ns = now_ns;
	watch->resting = false;
	if (!watch->silent)
		watch->started_ns = now_ns;
}

static enum wt_join_news hear(struct wt_join_watch *watch, int64_t now_ns)
{
	enum wt_join_news news = WT_JOIN_NO_NEWS;

	if (watch->silent)
		news = watch->heard ? WT_JOIN_ARRIVES_AGAIN : WT_JOIN_ARRIVES;
	watch->heard = true;
	watch->silent = false;
	watch->resting = true;
	watch->since_ns = now_ns;
	return news;
}

static enum wt_join_news fall_silent(struct wt_join_watch *watch)
{
	enum wt_join_news news = watch->was_silent ? WT_JOIN_SILENT_AGAIN : WT_JOIN_SILENT;

	watch->silent = true;
	watch->was_silent = true;
	return news;
}

enum wt_join_news wt_join_watch_step(struct wt_join_watch *watch, int64_t now_ns, bool heard,
                                     int64_t *after_ns)
{
	*after_ns = now_ns - watch->started_ns;
	if (watch->resting) {
		if (now_ns - watch->since_ns >= WT_JOIN_REST_NS)
			wt_join_watch_restart(watch, now_ns);
		return WT_JOIN_NO_NEWS;
	}
	if (heard)
		return hear(watch, now_ns);
	if (!watch->silent && now_ns - watch->since_ns >= WT_JOIN_SILENCE_NS)
		return fall_silent(watch);
	return WT_JOIN_NO_NEWS;
}

int64_t wt_join_watch_due_ns(const struct wt_join_watch *watch, int64_t now_ns)
{
	int64_t due_ns = now_ns + WT_JOIN_LOOK_NS;

	if (watch->resting)
		return watch->since_ns + WT_JOIN_REST_NS;
	if (now_ns - watch->since_ns < WT_JOIN_FIRST_NS)
		return watch->since_ns + WT_JOIN_FIRST_NS;
	if (!watch->silent && watch->since_ns + WT_JOIN_SILENCE_NS < due_ns)
		return watch->since_ns + WT_JOIN_SILENCE_NS;
	return due_ns;
}
