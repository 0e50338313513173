/* SPDX-License-Identifier: Apache-2.0 */
/* JSON lines: every member type, bytes that are no text. */
#include "base/json.h"

#include "base/str.h"
#include "tests/lib/tap.h"

int main(void)
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
	return tap_end();
}
