/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocking calls: start + poll + dispatch until done or deadline.  Reads that failed in a way that
 * may pass are tried again until the deadline; so are writes that certainly did not happen.
 */
#include "core/core.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "core/call.h"

#include <errno.h>
#include <string.h>

#define RETRY_BASE_MS 50
#define RETRY_MAX_MS  1000

/* ---- one attempt ---- */

static void on_done(void *arg, int code, const struct kvs_reply *reply, const struct kvs_err *err)
{
	struct call *c = arg;

	c->done = true;
	c->code = code;
	c->reply = *reply;
	if (code && err)
		c->err = *err;
}

static int on_entry(void *arg, const struct kvs_entry *entry)
{
	struct call *c = arg;
	int code = c->fn ? c->fn(c->arg, entry) : 0;

	if (code)
		c->stopped = true;
	return code;
}

int call_begin(struct kvs_store *store, const struct kvs_request *req, struct call *c)
{
	struct kvs_callback cb = { .entry = on_entry, .done = on_done, .arg = c };

	c->done = c->stopped = false;
	c->code = kvs_start(store, req, &cb, &c->tag, &c->err);
	if (c->code)
		c->done = true;
	return c->code;
}

int call_wait(struct kvs_store *store, struct call *c)
{
	struct kvs_err why = { 0 };
	int code = 0;

	/* Whatever finished inside its start is there at the first dispatch, without a wait. */
	if (!c->done)
		code = kvs_dispatch(store, &why);
	while (!c->done && !code)
		code = kvs_poll(store, -1, &why);
	if (!c->done) {
		kvs_cancel(store, c->tag);
		c->code = code;
		c->err = why;
	}
	return c->code;
}

static int attempt(struct kvs_store *store, const struct kvs_request *req, struct call *c)
{
	if (call_begin(store, req, c))
		return c->code;
	return call_wait(store, c);
}

/* ---- trying again ---- */

int retry_begin(struct kvs_store *store, uint64_t timeout, struct retry *r, const char *what,
		struct kvs_err *err)
{
	uint64_t now = kvsi_monotonic_ms();

	*r = (struct retry){
		.backoff = { .base_ms = RETRY_BASE_MS, .max_ms = RETRY_MAX_MS },
	};
	if (__builtin_add_overflow(now, timeout ? timeout : store->timeout, &r->deadline))
		r->deadline = UINT64_MAX;
	if (store->deadline && store->deadline < r->deadline)
		r->deadline = store->deadline;
	return conn_not_in_callback(store->conn, what, err);
}

uint64_t retry_left(const struct retry *r)
{
	uint64_t now = kvsi_monotonic_ms();

	return r->deadline > now ? r->deadline - now : 0;
}

/* Keeps the store's other work going meanwhile. */
bool retry_pause(struct kvs_store *store, struct retry *r)
{
	uint64_t until = kvsi_monotonic_ms() + kvs_backoff_next(&r->backoff);
	uint64_t now;

	if (until >= r->deadline)
		return false;
	store->retries++;
	while ((now = kvsi_monotonic_ms()) < until)
		if (kvs_poll(store, (int)(until - now), NULL))
			return false;
	return true;
}

bool call_may_pass(int code, const struct kvs_err *err)
{
	return code == KVS_E_UNAVAILABLE && err->sys_errno != EKEYREJECTED;
}

/* A time-out behind a failure: that says more. */
static void recall(struct call *c, const struct kvs_err *before)
{
	struct kvs_err why = c->err;

	if (c->code == KVS_E_TIMEOUT && before->code)
		(void)kvs_err_set(&c->err, c->code, "%s; before that: %s", why.msg, before->msg);
}

int call_retry(struct kvs_store *store, struct kvs_request *req, struct retry *r, struct call *c)
{
	struct kvs_err before = { 0 };
	uint64_t left;

	for (;;) {
		left = retry_left(r);
		if (!left && c->code == KVS_E_UNAVAILABLE)
			return c->code;
		req->timeout = left ? left : 1;
		attempt(store, req, c);
		if (!call_may_pass(c->code, &c->err) || c->stopped)
			break;
		before = c->err;
		if (!retry_pause(store, r))
			return c->code;
	}
	recall(c, &before);
	return c->code;
}

static int call(struct kvs_store *store, struct kvs_request *req, struct call *c, const char *what,
		struct kvs_err *err)
{
	struct retry r;
	int code = retry_begin(store, req->timeout, &r, what, err);

	if (code)
		return code;
	code = call_retry(store, req, &r, c);
	return code ? kvs_err_copy(err, code, &c->err) : 0;
}

/* ---- reads ---- */

static int keep_copy(void *arg, const struct kvs_entry *entry)
{
	struct kvs_entry **slot = arg;

	if (*slot) /* a retry */
		kvs_entry_free(*slot);
	*slot = NULL;
	return entry_copy(entry, slot, NULL);
}

/* Turns what keep_copy() and the reply say into the result of one get. */
static int finish_get(struct kvs_store *store, struct kvs_str key, const struct call *c,
		      struct kvs_entry *entry, struct kvs_err *err)
{
	if (c->stopped)
		return kvs_err_oom(err);
	if (c->code == KVS_E_NOTFOUND)
		return kvs_err_set(err, c->code, "no key %s in %s", KVS_Q(key), store->conn->name);
	if (c->code)
		return kvs_err_copy(err, c->code, &c->err);
	if (!entry)
		return kvs_err_set(err, KVS_E_PROTOCOL, "%s found %s but sent nothing",
				   store->conn->name, KVS_Q(key));
	return 0;
}

int kvs_get(struct kvs_store *store, struct kvs_str key, uint32_t flags,
	    struct kvs_entry **ret_entry, struct kvs_err *err)
{
	struct kvs_request req = KVS_REQUEST_INIT;
	struct kvs_entry *entry = NULL;
	struct call c = { .fn = keep_copy, .arg = &entry };
	struct retry r;
	int code = retry_begin(store, 0, &r, "kvs_get()", err);

	if (code)
		return code;
	req.kind = KVS_REQ_GET;
	req.key = key;
	req.flags = flags;
	(void)call_retry(store, &req, &r, &c);
	code = finish_get(store, key, &c, entry, err);
	if (code) {
		kvs_entry_free(entry);
		return code;
	}
	*ret_entry = entry;
	return 0;
}

static void free_entries(struct kvs_entry **entries, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		kvs_entry_free(entries[i]);
		entries[i] = NULL;
	}
}

/* One round: all that have no answer yet in flight together. */
static int get_round(struct kvs_store *store, const struct kvs_str *keys, size_t n,
		     struct kvs_request *req, struct call *calls, struct kvs_entry **entries,
		     struct kvs_err *err)
{
	int code, worst = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		if (calls[i].done && calls[i].code != KVS_E_UNAVAILABLE)
			continue;
		calls[i].fn = keep_copy;
		calls[i].arg = &entries[i];
		req->key = keys[i];
		(void)call_begin(store, req, &calls[i]);
	}
	for (i = 0; i < n; i++) {
		(void)call_wait(store, &calls[i]);
		if (calls[i].code == KVS_E_NOTFOUND)
			continue;
		code = finish_get(store, keys[i], &calls[i], entries[i], NULL);
		/* What a retry cannot mend decides. */
		if (code && (!worst || worst == KVS_E_UNAVAILABLE))
			worst = finish_get(store, keys[i], &calls[i], entries[i], err);
	}
	return worst;
}

int kvs_get_many(struct kvs_store *store, const struct kvs_str *keys, size_t n, uint32_t flags,
		 struct kvs_entry **ret_entries, struct kvs_err *err)
{
	struct kvs_request req = KVS_REQUEST_INIT;
	struct kvs_err why = { 0 };
	struct call *calls;
	struct retry r;
	int code = retry_begin(store, 0, &r, "kvs_get_many()", err);

	if (code || !n)
		return code;
	memset(ret_entries, 0, n * sizeof(struct kvs_entry *));
	calls = kvs_realloc_array(NULL, n, sizeof(*calls));
	if (!calls)
		return kvs_err_oom(err);
	memset(calls, 0, n * sizeof(*calls));
	req.kind = KVS_REQ_GET;
	req.flags = flags;
	do {
		req.timeout = retry_left(&r) ? retry_left(&r) : 1;
		code = get_round(store, keys, n, &req, calls, ret_entries, &why);
	} while (call_may_pass(code, &why) && retry_pause(store, &r));
	if (code)
		free_entries(ret_entries, n);
	kvsi_free(calls);
	return code ? kvs_err_copy(err, code, &why) : 0;
}

struct listing {
	int (*fn)(void *arg, const struct kvs_entry *entry);
	void *arg;
	char *last; /* where to go on if the connection breaks */
	size_t last_n;
	uint64_t count;
	int stop;
	bool oom;
};

static int list_entry(void *arg, const struct kvs_entry *entry)
{
	struct listing *l = arg;
	char *last = kvsi_realloc(l->last, entry->key.n);

	if (!last) {
		l->oom = true;
		return 1;
	}
	l->last = last;
	memcpy(last, entry->key.p, entry->key.n);
	l->last_n = entry->key.n;
	l->count++;
	l->stop = l->fn(l->arg, entry);
	return l->stop;
}

int kvs_list(struct kvs_store *store, const struct kvs_request *req,
	     int (*fn)(void *arg, const struct kvs_entry *entry), void *arg,
	     struct kvs_reply *ret_reply, struct kvs_err *err)
{
	struct listing l = { .fn = fn, .arg = arg };
	struct call c = { .fn = list_entry, .arg = &l };
	struct kvs_request part = *req;
	struct retry r;
	int code = retry_begin(store, req->timeout, &r, "kvs_list()", err);

	if (code)
		return code;
	part.kind = KVS_REQ_LIST;
	do {
		part.timeout = retry_left(&r) ? retry_left(&r) : 1;
		if (l.last) {
			part.after = kvs_sn(l.last, l.last_n);
			part.limit = req->limit ? req->limit - l.count : 0;
		}
		code = attempt(store, &part, &c);
	} while (call_may_pass(code, &c.err) && !(req->limit && l.count >= req->limit) &&
		 retry_pause(store, &r));
	kvsi_free(l.last);
	if (l.oom)
		return kvs_err_oom(err);
	if (code)
		return kvs_err_copy(err, code, &c.err);
	c.reply.count = l.count;
	if (ret_reply)
		*ret_reply = c.reply;
	return 0;
}

int kvs_index(struct kvs_store *store, uint64_t *ret_index, struct kvs_err *err)
{
	struct kvs_request req = KVS_REQUEST_INIT;
	struct call c = { 0 };
	int code;

	req.kind = KVS_REQ_INDEX;
	code = call(store, &req, &c, "kvs_index()", err);
	if (!code)
		*ret_index = c.reply.index;
	return code;
}

int kvs_status(struct kvs_store *store, int (*fn)(void *arg, const struct kvs_entry *pair),
	       void *arg, struct kvs_err *err)
{
	struct kvs_request req = KVS_REQUEST_INIT;
	struct call c = { .fn = fn, .arg = arg };

	req.kind = KVS_REQ_STATUS;
	return call(store, &req, &c, "kvs_status()", err);
}

int kvs_compact(struct kvs_store *store, uint64_t index, struct kvs_err *err)
{
	struct kvs_request req = KVS_REQUEST_INIT;
	struct call c = { 0 };

	req.kind = KVS_REQ_COMPACT;
	req.index = index;
	return call(store, &req, &c, "kvs_compact()", err);
}

/* ---- leases ---- */

static int lease_call(struct kvs_store *store, struct kvs_request *req, struct kvs_reply *ret_reply,
		      const char *what, struct kvs_err *err)
{
	struct call c = { 0 };
	int code;

	req->kind = KVS_REQ_LEASE;
	code = call(store, req, &c, what, err);
	if (!code && ret_reply)
		*ret_reply = c.reply;
	return code;
}

int kvs_lease_grant(struct kvs_store *store, uint64_t ttl_ms, struct kvs_reply *ret_reply,
		    struct kvs_err *err)
{
	struct kvs_request req = KVS_REQUEST_INIT;

	req.lease_op = KVS_LEASE_GRANT;
	req.ttl = ttl_ms;
	return lease_call(store, &req, ret_reply, "kvs_lease_grant()", err);
}

int kvs_lease_keepalive(struct kvs_store *store, struct kvs_str lease, struct kvs_reply *ret_reply,
			struct kvs_err *err)
{
	struct kvs_request req = KVS_REQUEST_INIT;
	struct kvs_reply reply;
	int code;

	req.lease_op = KVS_LEASE_KEEPALIVE;
	req.key = lease;
	code = lease_call(store, &req, &reply, "kvs_lease_keepalive()", err);
	if (code || !ret_reply)
		return code;
	/* Backends need not repeat the name, which fits: it was checked.  It may stand in *ret_reply. */
	memcpy(reply.lease, lease.p, lease.n);
	reply.lease[lease.n] = '\0';
	*ret_reply = reply;
	return 0;
}

int kvs_lease_revoke(struct kvs_store *store, struct kvs_str lease, struct kvs_err *err)
{
	struct kvs_request req = KVS_REQUEST_INIT;

	req.lease_op = KVS_LEASE_REVOKE;
	req.key = lease;
	return lease_call(store, &req, NULL, "kvs_lease_revoke()", err);
}
