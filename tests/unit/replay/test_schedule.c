/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include <wiretape/replay/plan/schedule.h>

#include "support/unit.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A stamp as files have them. */
static const int64_t t0 = INT64_C(1795212311110692878);

static struct wt_schedule schedule;

static void begin(const char *timing)
{
	struct wt_schedule_config config = {0};
	struct wt_error err;

	cr_assert(eq(int, wt_schedule_parse(&config, timing, &err), 0), "%s", err.text);
	wt_schedule_init(&schedule, &config);
}

static void begin_with(struct wt_schedule_config config)
{
	wt_schedule_init(&schedule, &config);
}

static int64_t next_at(int64_t file_ns)
{
	return wt_schedule_next(&schedule, t0 + file_ns, 60);
}

/* Packets at these times in the file depart at those. */
static void expect_times(const int64_t (*times)[2], size_t count)
{
	for (size_t i = 0; i < count; i++)
		cr_expect(eq(i64, next_at(times[i][0]), times[i][1]), "packet %zu", i);
}

#define EXPECT_TIMES(...)                                                                          \
	expect_times((const int64_t[][2]){__VA_ARGS__}, COUNT(((const int64_t[][2]){__VA_ARGS__})))

Test(schedule, zero_settings_are_the_timing_of_the_file)
{
	begin_with((struct wt_schedule_config){0});
	EXPECT_TIMES({0, 0}, {1, 1}, {1, 1}, {1000, 1000}, {7200000000001, 7200000000001});
	cr_expect(eq(u64, schedule.packets, 5));
	cr_expect(eq(u64, schedule.gaps_capped, 0));
	cr_expect(eq(u64, schedule.out_of_order, 0));
	cr_expect(eq(u64, schedule.saturated, 0));
}

Test(schedule, speed_divides_the_times_and_rounds_down_each_by_itself)
{
	begin("speed:2.5");
	EXPECT_TIMES({0, 0}, {1, 0}, {2, 0}, {3, 1}, {4, 1}, {5, 2}, {1000000, 400000});
	begin("speed:0.3");
	EXPECT_TIMES({0, 0}, {1, 3}, {2, 6}, {3, 10}, {4, 13}, {300, 1000});
}

Test(schedule, pps_gives_each_packet_the_floor_of_its_own_time)
{
	begin("pps:3");
	EXPECT_TIMES({0, 0}, {9, 333333333}, {-9, 666666666}, {0, 1000000000}, {0, 1333333333});
	begin("pps:0.5");
	EXPECT_TIMES({0, 0}, {1, 2000000000}, {2, 4000000000});
	begin("pps:1000000000");
	EXPECT_TIMES({0, 0}, {0, 1}, {0, 2});
}

Test(schedule, pps_is_exact_for_any_rate)
{
	struct wt_schedule_config config = {.timing = WT_TIMING_PPS};
	__extension__ unsigned __int128 due_ns;

	srand(1);
	for (int round = 0; round < 200; round++) {
		config.numerator = ((uint64_t)rand() << 28 ^ (uint64_t)rand()) + 1;
		config.denominator = (uint64_t)rand() % 1000000 + 1;
		begin_with(config);
		for (uint64_t i = 0; i < 1000; i++) {
			due_ns = i;
			due_ns = due_ns * 1000000000 * config.denominator / config.numerator;
			cr_assert(eq(i64, next_at(0), (int64_t)due_ns), "%llu/%llu, packet %llu",
			          (unsigned long long)config.numerator,
			          (unsigned long long)config.denominator, (unsigned long long)i);
		}
	}
}

Test(schedule, the_7192801st_packet_of_999_a_second_departs_after_two_hours)
{
	begin("pps:999");
	for (int i = 0; i < 7192800; i++)
		wt_schedule_next(&schedule, t0, 60);
	cr_expect(eq(i64, next_at(0), INT64_C(7200000000000)));
}

Test(schedule, mbps_is_the_bits_before_the_packet_by_the_rate)
{
	static const uint32_t bytes[] = {60, 1514, 61, 9000, 0, 60};
	static const int64_t due_ns[] = {0, 510, 13383, 13902, 90426, 90426};

	begin("mbps:940.87");
	for (size_t i = 0; i < COUNT(bytes); i++)
		cr_expect(eq(i64, wt_schedule_next(&schedule, t0, bytes[i]), due_ns[i]),
		          "packet %zu", i);
}

Test(schedule, mbps_adds_up_exactly)
{
	__extension__ unsigned __int128 bits = 0, due_ns;

	begin("mbps:0.999999937");
	srand(2);
	for (int i = 0; i < 1000000; i++) {
		uint32_t bytes = (uint32_t)rand() % 65536;

		due_ns = bits * 1000 * 1000000000 / 999999937;
		cr_assert(eq(i64, wt_schedule_next(&schedule, t0, bytes), (int64_t)due_ns),
		          "packet %d", i);
		bits += bytes * 8;
	}
}

Test(schedule, gap_is_the_same_between_all)
{
	begin("gap:20us");
	EXPECT_TIMES({0, 0}, {5, 20000}, {-5, 40000}, {5000000, 60000});
}

Test(schedule, asap_is_at_once)
{
	begin("asap");
	EXPECT_TIMES({0, 0}, {5, 0}, {-5000000000, 0}, {5000000, 0});
	cr_expect(eq(u64, schedule.stepped_back, 0));
}

Test(schedule, a_burst_begins_as_in_the_file_and_goes_on_by_its_own_interval)
{
	begin("delta:5us,idle=1ms");
	EXPECT_TIMES({0, 0}, {1000, 5000}, {900000, 10000}, {1899999, 15000}, {2899999, 2899999},
	             {2900000, 2904999}, {3900000, 3900000});
}

Test(schedule, a_burst_does_not_begin_before_the_last_one_has_ended)
{
	begin("delta:10us,idle=15us");
	EXPECT_TIMES({0, 0}, {1, 10000}, {2, 20000}, {3, 30000}, {15003, 40000}, {100000, 100000});
}

Test(schedule, two_hours_of_random_gaps_end_on_the_floor_of_the_total)
{
	static const uint64_t speeds[][2] = {{3, 1}, {1, 3}, {7, 3}, {999999937, 1000000000}};
	struct wt_schedule_config config = {.timing = WT_TIMING_SPEED};
	const int64_t two_hours_ns = INT64_C(7200000000000);

	for (size_t i = 0; i < COUNT(speeds); i++) {
		int64_t file_ns = 0, due_ns = 0;
		__extension__ __int128 expected;

		config.numerator = speeds[i][0];
		config.denominator = speeds[i][1];
		begin_with(config);
		srand(3);
		next_at(0);
		while (file_ns < two_hours_ns) {
			file_ns += rand() % 10000000;
			due_ns = next_at(file_ns);
		}
		expected = file_ns;
		expected = expected * (int64_t)speeds[i][1] / (int64_t)speeds[i][0];
		cr_expect(eq(i64, due_ns, (int64_t)expected), "speed %zu", i);
	}
}

Test(schedule, long_gaps_are_shortened)
{
	struct wt_schedule_config config = {.max_gap_ns = 100};

	begin_with(config);
	EXPECT_TIMES({0, 0}, {100, 100}, {201, 200}, {INT64_C(3600000000000), 300},
	             {INT64_C(3600000000010), 310});
	cr_expect(eq(u64, schedule.gaps_capped, 2));

	config.timing = WT_TIMING_SPEED;
	config.numerator = 2;
	begin_with(config);
	EXPECT_TIMES({0, 0}, {100, 50}, {201, 100}, {INT64_C(3600000000000), 150});

	config = (struct wt_schedule_config){
	        .timing = WT_TIMING_DELTA, .gap_ns = 1, .idle_ns = 1000, .max_gap_ns = 100};
	begin_with(config);
	EXPECT_TIMES({0, 0}, {999, 1}, {1998, 2}, {2998, 300}, {2999, 301});
	cr_expect(eq(u64, schedule.gaps_capped, 3));
}

Test(schedule, a_packet_out_of_order_departs_right_behind_and_those_after_it_on_time)
{
	begin("original");
	EXPECT_TIMES({0, 0}, {1000, 1000}, {400, 1000}, {-99998999, 1000}, {1000, 1000},
	             {1500, 1500}, {1499, 1500}, {2000, 2000});
	cr_expect(eq(u64, schedule.out_of_order, 3));
	cr_expect(eq(u64, schedule.stepped_back, 0));

	begin("delta:10ns,idle=500ns");
	EXPECT_TIMES({0, 0}, {1000, 1000}, {400, 1010}, {1600, 1600});
	cr_expect(eq(u64, schedule.out_of_order, 1));
}

Test(schedule, after_the_clock_was_set_back_times_go_on_from_there)
{
	begin("original");
	EXPECT_TIMES({0, 0}, {1000, 1000}, {-99999000, 1000}, {-99998000, 2000},
	             {-INT64_C(86400000000000), 2000}, {-INT64_C(86399999999999), 2001});
	cr_expect(eq(u64, schedule.stepped_back, 2));
	cr_expect(eq(u64, schedule.out_of_order, 0));
}

Test(schedule, how_much_is_a_step_back_can_be_set)
{
	begin_with((struct wt_schedule_config){.disorder_ns = 10});
	EXPECT_TIMES({0, 0}, {100, 100}, {91, 100}, {90, 100}, {95, 105});
	cr_expect(eq(u64, schedule.out_of_order, 1));
	cr_expect(eq(u64, schedule.stepped_back, 1));
}

static void play_three(const int64_t due_ns[3])
{
	static const int64_t file_ns[] = {0, 10, 101};

	for (size_t i = 0; i < COUNT(file_ns); i++)
		cr_expect(eq(i64, next_at(file_ns[i]), due_ns[i]), "packet %zu", i);
}

Test(schedule, the_next_round_follows_after_the_mean_gap)
{
	begin("original");
	for (int64_t i = 0, start_ns = 0; i < 1000; i++, start_ns += 101 + 50) {
		play_three((const int64_t[]){start_ns, start_ns + 10, start_ns + 101});
		wt_schedule_repeat(&schedule);
	}
	cr_expect(eq(u64, schedule.stepped_back, 0));
	cr_expect(eq(u64, schedule.out_of_order, 0));

	begin("speed:2");
	play_three((const int64_t[]){0, 5, 50});
	wt_schedule_repeat(&schedule);
	play_three((const int64_t[]){75, 80, 126});
}

Test(schedule, the_next_round_begins_a_burst)
{
	begin("delta:1ns,idle=1ms");
	play_three((const int64_t[]){0, 1, 2});
	wt_schedule_repeat(&schedule);
	play_three((const int64_t[]){151, 152, 153});
}

Test(schedule, the_next_round_is_nothing_special_without_stamps)
{
	static const char *const timings[] = {"pps:100000000", "mbps:48", "gap:10ns"};
	static const int64_t step_ns[] = {10, 10000, 10};

	for (size_t i = 0; i < COUNT(timings); i++) {
		begin(timings[i]);
		for (int64_t n = 0; n < 100; n++) {
			cr_expect(eq(i64, next_at(n % 7), n * step_ns[i]), "%s", timings[i]);
			if (n % 7 == 6)
				wt_schedule_repeat(&schedule);
		}
	}
}

Test(schedule, rounds_of_one_packet_or_none_follow_at_once)
{
	begin("original");
	wt_schedule_repeat(&schedule);
	for (int i = 0; i < 5; i++) {
		cr_expect(eq(i64, next_at(0), 0));
		wt_schedule_repeat(&schedule);
		wt_schedule_repeat(&schedule);
	}
}

Test(schedule, times_stop_at_the_end_of_64_bits)
{
	begin("original");
	cr_expect(eq(i64, wt_schedule_next(&schedule, INT64_MIN, 60), 0));
	cr_expect(eq(i64, wt_schedule_next(&schedule, -2, 60), INT64_MAX - 1));
	cr_expect(eq(u64, schedule.saturated, 0));
	cr_expect(eq(i64, wt_schedule_next(&schedule, INT64_MAX, 60), INT64_MAX));
	cr_expect(eq(i64, wt_schedule_next(&schedule, INT64_MIN, 60), INT64_MAX));
	cr_expect(eq(i64, wt_schedule_next(&schedule, INT64_MAX, 60), INT64_MAX));
	cr_expect(eq(u64, schedule.saturated, 3));
	cr_expect(eq(u64, schedule.stepped_back, 1));
	cr_expect(eq(u64, schedule.gaps_capped, 0));
}

Test(schedule, a_gap_of_all_64_bits_is_divided_exactly)
{
	begin("speed:4");
	cr_expect(eq(i64, wt_schedule_next(&schedule, INT64_MIN, 60), 0));
	cr_expect(eq(i64, wt_schedule_next(&schedule, INT64_MAX, 60), INT64_MAX / 2));
	begin("speed:0.000000001");
	cr_expect(eq(i64, wt_schedule_next(&schedule, INT64_MIN, 60), 0));
	cr_expect(eq(i64, wt_schedule_next(&schedule, INT64_MAX, 60), INT64_MAX));
}

Test(schedule, a_long_gap_is_divided_exactly)
{
	begin("speed:0.999999937");
	EXPECT_TIMES({0, 0}, {INT64_C(20000000000), INT64_C(20000001260)},
	             {INT64_C(60000000000), INT64_C(60000003780)});
}

Test(schedule, hostile_settings_do_no_harm)
{
	struct wt_schedule_config config = {.numerator = UINT64_MAX,
	                                    .denominator = UINT64_MAX,
	                                    .gap_ns = INT64_MAX,
	                                    .idle_ns = INT64_MIN,
	                                    .max_gap_ns = INT64_MIN,
	                                    .disorder_ns = INT64_MIN};
	static const int64_t stamps[] = {INT64_MAX, INT64_MIN, INT64_MIN, -1, 0, INT64_MAX};

	for (int timing = WT_TIMING_ORIGINAL; timing <= WT_TIMING_DELTA; timing++) {
		int64_t due_ns, last_ns = 0;

		config.timing = (enum wt_timing)timing;
		begin_with(config);
		for (size_t i = 0; i < 60; i++) {
			due_ns = wt_schedule_next(&schedule, stamps[i % 6], UINT32_MAX);
			cr_expect(ge(i64, due_ns, last_ns), "timing %d, packet %zu", timing, i);
			last_ns = due_ns;
		}
		config.numerator = 1;
	}
}

Test(schedule, packets_before_the_first_stamp_depart_with_the_first_one_that_has_one)
{
	static const char *const timings[] = {"original", "speed:2"};

	for (size_t i = 0; i < COUNT(timings); i++) {
		int64_t gap_ns = i == 1 ? 5000000 : 10000000;

		begin(timings[i]);
		cr_expect(eq(i64, wt_schedule_next_unstamped(&schedule, 60), 0));
		cr_expect(eq(i64, wt_schedule_next_unstamped(&schedule, 60), 0));
		EXPECT_TIMES({0, 0}, {10000000, gap_ns}, {20000000, 2 * gap_ns});
		cr_expect(eq(u64, schedule.out_of_order, 0));
		cr_expect(eq(u64, schedule.stepped_back, 0));
	}
}

Test(schedule, packets_before_the_first_stamp_begin_the_next_round_after_the_mean_gap)
{
	begin("original");
	wt_schedule_next_unstamped(&schedule, 60);
	EXPECT_TIMES({0, 0}, {100, 100});
	wt_schedule_repeat(&schedule);
	cr_expect(eq(i64, wt_schedule_next_unstamped(&schedule, 60), 150));
	EXPECT_TIMES({0, 150}, {100, 250});
}

Test(schedule, packets_without_any_stamp_follow_a_rate)
{
	begin("pps:1000");
	cr_expect(eq(i64, wt_schedule_next_unstamped(&schedule, 60), 0));
	cr_expect(eq(i64, wt_schedule_next_unstamped(&schedule, 60), 1000000));
}

Test(schedule, stamps_before_1970_count_like_others)
{
	begin("original");
	cr_expect(eq(i64, wt_schedule_next(&schedule, -10, 60), 0));
	cr_expect(eq(i64, wt_schedule_next(&schedule, -5, 60), 5));
	cr_expect(eq(i64, wt_schedule_next(&schedule, 20, 60), 30));
}
