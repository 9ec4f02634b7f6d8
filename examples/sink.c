/* SPDX-License-Identifier: BSD-2-Clause */

/* Records into a place of one's own instead of a file: here a socket, whose other end is read by a
 * thread that copies it to the standard output.
 *
 *     sink INTERFACE [PACKETS] > FILE */

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <wiretape/record.h>

static struct wt_record *record;
static int ends[2]; /* it is written to the first and read from the second */

/* Take what there is room for, and never wait: packets gather in the ring meanwhile. 0, or -EAGAIN,
 * is "none for now"; another errno ends the recording. What was taken counts as written. */
static ptrdiff_t on_bytes(void *context, uint32_t queue, const void *bytes, size_t length)
{
	ssize_t sent = send(ends[0], bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);

	(void)context;
	(void)queue; /* of several each has a stream of its own */
	return sent < 0 ? -errno : sent;
}

static void *copy(void *argument)
{
	char bytes[65536];
	ssize_t got;

	while ((got = read(ends[1], bytes, sizeof(bytes))) > 0) {
		wt_record_resume(record); /* there is room again */
		fwrite(bytes, 1, (size_t)got, stdout);
	}
	return argument;
}

int main(int argc, char **argv)
{
	struct wt_record_interface interface = {.size = sizeof(interface)};
	struct wt_record_config config = {.size = sizeof(config),
	                                  .interfaces = &interface,
	                                  .interface_count = 1,
	                                  .on_bytes = on_bytes};
	struct wt_error err = {0};
	pthread_t copier;
	int rc;

	if (argc < 2) {
		fprintf(stderr, "sink INTERFACE [PACKETS] > FILE\n");
		return 2;
	}
	interface.name = argv[1];
	interface.reader = strncmp(argv[1], "sim", 3) ? WT_READER_V3 : WT_READER_SIM;
	config.max_packets = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
	rc = wt_record_open(&record, &config, &err);
	if (rc || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) ||
	    pthread_create(&copier, NULL, copy, NULL)) {
		fprintf(stderr, "cannot begin: %s\n", rc ? err.text : strerror(errno));
		return 1;
	}
	rc = wt_record_run(record, &err);
	if (rc)
		fprintf(stderr, "%s\n", err.text);
	close(ends[0]); /* the end of the stream */
	pthread_join(copier, NULL);
	wt_record_close(record);
	return rc || fflush(stdout) ? 1 : 0;
}
