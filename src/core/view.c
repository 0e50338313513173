/* SPDX-License-Identifier: Apache-2.0 */
#include "core/core.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"

#include <string.h>

static bool trims(const struct kvs_store *store)
{
	return store->conn->be.caps & KVS_CAP_TRIM_SLASH;
}

/* Bytes that the full key takes at most. */
static size_t room(const struct kvs_store *store, struct kvs_str key)
{
	return store->prefix_n + key.n;
}

/* prefix + key, less one leading "/" where the store wants that. */
static struct kvs_str place(const struct kvs_store *store, struct kvs_str key, char **at)
{
	struct kvs_str full = { *at, room(store, key) };

	if (store->prefix_n)
		memcpy(*at, store->prefix, store->prefix_n);
	if (key.n)
		memcpy(*at + store->prefix_n, key.p, key.n);
	*at += full.n;
	if (trims(store) && full.n && *(const char *)full.p == '/')
		full = kvs_str_skip(full, 1);
	return full;
}

static bool key_is_a_lease(const struct kvs_request *req)
{
	return req->kind == KVS_REQ_LEASE;
}

/* What would name the view's prefix itself, or with a prefix's deletion everything in the view. */
static bool names_nothing(const struct kvs_request *req)
{
	uint64_t i;

	for (i = 0; i < req->n_ops; i++)
		if (!req->ops[i].key.n)
			return true;
	if (req->kind == KVS_REQ_WATCH)
		return !req->key.n && !(req->flags & KVS_PREFIX);
	return req->kind == KVS_REQ_GET && !req->key.n;
}

int view_map(const struct kvs_store *store, const struct kvs_request *req, struct mapped *ret_m,
	     struct kvs_err *err)
{
	struct mapped m = { .req = *req };
	size_t bytes = room(store, req->key) + room(store, req->after);
	uint64_t i;
	char *at;

	if (key_is_a_lease(req) || (!store->prefix && !trims(store))) {
		*ret_m = m;
		return 0;
	}
	if (store->prefix && names_nothing(req))
		return kvs_err_set(err, KVS_E_ARG, "key is empty");
	for (i = 0; i < req->n_ops; i++)
		bytes += room(store, req->ops[i].key);
	at = m.bytes = kvs_alloc(bytes);
	if (req->n_ops)
		m.ops = kvs_realloc_array(NULL, req->n_ops, sizeof(*m.ops));
	if (!m.bytes || (req->n_ops && !m.ops)) {
		mapped_release(&m);
		return kvs_err_oom(err);
	}
	m.req.key = place(store, req->key, &at);
	if (req->after.n)
		m.req.after = place(store, req->after, &at);
	for (i = 0; i < req->n_ops; i++) {
		m.ops[i] = req->ops[i];
		m.ops[i].key = place(store, req->ops[i].key, &at);
	}
	if (req->n_ops)
		m.req.ops = m.ops;
	*ret_m = m;
	return 0;
}

void mapped_release(struct mapped *m)
{
	kvsi_free(m->ops);
	kvsi_free(m->bytes);
	*m = (struct mapped){ 0 };
}

bool view_strip(const struct kvs_store *store, struct kvs_str *key)
{
	struct kvs_str prefix;

	if (!store->strip)
		return true;
	prefix = kvs_sn(store->prefix + (store->prefix_n - store->strip), store->strip);
	/* The prefix itself as a key is not in the view: it would have no name there. */
	if (key->n == prefix.n || !kvs_str_starts(*key, prefix))
		return false;
	*key = kvs_str_skip(*key, store->strip);
	return true;
}

int kvs_view(struct kvs_store *store, struct kvs_str prefix, struct kvs_store **ret_view,
	     struct kvs_err *err)
{
	struct kvs_store *view;

	if (!prefix.n)
		return kvs_err_set(err, KVS_E_ARG, "a view needs a prefix");
	view = kvs_zalloc(sizeof(*view));
	if (!view)
		return kvs_err_oom(err);
	view->prefix_n = store->prefix_n + prefix.n;
	view->prefix = kvs_alloc(view->prefix_n);
	if (!view->prefix) {
		kvsi_free(view);
		return kvs_err_oom(err);
	}
	if (store->prefix_n)
		memcpy(view->prefix, store->prefix, store->prefix_n);
	memcpy(view->prefix + store->prefix_n, prefix.p, prefix.n);
	view->conn = store->conn;
	view->parent = store;
	view->timeout = store->timeout;
	view->deadline = store->deadline;
	view->strip = view->prefix_n - (trims(store) && view->prefix[0] == '/');
	*ret_view = view;
	return 0;
}
