/* SPDX-License-Identifier: Apache-2.0 */
/* JSON lines: every member type, bytes that are no text. */
#include "base/json.h"

#include "base/str.h"
#include "tests/lib/tap.h"

static void test_writing(void)
{
	struct kvs_json j KVS_AUTO_JSON;

	kvs_json_init(&j);
	is_str(kvs_json_line(&j), "{}", "nothing yet");
	kvs_json_text(&j, "text", "a/b \"q\" \\ \n");
	kvs_json_uint(&j, "n", UINT64_MAX);
	kvs_json_bool(&j, "yes", true);
	kvs_json_bytes(&j, "utf8", kvs_s("h\xc3\xa9"));
	kvs_json_bytes(&j, "none", kvs_sn(NULL, 0));
	kvs_json_bytes(&j, "nul", kvs_sn("a\0b", 3));
	kvs_json_bytes(&j, "raw", kvs_s("\xff"));
	is_str(kvs_json_line(&j),
	       "{\"text\":\"a/b \\\"q\\\" \\\\ \\n\",\"n\":18446744073709551615,\"yes\":true,"
	       "\"utf8\":\"h\xc3\xa9\",\"none\":\"\",\"nul\":{\"base64\":\"YQBi\"},"
	       "\"raw\":{\"base64\":\"/w==\"}}",
	       "one line, 64 bits whole, what is no text as base64");
	j.failed = true;
	is_str(kvs_json_line(&j), NULL, "a failure sticks");
}

static void refused(const char *text, const char *name)
{
	struct json_object *json = kvs_json_parse(kvs_s(text));

	ok(!json, "%s", name);
	(void)json_object_put(json);
}

static void test_reading(void)
{
	struct json_object *json = kvs_json_parse(kvs_s(
		" {\"s\": \"a\\u0000b\", \"n\": 18446744073709551615, \"m\": -1, \"o\": {}}\n"));
	uint64_t n = 7;

	ok(kvs_str_eq(kvs_json_str(kvs_json_member(json, "s")), kvs_sn("a\0b", 3)),
	   "a string, whatever is in it");
	is_uint(kvs_json_str(kvs_json_member(json, "n")).n, 0, "a number is none");
	ok(!kvs_json_number(kvs_json_member(json, "m"), &n) && n == 7, "a negative number");
	ok(!kvs_json_number(kvs_json_member(json, "s"), &n), "no number");
	ok(kvs_json_number(kvs_json_member(json, "n"), &n), "a number");
	is_uint(n, UINT64_MAX, "with all its bits");
	ok(!kvs_json_member(json, "x"), "a member that is not there");
	ok(!kvs_json_member(kvs_json_member(json, "n"), "x"), "nor are there any in a number");
	(void)json_object_put(json);

	json = kvs_json_parse(kvs_s("12"));
	ok(kvs_json_number(json, &n) && n == 12, "a number may be all of the text");
	(void)json_object_put(json);
	refused("null", "null is no object");
	refused("", "nothing");
	refused("{\"a\": 1", "half of it");
	refused("{} {}", "more than one");
	refused("{\"a\": 1,}", "what is only like JSON");
}

int main(void)
{
	test_writing();
	test_reading();
	return tap_end();
}
