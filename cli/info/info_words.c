/* SPDX-License-Identifier: BSD-2-Clause */
#include "info_words.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

enum { NS_PER_S = 1000000000 };

struct wt_info_text wt_info_utc_text(int64_t ns)
{
	int64_t fraction = ns % NS_PER_S;
	time_t seconds = (time_t)(ns / NS_PER_S);
	struct wt_info_text text;
	struct tm tm;
	size_t length;

	if (fraction < 0) {
		fraction += NS_PER_S;
		seconds--;
	}
	gmtime_r(&seconds, &tm);
	length = strftime(text.chars, sizeof(text.chars), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text.chars + length, sizeof(text.chars) - length, ".%09" PRId64 "Z", fraction);
	return text;
}

struct wt_info_text wt_info_mac_text(const uint8_t mac[6])
{
	struct wt_info_text text;

	snprintf(text.chars, sizeof(text.chars), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1],
	         mac[2], mac[3], mac[4], mac[5]);
	return text;
}
