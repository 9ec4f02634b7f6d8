/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/recorder/clerk_health.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <wiretape/capture/recorder/clock_notes.h>

/* End when nothing more can come from anywhere. */
static void end_if_all_over(const struct wt_clerk_health *health)
{
	bool any_gone = false, may_return = false;

	for (size_t i = 0; i < health->count; i++) {
		const struct wt_clerk_interface *one = &health->interfaces[i];

		if (!one->recorded->report->gone && !one->finished)
			return;
		if (!one->recorded->report->gone)
			continue;
		any_gone = true;
		may_return |= !one->recorded->report->reader->goes_for_good;
	}
	if (!any_gone)
		wt_recorder_end_with(health->state, WT_END_SOURCE, 0);
	else if (!may_return || !health->state->config.waits_for_interfaces)
		wt_recorder_end_with(health->state, WT_END_INTERFACE, -ENODEV);
}

static void interface_gone(const struct wt_clerk_health *health, struct wt_clerk_interface *one)
{
	struct wt_recorded *recorded = one->recorded;
	const char *name = recorded->report->reader->name;
	char text[WT_MAX_DEGRADED_TEXT];

	recorded->report->gone = true;
	one->join.lost = true;
	snprintf(text, sizeof(text), "interface %s has disappeared", name);
	wt_recorder_note_degraded(health->state, text);
	wt_recorder_feeds_away(health->feeds, recorded, WT_NIC_GONE, false);
	end_if_all_over(health);
	if (!health->state->ending && !recorded->report->reader->goes_for_good)
		wt_recorder_say(health->state, "waiting for %s to come back", name);
}

/* New counters of the device that is back; the earlier device's counts stay. */
static void renew_nic(struct wt_recorded *recorded)
{
	struct wt_link link;

	if (recorded->report->has_nic && !wt_reader_link(recorded->reader, &link))
		wt_nic_counters_base(&recorded->nic_base, &recorded->report->nic_now,
		                     &link.counters);
}

/* Same name, possibly a new index: the module was reloaded or the container restarted. */
static void try_reattach(const struct wt_clerk_health *health, struct wt_clerk_interface *one)
{
	struct wt_recorded *recorded = one->recorded;
	const struct wt_reader_info *reader = recorded->report->reader;
	struct wt_error err = {0};
	int rc = wt_reader_reattach(recorded->reader, &err);

	if (rc) {
		if (rc != -ENODEV && strcmp(err.text, one->not_back.text) != 0)
			wt_recorder_say(health->state, "interface %s is not taken up again: %s",
			                reader->name, err.text);
		one->not_back = err;
		return;
	}
	recorded->report->gone = false;
	one->down = false;
	wt_clock_notes_renew(health->state, recorded);
	renew_nic(recorded);
	wt_recorder_say(health->state, "interface %s is back, with index %d", reader->name,
	                reader->link->index);
}

void wt_clerk_tell_degraded(struct wt_recorder_state *state, const struct wt_recorded *recorded)
{
	for (const char *const *text = recorded->report->reader->degraded; *text; text++)
		wt_recorder_note_degraded(state, *text);
}

static void interface_down(const struct wt_clerk_health *health, struct wt_clerk_interface *one)
{
	const char *name = one->recorded->report->reader->name;
	/* A pending error may be about something that is over. */
	bool is_over = !wt_reader_health(one->recorded->reader);
	char text[WT_MAX_DEGRADED_TEXT];

	wt_recorder_feeds_away(health->feeds, one->recorded, WT_NIC_DOWN, is_over);
	if (one->down)
		return;
	one->down = true;
	snprintf(text, sizeof(text), "interface %s %s down", name, health->checked ? "went" : "is");
	wt_recorder_note_degraded(health->state, text);
	wt_recorder_say(health->state, "waiting for %s to come up again", name);
}

static void interface_up(const struct wt_clerk_health *health, struct wt_clerk_interface *one)
{
	one->recorded->sound = one->recorded->read;
	if (!one->down)
		return;
	one->down = false;
	wt_recorder_say(health->state, "interface %s is up again",
	                one->recorded->report->reader->name);
}

void wt_clerk_check_interface(struct wt_clerk_health *health, struct wt_clerk_interface *one)
{
	int state;

	one->recorded->troubled = false;
	if (one->finished)
		return;
	if (one->recorded->report->gone) {
		wt_recorder_feeds_away(health->feeds, one->recorded, WT_NIC_GONE, false);
		try_reattach(health, one);
		return;
	}
	state = wt_reader_health(one->recorded->reader);
	if (state == -ENODEV) {
		wt_clerk_tell_degraded(health->state, one->recorded);
		interface_gone(health, one);
	} else if (state == -ENODATA) {
		one->finished = true;
		end_if_all_over(health);
	} else if (state == -ENETDOWN) {
		interface_down(health, one);
	} else if (state == 0) {
		interface_up(health, one);
	}
}

void wt_clerk_check_interfaces(struct wt_clerk_health *health)
{
	for (size_t i = 0; i < health->count; i++) {
		wt_clerk_check_interface(health, &health->interfaces[i]);
		wt_clerk_tell_degraded(health->state, health->interfaces[i].recorded);
	}
	health->checked = true;
}
