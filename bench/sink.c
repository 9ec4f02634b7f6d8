/* SPDX-License-Identifier: BSD-2-Clause */
/* Measures how fast a sink writes memory to a file, and the cost: through io_uring and
 * through pwrite(), direct and through the page cache, with fio for comparison doing the same with
 * as many writes in flight. The rounds alternate, so that all meet the same disk. */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <wiretape/writer/sink.h>

enum { BUFFER_BYTES = 64 << 20, MAX_ROUNDS = 99, NO_PROGRAM = 127 };

static const double bytes_per_mb = 1e6;

struct settings {
	const char *folder;
	double gib;
	uint32_t piece_mib;
	int rounds;
	bool json;
};

struct contender {
	const char *name;
	enum wt_disk_kind kind;
	enum wt_direct direct;
	bool left_out;
	double mb_per_s[MAX_ROUNDS], us_per_mb[MAX_ROUNDS];
};

static struct contender contenders[] = {
        {.name = "io_uring, direct", .kind = WT_DISK_URING, .direct = WT_DIRECT_ON},
        {.name = "io_uring, page cache", .kind = WT_DISK_URING, .direct = WT_DIRECT_OFF},
        {.name = "pwrite, direct", .kind = WT_DISK_PWRITE, .direct = WT_DIRECT_ON},
        {.name = "pwrite, page cache", .kind = WT_DISK_PWRITE, .direct = WT_DIRECT_OFF},
};
static struct contender fio = {.name = "fio, io_uring, direct"};

enum { CONTENDERS = sizeof(contenders) / sizeof(contenders[0]) };

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static double seconds_of(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec * 1e-6;
}

/* Processor time of the process, with the kernel's threads for its io_uring. */
static double cpu_s(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

static int by_value(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static double median(const double *values, int count)
{
	double sorted[MAX_ROUNDS];

	memcpy(sorted, values, (size_t)count * sizeof(*values));
	qsort(sorted, (size_t)count, sizeof(*sorted), by_value);
	return sorted[count / 2];
}

/* As many as may be in the sink's hands; errors are wt_sink_failed()'s to tell. */
static struct wt_write writes[WT_SINK_UNLANDED_MOST];
static bool used[WT_SINK_UNLANDED_MOST];

static void ignore_end(struct wt_write *write)
{
	(void)write;
}

static void retire(struct wt_write *write)
{
	used[write - writes] = false;
}

static struct wt_write *find_write(void)
{
	static const struct wt_write_owner owner = {ignore_end, retire};

	for (size_t i = 0; i < WT_SINK_UNLANDED_MOST; i++) {
		writes[i].owner = &owner;
		if (!used[i])
			return &writes[i];
	}
	return NULL;
}

static uint64_t total_bytes(const struct settings *settings)
{
	uint64_t piece = (uint64_t)settings->piece_mib << 20;

	return (uint64_t)(settings->gib * (1 << 30)) / piece * piece;
}

/* Write all, up to the end of the last write and on to stable storage. */
static int write_all(struct wt_sink *sink, struct wt_disk *disk, const uint8_t *buffer,
                     const struct settings *settings)
{
	size_t piece = (size_t)settings->piece_mib << 20;
	uint64_t total = total_bytes(settings);
	int rc = 0;

	while (!rc && wt_sink_bytes(sink) < total) {
		struct wt_write *write = wt_sink_room(sink) ? find_write() : NULL;

		if (!write) {
			wt_disk_reap(disk, true);
			rc = wt_sink_failed(sink);
			continue;
		}
		write->bytes = buffer + wt_sink_bytes(sink) % BUFFER_BYTES;
		write->length = piece;
		used[write - writes] = true;
		rc = wt_sink_write(sink, write);
	}
	wt_sink_settle(sink);
	wt_sink_sync(sink);
	wt_sink_settle(sink);
	return wt_sink_failed(sink);
}

static int measure_sink(const struct settings *settings, struct contender *contender, int round,
                        struct wt_disk *disk, const uint8_t *buffer, struct wt_error *err)
{
	static const struct wt_sink_config config;
	double start_s, start_cpu_s, megabytes = (double)total_bytes(settings) / bytes_per_mb;
	struct wt_sink *sink;
	char path[512];
	int rc;

	snprintf(path, sizeof(path), "%s/wiretape-bench-%d", settings->folder, (int)getpid());
	rc = wt_sink_file_open(&sink, path, disk, contender->direct, true, &config, err);
	if (rc)
		return rc;
	/* Goes away by itself, whatever happens. */
	unlink(path);
	start_s = now_s();
	start_cpu_s = cpu_s();
	rc = write_all(sink, disk, buffer, settings);
	contender->mb_per_s[round] = megabytes / (now_s() - start_s);
	contender->us_per_mb[round] = (cpu_s() - start_cpu_s) * 1e6 / megabytes;
	wt_sink_close(sink, false);
	return rc ? wt_error_set(err, rc, "cannot write %s: %s", path, strerror(-rc)) : 0;
}

static int run_sink(const struct settings *settings, struct contender *contender, int round,
                    uint8_t *buffer, struct wt_error *err)
{
	struct wt_disk *disk;
	int rc = wt_disk_open(&disk, contender->kind, err);

	if (rc)
		return rc;
	wt_disk_register(disk, buffer, BUFFER_BYTES);
	if (wt_disk_degraded(disk) && !round)
		fprintf(stderr, "bench_sink: %s\n", wt_disk_degraded(disk));
	rc = measure_sink(settings, contender, round, disk, buffer, err);
	wt_disk_close(disk);
	return rc;
}

static void become_fio(const struct settings *settings, int out)
{
	char piece[32], size[32], folder[512], depth[32];

	snprintf(piece, sizeof(piece), "--bs=%um", settings->piece_mib);
	snprintf(size, sizeof(size), "--size=%llu", (unsigned long long)total_bytes(settings));
	snprintf(folder, sizeof(folder), "--directory=%s", settings->folder);
	snprintf(depth, sizeof(depth), "--iodepth=%d", WT_SINK_WRITES_MOST);
	dup2(out, STDOUT_FILENO);
	execlp("fio", "fio", "--name=wiretape-bench-fio", "--ioengine=io_uring", "--direct=1",
	       "--rw=write", "--end_fsync=1", "--unlink=1", "--output-format=json", piece, size,
	       folder, depth, (char *)NULL);
	_exit(NO_PROGRAM);
}

/* Take fio's own figures, so that its start does not count. Processor time is its
 * thread's alone. */
static int take_figures(json_t *report, struct contender *contender, int round)
{
	json_t *job = json_array_get(json_object_get(report, "jobs"), 0);
	json_t *written = json_object_get(job, "write");
	double bytes = json_number_value(json_object_get(written, "io_bytes"));
	double seconds = json_number_value(json_object_get(written, "runtime")) / 1000;
	double cpu = (json_number_value(json_object_get(job, "usr_cpu")) +
	              json_number_value(json_object_get(job, "sys_cpu"))) /
	             100;

	if (bytes <= 0 || seconds <= 0)
		return -EBADMSG;
	contender->mb_per_s[round] = bytes / bytes_per_mb / seconds;
	contender->us_per_mb[round] = cpu * seconds * 1e6 / (bytes / bytes_per_mb);
	return 0;
}

/* Skip warnings before the report. */
static json_t *read_report(int fd)
{
	FILE *in = fdopen(fd, "r");
	json_t *report;
	int c;

	if (!in)
		return NULL;
	while ((c = getc(in)) != EOF && c != '{')
		;
	ungetc(c, in);
	report = json_loadf(in, JSON_DISABLE_EOF_CHECK, NULL);
	while (getc(in) != EOF)
		;
	fclose(in);
	return report;
}

static int run_fio(const struct settings *settings, struct contender *contender, int round,
                   struct wt_error *err)
{
	int ends[2], status = 0, rc;
	json_t *report;
	pid_t child;

	if (pipe(ends))
		return wt_error_set(err, -errno, "no pipe for fio");
	child = fork();
	if (child == 0)
		become_fio(settings, ends[1]);
	close(ends[1]);
	report = read_report(ends[0]);
	waitpid(child, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NO_PROGRAM) {
		contender->left_out = true;
		return 0;
	}
	rc = report ? take_figures(report, contender, round) : -EBADMSG;
	json_decref(report);
	return rc ? wt_error_set(err, rc, "fio failed, or says what is not understood here") : 0;
}

static int run_one(const struct settings *settings, int which, int round, uint8_t *buffer,
                   struct wt_error *err)
{
	if (which < CONTENDERS)
		return run_sink(settings, &contenders[which], round, buffer, err);
	return fio.left_out ? 0 : run_fio(settings, &fio, round, err);
}

/* Rotate the first contender every round: a disk faster at first must favour none of
 * them. */
static int run_rounds(const struct settings *settings, uint8_t *buffer, struct wt_error *err)
{
	int rc = 0;

	for (int round = 0; round < settings->rounds; round++)
		for (int i = 0; i <= CONTENDERS && !rc; i++)
			rc = run_one(settings, (round + i) % (CONTENDERS + 1), round, buffer, err);
	return rc;
}

static void print_row(const struct settings *settings, const struct contender *contender)
{
	double speed = median(contender->mb_per_s, settings->rounds);

	printf("%-22s %8.0f %12.1f", contender->name, speed,
	       median(contender->us_per_mb, settings->rounds));
	if (fio.left_out)
		putchar('\n');
	else
		printf(" %8.2f\n", speed / median(fio.mb_per_s, settings->rounds));
}

static void print_table(const struct settings *settings)
{
	printf("%.3g GiB in pieces of %u MiB to %s, on stable storage, medians of %d\n"
	       "%-22s %8s %12s %8s\n",
	       settings->gib, settings->piece_mib, settings->folder, settings->rounds, "", "MB/s",
	       "CPU us/MB", fio.left_out ? "" : "of fio");
	for (int i = 0; i < CONTENDERS; i++)
		print_row(settings, &contenders[i]);
	if (fio.left_out)
		puts("no fio here: left out");
	else
		print_row(settings, &fio);
}

static json_t *make_row(const struct settings *settings, const struct contender *contender)
{
	double speed = median(contender->mb_per_s, settings->rounds);
	json_t *row = json_pack("{s:s,s:f,s:f}", "name", contender->name, "mb_per_s", speed,
	                        "cpu_us_per_mb", median(contender->us_per_mb, settings->rounds));

	if (!fio.left_out)
		json_object_set_new(row, "of_fio",
		                    json_real(speed / median(fio.mb_per_s, settings->rounds)));
	return row;
}

static void print_json(const struct settings *settings)
{
	json_t *rows = json_array(), *object = json_object();

	for (int i = 0; i < CONTENDERS; i++)
		json_array_append_new(rows, make_row(settings, &contenders[i]));
	if (!fio.left_out)
		json_array_append_new(rows, make_row(settings, &fio));
	json_object_set_new(object, "bytes", json_integer((json_int_t)total_bytes(settings)));
	json_object_set_new(object, "piece_mib", json_integer(settings->piece_mib));
	json_object_set_new(object, "rounds", json_integer(settings->rounds));
	json_object_set_new(object, "results", rows);
	json_dumpf(object, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
	putchar('\n');
	json_decref(object);
}

static bool parse(int argc, char **argv, struct settings *settings)
{
	int option;

	while ((option = getopt(argc, argv, "d:s:b:n:jh")) != -1) {
		if (option == 'd')
			settings->folder = optarg;
		else if (option == 's')
			settings->gib = atof(optarg);
		else if (option == 'b')
			settings->piece_mib = (uint32_t)atoi(optarg);
		else if (option == 'n')
			settings->rounds = atoi(optarg);
		else if (option == 'j')
			settings->json = true;
		else
			return false;
	}
	/* A piece has to divide the buffer. */
	return optind == argc && settings->rounds >= 1 && settings->rounds <= MAX_ROUNDS &&
	       settings->piece_mib >= 1 && settings->piece_mib <= 64 &&
	       (settings->piece_mib & (settings->piece_mib - 1)) == 0 &&
	       total_bytes(settings) > 0 && settings->gib < 1024;
}

int main(int argc, char **argv)
{
	struct settings settings = {.folder = "/var/tmp", .gib = 4, .piece_mib = 4, .rounds = 3};
	struct wt_error err;
	uint8_t *buffer;

	if (!parse(argc, argv, &settings)) {
		fprintf(stderr,
		        "Usage: bench_sink [-d FOLDER] [-s GIB] [-b PIECE_MIB] [-n ROUNDS] [-j]\n"
		        "Writes GIB (4) to a file in FOLDER (/var/tmp), in pieces of PIECE_MIB (4; "
		        "1, 2, 4 .. 64).\n"
		        "Medians of ROUNDS (3; 1 to 99); -j: JSON\n");
		return 2;
	}
	buffer = mmap(NULL, BUFFER_BYTES, PROT_READ | PROT_WRITE,
	              MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (buffer == MAP_FAILED) {
		fprintf(stderr, "bench_sink: no memory for a buffer of 64 MiB\n");
		return 1;
	}
	memset(buffer, 0x5a, BUFFER_BYTES);
	if (run_rounds(&settings, buffer, &err)) {
		fprintf(stderr, "bench_sink: %s\n", err.text);
		return 1;
	}
	if (settings.json)
		print_json(&settings);
	else
		print_table(&settings);
	munmap(buffer, BUFFER_BYTES);
	return 0;
}
