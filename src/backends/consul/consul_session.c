/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leases are sessions: of no node's health, with the shortest useful lock-delay, deleting their
 * keys at their end.  Consul takes a TTL from 10 s to 24 h and enforces it at up to twice its
 * length.
 */
#include "backends/consul/consul.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/json.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/str.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MIN_TTL_S 10u
#define MAX_TTL_S 86400u

struct lease {
	struct consul_request r;
	uint32_t op;
	uint64_t ttl; /* grant: in force, ms */
	char name[sizeof(((struct kvs_reply *)0)->lease)];
};

static void lease_release(struct consul_request *r)
{
	kvsi_free(r);
}

static const struct consul_request_ops lease_ops = { .release = lease_release };

/* ---- answers ---- */

/* Takes the session's name from {"ID": "..."}.  False: there is none. */
static bool read_name(struct json_object *json, struct kvs_reply *reply)
{
	struct json_object *id = kvs_json_member(json, "ID");
	const char *name = json_object_is_type(id, json_type_string) ? json_object_get_string(id)
								     : "";

	if (!*name || strlen(name) >= sizeof(reply->lease))
		return false;
	memcpy(reply->lease, name, strlen(name) + 1);
	return true;
}

/* Reads [{"ID": ..., "TTL": "15s"}]. */
static bool read_session(struct json_object *json, struct kvs_reply *reply)
{
	struct json_object *session, *ttl;

	if (!json_object_is_type(json, json_type_array) || !json_object_array_length(json))
		return false;
	session = json_object_array_get_idx(json, 0);
	ttl = kvs_json_member(session, "TTL");
	return read_name(session, reply) && json_object_is_type(ttl, json_type_string) &&
	       kvs_parse_duration_ms(json_object_get_string(ttl), &reply->ttl, NULL) == 0;
}

static int read_answer(const struct lease *l, const struct consul_answer *answer,
		       struct kvs_reply *reply, struct kvs_err *err)
{
	struct json_object *json = kvs_json_parse(answer->text);
	bool ok = false;

	if (l->op == KVS_LEASE_GRANT) {
		ok = read_name(json, reply);
		reply->ttl = l->ttl;
	} else if (l->op == KVS_LEASE_KEEPALIVE) {
		ok = read_session(json, reply);
	} else {
		ok = json_object_is_type(json, json_type_boolean) && json_object_get_boolean(json);
	}
	(void)json_object_put(json);
	return ok && answer->status == 200 ? 0 : consul_call_nonsense(l->r.call, err);
}

static int destroy(struct lease *l, struct kvs_err *err);

/* Ending a session that is not there succeeds with Consul; so it is looked for first. */
static void looked_for(void *arg, const struct consul_answer *answer)
{
	struct lease *l = arg;
	struct kvs_reply reply = { .failed_op = -1 };
	struct json_object *json = kvs_json_parse(answer->text);
	struct kvs_err err = { 0 };
	int code = answer->code;

	if (code)
		(void)kvs_err_copy(&err, code, answer->err);
	else if (!json_object_is_type(json, json_type_array))
		code = consul_call_nonsense(l->r.call, &err);
	else if (!json_object_array_length(json))
		code = kvs_err_set(&err, KVS_E_NOTFOUND, "no lease %s", KVS_Q(kvs_s(l->name)));
	else
		code = destroy(l, &err);
	(void)json_object_put(json);
	if (code)
		consul_request_done(&l->r, code, &reply, &err);
}

static void lease_done(void *arg, const struct consul_answer *answer)
{
	struct lease *l = arg;
	struct kvs_reply reply = { .failed_op = -1 };
	struct kvs_err err = { 0 };
	int code = answer->code;

	if (code)
		(void)kvs_err_copy(&err, code, answer->err);
	else if (answer->status == 404 && l->op != KVS_LEASE_GRANT)
		code = kvs_err_set(&err, KVS_E_NOTFOUND, "no lease %s", KVS_Q(kvs_s(l->name)));
	else
		code = read_answer(l, answer, &reply, &err);
	consul_request_done(&l->r, code, &reply, &err);
}

/* ---- asking ---- */

static int call(struct lease *l, const char *method, struct kvs_buf *path, struct kvs_buf *body,
		const char *what, void (*done)(void *arg, const struct consul_answer *answer),
		struct kvs_err *err)
{
	const struct consul_call_spec spec = {
		.method = method,
		.what = what,
		.about = kvs_s(l->name),
		.path = path,
		.body_text = body,
		/* Renewing and ending twice do no harm; a session made twice is left to its TTL. */
		.write = l->op == KVS_LEASE_GRANT,
		.done = done,
		.arg = l,
	};

	return consul_call_start(l->r.c, &spec, &l->r.call, err);
}

static int grant(struct lease *l, uint64_t ttl, struct kvs_err *err)
{
	struct kvs_buf path, body;
	uint64_t seconds = ttl / 1000 + (ttl % 1000 != 0);

	if (seconds < MIN_TTL_S || seconds > MAX_TTL_S) {
		seconds = seconds < MIN_TTL_S ? MIN_TTL_S : MAX_TTL_S;
		kvs_log(KVS_LOG_DEBUG,
			"consul: a session's ttl of %" PRIu64 " ms becomes %" PRIu64
			" s, the nearest that Consul takes",
			ttl, seconds);
	}
	l->ttl = seconds * 1000;
	kvs_buf_init(&path, 64);
	kvs_buf_str(&path, "/v1/session/create");
	kvs_buf_init(&body, 1024);
	kvs_buf_fmt(&body,
		    "{\"Name\":\"kvsync\",\"TTL\":\"%" PRIu64 "s\",\"LockDelay\":\"1s\","
		    "\"Behavior\":\"delete\",\"Checks\":[],\"NodeChecks\":[]}",
		    seconds);
	return call(l, "PUT", &path, &body, "lease grant", lease_done, err);
}

static int on_session(struct lease *l, const char *method, const char *verb, const char *what,
		      void (*done)(void *arg, const struct consul_answer *answer),
		      struct kvs_err *err)
{
	struct kvs_buf path;

	kvs_buf_init(&path, 1024);
	kvs_buf_fmt(&path, "/v1/session/%s/", verb);
	consul_path_encode(&path, kvs_s(l->name));
	return call(l, method, &path, NULL, what, done, err);
}

static int destroy(struct lease *l, struct kvs_err *err)
{
	return on_session(l, "PUT", "destroy", "lease revoke", lease_done, err);
}

static int start(struct lease *l, const struct kvs_request *req, struct kvs_err *err)
{
	if (req->lease_op == KVS_LEASE_GRANT)
		return grant(l, req->ttl, err);
	memcpy(l->name, req->key.p, req->key.n);
	if (req->lease_op == KVS_LEASE_KEEPALIVE)
		return on_session(l, "PUT", "renew", "lease keepalive", lease_done, err);
	return on_session(l, "GET", "info", "lease revoke", looked_for, err);
}

int consul_lease(void *conn, uint64_t tag, const struct kvs_request *req, struct kvs_err *err)
{
	struct consul_request *r;
	struct lease *l;
	int code = consul_request_new(conn, tag, sizeof(*l), &lease_ops, &r, err);

	if (code)
		return code;
	l = (struct lease *)r;
	l->op = req->lease_op;
	code = start(l, req, err);
	if (code)
		consul_request_drop(r);
	return code;
}
