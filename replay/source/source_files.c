/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/replay/source/source_private.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <wiretape/archive/capture_file.h>

enum {
	BUFFER_BYTES_DEFAULT = 64 << 20,
	/* A pipe may take its time to fill the buffer: sending begins this long after its first
	 * packet with what is there. */
	LIVE_NS = 100000000,
	/* Packets between two reports of progress. */
	PROGRESS_PACKETS = 256,
	NOT_YET = -4, /* of a port: not looked up */
};

/* Capture files, read ahead by a thread of their own. */
struct file_source {
	struct wt_packet_source source; /* first */
	const struct wt_replayer_ports *ports;
	struct wt_timeline_file *files;
	struct wt_timeline *timeline;
	struct wt_packet_queue *queue;
	struct wt_frame_fit prepare;
	int *interface_ports; /* by the interface's number in the timeline */
	size_t interface_room;
	uint64_t queued; /* packets */
	struct wt_patience patience;
	bool is_live;   /* one of the files is not regular, but a pipe or the like */
	bool is_wanted; /* more of it: an atomic */
	pthread_t thread;
	bool has_thread;
};

static bool is_over(void *context)
{
	const struct file_source *files = context;
	const struct wt_replayer_stop *stop = files->source.config->stop;

	/* Relaxed: neither publishes anything. */
	return !__atomic_load_n(&files->is_wanted, __ATOMIC_RELAXED) ||
	       (stop && __atomic_load_n(&stop->requested, __ATOMIC_RELAXED));
}

static bool is_pipe(const char *path)
{
	struct stat status;

	return !(strcmp(path, "-") ? stat(path, &status) : fstat(STDIN_FILENO, &status)) &&
	       !S_ISREG(status.st_mode);
}

static bool any_pipe(const struct wt_replayer_config *config)
{
	bool any = false;

	for (size_t i = 0; i < config->path_count; i++)
		any |= is_pipe(config->paths[i]);
	return any;
}

static int open_timeline(struct file_source *files, struct wt_error *err)
{
	const struct wt_replayer_config *config = files->source.config;
	const struct wt_timeline_config what = {
	        .paths = config->paths,
	        .path_count = config->path_count,
	        .from = config->from,
	        .to = config->to,
	        .duration_ns = config->duration_ns,
	        .filter = config->filter,
	        .keep_unstamped = true,
	        .patience = &files->patience,
	};

	return wt_timeline_open(&files->timeline, &what, files->files, err);
}

static int look_up_port(struct file_source *files, uint32_t number, struct wt_error *err)
{
	const struct wt_timeline_interface *interface =
	        wt_timeline_interface(files->timeline, number);
	const char *path = files->source.config->paths[interface->file];
	int port = wt_replayer_port_of(files->ports, interface->name, number);

	if (port >= 0 &&
	    !wt_frame_fit_is_settled(&files->source.ports[port], interface->link_type)) {
		wt_frame_fit_count_unfit(&files->source.notes, &files->source.ports[port], path,
		                         interface->name, number, interface->link_type);
		port = WT_PORT_UNFIT;
	}
	if (port != WT_PORT_NONE)
		return files->interface_ports[number] = port;
	return wt_error_set(err, -EINVAL,
	                    "%s: packets of its interface %s (number %u) go nowhere; say where "
	                    "with --map %s=IFACE, leave them out with --map %s=-, or name an "
	                    "interface for all others with -i",
	                    path, interface->name ? interface->name : "without a name", number,
	                    interface->name ? interface->name : "NUMBER",
	                    interface->name ? interface->name : "NUMBER");
}

static int make_room(struct file_source *files, uint32_t number, struct wt_error *err)
{
	size_t room = (size_t)number + 16;
	int *grown = realloc(files->interface_ports, room * sizeof(*grown));

	if (!grown)
		return wt_error_set(err, -ENOMEM, "no memory for the interfaces");
	for (size_t i = files->interface_room; i < room; i++)
		grown[i] = NOT_YET;
	files->interface_ports = grown;
	files->interface_room = room;
	return 0;
}

/* A port's number, WT_PORT_LEFT_OUT, WT_PORT_UNFIT, or a negative errno below those. */
static int port_of(struct file_source *files, uint32_t number, struct wt_error *err)
{
	int rc = number < files->interface_room ? 0 : make_room(files, number, err);

	if (rc)
		return rc;
	return files->interface_ports[number] != NOT_YET ? files->interface_ports[number]
	                                                 : look_up_port(files, number, err);
}

static uint32_t share_ppm(const struct file_source *files)
{
	const struct wt_replayer_config *config = files->source.config;
	uint64_t read = 0, total = 0;
	double share;

	if (!config->loops && config->path_count == 1 && !strcmp(config->paths[0], "-"))
		return UINT32_MAX;
	for (size_t i = 0; i < config->path_count; i++) {
		read += files->files[i].bytes_read;
		total += files->files[i].bytes_total;
	}
	if (!total || config->loops == UINT64_MAX)
		return UINT32_MAX;
	share = (double)read / (double)total;
	if (config->loops)
		share = ((double)files->source.counts.loops - 1 + share) / (double)config->loops;
	return (uint32_t)(share * 1e6);
}

static void note_progress(struct file_source *files, int64_t due_ns)
{
	struct wt_packet_source_progress *progress = &files->source.progress;

	__atomic_store_n(&progress->packets, files->queued, __ATOMIC_RELAXED);
	__atomic_store_n(&progress->last_due_ns, due_ns, __ATOMIC_RELAXED);
	if (files->queued % PROGRESS_PACKETS == 1)
		__atomic_store_n(&progress->share_ppm, share_ppm(files), __ATOMIC_RELAXED);
}

/* Room for a packet, waited for if need be: NULL once nothing more is wanted. */
static struct wt_queued_packet *place_for(struct file_source *files, uint32_t bytes)
{
	struct wt_queued_packet *place;

	while (!(place = wt_packet_queue_reserve(files->queue, bytes)))
		if (wt_packet_queue_wait_space(files->queue))
			return NULL;
	return place;
}

/* 1, also if it is skipped; 0 if nothing more is wanted; or a negative errno. */
static int take_packet(struct file_source *files, const struct wt_timeline_packet *packet,
                       struct wt_error *err)
{
	struct wt_packet_source_counts *counts = &files->source.counts;
	const struct wt_pcapng_item_packet *item = &packet->item->packet;
	int port = port_of(files, packet->interface, err);
	struct wt_queued_packet *place;
	struct wt_fitted chosen;

	counts->read++;
	counts->unstamped += !item->has_stamp || item->stamp_saturated;
	counts->skipped.unmapped += port == WT_PORT_LEFT_OUT;
	counts->skipped.link_type += port == WT_PORT_UNFIT;
	if (port < 0)
		return port == WT_PORT_LEFT_OUT || port == WT_PORT_UNFIT ? 1 : port;
	if (!wt_frame_fit_choose(&files->prepare, item, (uint16_t)port, &chosen))
		return 1;
	place = place_for(files, chosen.bytes);
	if (!place)
		return 0;
	if (!wt_frame_fit_fill(&files->prepare, item, &chosen, (uint16_t)port, place))
		return 1;
	place->number = files->queued++;
	place->stamp_ns = packet->stamp_ns;
	place->due_ns =
	        packet->has_stamp
	                ? wt_schedule_next(&counts->schedule, packet->stamp_ns, place->caplen)
	                : wt_schedule_next_unstamped(&counts->schedule, place->caplen);
	note_progress(files, place->due_ns);
	wt_packet_queue_commit(files->queue);
	return 1;
}

static bool is_enough(const struct file_source *files)
{
	const struct wt_replayer_config *config = files->source.config;

	return config->count && files->queued >= config->count;
}

/* Read all packets of the timeline: 0 at its end; *over if nothing more is wanted. */
static int read_round(struct file_source *files, bool *over, struct wt_error *err)
{
	struct wt_timeline_packet packet;
	int rc;

	while (!(*over = is_enough(files)) &&
	       (rc = wt_timeline_next(files->timeline, &packet, err)) != 0) {
		if (rc > 0)
			rc = take_packet(files, &packet, err);
		*over = rc <= 0;
		if (*over)
			return rc;
	}
	return 0;
}

static int next_round(struct file_source *files, struct wt_error *err)
{
	wt_timeline_close(files->timeline);
	files->timeline = NULL;
	wt_schedule_repeat(&files->source.counts.schedule);
	return open_timeline(files, err);
}

static int read_rounds(struct file_source *files, struct wt_error *err)
{
	const struct wt_replayer_config *config = files->source.config;
	uint64_t loops = config->loops ? config->loops : 1;
	bool over = false;
	int rc = 0;

	while (!rc && !over) {
		uint64_t before = files->queued;

		files->source.counts.loops++;
		rc = read_round(files, &over, err);
		/* A round without packets to send: the next would have none either. */
		if (rc || over || files->source.counts.loops >= loops || files->queued == before)
			return rc;
		rc = next_round(files, err);
	}
	return rc;
}

static void *read_files(void *argument)
{
	struct file_source *files = argument;
	int rc = read_rounds(files, &files->source.err);

	__atomic_store_n(&files->source.progress.share_ppm, 1000000, __ATOMIC_RELAXED);
	/* -EINTR: no more was wanted, not an error. */
	wt_packet_queue_end(files->queue, rc == -EINTR ? 0 : rc);
	return NULL;
}

static int files_fill(struct wt_packet_source *source, const int *stop)
{
	struct file_source *files = (struct file_source *)source;
	int rc;

	/* Stopped before the first packet came. */
	if (!files->timeline)
		return -EINTR;
	rc = pthread_create(&files->thread, NULL, read_files, files);
	if (rc)
		return wt_error_set(&source->err, -rc, "cannot start a thread: %s", strerror(rc));
	files->has_thread = true;
	return wt_packet_queue_wait_filled(files->queue, files->is_live ? LIVE_NS : 0, stop);
}

static size_t files_peek(struct wt_packet_source *source, struct wt_queued_packet **packets,
                         size_t max)
{
	return wt_packet_queue_peek(((struct file_source *)source)->queue, packets, max);
}

static void files_release(struct wt_packet_source *source, size_t count)
{
	wt_packet_queue_release(((struct file_source *)source)->queue, count);
}

static bool files_ended(struct wt_packet_source *source, int *error)
{
	return wt_packet_queue_ended(((struct file_source *)source)->queue, error);
}

static void files_finish(struct wt_packet_source *source)
{
	struct file_source *files = (struct file_source *)source;

	if (!files->has_thread)
		return;
	__atomic_store_n(&files->is_wanted, false, __ATOMIC_RELAXED);
	wt_packet_queue_cancel(files->queue);
	pthread_join(files->thread, NULL);
	files->has_thread = false;
}

static void files_close(struct wt_packet_source *source)
{
	struct file_source *files = (struct file_source *)source;

	if (!files)
		return;
	files_finish(source);
	wt_timeline_close(files->timeline);
	wt_packet_queue_destroy(files->queue);
	free(files->interface_ports);
	free(files);
}

static const struct wt_packet_source_ops ops = {
        .fill = files_fill,
        .peek = files_peek,
        .release = files_release,
        .ended = files_ended,
        .finish = files_finish,
        .close = files_close,
};

static int check_loops(const struct wt_replayer_config *config, struct wt_error *err)
{
	for (size_t i = 0; config->loops > 1 && i < config->path_count; i++)
		if (!strcmp(config->paths[i], "-"))
			return wt_error_set(err, -EINVAL,
			                    "standard input can be read only once; put it in a "
			                    "file to loop over it");
	return 0;
}

int wt_packet_source_open_files(struct wt_packet_source **source,
                                const struct wt_replayer_config *config,
                                const struct wt_replayer_ports *ports,
                                const struct wt_packet_source_port *taken, size_t count,
                                struct wt_timeline_file *files, struct wt_error *err)
{
	struct file_source *made = calloc(1, sizeof(*made));
	int rc;

	if (!made)
		return wt_error_set(err, -ENOMEM, "no memory for a source");
	made->source.ops = &ops;
	made->source.config = config;
	memcpy(made->source.ports, taken, count * sizeof(*taken));
	made->ports = ports;
	made->files = files;
	made->patience = (struct wt_patience){is_over, made};
	made->is_live = any_pipe(config);
	made->is_wanted = true;
	made->prepare = (struct wt_frame_fit){config, made->source.ports, &made->source.counts};
	wt_schedule_init(&made->source.counts.schedule, &config->schedule);
	rc = check_loops(config, err);
	if (!rc)
		rc = open_timeline(made, err);
	if (rc == -EINTR)
		rc = 0;
	if (!rc)
		rc = wt_packet_queue_create(
		        &made->queue,
		        config->buffer_bytes ? config->buffer_bytes : BUFFER_BYTES_DEFAULT, err);
	if (rc)
		files_close(&made->source);
	else
		*source = &made->source;
	return rc;
}
