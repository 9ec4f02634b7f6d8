/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include <wiretape/base/spec.h>

#include "support/unit.h"

struct wheel {
	uint32_t spokes;
	int64_t play_ns;
};

struct cart {
	uint64_t weight;
	uint16_t axles;
	int64_t late_ns;
	int given;
	struct wheel wheel;
};

static const struct wt_spec_key wheel_keys[] = {
        {"spokes", "N", "a number from 3 to 40", wt_spec_u32, offsetof(struct wheel, spokes), 3,
         40},
        {"play", "TIME", "a time up to 1us", wt_spec_ns, offsetof(struct wheel, play_ns), 1, 1000},
};

static const struct wt_spec_form wheel = {.noun = "a wheel", .keys = wheel_keys, .key_count = 2};

static void count_wheel(void *target)
{
	((struct cart *)target)->given++;
}

static const struct wt_spec_key cart_keys[] = {
        {"weight", "N", "a whole number", wt_spec_u64, offsetof(struct cart, weight), 0, 0},
        {"axles", "N", "a number from 1 to 65535", wt_spec_u16, offsetof(struct cart, axles), 1, 0},
        {"late", "TIME", "a time up to 1s either way", wt_spec_offset,
         offsetof(struct cart, late_ns), 0, 1000000000},
};

static const struct wt_spec_form cart_form = {
        .noun = "a cart",
        .keys = cart_keys,
        .key_count = 3,
        .part = &wheel,
        .part_offset = offsetof(struct cart, wheel),
        .part_given = count_wheel,
};

static struct cart cart;
static struct wt_error err;

static void takes(const char *text)
{
	cart = (struct cart){0};
	cr_assert(eq(int, wt_spec_parse(&cart_form, text, &cart, &err), 0), "'%s': %s", text,
	          err.text);
}

static void refuses(const struct wt_spec_form *form, const char *text, const char *why)
{
	cart = (struct cart){0};
	cr_expect(eq(int, wt_spec_parse(form, text, &cart, &err), -EINVAL), "'%s' is taken", text);
	cr_expect(strstr(err.text, why) != NULL, "'%s': \"%s\" does not say '%s'", text, err.text,
	          why);
}

Test(spec, settings_go_to_their_members_and_those_of_a_part_to_the_part)
{
	takes("spokes=36,weight=18446744073709551615,axles=2,late=-5ms,play=300");
	cr_expect(eq(u64, cart.weight, UINT64_MAX));
	cr_expect(eq(u16, cart.axles, 2));
	cr_expect(eq(i64, cart.late_ns, -5000000));
	cr_expect(eq(u32, cart.wheel.spokes, 36));
	cr_expect(eq(i64, cart.wheel.play_ns, 300));
	cr_expect(eq(int, cart.given, 2));
}

Test(spec, nothing_and_empty_settings_change_nothing)
{
	takes("");
	takes(",,axles=2,,");
	cr_expect(eq(u16, cart.axles, 2));
	cr_expect(eq(int, cart.given, 0));
}

Test(spec, the_last_of_several_counts)
{
	takes("axles=2,axles=3");
	cr_expect(eq(u16, cart.axles, 3));
}

Test(spec, an_unknown_name_is_told_all_that_there_are)
{
	refuses(&cart_form, "axle=2",
	        "a cart: 'axle=2' is no setting; there are weight, axles, late, spokes, play");
	refuses(&cart_form, "axles=2,=2", "'=2' is no setting");
	refuses(&cart_form, "axlesx", "'axlesx' is no setting");
	cr_expect(eq(u16, cart.axles, 0));
}

Test(spec, a_wrong_value_is_told_what_would_do)
{
	refuses(&cart_form, "axles", "a cart: 'axles': axles is a number from 1 to 65535");
	refuses(&cart_form, "axles=", "'axles=': axles is a number");
	refuses(&cart_form, "axles=0", "'axles=0': axles is a number");
	refuses(&cart_form, "axles=65536", "is a number from 1 to 65535");
	refuses(&cart_form, "axles=2=3", "'axles=2=3': axles is a number");
	refuses(&cart_form, "spokes=2", "'spokes=2': spokes is a number from 3 to 40");
	refuses(&cart_form, "spokes=41", "spokes is a number from 3 to 40");
	refuses(&cart_form, "spokes=4294967296", "spokes is a number from 3 to 40");
	refuses(&cart_form, "weight=18446744073709551616", "weight is a whole number");
	refuses(&cart_form, "late=1.1s", "late is a time up to 1s");
	refuses(&cart_form, "late=-1.1s", "late is a time up to 1s");
	refuses(&cart_form, "play=0", "play is a time up to 1us");
	refuses(&cart_form, "play=1001ns", "play is a time up to 1us");
}

Test(spec, a_strict_form_takes_no_setting_twice_and_none_that_is_empty)
{
	struct wt_spec_form strict = cart_form;

	strict.is_strict = true;
	strict.part = NULL;
	refuses(&strict, "axles=2,late=0,axles=2", "a cart: axles is there twice");
	refuses(&strict, "axles=2,", "'' is no setting");
	refuses(&strict, ",axles=2", "'' is no setting");
	cr_expect(eq(int, wt_spec_parse(&strict, "", &cart, &err), 0));
	cr_expect(eq(int, wt_spec_parse(&strict, "axles=2,late=0", &cart, &err), 0));
}

Test(spec, a_long_text_is_refused_and_quoted_in_part)
{
	char text[3000];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	refuses(&cart_form, text, "is too long");
	text[1000] = '\0';
	refuses(&cart_form, text,
	        "xxx' is no setting; there are weight, axles, late, spokes, play");
}

Test(spec, one_setting_alone)
{
	takes("axles=2");
	cr_expect(wt_spec_set(&cart_form, &cart, "axles", "7") == NULL);
	cr_expect(eq(u16, cart.axles, 7));
	cr_expect(wt_spec_set(&cart_form, &cart, "spokes", "7") == NULL);
	cr_expect(eq(u32, cart.wheel.spokes, 7));
	cr_expect_str_eq(wt_spec_set(&cart_form, &cart, "spokes", "2"), "a number from 3 to 40");
	cr_expect_str_eq(wt_spec_set(&cart_form, &cart, "spoke", "2"), "a setting");
	cr_expect(eq(u32, cart.wheel.spokes, 7));
}
