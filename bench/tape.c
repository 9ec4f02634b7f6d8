/* SPDX-License-Identifier: BSD-2-Clause */
/* A tape for replayers to compete on: a pcap file with nanoseconds, whose packets have random gaps
 * of an exponential distribution, the same ones for the same seed, and rising MoldUDP64 sequence
 * numbers. Classic pcap, because all of them read that. */
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/base/quantity.h>
#include <wiretape/feed/load/mold_template.h>

enum {
	PCAP_MAGIC_NS = 0xa1b23c4d,
	SNAPLEN = 262144,
	LINKTYPE_ETHERNET = 1,
	FRAME_BYTES_MAX = 2000,
};
static const int64_t first_ns = 1700000000000000000;

/* As pcap(5) has them, in the machine's own byte order. */
struct file_header {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, accuracy, snaplen, link_type;
};
struct packet_header {
	uint32_t seconds, fraction, caplen, len;
};

static int64_t next_gap(double mean_ns)
{
	return (int64_t)(-log(1 - drand48()) * mean_ns);
}

static int write_tape(FILE *out, uint64_t count, uint32_t bytes, int64_t mean_ns)
{
	const struct file_header header = {PCAP_MAGIC_NS, 2, 4, 0, 0, SNAPLEN, LINKTYPE_ETHERNET};
	const struct wt_mold_template_config config = {.frame_bytes = bytes};
	uint8_t frame[FRAME_BYTES_MAX];
	struct wt_error err;
	int64_t at_ns = first_ns;

	if (wt_mold_template_build(&config, frame, sizeof(frame), &err) < 0) {
		fprintf(stderr, "bench_tape: %s\n", err.text);
		return 1;
	}
	fwrite(&header, sizeof(header), 1, out);
	for (uint64_t i = 0; i < count; i++, at_ns += next_gap((double)mean_ns)) {
		const struct packet_header packet = {(uint32_t)(at_ns / 1000000000),
		                                     (uint32_t)(at_ns % 1000000000), bytes, bytes};

		wt_mold_template_set_sequence(frame, i + 1);
		fwrite(&packet, sizeof(packet), 1, out);
		fwrite(frame, bytes, 1, out);
	}
	return ferror(out) != 0;
}

int main(int argc, char **argv)
{
	uint64_t count, bytes;
	int64_t mean_ns;
	FILE *out;
	int failed;

	if (argc != 5 || wt_parse_number(argv[1], 0, UINT64_MAX, &count, NULL) ||
	    wt_parse_number(argv[2], 0, UINT64_MAX, &bytes, NULL) ||
	    wt_parse_duration(argv[3], WT_UNIT_NEEDED, &mean_ns, NULL)) {
		fputs("Usage: bench_tape COUNT FRAME_BYTES MEAN_GAP FILE.pcap\n"
		      "such as: bench_tape 100000 200 20us tape.pcap\n",
		      stderr);
		return 2;
	}
	out = fopen(argv[4], "w");
	if (!out) {
		fprintf(stderr, "bench_tape: cannot open %s: %s\n", argv[4], strerror(errno));
		return 1;
	}
	srand48(1);
	failed = write_tape(out, count, (uint32_t)bytes, mean_ns);
	return fclose(out) || failed;
}
