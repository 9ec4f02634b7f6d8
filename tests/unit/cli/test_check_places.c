/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/cli/check/check_places.h>

#include "support/unit.h"

static struct wt_places places;
static const char *why;
static const int one_file, other_file;

static void set_up(void)
{
	memset(&places, 0, sizeof(places));
}

TestSuite(check_places, .init = set_up);

static struct wt_place wanted(const char *name, uint64_t recording, uint32_t number)
{
	struct wt_place place = {
	        .link_type = 1,
	        .has_ledger = recording != 0,
	        .file = {.is_numbered = recording != 0, .recording = recording, .number = number},
	};

	snprintf(place.name, sizeof(place.name), "%s", name);
	return place;
}

static uint32_t take(const char *name, uint64_t recording, uint32_t number, const void *user)
{
	struct wt_place place = wanted(name, recording, number);
	uint32_t index = 99;

	cr_assert(wt_places_take(&places, &place, user, &index, &why));
	return index;
}

Test(check_places, an_interface_goes_on_in_the_next_file)
{
	cr_expect(eq(u32, take("eth0", 7, 1, &one_file), 0));
	cr_expect(eq(u32, take("eth1", 7, 1, &one_file), 1));
	wt_places_release(&places, &one_file, true);
	cr_expect(eq(u32, take("eth1", 7, 2, &one_file), 1));
	cr_expect(why == NULL, "%s", why);
	cr_expect(eq(u32, take("eth0", 7, 2, &one_file), 0));
	cr_expect(why == NULL, "%s", why);
}

static uint32_t take_lane(uint32_t lane, uint32_t number, const void *user)
{
	struct wt_place place = wanted("eth0", 7, number);
	uint32_t index = 99;

	place.file.lane = lane;
	cr_assert(wt_places_take(&places, &place, user, &index, &why));
	return index;
}

Test(check_places, lanes_keep_apart_whichever_comes_to_its_next_file_first)
{
	cr_expect(eq(u32, take_lane(0, 1, &one_file), 0));
	cr_expect(eq(u32, take_lane(1, 1, &other_file), 1));
	wt_places_release(&places, &one_file, true);
	wt_places_release(&places, &other_file, true);
	cr_expect(eq(u32, take_lane(1, 2, &other_file), 1));
	cr_expect(why == NULL, "%s", why);
	cr_expect(eq(u32, take_lane(0, 3, &one_file), 0));
	cr_expect(why != NULL);
}

Test(check_places, lanes_are_of_one_interface)
{
	cr_expect(eq(u32, take_lane(2, 1, &one_file), 0));
	cr_expect(eq(u32, take_lane(0, 1, &other_file), 1));
	cr_expect(eq(u32, take("eth1", 7, 1, &other_file), 2));
	cr_expect(eq(u32, places.list[0].interface, 0));
	cr_expect(eq(u32, places.list[1].interface, 0));
	cr_expect(eq(u32, places.list[2].interface, 2));
	/* A lane of the next recording, once the others are over. */
	wt_places_release(&places, &one_file, true);
	wt_places_release(&places, &other_file, true);
	cr_expect(eq(u32, take_lane(1, 1, &one_file), 3));
	cr_expect(eq(u32, places.list[3].interface, 0));
}

Test(check_places, lanes_of_two_recordings_at_the_same_time_are_of_two_interfaces)
{
	struct wt_place other = wanted("eth0", 8, 1);
	uint32_t index;

	take_lane(0, 1, &one_file);
	other.file.lane = 1;
	cr_assert(wt_places_take(&places, &other, &other_file, &index, &why));
	cr_expect(eq(u32, index, 1));
	cr_expect(eq(u32, places.list[1].interface, 1));
	cr_expect(eq(u32, take_lane(1, 1, &one_file), 2));
	cr_expect(eq(u32, places.list[2].interface, 0));
	other.file.lane = 0;
	cr_assert(wt_places_take(&places, &other, &other_file, &index, &why));
	cr_expect(eq(u32, places.list[index].interface, 1));
}

Test(check_places, what_is_read_at_the_same_time_is_another_interface)
{
	cr_expect(eq(u32, take("eth0", 0, 0, &one_file), 0));
	cr_expect(eq(u32, take("eth0", 0, 0, &other_file), 1));
	cr_expect(eq(u32, take("eth0", 0, 0, &one_file), 2), "twice in one file");
	wt_places_release(&places, &other_file, true);
	cr_expect(eq(u32, take("eth0", 0, 0, &other_file), 1));
}

Test(check_places, what_is_not_here_is_a_break)
{
	take("eth0", 7, 1, &one_file);
	wt_places_release(&places, &one_file, true);
	take("eth0", 7, 3, &one_file);
	cr_assert(why != NULL);
	cr_expect(strstr(why, "files of the recording") != NULL, "%s", why);
}

Test(check_places, another_recording_is_a_break)
{
	take("eth0", 7, 1, &one_file);
	wt_places_release(&places, &one_file, true);
	cr_expect(eq(u32, take("eth0", 8, 2, &one_file), 0));
	cr_assert(why != NULL);
	cr_expect(strstr(why, "between two recordings") != NULL, "%s", why);
}

Test(check_places, a_file_that_was_not_closed_is_a_break)
{
	take("eth0", 7, 1, &one_file);
	wt_places_release(&places, &one_file, false);
	take("eth0", 7, 2, &one_file);
	cr_assert(why != NULL);
	cr_expect(strstr(why, "not closed") != NULL, "%s", why);
}

Test(check_places, without_a_ledger_there_is_nothing_to_break)
{
	take("eth0", 0, 0, &one_file);
	wt_places_release(&places, &one_file, true);
	take("eth0", 0, 0, &one_file);
	cr_expect(why == NULL, "%s", why);
}

Test(check_places, there_are_no_more_than_are_followed)
{
	struct wt_place place = wanted("more", 0, 0);
	uint32_t index;
	char name[16];

	for (int i = 0; i < WT_PLACES_MAX; i++) {
		snprintf(name, sizeof(name), "eth%d", i);
		take(name, 0, 0, &one_file);
	}
	cr_expect(not(wt_places_take(&places, &place, &one_file, &index, &why)));
	cr_expect(eq(u32, places.count, WT_PLACES_MAX));
}

static int load(const char *text)
{
	struct wt_error err;

	return wt_places_load(&places, text, strlen(text), &err);
}

Test(check_places, what_was_saved_is_loaded)
{
	char *text;
	int rc;

	take("eth\n0=%", 0xfedcba9876543210u, 4000000000u, &one_file);
	strcpy(places.list[0].description, "\x01 a name");
	wt_places_release(&places, &one_file, true);
	take("pcap", 0, 0, &other_file);
	take_lane(3, 5, &other_file);
	text = wt_places_save(&places);
	memset(&places, 0, sizeof(places));
	rc = load(text);
	free(text);
	cr_assert(eq(int, rc, 0));
	cr_assert(eq(u32, places.count, 3));
	cr_expect(eq(u32, places.list[0].file.lane, 0));
	cr_expect(eq(u32, places.list[2].file.lane, 3));
	cr_expect(eq(u32, places.list[2].interface, 2));
	cr_expect(eq(int, strcmp(places.list[0].name, "eth\n0=%"), 0));
	cr_expect(eq(int, strcmp(places.list[0].description, "\x01 a name"), 0));
	cr_expect(places.list[0].has_ledger && places.list[0].ended_well);
	cr_expect(places.list[0].was_used && !places.list[0].user);
	cr_expect(eq(u64, places.list[0].file.recording, 0xfedcba9876543210u));
	cr_expect(eq(u32, places.list[0].file.number, 4000000000u));
	cr_expect(not(places.list[1].has_ledger));
	cr_expect(eq(int,
	             load("interface=a\ninterface=b\nlane=1\ninterface=a\nlane=1\n"
	                  "interface=b\ninterface=a\n"),
	             0));
	cr_expect(eq(u32, places.list[1].interface, 1));
	cr_expect(eq(u32, places.list[2].interface, 0));
	cr_expect(eq(u32, places.list[3].interface, 1));
	cr_expect(eq(u32, places.list[4].interface, 4));
}

Test(check_places, what_was_loaded_goes_on)
{
	cr_assert(eq(int,
	             load("interface=eth%0A0=%25\nlink_type=1\nledger=1\nclosed=1\n"
	                  "recording=18364758544493064720\nfile=4000000000\n"),
	             0));
	strcpy(places.list[0].description, "");
	cr_expect(eq(u32, take("eth\n0=%", 0xfedcba9876543210u, 4000000001u, &one_file), 0));
	cr_expect(why == NULL, "%s", why);
}

Test(check_places, what_makes_no_sense_is_refused)
{
	cr_expect(eq(int, load(""), 0));
	cr_expect(eq(int, load("ledger=1\n"), -EBADMSG), "of no interface");
	cr_expect(eq(int, load("interface=x\nledger=2\n"), -EBADMSG));
	cr_expect(eq(int, load("interface=x\nlink_type=65536\n"), -EBADMSG));
	cr_expect(eq(int, load("interface=x\nfile=-1\n"), -EBADMSG));
	cr_expect(eq(int, load("interface=x\nlane=-1\n"), -EBADMSG));
	cr_expect(eq(int, load("interface=%4\n"), -EBADMSG));
	cr_expect(eq(int, load("interface=%gg\n"), -EBADMSG));
	cr_expect(eq(int, load("interface=x"), -EBADMSG), "no newline");
	cr_expect(eq(int, load("interface=x\nrubbish\n"), -EBADMSG));
	cr_expect(eq(int, load("interface=x\nof_tomorrow=1\n"), 0));
}
