/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transactions as JSON.  One operation of ours becomes one or two of Consul's, since not every
 * condition has a verb of its own that writes, too.
 */
#include "backends/consul/consul.h"
#include "backends/consul/consul_status.h"

#include "base/base64.h"
#include "base/err.h"
#include "base/json.h"
#include "base/str.h"

#include <inttypes.h>
#include <string.h>

enum member {
	HAS_VALUE = 1, /* value and flags */
	HAS_INDEX = 2,
	HAS_SESSION = 4,
};

struct verb {
	const char *name;
	unsigned int has;
};

static const struct verb verb_set = { "set", HAS_VALUE };
static const struct verb verb_cas = { "cas", HAS_VALUE | HAS_INDEX };
static const struct verb verb_lock = { "lock", HAS_VALUE | HAS_SESSION };
static const struct verb verb_delete = { "delete", 0 };
static const struct verb verb_delete_tree = { "delete-tree", 0 };
static const struct verb verb_check_index = { "check-index", HAS_INDEX };
static const struct verb verb_check_absent = { "check-not-exists", 0 };
static const struct verb verb_check_session = { "check-session", HAS_SESSION };

/* ---- writing ---- */

static const struct verb *check_of(const struct kvs_op *op)
{
	switch (op->cond) {
	case KVS_COND_ABSENT:
		return &verb_check_absent;
	case KVS_COND_INDEX:
		return &verb_check_index;
	case KVS_COND_LEASE:
		return &verb_check_session;
	default:
		return NULL;
	}
}

/* The verbs of an operation, a check first. */
static size_t verbs_of(const struct kvs_op *op, const struct verb *ret[2])
{
	const struct verb *check = check_of(op);
	size_t n = 0;

	if (op->type == KVS_OP_PUT && !op->lease.n) {
		ret[0] = check ? &verb_cas : &verb_set; /* index 0: create only */
		return 1;
	}
	if (check)
		ret[n++] = check;
	if (op->type == KVS_OP_PUT)
		ret[n++] = &verb_lock;
	else if (op->type == KVS_OP_DELETE)
		ret[n++] = &verb_delete;
	else if (op->type == KVS_OP_DELETE_PREFIX)
		ret[n++] = &verb_delete_tree;
	return n;
}

static void encode_verb(struct kvs_buf *b, const char *room, const struct kvs_op *op,
			const struct verb *verb)
{
	kvs_buf_fmt(b, "{\"KV\":{\"Verb\":\"%s\",\"Key\":", verb->name);
	consul_json_string(b, op->key);
	if (verb->has & HAS_INDEX)
		kvs_buf_fmt(b, ",\"Index\":%" PRIu64, op->cond == KVS_COND_INDEX ? op->index : 0);
	if (verb->has & HAS_SESSION) {
		kvs_buf_str(b, ",\"Session\":");
		consul_json_string(b, op->lease);
	}
	if (verb->has & HAS_VALUE) {
		kvs_buf_fmt(b, ",\"Flags\":%" PRIu64 ",\"Value\":\"", op->flags);
		kvs_base64_encode(b, op->value);
		kvs_buf_char(b, '"');
	}
	kvs_buf_fmt(b, "%s}}", room);
}

/* An upper bound, so that what passes the check is taken by the server. */
uint64_t consul_op_size(const struct kvs_op *op)
{
	const uint64_t frame = sizeof("{\"KV\":{\"Verb\":\"check-not-exists\",\"Key\":,\"Index\":"
				      ",\"Session\":,\"Flags\":,\"Value\":\"\","
				      "\"Namespace\":,\"Partition\":}},") +
			       40 + 2 * CONSUL_MAX_ROOM;
	const struct verb *verbs[2];
	size_t n = verbs_of(op, verbs);

	return n * (frame + consul_json_string_size(op->key) + consul_json_string_size(op->lease)) +
	       (op->value.n + 2) / 3 * 4;
}

int consul_txn_encode(const char *room, const struct kvs_op *ops, uint64_t n, struct kvs_buf *body,
		      uint8_t *map, struct kvs_err *err)
{
	const struct verb *verbs[2];
	size_t total = 0;

	kvs_buf_char(body, '[');
	for (uint64_t i = 0; i < n; i++) {
		size_t n_verbs = verbs_of(&ops[i], verbs);

		for (size_t v = 0; v < n_verbs; v++) {
			if (total == CONSUL_MAX_OPS)
				return kvs_err_set(err, KVS_E_TOOBIG,
						   "the transaction needs more than %d operations "
						   "of Consul's",
						   CONSUL_MAX_OPS);
			if (total)
				kvs_buf_char(body, ',');
			map[total++] = (uint8_t)i;
			encode_verb(body, room, &ops[i], verbs[v]);
		}
	}
	kvs_buf_char(body, ']');
	return kvs_buf_check(body, "the transaction's text", err);
}

int consul_txn_call(struct consul *c, struct kvs_buf *body, const struct consul_call_spec *base,
		    struct consul_call **ret_call, struct kvs_err *err)
{
	struct consul_call_spec spec = *base;
	struct kvs_buf path;

	kvs_buf_init(&path, 64);
	kvs_buf_str(&path, "/v1/txn");
	spec.method = "PUT";
	spec.path = &path;
	spec.body_text = body;
	return consul_call_start(c, &spec, ret_call, err);
}

/* ---- results ---- */

static uint64_t number_of(struct json_object *json, const char *name)
{
	uint64_t n = 0;

	(void)kvs_json_number(kvs_json_member(json, name), &n);
	return n;
}

static int not_a_result(struct kvs_err *err)
{
	return kvs_err_set(err, KVS_E_PROTOCOL, "the answer is not a transaction's result");
}

/* All writes of one transaction have its index; checks have older ones. */
static uint64_t index_of(struct json_object *results)
{
	size_t n = json_object_is_type(results, json_type_array) ? json_object_array_length(results)
								 : 0;
	uint64_t highest = 0;

	for (size_t i = 0; i < n; i++) {
		struct json_object *result = json_object_array_get_idx(results, i);
		uint64_t index = number_of(kvs_json_member(result, "KV"), "ModifyIndex");

		if (index > highest)
			highest = index;
	}
	return highest;
}

static int read_errors(struct json_object *errors, const uint8_t *map, struct kvs_reply *reply,
		       struct kvs_err *err)
{
	struct json_object *first, *what;
	uint64_t op;
	const char *words;
	int code;

	if (!json_object_is_type(errors, json_type_array) || !json_object_array_length(errors))
		return not_a_result(err);
	first = json_object_array_get_idx(errors, 0);
	what = kvs_json_member(first, "What");
	words = json_object_is_type(what, json_type_string) ? json_object_get_string(what) : "";
	op = number_of(first, "OpIndex");
	if (op < CONSUL_MAX_OPS)
		reply->failed_op = map[op];
	code = consul_status_of_words(kvs_s(words));
	return kvs_err_set(err, code ? code : KVS_E_CONFLICT, "%s", KVS_Q(kvs_s(words)));
}

int consul_txn_decode(const struct consul_answer *answer, const uint8_t *map,
		      struct kvs_reply *reply, struct kvs_err *err)
{
	struct json_object *json = kvs_json_parse(answer->text);
	struct json_object *results = NULL;
	int code = 0;

	if (answer->status == 409)
		code = read_errors(kvs_json_member(json, "Errors"), map, reply, err);
	else if (answer->status != 200 || !json_object_object_get_ex(json, "Results", &results))
		code = not_a_result(err);
	else
		reply->index = index_of(results);
	(void)json_object_put(json);
	return code;
}
