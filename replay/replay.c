/* SPDX-License-Identifier: BSD-2-Clause */
/* <wiretape/replay.h>, by a replayer. */
#include <wiretape/replay.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/base/sized.h>
#include <wiretape/replay/replayer.h>

enum { NEXT_BYTES_MAX_DEFAULT = 1514 };

struct wt_replay {
	struct wt_replay_config config;
	struct wt_replayer_config settings;
	struct wt_made made;
	struct wt_time from, to;
	struct wt_udp_target target;
	struct wt_replayer_stop stop;
	struct wt_timeline_file *files;
	struct wt_replayer *replayer;
	struct wt_replayer_result *result; /* large */
	size_t listed;                     /* packets of the list that were made so far */
};

static void on_progress(void *context, const struct wt_replayer_progress *progress)
{
	const struct wt_replay *replay = context;
	const struct wt_replay_progress told = {
	        .size = sizeof(told),
	        .sent = progress->sent,
	        .bytes = progress->bytes,
	        .over_tolerance = progress->over_tolerance,
	        .elapsed_ns = progress->elapsed_ns,
	        .share = progress->share,
	};

	replay->config.on_progress(replay->config.context, &told);
}

/* Take the next of the list, or of the program. */
static int next_packet(struct wt_replay *replay, struct wt_replay_packet *packet)
{
	const struct wt_replay_config *config = &replay->config;

	if (config->next)
		return config->next(config->context, packet);
	if (replay->listed == config->packet_count)
		return 0;
	*packet = config->packets[replay->listed++];
	return 1;
}

static int make_next(void *context, uint8_t *frame, int64_t *stamp_ns, uint16_t *interface)
{
	struct wt_replay *replay = context;
	struct wt_replay_packet packet = {0};
	int rc = next_packet(replay, &packet);

	if (rc <= 0)
		return rc;
	if (!packet.data || !packet.bytes || packet.bytes > replay->made.frame_bytes)
		return -EMSGSIZE;
	memcpy(frame, packet.data, packet.bytes);
	*stamp_ns = packet.stamp_ns;
	*interface = 0;
	return (int)packet.bytes;
}

static uint32_t longest(const struct wt_replay_config *config)
{
	uint32_t most = 1;

	if (config->next)
		return config->next_bytes_max ? config->next_bytes_max : NEXT_BYTES_MAX_DEFAULT;
	for (size_t i = 0; i < config->packet_count; i++)
		if (config->packets[i].bytes > most)
			most = config->packets[i].bytes;
	return most;
}

static int check_config(const struct wt_replay_config *config, struct wt_error *err)
{
	int sources = (config->path_count > 0) + (config->packets != NULL) + (config->next != NULL);

	if (sources != 1)
		return wt_error_set(err, -EINVAL,
		                    "packets come either from files, or from a list, or from "
		                    "`next`; give one of them");
	if (!config->interface && !config->to)
		return wt_error_set(err, -EINVAL, "no interface was given to send on");
	return 0;
}

static void take_source(struct wt_replay *replay)
{
	const struct wt_replay_config *config = &replay->config;
	struct wt_replayer_config *settings = &replay->settings;
	enum wt_time_base base = config->is_relative ? WT_TIME_START : WT_TIME_EPOCH;

	replay->from = (struct wt_time){.ns = config->from_ns, .base = base};
	replay->to = (struct wt_time){.ns = config->to_ns, .base = base};
	settings->from = config->from_ns ? &replay->from : NULL;
	settings->to = config->to_ns ? &replay->to : NULL;
	if (config->path_count) {
		settings->paths = config->paths;
		settings->path_count = config->path_count;
		settings->interface = config->to ? NULL : config->interface;
		return;
	}
	replay->made = (struct wt_made){
	        .next = make_next,
	        .context = replay,
	        .frame_bytes = longest(config),
	        .interfaces = &replay->config.interface,
	        .interface_count = 1,
	};
	settings->made = &replay->made;
}

static int take_target(struct wt_replay *replay, struct wt_error *err)
{
	const struct wt_replay_config *config = &replay->config;
	int rc;

	if (!config->to)
		return 0;
	rc = wt_udp_target_parse(&replay->target, config->to, err);
	if (rc)
		return rc;
	if (config->interface) {
		if (strlen(config->interface) >= sizeof(replay->target.interface))
			return wt_error_set(err, -EINVAL, "no interface has a name as long as %s",
			                    config->interface);
		strcpy(replay->target.interface, config->interface);
	}
	replay->settings.target = &replay->target;
	replay->settings.tx = WT_TX_UDP;
	return 0;
}

static int take_settings(struct wt_replay *replay, struct wt_error *err)
{
	const struct wt_replay_config *config = &replay->config;
	struct wt_replayer_config *settings = &replay->settings;

	*settings = (struct wt_replayer_config){
	        .filter = config->filter,
	        .loops = config->loops,
	        .count = config->count,
	        .truncated = config->truncated,
	        .tx = config->tx,
	        .through_qdisc = config->through_qdisc,
	        .fix_checksums = config->fix_checksums,
	        .pace = config->pace,
	        .start_at_ns = config->start_utc_ns,
	        .tx_stamp = config->tx_stamp,
	        .tolerance_ns = config->tolerance_ns,
	        .proof_path = config->proof_path,
	        .stop = &replay->stop,
	        .on_progress = config->on_progress ? on_progress : NULL,
	        .context = replay,
	};
	take_source(replay);
	if (config->timing) {
		int rc = wt_schedule_parse(&settings->schedule, config->timing, err);

		if (rc)
			return rc;
	}
	return take_target(replay, err);
}

static int open_all(struct wt_replay *replay, struct wt_error *err)
{
	int rc = check_config(&replay->config, err);

	if (!rc)
		rc = take_settings(replay, err);
	if (rc)
		return rc;
	replay->files = calloc(replay->config.path_count + 1, sizeof(*replay->files));
	replay->result = calloc(1, sizeof(*replay->result));
	if (!replay->files || !replay->result)
		return wt_error_set(err, -ENOMEM, "no memory for a replay");
	return wt_replayer_open(&replay->replayer, &replay->settings, replay->files, err);
}

int wt_replay_open(struct wt_replay **replay, const struct wt_replay_config *config,
                   struct wt_error *err)
{
	struct wt_replay *made = calloc(1, sizeof(*made));
	int rc;

	if (!made)
		return wt_error_set(err, -ENOMEM, "no memory for a replay");
	rc = wt_sized_take(&made->config, sizeof(made->config), config, "wt_replay_config", err);
	if (!rc)
		rc = open_all(made, err);
	if (rc)
		wt_replay_close(made);
	else
		*replay = made;
	return rc;
}

static uint64_t skipped(const struct wt_replayer_skipped *counts)
{
	return counts->unmapped + counts->too_large + counts->too_short + counts->truncated +
	       counts->not_udp + counts->fragments + counts->link_type;
}

static void take_proof(struct wt_replay_result *filled, const struct wt_proof *proof)
{
	memcpy(filled->departures, proof->by_source, sizeof(filled->departures));
	filled->early = proof->early;
	filled->over_tolerance = proof->over_tolerance;
	filled->dropped = proof->dropped;
	filled->error_p50_ns = wt_histogram_quantile(&proof->error, 0.5);
	filled->error_p99_ns = wt_histogram_quantile(&proof->error, 0.99);
	filled->error_max_ns = proof->error.max_ns;
	filled->gap_error_p50_ns = wt_histogram_quantile(&proof->gap_error, 0.5);
	filled->gap_error_p99_ns = wt_histogram_quantile(&proof->gap_error, 0.99);
	filled->gap_error_max_ns = proof->gap_error.max_ns;
}

static int give_result(const struct wt_replayer_result *done, struct wt_replay_result *result,
                       struct wt_error *err)
{
	struct wt_replay_result filled = {
	        .size = sizeof(filled),
	        .sent = done->sent,
	        .bytes = done->bytes,
	        .read = done->read,
	        .skipped = skipped(&done->skipped),
	        .starved = done->starved,
	        .late_launches = done->late_launches,
	        .unproved = done->unproved,
	        .start_utc_ns = done->start_utc_ns,
	        .duration_ns = done->duration_ns,
	        .rate_pps = wt_replayer_rate_pps(done),
	        .was_stopped = done->was_stopped,
	        .has_schedule = done->has_schedule,
	        .pace = done->pace,
	        .tx = done->tx,
	};

	take_proof(&filled, &done->proof);
	return wt_sized_give(result, &filled, sizeof(filled), "wt_replay_result", err);
}

int wt_replay_run(struct wt_replay *replay, struct wt_replay_result *result, struct wt_error *err)
{
	int rc = wt_replayer_run(replay->replayer, replay->result, err);
	int given = result ? give_result(replay->result, result, rc ? NULL : err) : 0;

	return rc ? rc : given;
}

void wt_replay_stop(struct wt_replay *replay)
{
	wt_replayer_stop(&replay->stop);
}

const char *wt_replay_note(const struct wt_replay *replay, size_t number)
{
	return number < replay->result->note_count ? replay->result->notes[number] : NULL;
}

void wt_replay_close(struct wt_replay *replay)
{
	if (!replay)
		return;
	wt_replayer_close(replay->replayer);
	free(replay->result);
	free(replay->files);
	free(replay);
}
