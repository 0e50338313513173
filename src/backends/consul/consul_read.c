/* SPDX-License-Identifier: Apache-2.0 */
/* Reads: get, list, index, status. */
#include "backends/consul/consul.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/json.h"
#include "base/rand.h"
#include "base/str.h"

#include <inttypes.h>
#include <string.h>

#define MAX_PATH_BYTES (16u << 10)

/* An answer that has no index is not Consul's. */
static int check_answer(struct consul_request *r, const struct consul_answer *answer,
			struct kvs_err *err)
{
	if (answer->code)
		return kvs_err_copy(err, answer->code, answer->err);
	if (!answer->header->index || (answer->status != 200 && answer->status != 404))
		return consul_call_nonsense(r->call, err);
	return 0;
}

/* ---- get ---- */

struct get {
	struct consul_request r;
	struct kvs_buf value;
	bool found;
	char key[]; /* NUL-terminated */
};

static void get_release(struct consul_request *r)
{
	struct get *g = (struct get *)r;

	kvs_buf_release(&g->value);
	kvsi_free(g);
}

static const struct consul_request_ops get_ops = { .release = get_release };

static int take_entry(void *arg, struct json_object *member, struct kvs_err *err)
{
	struct get *g = arg;
	struct kvs_entry entry;
	int code = consul_entry_read(member, false, &g->value, &entry, err);

	if (code)
		return code;
	if (g->found || !kvs_str_eq(entry.key, kvs_s(g->key)))
		return kvs_err_set(err, KVS_E_PROTOCOL, "the answer is about %s", KVS_Q(entry.key));
	g->found = true;
	return kvs_replyq_entry(&g->r.c->q, g->r.tag, &entry, err);
}

static int not_found(const struct get *g, struct kvs_err *err)
{
	return kvs_err_set(err, KVS_E_NOTFOUND, "no key %s", KVS_Q(kvs_s(g->key)));
}

static int decode_get(struct get *g, struct kvs_str text, struct kvs_err *err)
{
	struct consul_array array;
	int code = consul_array_init(&array, err);

	if (!code)
		code = consul_array_feed(&array, text.p, text.n, take_entry, g, err);
	if (!code)
		code = consul_array_end(&array, err);
	consul_array_release(&array);
	if (!code && !g->found)
		code = kvs_err_set(err, KVS_E_PROTOCOL, "the answer has no entry");
	return code ? consul_call_context(g->r.call, code, err) : 0;
}

static void get_done(void *arg, const struct consul_answer *answer)
{
	struct get *g = arg;
	struct kvs_reply reply = { .failed_op = -1, .index = answer->header->index };
	struct kvs_err err = { 0 };
	int code = check_answer(&g->r, answer, &err);

	if (!code)
		code = answer->status == 404 ? not_found(g, &err)
					     : decode_get(g, answer->text, &err);
	consul_request_done(&g->r, code, &reply, &err);
}

static int get_by_path(struct get *g, const struct kvs_request *req, struct kvs_err *err)
{
	struct kvs_buf path;
	const struct consul_call_spec spec = {
		.method = "GET",
		.what = "get",
		.about = req->key,
		.path = &path,
		.reading = true,
		.flags = req->flags,
		.done = get_done,
		.arg = g,
	};

	kvs_buf_init(&path, MAX_PATH_BYTES);
	consul_path_kv(&path, req->key);
	return consul_call_start(g->r.c, &spec, &g->r.call, err);
}

/* A read in a transaction names the key in its body.  One that access rules hide has no result,
 * one that is not there is an error. */
static int decode_txn_get(struct get *g, const struct consul_answer *answer, struct kvs_err *err)
{
	struct json_object *json = kvs_json_parse(answer->text);
	struct json_object *results = kvs_json_member(json, "Results");
	struct kvs_err why = { 0 };
	int code;

	if (answer->status == 409 && kvs_json_member(json, "Errors"))
		code = not_found(g, err);
	else if (json_object_is_type(results, json_type_array) &&
		 json_object_array_length(results) == 0)
		code = kvs_err_set(&why, KVS_E_DENIED, "access rules hide the key");
	else
		code = take_entry(g, kvs_json_member(json_object_array_get_idx(results, 0), "KV"),
				  &why);
	(void)json_object_put(json);
	if (why.code)
		(void)kvs_err_copy(err, consul_call_context(g->r.call, code, &why), &why);
	return code;
}

static void txn_get_done(void *arg, const struct consul_answer *answer)
{
	struct get *g = arg;
	struct kvs_reply reply = { .failed_op = -1 };
	struct kvs_err err = { 0 };
	int code = answer->code ? kvs_err_copy(&err, answer->code, answer->err)
				: decode_txn_get(g, answer, &err);

	consul_request_done(&g->r, code, &reply, &err);
}

static int get_by_txn(struct get *g, const struct kvs_request *req, struct kvs_err *err)
{
	struct kvs_buf body;
	const struct consul_call_spec base = {
		.what = "get",
		.about = req->key,
		.reading = true,
		.flags = req->flags,
		.done = txn_get_done,
		.arg = g,
	};

	kvs_buf_init(&body, MAX_PATH_BYTES);
	kvs_buf_str(&body, "[{\"KV\":{\"Verb\":\"get\",\"Key\":");
	consul_json_string(&body, req->key);
	kvs_buf_fmt(&body, "%s}}]", g->r.c->config.room);
	return consul_txn_call(g->r.c, &body, &base, &g->r.call, err);
}

int consul_get(void *conn, uint64_t tag, const struct kvs_request *req, struct kvs_err *err)
{
	struct consul_request *r;
	struct get *g;
	int code = consul_request_new(conn, tag, sizeof(*g) + req->key.n + 1, &get_ops, &r, err);

	if (code)
		return code;
	g = (struct get *)r;
	kvs_buf_init(&g->value, CONSUL_MAX_ANSWER);
	memcpy(g->key, req->key.p, req->key.n);
	code = consul_path_ok(req->key) ? get_by_path(g, req, err) : get_by_txn(g, req, err);
	if (code)
		consul_request_drop(r);
	return code;
}

/* ---- list ---- */

struct list {
	struct consul_request r;
	struct consul_array array;
	struct kvs_buf value;
	struct kvs_buf last; /* the last name told, or `after` */
	bool keys_only;
	bool stopped; /* the limit is reached */
	uint64_t limit;
	struct kvs_reply reply;
	char *prefix, *after, *separator;
	size_t prefix_n, after_n, separator_n;
};

static void list_release(struct consul_request *r)
{
	struct list *l = (struct list *)r;

	consul_array_release(&l->array);
	kvs_buf_release(&l->value);
	kvs_buf_release(&l->last);
	kvsi_free(l->prefix);
	kvsi_free(l->after);
	kvsi_free(l->separator);
	kvsi_free(l);
}

static const struct consul_request_ops list_ops = { .release = list_release };

/* Tells one name, unless it folds to the one before. */
static int tell_name(struct list *l, const struct kvs_entry *entry, struct kvs_err *err)
{
	struct kvs_str separator = { l->separator, l->separator_n };
	struct kvs_entry e = *entry;
	struct kvs_str name;

	if (kvs_str_fold(entry->key, l->prefix_n, separator, &name)) {
		if (kvs_str_eq(name, kvs_buf_slice(&l->last)))
			return 0;
		e = (struct kvs_entry){ .size = sizeof(e), .info = KVS_ENTRY_FOLDED, .key = name };
	}
	if (l->limit && l->reply.count == l->limit) {
		l->reply.flags |= KVS_REPLY_MORE;
		l->stopped = true;
		return KVS_E_CANCELED;
	}
	kvs_buf_reset(&l->last);
	kvs_buf_add(&l->last, name.p, name.n);
	l->reply.count++;
	return kvs_replyq_entry(&l->r.c->q, l->r.tag, &e, err);
}

static int tell_entry(struct list *l, const struct kvs_entry *entry, struct kvs_err *err)
{
	if (!kvs_str_starts(entry->key, kvs_sn(l->prefix, l->prefix_n)))
		return 0; /* the server was asked for a wider prefix */
	if (l->after_n && kvs_str_cmp(entry->key, kvs_sn(l->after, l->after_n)) <= 0)
		return 0;
	return tell_name(l, entry, err);
}

static int take_listed_entry(void *arg, struct json_object *member, struct kvs_err *err)
{
	struct list *l = arg;
	struct kvs_entry entry;
	int code = consul_entry_read(member, l->keys_only, &l->value, &entry, err);

	return code ? code : tell_entry(l, &entry, err);
}

static int take_listed_key(void *arg, struct json_object *member, struct kvs_err *err)
{
	struct kvs_entry entry = { .size = sizeof(entry) };

	if (!json_object_is_type(member, json_type_string))
		return kvs_err_set(err, KVS_E_PROTOCOL,
				   "the list of keys has something else in it");
	entry.key = kvs_sn(json_object_get_string(member),
			   (size_t)json_object_get_string_len(member));
	return tell_entry(arg, &entry, err);
}

static int list_body(void *arg, const struct consul_header *header, const void *p, size_t n,
		     struct kvs_err *err)
{
	struct list *l = arg;

	(void)header;
	return consul_array_feed(&l->array, p, n,
				 l->keys_only ? take_listed_key : take_listed_entry, l, err);
}

static void list_finish(struct list *l, int code, const struct kvs_err *err)
{
	if (l->r.c->acl == CONSUL_ACL_SOME)
		l->reply.flags |= KVS_REPLY_FILTERED;
	consul_request_done(&l->r, code, &l->reply, err);
}

static void list_acl_done(void *arg, const struct consul_answer *answer)
{
	struct list *l = arg;

	consul_acl_learn(l->r.c, answer);
	if (l->r.c->acl == CONSUL_ACL_UNKNOWN)
		l->reply.flags |= KVS_REPLY_FILTERED;
	list_finish(l, 0, NULL);
}

/* The list is there; may something be missing from it? */
static void list_ending(struct list *l, const struct consul_header *header)
{
	struct kvs_err err = { 0 };
	int code;

	l->reply.index = header->index;
	if (header->filtered)
		l->reply.flags |= KVS_REPLY_FILTERED;
	if (header->filtered || header->tells_filtered) {
		consul_request_done(&l->r, 0, &l->reply, NULL);
		return;
	}
	if (l->r.c->acl != CONSUL_ACL_UNKNOWN) {
		list_finish(l, 0, NULL);
		return;
	}
	code = consul_acl_call(l->r.c, list_acl_done, l, &l->r.call, &err);
	if (code)
		list_finish(l, code, &err);
}

static void list_done(void *arg, const struct consul_answer *answer)
{
	struct list *l = arg;
	struct kvs_err err = { 0 };
	int code = l->stopped ? 0 : check_answer(&l->r, answer, &err);

	if (!code && !l->stopped && answer->status == 200)
		code = consul_array_end(&l->array, &err)
			       ? consul_call_context(l->r.call, err.code, &err)
			       : 0;
	if (code)
		consul_request_done(&l->r, code, &l->reply, &err);
	else
		list_ending(l, answer->header);
}

static int list_call(struct list *l, const struct kvs_request *req, struct kvs_err *err)
{
	struct kvs_str asked = consul_path_safe_prefix(req->key);
	struct kvs_buf path;
	const struct consul_call_spec spec = {
		.method = "GET",
		.what = "list",
		.about = req->key,
		.path = &path,
		.reading = true,
		.flags = req->flags,
		.body = list_body,
		.done = list_done,
		.arg = l,
	};

	kvs_buf_init(&path, MAX_PATH_BYTES);
	consul_path_kv(&path, asked);
	kvs_buf_str(&path, l->keys_only ? "?keys" : "?recurse");
	/* The server folds as we do, but only behind the prefix that it is asked for. */
	if (l->keys_only && l->separator_n && asked.n == req->key.n) {
		kvs_buf_str(&path, "&separator=");
		consul_path_encode(&path, req->separator);
	}
	return consul_call_start(l->r.c, &spec, &l->r.call, err);
}

static int list_begin(struct list *l, const struct kvs_request *req, struct kvs_err *err)
{
	int code = consul_array_init(&l->array, err);

	if (code)
		return code;
	l->prefix = kvs_memdup0(req->key.p, req->key.n);
	l->after = kvs_memdup0(req->after.p, req->after.n);
	l->separator = kvs_memdup0(req->separator.p, req->separator.n);
	if (!l->prefix || !l->after || !l->separator)
		return kvs_err_oom(err);
	l->prefix_n = req->key.n;
	l->after_n = req->after.n;
	l->separator_n = req->separator.n;
	l->keys_only = req->flags & KVS_KEYS_ONLY;
	l->limit = req->limit;
	l->reply.failed_op = -1;
	kvs_buf_init(&l->value, CONSUL_MAX_ANSWER);
	kvs_buf_init(&l->last, MAX_PATH_BYTES);
	kvs_buf_add(&l->last, req->after.p, req->after.n);
	return list_call(l, req, err);
}

int consul_list(void *conn, uint64_t tag, const struct kvs_request *req, struct kvs_err *err)
{
	struct consul_request *r;
	int code = consul_request_new(conn, tag, sizeof(struct list), &list_ops, &r, err);

	if (code)
		return code;
	code = list_begin((struct list *)r, req, err);
	if (code)
		consul_request_drop(r);
	return code;
}

/* ---- index and status ---- */

struct small {
	struct consul_request r;
	size_t step;
};

static void small_release(struct consul_request *r)
{
	kvsi_free(r);
}

static const struct consul_request_ops small_ops = { .release = small_release };

static int small_call(struct small *s, const char *target, const char *what, bool reading,
		      uint32_t flags, void (*done)(void *arg, const struct consul_answer *answer),
		      struct kvs_err *err)
{
	struct kvs_buf path;
	const struct consul_call_spec spec = {
		.method = "GET",
		.what = what,
		.path = &path,
		.reading = reading,
		.flags = flags,
		.done = done,
		.arg = s,
	};

	kvs_buf_init(&path, 128);
	kvs_buf_str(&path, target);
	return consul_call_start(s->r.c, &spec, &s->r.call, err);
}

static void index_done(void *arg, const struct consul_answer *answer)
{
	struct small *s = arg;
	struct kvs_reply reply = { .failed_op = -1, .index = answer->header->index };
	struct kvs_err err = { 0 };
	int code = check_answer(&s->r, answer, &err);

	consul_request_done(&s->r, code, &reply, &err);
}

/* The index of a prefix under which there is nothing is that of the whole key-value store, whatever
 * one may read of it. */
int consul_index(void *conn, uint64_t tag, const struct kvs_request *req, struct kvs_err *err)
{
	struct consul_request *r;
	char target[64];
	int code = consul_request_new(conn, tag, sizeof(struct small), &small_ops, &r, err);

	if (code)
		return code;
	(void)snprintf(target, sizeof(target), "/v1/kv/kvsync-%016" PRIx64 "?keys", kvs_rand_u64());
	code = small_call((struct small *)r, target, "index", true, req->flags, index_done, err);
	if (code)
		consul_request_drop(r);
	return code;
}

static const struct {
	const char *target;
	const char *name;
	bool optional; /* needs a right that we may not have */
} status_steps[] = {
	{ "/v1/status/leader", "leader", false },
	{ "/v1/status/peers", "members", false },
	{ "/v1/agent/self", "version", true },
};

/* The readable value of a step's answer. */
static bool read_status(size_t step, struct json_object *json, struct kvs_buf *value)
{
	struct json_object *config = kvs_json_member(json, "Config");
	size_t n = json_object_is_type(json, json_type_array) ? json_object_array_length(json) : 0;

	switch (step) {
	case 0:
		kvs_buf_str(value, json_object_is_type(json, json_type_string)
					   ? json_object_get_string(json)
					   : "");
		return json_object_is_type(json, json_type_string);
	case 1:
		for (size_t i = 0; i < n; i++)
			kvs_buf_fmt(value, "%s%s", i ? "," : "",
				    json_object_get_string(json_object_array_get_idx(json, i)));
		return json_object_is_type(json, json_type_array);
	default:
		config = kvs_json_member(config, "Version");
		kvs_buf_str(value, config ? json_object_get_string(config) : "");
		return config != NULL;
	}
}

static int tell_status(struct small *s, const struct consul_answer *answer, struct kvs_err *err)
{
	struct kvs_buf value KVS_AUTO_BUF;
	struct kvs_entry pair = { .size = sizeof(pair), .key = kvs_s(status_steps[s->step].name) };
	struct json_object *json = kvs_json_parse(answer->text);
	bool ok;

	kvs_buf_init(&value, 64 << 10);
	ok = answer->status == 200 && read_status(s->step, json, &value);
	(void)json_object_put(json);
	if (!ok)
		return consul_call_nonsense(s->r.call, err);
	pair.value = kvs_buf_slice(&value);
	return kvs_replyq_entry(&s->r.c->q, s->r.tag, &pair, err);
}

static int status_step(struct small *s, struct kvs_err *err);

static void status_done(void *arg, const struct consul_answer *answer)
{
	struct small *s = arg;
	struct kvs_reply reply = { .failed_op = -1 };
	struct kvs_err err = { 0 };
	int code = 0;

	if (!answer->code)
		code = tell_status(s, answer, &err);
	else if (!status_steps[s->step].optional)
		code = kvs_err_copy(&err, answer->code, answer->err);
	s->step++;
	if (!code && s->step < sizeof(status_steps) / sizeof(status_steps[0]))
		code = status_step(s, &err);
	else
		s->step = SIZE_MAX;
	if (code || s->step == SIZE_MAX)
		consul_request_done(&s->r, code, &reply, &err);
}

static int status_step(struct small *s, struct kvs_err *err)
{
	return small_call(s, status_steps[s->step].target, "status", false, 0, status_done, err);
}

int consul_status(void *conn, uint64_t tag, const struct kvs_request *req, struct kvs_err *err)
{
	struct consul_request *r;
	int code = consul_request_new(conn, tag, sizeof(struct small), &small_ops, &r, err);

	(void)req;
	if (code)
		return code;
	code = status_step((struct small *)r, err);
	if (code)
		consul_request_drop(r);
	return code;
}
