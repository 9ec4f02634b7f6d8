/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/recorder/clerk_health.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <wiretape/capture/readers/reader_private.h>

#include "support/unit.h"

/* Interfaces whose readers answer as the test wants, and what is said of them. */
enum { INTERFACES = 2 };

static struct wt_recorder_state state;
static struct wt_clerk_health health;
static struct wt_clerk_interface interfaces[INTERFACES];
static struct wt_recorded recorded[INTERFACES];
static struct wt_recorder_interface reports[INTERFACES];
static struct wt_reader readers[INTERFACES];
static struct wt_link links[INTERFACES];
static int healths[INTERFACES], reattached[INTERFACES], link_error;
static const char *why_not = "no";
static char said[800];

static void on_event(void *context, const char *text)
{
	(void)context;
	strncat(said, text, sizeof(said) - strlen(said) - 1);
	strncat(said, "\n", sizeof(said) - strlen(said) - 1);
}

static int tell_health(struct wt_reader *reader)
{
	return healths[reader - readers];
}

static int reattach(struct wt_reader *reader, struct wt_error *err)
{
	int rc = reattached[reader - readers];

	return rc ? wt_error_set(err, rc, "%s", why_not) : 0;
}

static int read_link(const struct wt_reader *reader, struct wt_link *link)
{
	*link = links[reader - readers];
	return link_error;
}

static void set_up(void)
{
	static const struct wt_reader_ops ops = {
	        .health = tell_health, .reattach = reattach, .link = read_link};
	static const char *const names[INTERFACES] = {"a", "b"};

	state.config.on_event = on_event;
	state.config.waits_for_interfaces = true;
	health = (struct wt_clerk_health){
	        .state = &state, .interfaces = interfaces, .count = INTERFACES};
	for (size_t i = 0; i < INTERFACES; i++) {
		links[i].index = (int)i + 7;
		readers[i] = (struct wt_reader){.ops = &ops};
		readers[i].info.name = names[i];
		readers[i].info.link = &links[i];
		reports[i].reader = &readers[i].info;
		recorded[i] = (struct wt_recorded){
		        .reader = &readers[i], .report = &reports[i], .id = (uint32_t)i};
		interfaces[i].recorded = &recorded[i];
		reattached[i] = -ENODEV;
	}
}

TestSuite(clerk_health, .init = set_up);

/* Look at all, and expect this to be said. */
static void look(const char *expected)
{
	said[0] = '\0';
	wt_clerk_check_interfaces(&health);
	cr_expect(zero(int, strcmp(said, expected)), "'%s', not '%s'", said, expected);
}

Test(clerk_health, of_sound_interfaces_nothing_is_said)
{
	recorded[1].troubled = true;
	recorded[1].read = 9;
	look("");
	look("");
	cr_expect(eq(int, state.ending, false));
	cr_expect(eq(int, recorded[1].troubled, false));
	cr_expect(eq(u64, recorded[1].sound, 9), "so far all was well");
}

Test(clerk_health, interface_that_goes_down_is_told_once_and_so_is_its_return)
{
	look("");
	healths[0] = -ENETDOWN;
	look("interface a went down\nwaiting for a to come up again\n");
	cr_expect(interfaces[0].down);
	look("");
	healths[0] = 0;
	look("interface a is up again\n");
	cr_expect(eq(int, interfaces[0].down, false));
	look("");
	healths[0] = -ENETDOWN;
	look("waiting for a to come up again\n");
	cr_expect(eq(int, state.ending, false));
}

Test(clerk_health, interface_that_is_down_from_the_beginning_did_not_go_down)
{
	healths[1] = -ENETDOWN;
	look("interface b is down\nwaiting for b to come up again\n");
}

Test(clerk_health, other_errors_say_nothing_of_the_interface)
{
	healths[0] = -EIO;
	look("");
	cr_expect(eq(int, interfaces[0].down, false));
	cr_expect(eq(int, reports[0].gone, false));
}

Test(clerk_health, interface_that_has_gone_is_taken_up_again)
{
	reports[0].has_nic = true;
	reports[0].nic_now.rx_packets = 100;
	links[0].counters.rx_packets = 30;
	healths[0] = -ENODEV;
	look("interface a has disappeared\nwaiting for a to come back\n");
	cr_expect(reports[0].gone);
	cr_expect(interfaces[0].join.lost);
	look("");
	reattached[0] = healths[0] = 0;
	interfaces[0].down = true;
	look("interface a is back, with index 7\n");
	cr_expect(eq(int, reports[0].gone, false));
	cr_expect(eq(int, interfaces[0].down, false));
	cr_expect(eq(u64, recorded[0].nic_base.rx_packets, 70), "what it counted before");
	look("");
}

Test(clerk_health, counters_that_cannot_be_read_are_those_of_before)
{
	reports[0].has_nic = reports[0].gone = true;
	reports[0].nic_now.rx_packets = 100;
	link_error = -ENODEV;
	reattached[0] = 0;
	look("interface a is back, with index 7\n");
	cr_expect(zero(u64, recorded[0].nic_base.rx_packets));
}

Test(clerk_health, clock_of_an_interface_that_is_back_is_looked_at_anew)
{
	reports[0].gone = true;
	reattached[0] = 0;
	recorded[0].converter.cross_due_ns = 5;
	readers[0].info.stamps_degraded = "stamps are the kernel's";
	look("stamps are the kernel's\ninterface a is back, with index 7\n");
	cr_expect(zero(i64, recorded[0].converter.cross_due_ns));
}

Test(clerk_health, why_it_is_not_taken_up_again_is_said_when_it_changes)
{
	reports[0].gone = true;
	reattached[0] = -EPERM;
	look("interface a is not taken up again: no\n");
	look("");
	why_not = "never";
	look("interface a is not taken up again: never\n");
	reattached[0] = -ENODEV;
	look("");
	reattached[0] = -EPERM;
	why_not = "no";
	look("interface a is not taken up again: no\n");
}

Test(clerk_health, last_interface_that_has_gone_ends_it_unless_it_is_waited_for)
{
	healths[0] = -ENODEV;
	look("interface a has disappeared\nwaiting for a to come back\n");
	healths[1] = -ENODEV;
	look("interface b has disappeared\nwaiting for b to come back\n");
	cr_expect(eq(int, state.ending, false));
}

Test(clerk_health, last_interface_that_has_gone_ends_it)
{
	state.config.waits_for_interfaces = false;
	healths[0] = -ENODEV;
	look("interface a has disappeared\nwaiting for a to come back\n");
	cr_expect(eq(int, state.ending, false));
	healths[1] = -ENODEV;
	look("interface b has disappeared\n");
	cr_expect(state.ending);
	cr_expect(eq(int, state.end, WT_END_INTERFACE));
	cr_expect(eq(int, state.failure, -ENODEV));
}

Test(clerk_health, what_has_gone_for_good_is_not_waited_for)
{
	readers[0].info.goes_for_good = readers[1].info.goes_for_good = true;
	healths[0] = -ENODEV;
	look("interface a has disappeared\n");
	cr_expect(eq(int, state.ending, false));
	healths[1] = -ENODEV;
	look("interface b has disappeared\n");
	cr_expect(eq(int, state.end, WT_END_INTERFACE));
	cr_expect(state.ending);
}

Test(clerk_health, one_that_may_come_back_is_waited_for_next_to_one_that_may_not)
{
	readers[1].info.goes_for_good = true;
	healths[0] = healths[1] = -ENODEV;
	look("interface a has disappeared\nwaiting for a to come back\n"
	     "interface b has disappeared\n");
	cr_expect(eq(int, state.ending, false));
}

Test(clerk_health, sources_that_have_delivered_everything_end_it)
{
	healths[0] = -ENODATA;
	look("");
	cr_expect(interfaces[0].finished);
	cr_expect(eq(int, state.ending, false));
	healths[0] = -EIO;
	healths[1] = -ENODATA;
	look("");
	cr_expect(state.ending);
	cr_expect(eq(int, state.end, WT_END_SOURCE));
	cr_expect(zero(int, state.failure));
}

Test(clerk_health, source_that_has_delivered_everything_waits_for_no_interface)
{
	state.config.waits_for_interfaces = false;
	healths[0] = -ENODATA;
	healths[1] = -ENODEV;
	look("interface b has disappeared\n");
	cr_expect(eq(int, state.end, WT_END_INTERFACE));
}

Test(clerk_health, what_a_reader_does_less_well_is_said_once)
{
	readers[1].info.degraded[0] = "small ring";
	readers[1].info.degraded[1] = "no busy poll";
	look("small ring\nno busy poll\n");
	look("");
	cr_expect(eq(sz, state.degraded_count, 2));
}
