/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/consul/consul.h"
#include "tests/lib/tap.h"

#include "base/err.h"
#include "base/str.h"

#include <inttypes.h>
#include <string.h>

static const char two_entries[] =
	" [ {\"LockIndex\":0,\"Key\":\"a/\\u00e9\\n\",\"Flags\":18446744073709551615,"
	"\"Value\":\"AAEC\",\"CreateIndex\":5,\"ModifyIndex\":7},\n "
	"{\"Key\":\"b\\\"]\",\"Flags\":0,"
	"\"Value\":null,\"CreateIndex\":6,\"ModifyIndex\":6,\"Session\":\"5-e\"} ]\n";

struct seen {
	struct kvs_buf value;
	struct kvs_buf text; /* what came, in words */
};

static int note(void *arg, struct json_object *member, struct kvs_err *err)
{
	struct seen *s = arg;
	struct kvs_entry e;
	int code = consul_entry_read(member, false, &s->value, &e, err);

	if (code)
		return code;
	kvs_buf_escaped(&s->text, e.key);
	kvs_buf_str(&s->text, "=");
	kvs_buf_escaped(&s->text, e.value);
	kvs_buf_fmt(&s->text, " %" PRIu64 " %" PRIu64 " %" PRIu64 " ", e.flags, e.create_index,
		    e.mod_index);
	kvs_buf_escaped(&s->text, e.lease);
	kvs_buf_str(&s->text, ";");
	return 0;
}

/* Feeds the text in two parts. */
static int feed(const char *text, size_t n, size_t cut, struct seen *s, struct kvs_err *err)
{
	struct consul_array array;
	int code = consul_array_init(&array, err);

	kvs_buf_init(&s->value, 1 << 20);
	kvs_buf_init(&s->text, 1 << 20);
	kvs_buf_str(&s->text, "");
	if (!code)
		code = consul_array_feed(&array, text, cut, note, s, err);
	if (!code)
		code = consul_array_feed(&array, text + cut, n - cut, note, s, err);
	if (!code)
		code = consul_array_end(&array, err);
	consul_array_release(&array);
	return code;
}

static void release(struct seen *s)
{
	kvs_buf_release(&s->value);
	kvs_buf_release(&s->text);
}

static void test_cuts(void)
{
	static const char want[] = "a/\u00e9\\x0a=\\x00\\x01\\x02 18446744073709551615 5 7 ;"
				   "b\"]= 0 6 6 5-e;";
	size_t n = sizeof(two_entries) - 1, cut;

	for (cut = 0; cut <= n; cut++) {
		struct kvs_err err = { 0 };
		struct seen s;
		int code = feed(two_entries, n, cut, &s, &err);
		bool same = !code && strcmp(s.text.data, want) == 0;

		if (!same)
			diag("cut at %zu: %s: %s", cut, err.msg, s.text.data);
		release(&s);
		if (!same)
			break;
	}
	is_uint(cut, n + 1, "an answer is read wherever it is cut in two");
}

static void test_ends(void)
{
	size_t n = strrchr(two_entries, ']') - two_entries, end;

	for (end = 0; end <= n; end++) {
		struct kvs_err err = { 0 };
		struct seen s;
		int code = feed(two_entries, end, end / 2, &s, &err);

		release(&s);
		if (code != KVS_E_PROTOCOL)
			break;
	}
	is_uint(end, n + 1, "an answer that ends too early is never taken for a whole one");
}

static const char *const malformed[] = {
	"{}",
	"null",
	"true",
	"<html>",
	"[{}]",
	"[1]",
	"[null]",
	"[{\"Key\":\"a\"}]",
	"[,]",
	"[{\"Key\":\"a\",\"Flags\":0,\"CreateIndex\":1,\"ModifyIndex\":1},]",
	"[{\"Key\":\"a\",\"Flags\":0,\"CreateIndex\":1,\"ModifyIndex\":1}}",
	"[{\"Key\":\"a\",\"Flags\":0,\"CreateIndex\":1,\"ModifyIndex\":1}][",
	"[{\"Key\":\"\",\"Flags\":0,\"CreateIndex\":1,\"ModifyIndex\":1}]",
	"[{\"Key\":\"a\",\"Flags\":\"0\",\"CreateIndex\":1,\"ModifyIndex\":1}]",
	"[{\"Key\":\"a\",\"Flags\":0,\"CreateIndex\":1,\"ModifyIndex\":1,\"Value\":\"???\"}]",
	"[{'Key':'a'}]",
};

static void test_malformed(void)
{
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
		struct kvs_err err = { 0 };
		struct seen s;
		size_t n = strlen(malformed[i]);

		is_code(feed(malformed[i], n, n / 2, &s, &err), KVS_E_PROTOCOL, &err,
			"%s is refused", malformed[i]);
		release(&s);
	}
}

static void test_strings(void)
{
	struct kvs_buf b KVS_AUTO_BUF;
	struct kvs_str odd = kvs_s("q\"b\\n\n\x01\u00e9");

	kvs_buf_init(&b, 100);
	consul_json_string(&b, odd);
	is_str(b.data, "\"q\\\"b\\\\n\\u000a\\u0001\u00e9\"", "a string is written as JSON");
	is_uint(consul_json_string_size(odd), b.len, "and its size is known before");
}

/* ---- paths ---- */

static const struct {
	const char *key, *path; /* path NULL: cannot be one */
	const char *safe;
} paths[] = {
	{ "a/b", "/v1/kv/a/b", "a/b" },
	{ "a/", "/v1/kv/a/", "a/" },
	{ "", "/v1/kv/", "" },
	{ "a b?c#d%&+", "/v1/kv/a%20b%3Fc%23d%25%26%2B", "a b?c#d%&+" },
	{ "\u00fc", "/v1/kv/%C3%BC", "\u00fc" },
	{ "a/..b/.c", "/v1/kv/a/..b/.c", "a/..b/.c" },
	{ "a//b", NULL, "a/" },
	{ "/a", NULL, "" },
	{ "a/../b", NULL, "a/" },
	{ "a/.", NULL, "a/" },
	{ "a\nb", NULL, "a" },
	{ "a/b ", NULL, "a/b" },
	{ " a", NULL, "" },
	{ "a/.\n", NULL, "a/" },
	{ "a\u202eb", NULL, "a" },
};

static void test_paths(void)
{
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct kvs_str key = kvs_s(paths[i].key);
		struct kvs_buf b KVS_AUTO_BUF;

		kvs_buf_init(&b, 1000);
		consul_path_kv(&b, key);
		is_int(consul_path_ok(key), paths[i].path != NULL, "\"%s\" as a path",
		       paths[i].key);
		if (paths[i].path)
			is_str(b.data, paths[i].path, "\"%s\" is encoded", paths[i].key);
		is_slice(consul_path_safe_prefix(key), kvs_s(paths[i].safe),
			 "what of \"%s\" can be asked for", paths[i].key);
	}
}

/* ---- transactions ---- */

static const struct {
	uint32_t type, cond;
	const char *lease;
	const char *want; /* with K for the key */
} ops[] = {
	{ KVS_OP_PUT, KVS_COND_NONE, NULL,
	  "{\"KV\":{\"Verb\":\"set\",\"Key\":\"k\",\"Flags\":3,\"Value\":\"dg==\"}}" },
	{ KVS_OP_PUT, KVS_COND_ABSENT, NULL,
	  "{\"KV\":{\"Verb\":\"cas\",\"Key\":\"k\",\"Index\":0,\"Flags\":3,\"Value\":\"dg==\"}}" },
	{ KVS_OP_PUT, KVS_COND_INDEX, NULL,
	  "{\"KV\":{\"Verb\":\"cas\",\"Key\":\"k\",\"Index\":9,\"Flags\":3,\"Value\":\"dg==\"}}" },
	{ KVS_OP_PUT, KVS_COND_INDEX, "s",
	  "{\"KV\":{\"Verb\":\"check-index\",\"Key\":\"k\",\"Index\":9}},"
	  "{\"KV\":{\"Verb\":\"lock\",\"Key\":\"k\",\"Session\":\"s\",\"Flags\":3,"
	  "\"Value\":\"dg==\"}}" },
	{ KVS_OP_PUT, KVS_COND_LEASE, "s",
	  "{\"KV\":{\"Verb\":\"check-session\",\"Key\":\"k\",\"Session\":\"s\"}},"
	  "{\"KV\":{\"Verb\":\"lock\",\"Key\":\"k\",\"Session\":\"s\",\"Flags\":3,"
	  "\"Value\":\"dg==\"}}" },
	{ KVS_OP_DELETE, KVS_COND_NONE, NULL, "{\"KV\":{\"Verb\":\"delete\",\"Key\":\"k\"}}" },
	{ KVS_OP_DELETE, KVS_COND_INDEX, NULL,
	  "{\"KV\":{\"Verb\":\"check-index\",\"Key\":\"k\",\"Index\":9}},"
	  "{\"KV\":{\"Verb\":\"delete\",\"Key\":\"k\"}}" },
	{ KVS_OP_DELETE_PREFIX, KVS_COND_NONE, NULL,
	  "{\"KV\":{\"Verb\":\"delete-tree\",\"Key\":\"k\"}}" },
	{ KVS_OP_CHECK, KVS_COND_ABSENT, NULL,
	  "{\"KV\":{\"Verb\":\"check-not-exists\",\"Key\":\"k\"}}" },
	{ KVS_OP_CHECK, KVS_COND_INDEX, NULL,
	  "{\"KV\":{\"Verb\":\"check-index\",\"Key\":\"k\",\"Index\":9}}" },
};

static void test_txn_text(void)
{
	uint8_t map[CONSUL_MAX_OPS];

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		struct kvs_op op = KVS_OP_INIT;
		struct kvs_buf b KVS_AUTO_BUF;
		struct kvs_err err = { 0 };
		char want[512];

		op.type = ops[i].type;
		op.cond = ops[i].cond;
		op.key = kvs_s("k");
		op.value = kvs_s(op.type == KVS_OP_PUT ? "v" : "");
		op.flags = 3;
		op.index = 9;
		op.lease = kvs_s(ops[i].lease);
		kvs_buf_init(&b, 4096);
		(void)snprintf(want, sizeof(want), "[%s]", ops[i].want);
		is_code(consul_txn_encode("", &op, 1, &b, map, &err), 0, &err, "operation %zu", i);
		is_str(b.data, want, "as JSON");
		ok(consul_op_size(&op) >= b.len - 2, "is not bigger than it was said to be");
	}
}

static void test_txn_results(void)
{
	static const uint8_t map[CONSUL_MAX_OPS] = { 0, 0, 1, 2 };
	struct consul_answer answer = { .status = 409 };
	struct kvs_reply reply = { .failed_op = -1 };
	struct kvs_err err = { 0 };

	answer.text = kvs_s("{\"Results\":null,\"Errors\":[{\"OpIndex\":2,\"What\":\"stale\"}]}");
	is_err(consul_txn_decode(&answer, map, &reply, &err), KVS_E_CONFLICT, &err, "stale",
	       "a condition that did not hold");
	is_int(reply.failed_op, 1, "it names our operation, not Consul's");
	answer.text = kvs_s("{\"Errors\":[{\"OpIndex\":0,\"What\":\"Permission denied\"}]}");
	is_code(consul_txn_decode(&answer, map, &reply, &err), KVS_E_DENIED, &err, "access rules");
	answer.text = kvs_s("");
	is_code(consul_txn_decode(&answer, map, &reply, &err), KVS_E_PROTOCOL, &err, "no text");
	answer.status = 200;
	answer.text = kvs_s(
		"{\"Results\":[{\"KV\":{\"ModifyIndex\":3}},{\"KV\":{\"ModifyIndex\":8}}],"
		"\"Errors\":null}");
	is_code(consul_txn_decode(&answer, map, &reply, &err), 0, &err, "success");
	is_uint(reply.index, 8, "has the index of the write");
	answer.text = kvs_s("<html>");
	is_code(consul_txn_decode(&answer, map, &reply, &err), KVS_E_PROTOCOL, &err, "HTML");
}

int main(void)
{
	test_cuts();
	test_ends();
	test_malformed();
	test_strings();
	test_paths();
	test_txn_text();
	test_txn_results();
	return tap_end();
}
