/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <linux/ptp_clock.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/stamp/sim_nic.h>
#include <wiretape/tests/support/system_double.h>

#include "support/unit.h"

#define START_NS  INT64_C(1767225600000000000)
#define SECOND_NS INT64_C(1000000000)

static struct wt_sim_nic *nic;
static struct system_double before;
static struct wt_phc *phc;
static struct wt_cross_sample sample;
static struct wt_error err;

static void tear_down(void)
{
	wt_phc_close(phc);
	wt_sim_nic_destroy(nic);
}

TestSuite(phc, .fini = tear_down);

static void create(struct wt_sim_nic_config config)
{
	config.manual_time = true;
	cr_assert_eq(wt_sim_nic_create(&nic, &config), 0);
	system_double_before(&before, wt_sim_nic_system(nic));
}

static void open_clock(struct wt_sim_nic_config config)
{
	create(config);
	cr_assert_eq(wt_phc_open(&phc, &before.system, "/dev/ptp0", &err), 0, "%s", err.text);
}

static void cross(void)
{
	memset(&sample, 0xff, sizeof(sample));
	cr_assert_eq(wt_phc_cross(phc, &sample, &err), 0, "%s", err.text);
}

static void expect_says(const char *part)
{
	cr_expect_not_null(strstr(err.text, part), "'%s' does not say '%s'", err.text, part);
}

/* Of one request, how often it was made and what is answered in the driver's place. */
static unsigned long watched;
static int asked, failure;
static void (*tamper)(void *argument);

static int on_ioctl(unsigned long request, void *argument, int answer)
{
	if (request != watched)
		return answer;
	asked++;
	if (failure)
		return failure;
	if (tamper && !answer)
		tamper(argument);
	return answer;
}

static void watch(unsigned long request, int error)
{
	watched = request;
	failure = error;
	before.on_ioctl = on_ioctl;
}

Test(phc, precise_has_no_bracket)
{
	open_clock((struct wt_sim_nic_config){.ppm = 20, .offset_ns = 37 * SECOND_NS});
	wt_sim_nic_advance(nic, 100 * SECOND_NS);
	cross();
	cr_expect(eq(int, (int)sample.method, (int)WT_CROSS_PRECISE));
	cr_expect(eq(i64, sample.bracket_ns, 0));
	cr_expect(eq(i64, sample.utc_ns, START_NS + 100 * SECOND_NS));
	cr_expect(eq(i64, sample.phc_ns, START_NS + 137 * SECOND_NS + 2000000));
	cr_expect_str_eq(wt_phc_device(phc), "/dev/ptp0");
}

static void expect_true_bracket(void)
{
	int64_t off_ns = llabs(wt_sim_nic_phc_at(nic, sample.utc_ns) - sample.phc_ns);

	cr_expect(le(i64, off_ns, (sample.bracket_ns + 1) / 2));
	cr_expect(ge(i64, sample.bracket_ns, 1000));
	cr_expect(le(i64, sample.bracket_ns, 6000));
}

Test(phc, the_others_bound_their_error)
{
	struct wt_sim_nic_config config = {.no_precise = true, .bracket_noise_ns = 5000, .seed = 3};

	open_clock(config);
	for (int i = 0; i < 100; i++, wt_sim_nic_advance(nic, SECOND_NS)) {
		cross();
		cr_expect(eq(int, (int)sample.method, (int)WT_CROSS_EXTENDED));
		expect_true_bracket();
	}
	tear_down();
	config.no_extended = true;
	open_clock(config);
	for (int i = 0; i < 100; i++, wt_sim_nic_advance(nic, SECOND_NS)) {
		cross();
		cr_expect(eq(int, (int)sample.method, (int)WT_CROSS_BASIC));
		expect_true_bracket();
	}
}

static int64_t raw_now(void)
{
	int64_t ns = 0;

	before.under->ops->clock(before.under, CLOCK_MONOTONIC_RAW, &ns);
	return ns;
}

Test(phc, raw_time_is_that_of_the_sample)
{
	for (int i = 0; i < 3; i++) {
		open_clock((struct wt_sim_nic_config){.no_precise = i > 0, .no_extended = i > 1});
		wt_sim_nic_advance(nic, 5 * SECOND_NS);
		wt_sim_nic_step_utc(nic, -SECOND_NS);
		cross();
		cr_expect(eq(int, (int)sample.method, i));
		cr_expect(eq(i64, sample.raw_ns - raw_now(),
		             sample.utc_ns - (START_NS + 4 * SECOND_NS)));
		tear_down();
	}
	nic = NULL;
	phc = NULL;
}

/* The clocks are read one after the other, and once something comes between. */
static int64_t late_ns;

static int on_clock(clockid_t clock, int64_t *ns, int answer)
{
	static int reads;
	static const int64_t after_each_ns[] = {40, 90000, 40, 40, 40, 40, 10, 10, 10};

	(void)clock;
	*ns += late_ns;
	late_ns += after_each_ns[reads++ % 9];
	return answer;
}

Test(phc, raw_time_comes_from_the_quickest_look)
{
	open_clock((struct wt_sim_nic_config){.no_precise = true});
	before.on_clock = on_clock;
	cross();
	cr_expect(eq(i64, sample.raw_ns - raw_now(), sample.utc_ns - START_NS));
}

static void narrow_third(void *argument)
{
	static const int64_t widths_ns[] = {900, 700, 300, 500, 800};
	struct ptp_sys_offset_extended *offset = argument;

	cr_assert(eq(u32, offset->n_samples, 5));
	for (int i = 0; i < 5; i++) {
		offset->ts[i][0] = (struct ptp_clock_time){.sec = 100 + i, .nsec = 1000};
		offset->ts[i][1] = (struct ptp_clock_time){.sec = 200 + i};
		offset->ts[i][2] = offset->ts[i][0];
		offset->ts[i][2].nsec += (uint32_t)widths_ns[i];
	}
}

Test(phc, of_several_readings_the_narrowest_counts)
{
	open_clock((struct wt_sim_nic_config){.no_precise = true});
	watch(PTP_SYS_OFFSET_EXTENDED, 0);
	tamper = narrow_third;
	cross();
	cr_expect(eq(i64, sample.bracket_ns, 300));
	cr_expect(eq(i64, sample.utc_ns, 102 * SECOND_NS + 1150));
	cr_expect(eq(i64, sample.phc_ns, 202 * SECOND_NS));
}

Test(phc, a_clock_that_says_it_has_none_is_not_asked_for_precise_ones)
{
	create((struct wt_sim_nic_config){.no_precise = true});
	watch(PTP_SYS_OFFSET_PRECISE, 0);
	cr_assert_eq(wt_phc_open(&phc, &before.system, "/dev/ptp0", &err), 0);
	cross();
	cr_expect(eq(int, asked, 0));
}

Test(phc, what_is_refused_for_good_is_not_tried_again)
{
	static const unsigned long requests[] = {PTP_SYS_OFFSET_PRECISE, PTP_SYS_OFFSET_EXTENDED};
	static const int errors[] = {-EOPNOTSUPP, -ENOTTY, -EINVAL};

	for (int i = 0; i < 6; i++) {
		open_clock((struct wt_sim_nic_config){.no_precise = i >= 3});
		watch(requests[i / 3], errors[i % 3]);
		asked = 0;
		for (int k = 0; k < 3; k++) {
			cross();
			cr_expect(eq(int, (int)sample.method, i / 3 + 1));
		}
		cr_expect(eq(int, asked, 1), "asked %d times after %d", asked, failure);
		tear_down();
	}
	nic = NULL;
	phc = NULL;
}

Test(phc, what_fails_for_a_moment_is_tried_again)
{
	static const int errors[] = {-EBUSY, -EIO, -ETIMEDOUT, -ENODEV};

	open_clock((struct wt_sim_nic_config){0});
	for (int i = 0; i < 4; i++) {
		watch(PTP_SYS_OFFSET_PRECISE, errors[i]);
		cross();
		cr_expect(eq(int, (int)sample.method, (int)WT_CROSS_EXTENDED));
		failure = 0;
		cross();
		cr_expect(eq(int, (int)sample.method, (int)WT_CROSS_PRECISE));
	}
}

Test(phc, what_has_worked_is_not_given_up)
{
	open_clock((struct wt_sim_nic_config){0});
	cross();
	wt_sim_nic_fail(nic, -EOPNOTSUPP);
	cr_expect(eq(int, wt_phc_cross(phc, &sample, &err), -EOPNOTSUPP));
	wt_sim_nic_fail(nic, 0);
	cross();
	cr_expect(eq(int, (int)sample.method, (int)WT_CROSS_PRECISE));
}

Test(phc, errors_name_the_clock_and_the_way_out)
{
	open_clock((struct wt_sim_nic_config){0});
	wt_sim_nic_fail(nic, -EIO);
	cr_expect(eq(int, wt_phc_cross(phc, &sample, &err), -EIO));
	expect_says("/dev/ptp0");
	expect_says("Input/output error");
	wt_sim_nic_fail(nic, -ENODEV);
	cr_expect(eq(int, wt_phc_cross(phc, &sample, &err), -ENODEV));
	expect_says("/dev/ptp0 is gone");
	wt_sim_nic_fail(nic, -ENOTTY);
	cr_expect(eq(int, wt_phc_cross(phc, &sample, &err), -EOPNOTSUPP));
	expect_says("use software stamps");
}

Test(phc, a_failure_leaves_the_sample_alone)
{
	open_clock((struct wt_sim_nic_config){0});
	wt_sim_nic_fail(nic, -EIO);
	sample.utc_ns = 77;
	cr_expect(eq(int, wt_phc_cross(phc, &sample, NULL), -EIO));
	cr_expect(eq(i64, sample.utc_ns, 77));
}

static struct ptp_clock_time bad;
static int bad_at;

static void spoil_precise(void *argument)
{
	struct ptp_clock_time *times = argument;

	times[bad_at] = bad;
}

Test(phc, precise_times_that_are_none_are_refused)
{
	static const struct ptp_clock_time none[] = {
	        {.sec = 1, .nsec = 1000000000},
	        {.sec = INT64_MAX},
	        {.sec = INT64_MIN},
	        {.sec = 9223372036, .nsec = 854775808},
	};

	open_clock((struct wt_sim_nic_config){0});
	watch(PTP_SYS_OFFSET_PRECISE, 0);
	tamper = spoil_precise;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		for (bad_at = 0; bad_at < 3; bad_at++) {
			bad = none[i];
			cross();
			cr_expect(eq(int, (int)sample.method, (int)WT_CROSS_EXTENDED));
		}
	}
	cr_expect(eq(int, asked, 12));
}

static void spoil_all_but_last(void *argument)
{
	struct ptp_sys_offset_extended *offset = argument;

	offset->ts[0][0].nsec = 1000000000;
	offset->ts[1][1].nsec = UINT32_MAX;
	offset->ts[2][2].sec -= 1; /* backwards */
	offset->ts[3][0].sec = INT64_MIN / SECOND_NS;
	offset->ts[3][2].sec = INT64_MAX / SECOND_NS;
	offset->ts[4][1] = (struct ptp_clock_time){.sec = 5, .nsec = 6};
}

static void spoil_last_too(void *argument)
{
	struct ptp_sys_offset_extended *offset = argument;

	spoil_all_but_last(argument);
	offset->ts[4][2] = offset->ts[4][0];
	offset->ts[4][0].sec++;
}

static void more_samples(void *argument)
{
	/* Both requests begin with it. */
	*(unsigned *)argument = PTP_MAX_SAMPLES + 1;
}

Test(phc, readings_that_make_no_sense_do_not_count)
{
	open_clock((struct wt_sim_nic_config){.no_precise = true});
	watch(PTP_SYS_OFFSET_EXTENDED, 0);
	tamper = spoil_all_but_last;
	cross();
	cr_expect(eq(int, (int)sample.method, (int)WT_CROSS_EXTENDED));
	cr_expect(eq(i64, sample.phc_ns, 5 * SECOND_NS + 6));
	tamper = spoil_last_too;
	cross();
	cr_expect(eq(int, (int)sample.method, (int)WT_CROSS_BASIC));
	tamper = more_samples;
	cross();
	cr_expect(eq(int, (int)sample.method, (int)WT_CROSS_BASIC));
}

static void spoil_basic(void *argument)
{
	struct ptp_sys_offset *offset = argument;

	/* System times run backwards throughout. */
	for (int i = 0; i <= 10; i += 2)
		offset->ts[i].sec = 100 - i;
}

static void one_good_basic(void *argument)
{
	struct ptp_sys_offset *offset = argument;

	spoil_basic(argument);
	offset->ts[6] = offset->ts[4];
	offset->ts[6].nsec = offset->ts[4].nsec + 11;
	offset->ts[5] = (struct ptp_clock_time){.sec = 7};
}

Test(phc, nothing_but_nonsense_is_an_error)
{
	open_clock((struct wt_sim_nic_config){.no_precise = true, .no_extended = true});
	watch(PTP_SYS_OFFSET, 0);
	tamper = spoil_basic;
	cr_expect(eq(int, wt_phc_cross(phc, &sample, &err), -EBADMSG));
	expect_says("no sense");
	tamper = more_samples;
	cr_expect(eq(int, wt_phc_cross(phc, &sample, &err), -EBADMSG));
	tamper = one_good_basic;
	cross();
	cr_expect(eq(i64, sample.bracket_ns, 11));
	cr_expect(eq(i64, sample.phc_ns, 7 * SECOND_NS));
}

static void far_past(void *argument)
{
	struct ptp_sys_offset_extended *offset = argument;

	for (int i = 0; i < 5; i++) {
		offset->ts[i][0].sec = INT64_MIN / SECOND_NS;
		offset->ts[i][2] = offset->ts[i][0];
	}
}

Test(phc, a_time_that_cannot_be_compared_is_an_error)
{
	open_clock((struct wt_sim_nic_config){.no_precise = true});
	watch(PTP_SYS_OFFSET_EXTENDED, 0);
	tamper = far_past;
	cr_expect(eq(int, wt_phc_cross(phc, &sample, &err), -EBADMSG));
}

static int on_tai_offset(int *seconds, int answer)
{
	(void)answer;
	*seconds = 99;
	return -EPERM;
}

Test(phc, tells_what_the_kernel_knows_of_tai)
{
	open_clock((struct wt_sim_nic_config){.tai_offset_s = 37});
	cross();
	cr_expect(eq(int, sample.tai_offset_s, 37));
	before.on_tai_offset = on_tai_offset;
	cross();
	cr_expect(eq(int, sample.tai_offset_s, 0));
}

static int open_error;

static int on_open(const char *path, int answer)
{
	(void)path;
	return open_error ? open_error : answer;
}

Test(phc, opening_says_why_not)
{
	create((struct wt_sim_nic_config){0});
	cr_expect(eq(int, wt_phc_open(&phc, &before.system, "/dev/ptp5", &err), -ENOENT));
	expect_says("there is no clock /dev/ptp5");
	before.on_open = on_open;
	open_error = -EACCES;
	cr_expect(eq(int, wt_phc_open(&phc, &before.system, "/dev/ptp0", &err), -EACCES));
	expect_says("run as root or in the group");
	open_error = -ENXIO;
	cr_expect(eq(int, wt_phc_open(&phc, &before.system, "/dev/ptp0", &err), -ENXIO));
	expect_says("/dev/ptp0");
}

Test(phc, what_is_no_clock_is_closed_again)
{
	create((struct wt_sim_nic_config){0});
	wt_sim_nic_fail(nic, -ENOTTY);
	cr_expect(eq(int, wt_phc_open(&phc, &before.system, "/dev/ptp0", &err), -ENOTTY));
	expect_says("is no PTP hardware clock");
	cr_expect(eq(int, before.open_now, 0));
	cr_expect(eq(int, wt_phc_open(&phc, wt_kernel_system(), "/dev/null", &err), -ENOTTY));
	expect_says("/dev/null is no PTP hardware clock");
	cr_expect(eq(int, wt_phc_open(&phc, wt_kernel_system(), "/dev/ptp4711", &err), -ENOENT));
}

Test(phc, a_name_that_is_too_long_is_no_device)
{
	char name[300];

	create((struct wt_sim_nic_config){0});
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	cr_expect(eq(int, wt_phc_open(&phc, &before.system, name, &err), -ENAMETOOLONG));
}

Test(phc, is_closed_once)
{
	open_clock((struct wt_sim_nic_config){0});
	cr_expect(eq(int, before.open_now, 1));
	wt_phc_close(phc);
	phc = NULL;
	cr_expect(eq(int, before.open_now, 0));
	wt_phc_close(NULL);
}

Test(phc, is_found_by_interface)
{
	create((struct wt_sim_nic_config){.phc_index = 12, .interface = "eth9"});
	cr_assert_eq(wt_phc_open_interface(&phc, &before.system, "eth9", &err), 0, "%s", err.text);
	cr_expect_str_eq(wt_phc_device(phc), "/dev/ptp12");
	cross();
}

Test(phc, an_interface_without_a_clock_says_so)
{
	create((struct wt_sim_nic_config){.phc_index = -1});
	cr_expect(eq(int, wt_phc_open_interface(&phc, &before.system, "sim", &err), -EOPNOTSUPP));
	expect_says("sim has no PTP hardware clock");
	expect_says("wiretape stamp caps sim");
	cr_expect(eq(int, wt_phc_open_interface(&phc, &before.system, "eth0", &err), -ENODEV));
	expect_says("there is no interface 'eth0'");
}

Test(phc, methods_have_names)
{
	cr_expect_str_eq(wt_cross_method_name(WT_CROSS_PRECISE), "precise");
	cr_expect_str_eq(wt_cross_method_name(WT_CROSS_EXTENDED), "extended");
	cr_expect_str_eq(wt_cross_method_name(WT_CROSS_BASIC), "basic");
	cr_expect_str_eq(wt_cross_method_name(WT_CROSS_METHODS), "unknown");
}
