/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/txn_read.h"

#include "base/base64.h"
#include "base/err.h"
#include "base/json.h"
#include "base/str.h"

#include <string.h>

#define JSON_DEPTH 4

struct reader {
	struct txn_ops *ops;
	struct json_tokener *tokener;
	size_t allocated;
	size_t line;
};

static int bad(struct kvs_err *err, const char *member, const char *expected)
{
	return kvs_err_set(err, KVS_E_ARG, "\"%s\" must be %s", member, expected);
}

/* A string, or {"base64": "..."}. */
static int take_bytes(struct kvs_buf *to, const char *member, struct json_object *value,
		      struct kvs_str *ret, struct kvs_err *err)
{
	size_t start = to->len;
	struct json_object *text = value;
	int code = 0;

	if (json_object_is_type(value, json_type_object) &&
	    !(json_object_object_length(value) == 1 &&
	      json_object_object_get_ex(value, "base64", &text)))
		text = NULL;
	if (!text || !json_object_is_type(text, json_type_string))
		return bad(err, member, "a string or {\"base64\": \"...\"}");
	if (text == value)
		kvs_buf_add(to, json_object_get_string(text),
			    (size_t)json_object_get_string_len(text));
	else
		code = kvs_base64_decode(to,
					 kvs_sn(json_object_get_string(text),
						(size_t)json_object_get_string_len(text)),
					 err);
	if (code)
		return kvs_err_context(err, code, "\"%s\"", member);
	*ret = kvs_sn(to->data + start, to->len - start);
	return kvs_buf_check(to, "the transaction", err);
}

static int take_uint(const char *member, struct json_object *value, uint64_t *ret,
		     struct kvs_err *err)
{
	if (!json_object_is_type(value, json_type_int) || json_object_get_int64(value) < 0)
		return bad(err, member, "a whole number");
	*ret = json_object_get_uint64(value);
	return 0;
}

static int take_op(struct json_object *value, struct kvs_op *op, struct kvs_err *err)
{
	static const struct {
		const char *name;
		uint32_t type;
	} types[] = {
		{ "put", KVS_OP_PUT },
		{ "delete", KVS_OP_DELETE },
		{ "delete-prefix", KVS_OP_DELETE_PREFIX },
		{ "check", KVS_OP_CHECK },
	};
	const char *name = json_object_get_string(value);

	for (size_t i = 0; name && i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(types[i].name, name) == 0) {
			op->type = types[i].type;
			return 0;
		}
	}
	return bad(err, "op", "put, delete, delete-prefix or check");
}

/* "cas": 0 asks that there is no such key. */
static int take_cas(struct json_object *value, struct kvs_op *op, struct kvs_err *err)
{
	int code = take_uint("cas", value, &op->index, err);

	op->cond = op->index ? KVS_COND_INDEX : KVS_COND_ABSENT;
	return code;
}

static int take_member(struct txn_ops *ops, const char *name, struct json_object *value,
		       struct kvs_op *op, struct kvs_err *err)
{
	if (strcmp(name, "op") == 0)
		return take_op(value, op, err);
	if (strcmp(name, "key") == 0)
		return take_bytes(&ops->bytes, name, value, &op->key, err);
	if (strcmp(name, "value") == 0)
		return take_bytes(&ops->bytes, name, value, &op->value, err);
	if (strcmp(name, "lease") == 0)
		return take_bytes(&ops->bytes, name, value, &op->lease, err);
	if (strcmp(name, "cas") == 0)
		return take_cas(value, op, err);
	if (strcmp(name, "flags") == 0)
		return take_uint(name, value, &op->flags, err);
	return kvs_err_set(err, KVS_E_ARG,
			   "unknown member \"%s\" (op, key, value, cas, flags, lease)",
			   KVS_Q(kvs_s(name)));
}

static bool has(struct json_object *line, const char *member)
{
	return json_object_object_get_ex(line, member, NULL);
}

/* What belongs to which operation. */
static int check_members(struct json_object *line, const struct kvs_op *op, struct kvs_err *err)
{
	if (!has(line, "op") || !has(line, "key"))
		return kvs_err_set(err, KVS_E_ARG, "\"%s\" is missing",
				   has(line, "op") ? "key" : "op");
	if (op->type == KVS_OP_PUT && !has(line, "value"))
		return kvs_err_set(err, KVS_E_ARG, "a put needs \"value\"");
	if (op->type != KVS_OP_PUT &&
	    (has(line, "value") || has(line, "flags") || has(line, "lease")))
		return kvs_err_set(err, KVS_E_ARG,
				   "\"value\", \"flags\" and \"lease\" belong to a put only");
	if (op->type == KVS_OP_CHECK && !has(line, "cas"))
		return kvs_err_set(err, KVS_E_ARG, "a check needs \"cas\"");
	if (op->type == KVS_OP_DELETE_PREFIX && has(line, "cas"))
		return kvs_err_set(err, KVS_E_ARG, "a delete-prefix takes no \"cas\"");
	return 0;
}

static int take_line(struct txn_ops *ops, struct json_object *line, struct kvs_op *op,
		     struct kvs_err *err)
{
	if (!json_object_is_type(line, json_type_object))
		return kvs_err_set(err, KVS_E_ARG, "expected one JSON object");
	json_object_object_foreach(line, name, value)
	{
		int code = take_member(ops, name, value, op, err);

		if (code)
			return code;
	}
	return check_members(line, op, err);
}

static int grow(struct reader *r, struct kvs_err *err)
{
	size_t n = r->allocated ? r->allocated * 2 : 16;
	struct kvs_op *ops = kvs_realloc_array(r->ops->ops, n, sizeof(*ops));
	size_t *lines;

	if (!ops)
		return kvs_err_oom(err);
	r->ops->ops = ops;
	lines = kvs_realloc_array(r->ops->lines, n, sizeof(*lines));
	if (!lines)
		return kvs_err_oom(err);
	r->ops->lines = lines;
	r->allocated = n;
	return 0;
}

static int add_line(struct reader *r, struct json_object *line, struct kvs_err *err)
{
	struct kvs_op op = KVS_OP_INIT;
	int code = take_line(r->ops, line, &op, err);

	if (!code && r->ops->n == r->allocated)
		code = grow(r, err);
	if (code)
		return code;
	r->ops->lines[r->ops->n] = r->line;
	r->ops->ops[r->ops->n++] = op;
	return 0;
}

static int read_line(struct reader *r, struct kvs_str text, struct kvs_err *err)
{
	struct json_object *line;
	int code;

	if (text.n > INT32_MAX)
		return kvs_err_set(err, KVS_E_ARG, "over %d bytes", INT32_MAX);
	json_tokener_reset(r->tokener);
	line = json_tokener_parse_ex(r->tokener, text.p, (int)text.n);
	if (json_tokener_get_error(r->tokener) == json_tokener_continue)
		return kvs_err_set(err, KVS_E_ARG, "the JSON object does not end on its line");
	if (json_tokener_get_error(r->tokener) != json_tokener_success)
		return kvs_err_set(err, KVS_E_ARG, "not JSON: %s at column %zu",
				   json_tokener_error_desc(json_tokener_get_error(r->tokener)),
				   json_tokener_get_parse_end(r->tokener) + 1);
	code = add_line(r, line, err);
	json_object_put(line);
	return code;
}

static bool is_blank(struct kvs_str s)
{
	const char *p = s.p;

	for (size_t i = 0; i < s.n; i++)
		if (p[i] != ' ' && p[i] != '\t' && p[i] != '\r')
			return false;
	return true;
}

static int read_lines(struct reader *r, struct kvs_str text, struct kvs_err *err)
{
	while (text.n) {
		const char *end = memchr(text.p, '\n', text.n);
		size_t n = end ? (size_t)(end - (const char *)text.p) : text.n;
		struct kvs_str line = kvs_sn(text.p, n);
		int code;

		r->line++;
		code = is_blank(line) ? 0 : read_line(r, line, err);
		if (code)
			return kvs_err_context(err, code, "line %zu", r->line);
		text = kvs_str_skip(text, n + (end != NULL));
	}
	return 0;
}

int txn_ops_read(struct kvs_str text, struct txn_ops *ret_ops, struct kvs_err *err)
{
	struct reader r = { .ops = ret_ops, .tokener = json_tokener_new_ex(JSON_DEPTH) };
	int code;

	*ret_ops = (struct txn_ops){ 0 };
	/* What is decoded is never longer than its text: with that room taken now, the bytes stay
	 * where the operations point. */
	kvs_buf_init(&ret_ops->bytes, text.n);
	if (!kvs_buf_reserve(&ret_ops->bytes, text.n) || !r.tokener) {
		json_tokener_free(r.tokener);
		return kvs_err_oom(err);
	}
	json_tokener_set_flags(r.tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	code = read_lines(&r, text, err);
	json_tokener_free(r.tokener);
	return code;
}

void txn_ops_release(struct txn_ops *ops)
{
	kvsi_free(ops->ops);
	kvsi_free(ops->lines);
	kvs_buf_release(&ops->bytes);
	*ops = (struct txn_ops){ 0 };
}
