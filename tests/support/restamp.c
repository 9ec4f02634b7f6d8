/* SPDX-License-Identifier: BSD-2-Clause */
/* Converts every stamp of a recording again, by what docs/format.md says and with nothing of
 * the library: restamp FILE prints one line,
 *
 *     packets=N converted=N confirmed=N contradicted=N without_map=N
 *
 * and exits with 0 if each stamp that was converted comes out the same. restamp FILE PPM knows
 * that the NIC's clock runs too fast by that much, and evenly, and that the first cross timestamp
 * is exact: then it also prints
 *
 *     error_most_ns=N outside=N
 *
 * how far a converted stamp is from the truth, and how many are further away than their map
 * admits; there must be none. restamp FILE list prints a line for each packet instead of all
 * that: whose stamp it has, the stamp, the number of its map, the stamp as it was given, and the
 * kernel's own of the same packet; "-" for what is not there. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { INTERFACES = 16, MAPS = 100000 };

struct map {
	bool there;
	int64_t phc_ns, utc_ns, rate, inverse_rate, error_ns, rate_error;
};

struct interface {
	char source[16];
	char clock[8];
	int64_t tai_offset_s;
	struct map *maps;
	int64_t cross_phc_ns, cross_utc_ns; /* the first */
};

static struct interface interfaces[INTERFACES];
static unsigned interface_count;

static uint16_t load16(const uint8_t *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static uint32_t load32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static int64_t load64(const uint8_t *at)
{
	int64_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

/* Find the option `code` of a list; NULL: it is not there. */
static const uint8_t *find_option(const uint8_t *at, const uint8_t *end, uint16_t code,
                                  uint16_t *length)
{
	while (end - at >= 4) {
		uint16_t bytes = load16(at + 2);
		uint32_t padded = (bytes + 3u) & ~3u;

		if (!load16(at) || (size_t)(end - at) < 4 + padded)
			return NULL;
		*length = bytes;
		if (load16(at) == code)
			return at + 4;
		at += 4 + padded;
	}
	return NULL;
}

/* Read the number after NAME= at the start of a line or word; 0 without one. */
static int64_t number(const char *text, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = text; (at = strstr(at, name)); at += length)
		if ((at == text || at[-1] == '\n' || at[-1] == ' ') && at[length] == '=')
			return strtoll(at + length + 1, NULL, 10);
	return 0;
}

static void read_interface(const uint8_t *block, uint32_t bytes)
{
	struct interface *interface = &interfaces[interface_count++];
	uint16_t length = 0;
	const uint8_t *option = find_option(block + 16, block + bytes - 4, 0x8008, &length);
	char text[512] = "";
	const char *clock, *source;

	if (option)
		memcpy(text, option, length < sizeof(text) ? length : sizeof(text) - 1);
	clock = strstr(text, " clock=");
	snprintf(interface->clock, sizeof(interface->clock), "%.3s", clock ? clock + 7 : "");
	source = strstr(text, "source=");
	if (source)
		sscanf(source, "source=%15s", interface->source);
	interface->tai_offset_s = number(text, "tai_offset_s");
	interface->maps = calloc(MAPS, sizeof(*interface->maps));
}

static void read_clock(const uint8_t *block, uint32_t bytes)
{
	char text[1024] = "";
	uint64_t id, map;

	memcpy(text, block + 8, bytes - 12 < sizeof(text) ? bytes - 12 : sizeof(text) - 1);
	id = (uint64_t)number(text, "interface");
	map = (uint64_t)number(text, "map");
	if (id >= interface_count || !map || map >= MAPS)
		return;
	interfaces[id].maps[map] = (struct map){
	        true,
	        number(text, "map_phc_ns"),
	        number(text, "map_utc_ns"),
	        number(text, "rate"),
	        number(text, "inverse_rate"),
	        number(text, "error_ns"),
	        number(text, "rate_error"),
	};
	if (!interfaces[id].cross_phc_ns) {
		interfaces[id].cross_phc_ns = number(text, "cross_phc_ns");
		interfaces[id].cross_utc_ns = number(text, "cross_utc_ns");
	}
}

/* Convert along a line, rounding towards minus infinity. */
static int64_t along(int64_t from, int64_t to, int64_t rate, int64_t given)
{
	__int128 distance = (__int128)given - from;

	return (int64_t)(to + distance + ((distance * rate) >> 48));
}

struct tally {
	uint64_t packets, converted, confirmed, contradicted, without_map, outside;
	int64_t error_most_ns;
	double ppm;
	bool is_list;
};

/* Judge a hardware stamp that became UTC. */
static void judge(struct tally *tally, const struct interface *interface, const struct map *map,
                  int64_t utc_ns, int64_t given_ns)
{
	long double phc = (long double)(given_ns - interface->cross_phc_ns);
	int64_t truth_ns = interface->cross_utc_ns + (int64_t)(phc / (1 + tally->ppm / 1e6L));
	int64_t error_ns = llabs(utc_ns - truth_ns), distance_ns = llabs(given_ns - map->phc_ns);
	int64_t bound_ns =
	        map->error_ns + (int64_t)(((__int128)distance_ns * map->rate_error) >> 48) + 1;

	if (error_ns > tally->error_most_ns)
		tally->error_most_ns = error_ns;
	tally->outside += error_ns > bound_ns;
}

static void check(struct tally *tally, const struct interface *interface, int64_t stamp_ns,
                  uint32_t number, int64_t given_ns)
{
	const struct map *map = number < MAPS ? &interface->maps[number] : NULL;
	int64_t expected_ns;

	tally->converted++;
	if (!map || !map->there) {
		tally->without_map++;
		return;
	}
	if (!strcmp(interface->clock, "phc"))
		expected_ns = along(map->utc_ns, map->phc_ns, map->inverse_rate, given_ns);
	else
		expected_ns = along(map->phc_ns, map->utc_ns, map->rate, given_ns);
	if (strcmp(interface->clock, "phc"))
		judge(tally, interface, map, expected_ns, given_ns);
	if (!strcmp(interface->clock, "tai"))
		expected_ns += interface->tai_offset_s * 1000000000;
	if (expected_ns == stamp_ns)
		tally->confirmed++;
	else
		tally->contradicted++;
}

static void print_number(int64_t value, bool is_there)
{
	if (is_there)
		printf(" %" PRId64, value);
	else
		printf(" -");
}

/* List a stamp; `option` is NULL if the packet has none. */
static void list(const struct interface *interface, int64_t stamp_ns, const uint8_t *option,
                 uint16_t length)
{
	static const char *const sources[] = {"fallback", "software", "hardware"};
	uint32_t word = option && length >= 4 ? load32(option) : 0;
	bool is_converted = word & 0x100 && length >= 16;
	uint16_t software_at = is_converted ? 16 : 4;
	bool has_software = word & 0x200 && length >= software_at + 8;

	if (!option)
		printf("%s", interface->source);
	else
		printf("%s", (word & 0xff) < 3 ? sources[word & 0xff] : "?");
	print_number(stamp_ns, true);
	print_number(is_converted ? load32(option + 4) : 0, is_converted);
	print_number(is_converted ? load64(option + 8) : 0, is_converted);
	print_number(has_software ? load64(option + software_at) : 0, has_software);
	putchar('\n');
}

static void read_packet(struct tally *tally, const uint8_t *block, uint32_t bytes)
{
	uint32_t id = load32(block + 8), padded = (load32(block + 20) + 3) & ~3u;
	int64_t stamp_ns = (int64_t)((uint64_t)load32(block + 12) << 32 | load32(block + 16));
	uint16_t length = 0;
	const uint8_t *option =
	        find_option(block + 28 + padded, block + bytes - 4, 0x8007, &length);

	tally->packets++;
	if (id < interface_count && tally->is_list)
		list(&interfaces[id], stamp_ns, option, length);
	if (id < interface_count && option && length >= 16 && (load32(option) & 0x100))
		check(tally, &interfaces[id], stamp_ns, load32(option + 4), load64(option + 8));
}

/* Walk the file: without a tally for maps, then for packets, since a map may follow its first ones.
 */
static bool walk(const uint8_t *file, size_t size, struct tally *tally)
{
	size_t at = 0;

	while (size - at >= 12) {
		uint32_t type = load32(file + at), bytes = load32(file + at + 4);

		if (bytes < 12 || bytes % 4 || bytes > size - at)
			return false;
		if (!tally && type == 1 && interface_count < INTERFACES)
			read_interface(file + at, bytes);
		else if (!tally && type == 0x80577404)
			read_clock(file + at, bytes);
		else if (tally && type == 6 && bytes >= 32)
			read_packet(tally, file + at, bytes);
		at += bytes;
	}
	return at == size;
}

int main(int argc, char **argv)
{
	struct tally tally = {0};
	struct stat status;
	const uint8_t *file;
	int fd = argc == 2 || argc == 3 ? open(argv[1], O_RDONLY) : -1;

	if (fd < 0 || fstat(fd, &status)) {
		fprintf(stderr, "usage: restamp FILE [PPM|list]\n");
		return 2;
	}
	tally.is_list = argc == 3 && !strcmp(argv[2], "list");
	tally.ppm = argc == 3 ? strtod(argv[2], NULL) : 0;
	file = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (file == MAP_FAILED || !walk(file, (size_t)status.st_size, NULL) ||
	    !walk(file, (size_t)status.st_size, &tally)) {
		fprintf(stderr, "restamp: %s is not a whole file\n", argv[1]);
		return 1;
	}
	if (tally.is_list)
		return 0;
	printf("packets=%" PRIu64 " converted=%" PRIu64 " confirmed=%" PRIu64
	       " contradicted=%" PRIu64 " without_map=%" PRIu64 "\n",
	       tally.packets, tally.converted, tally.confirmed, tally.contradicted,
	       tally.without_map);
	if (argc == 3)
		printf("error_most_ns=%" PRId64 " outside=%" PRIu64 "\n", tally.error_most_ns,
		       tally.outside);
	return tally.contradicted || tally.without_map || (argc == 3 && tally.outside);
}
