/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/feed/recognise/recognise.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Channels of what was recognised, as a feeds file has them. */

static void set_side(struct wt_feed_address *side, const struct wt_recognised *group)
{
	*side = group->address;
	if (!group->interface_matters)
		side->interface[0] = '\0';
}

bool wt_recognise_channel(const struct wt_recogniser *recogniser, uint32_t index,
                          unsigned min_percent, unsigned number, struct wt_feed_channel *channel)
{
	const struct wt_recognised *group = wt_recogniser_group(recogniser, index);

	if (!group->preset || group->percent < min_percent || group->is_b)
		return false;
	*channel = (struct wt_feed_channel){.preset = group->preset, .kind = group->kind};
	snprintf(channel->name, sizeof(channel->name), "%s-%u", group->preset->name, number);
	set_side(&channel->sides[WT_FEED_A], group);
	if (group->other_side >= 0)
		set_side(&channel->sides[WT_FEED_B],
		         wt_recogniser_group(recogniser, (uint32_t)group->other_side));
	return true;
}

/* Add a channel in the form of a feeds file's line; details without a notation are left out. */
static int add(struct wt_feed_channels *out, const struct wt_feed_channel *channel,
               struct wt_error *err)
{
	char line[1024];
	struct wt_error why = {0};
	int length = wt_feed_channel_text(channel, line, sizeof(line)), rc;

	if (length < 0 || (size_t)length >= sizeof(line))
		return 0;
	rc = wt_feed_channels_add_text(out, "recognised", line, (size_t)length, &why);
	if (!rc || rc == -EEXIST || rc == -EINVAL)
		return 0;
	return wt_error_set(err, rc, "%s", why.text);
}

/* The number of the preset's last channel. */
static unsigned *number_of(unsigned *numbers, const struct wt_preset *preset)
{
	size_t i = 0;

	while (i + 1 < wt_preset_count && wt_presets[i] != preset)
		i++;
	return &numbers[i];
}

int wt_recognise_channels(const struct wt_recogniser *recogniser, unsigned min_percent,
                          struct wt_feed_channels *out, struct wt_error *err)
{
	unsigned *numbers = calloc(wt_preset_count, sizeof(*numbers));
	struct wt_feed_channel channel;
	int rc = numbers ? 0 : wt_error_set(err, -ENOMEM, "no memory for the feeds");

	for (uint32_t i = 0; !rc && i < wt_recogniser_count(recogniser); i++) {
		const struct wt_preset *preset = wt_recogniser_group(recogniser, i)->preset;
		unsigned *number = preset ? number_of(numbers, preset) : NULL;

		if (!number ||
		    !wt_recognise_channel(recogniser, i, min_percent, *number + 1, &channel))
			continue;
		++*number;
		rc = add(out, &channel, err);
	}
	free(numbers);
	return rc;
}
