/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include <wiretape/monitor/json_text.h>

#include "support/unit.h"

#define UNKNOWN "\xef\xbf\xbd"

static void expect_text(const char *text, const char *expected)
{
	json_t *value = wt_json_text(text);

	cr_assert(value != NULL);
	cr_expect(strcmp(json_string_value(value), expected) == 0, "'%s' and not '%s'",
	          json_string_value(value), expected);
	json_decref(value);
}

Test(json_text, what_is_utf_8_stays)
{
	expect_text("", "");
	expect_text("plain", "plain");
	expect_text("\xc3\xbc\xe4\xb8\xad\xf0\x9f\x98\x80", "\xc3\xbc\xe4\xb8\xad\xf0\x9f\x98\x80");
}

Test(json_text, each_byte_that_is_not_becomes_another_character)
{
	expect_text("a\xff"
	            "b",
	            "a" UNKNOWN "b");
	expect_text("\xc3", UNKNOWN);
	expect_text("\xe4\xb8", UNKNOWN UNKNOWN);
	expect_text("\xc0\x80", UNKNOWN UNKNOWN);
	expect_text("\xed\xa0\x80", UNKNOWN UNKNOWN UNKNOWN);
	expect_text("\xf4\x90\x80\x80", UNKNOWN UNKNOWN UNKNOWN UNKNOWN);
}

Test(json_text, no_text_is_null)
{
	json_t *value = wt_json_text(NULL);

	cr_expect(JSON_NULL == json_typeof(value));
	json_decref(value);
}

static void expect_path(const char *path, const char *expected)
{
	json_t *object = json_object();
	char *text;

	wt_json_put_path(object, "path", path);
	text = json_dumps(object, JSON_COMPACT);
	cr_expect(strcmp(text, expected) == 0, "%s and not %s", text, expected);
	free(text);
	json_decref(object);
}

Test(json_text, a_path_is_always_there_and_its_bytes_where_they_say_more)
{
	expect_path(NULL, "{\"path\":null,\"path_bytes\":null}");
	expect_path("/tmp/100%.pcapng", "{\"path\":\"/tmp/100%.pcapng\",\"path_bytes\":null}");
	expect_path("/tmp/\xff 100%.pcapng", "{\"path\":\"/tmp/" UNKNOWN " 100%.pcapng\","
	                                     "\"path_bytes\":\"/tmp/%FF%20100%25.pcapng\"}");
	expect_path("\xc3\xbc\xc3", "{\"path\":\"\xc3\xbc" UNKNOWN "\","
	                            "\"path_bytes\":\"%C3%BC%C3\"}");
}
