/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/conformance/suite.h"

#include <string.h>
#include <time.h>

/* An open store and, with a view, its view. */
struct handle {
	struct kvs_store *root;
	struct kvs_store *store;
	struct handle *next;
};

uint64_t now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

struct kvs_store *t_open(struct t *t)
{
	struct handle *h = calloc(1, sizeof(*h));
	int code;

	if (!h)
		bail("no memory");
	code = kvs_open(t->file->url, NULL, &h->root, &t->err);
	if (code)
		bail("cannot open %s: %s", t->file->url, t->err.msg);
	h->store = h->root;
	if (t->file->view[0] && kvs_view(h->root, kvs_s(t->file->view), &h->store, &t->err))
		bail("no view: %s", t->err.msg);
	h->next = t->handles;
	t->handles = h;
	return h->store;
}

static void close_all(struct t *t)
{
	struct handle *h;

	while ((h = t->handles)) {
		t->handles = h->next;
		if (h->store != h->root)
			kvs_close(h->store);
		kvs_close(h->root);
		free(h);
	}
}

void t_reopen(struct t *t)
{
	close_all(t);
	t->store = t_open(t);
}

static void clean(struct t *t)
{
	struct kvs_op op = op_delete(kvs_s(t->ns));

	op.type = KVS_OP_DELETE_PREFIX;
	if (kvs_delete(t->store, &op, NULL, &t->err))
		fail("cleaning up: %s", t->err.msg);
}

void t_run(const struct store_file *file, const char *name, void (*fn)(struct t *t))
{
	struct t t = { .file = file };

	(void)snprintf(t.ns, sizeof(t.ns), "conformance/%s/", name);
	tap_in("%s", name);
	t.store = t_open(&t);
	t.caps = kvs_caps(t.store);
	kvs_store_limits(t.store, &t.limits);
	clean(&t);
	fn(&t);
	kvs_set_deadline(t.store, 0);
	clean(&t);
	close_all(&t);
	tap_in(NULL);
}

/* ---- keys and operations ---- */

struct kvs_str K(const struct t *t, const char *name) {
	static char buffers[64][256];
	static unsigned int next;
	char *buffer = buffers[next++ % 64];

	(void)snprintf(buffer, sizeof(buffers[0]), "%s%s", t->ns, name);
	return kvs_s(buffer);
}

struct kvs_str
bare(const struct t *t, struct kvs_str key)
{
	struct kvs_str ns = kvs_s(t->ns);

	return kvs_str_starts(key, ns) ? kvs_str_skip(key, ns.n) : key;
}

struct kvs_op op_put(struct kvs_str key, const char *value)
{
	struct kvs_op op = KVS_OP_INIT;

	op.type = KVS_OP_PUT;
	op.key = key;
	op.value = kvs_s(value);
	return op;
}

struct kvs_op op_delete(struct kvs_str key)
{
	struct kvs_op op = KVS_OP_INIT;

	op.type = KVS_OP_DELETE;
	op.key = key;
	return op;
}

struct kvs_op op_check(struct kvs_str key)
{
	struct kvs_op op = KVS_OP_INIT;

	op.type = KVS_OP_CHECK;
	op.key = key;
	return op;
}

struct kvs_op with_absent(struct kvs_op op)
{
	op.cond = KVS_COND_ABSENT;
	return op;
}

struct kvs_op with_index(struct kvs_op op, uint64_t index)
{
	op.cond = KVS_COND_INDEX;
	op.index = index;
	return op;
}

struct kvs_op with_lease_fence(struct kvs_op op, const char *lease)
{
	op.cond = KVS_COND_LEASE;
	op.lease = kvs_s(lease);
	return op;
}

int do_put(struct t *t, struct kvs_op op)
{
	return kvs_put(t->store, &op, NULL, &t->err);
}

int do_delete(struct t *t, struct kvs_op op)
{
	return kvs_delete(t->store, &op, NULL, &t->err);
}

int do_txn(struct t *t, const struct kvs_op *ops, size_t n)
{
	return kvs_txn(t->store, ops, n, 0, NULL, &t->err);
}

void set_on(struct t *t, struct kvs_store *store, const char *name, const char *value)
{
	struct kvs_op op = op_put(K(t, name), value);

	if (kvs_put(store, &op, NULL, &t->err))
		fail("putting %s: %s", name, t->err.msg);
}

void set(struct t *t, const char *name, const char *value)
{
	set_on(t, t->store, name, value);
}

void unset(struct t *t, const char *name)
{
	if (do_delete(t, op_delete(K(t, name))))
		fail("deleting %s: %s", name, t->err.msg);
}

struct kvs_entry *fetch(struct t *t, const char *name)
{
	struct kvs_entry *e = NULL;

	if (kvs_get(t->store, K(t, name), 0, &e, &t->err))
		fail("getting %s: %s", name, t->err.msg);
	return e;
}

uint64_t mod_of(struct t *t, const char *name)
{
	struct kvs_entry *e = NULL;
	uint64_t index = 0;

	if (kvs_get(t->store, K(t, name), 0, &e, &t->err) == 0)
		index = e->mod_index;
	kvs_entry_free(e);
	return index;
}

bool check_value(struct tap_at at, struct t *t, struct kvs_store *store, const char *name,
		 const char *want, const char *what)
{
	struct kvs_entry *e = NULL;
	int code = kvs_get(store, K(t, name), 0, &e, &t->err);
	bool held;

	if (code || !want)
		return tap_is_code(at, code, want ? 0 : KVS_E_NOTFOUND, &t->err, "%s", what) ||
		       (kvs_entry_free(e), false);
	held = tap_is_slice(at, e->value, kvs_s(want), "%s", what);
	kvs_entry_free(e);
	return held;
}

/* ---- lists ---- */

struct kvs_request list_of(struct kvs_str prefix)
{
	struct kvs_request req = KVS_REQUEST_INIT;

	req.kind = KVS_REQ_LIST;
	req.key = prefix;
	return req;
}

static int note(void *arg, const struct kvs_entry *e)
{
	struct listing *l = arg;
	struct kvs_str name = bare(l->t, e->key);
	bool folded = e->info & KVS_ENTRY_FOLDED;

	l->n++;
	(void)snprintf(l->last, sizeof(l->last), "%.*s", (int)e->key.n, (const char *)e->key.p);
	l->len += (size_t)snprintf(l->text + l->len, sizeof(l->text) - l->len, "%s%.*s%s%s%.*s",
				   l->len ? " " : "", (int)name.n, (const char *)name.p,
				   folded ? "[]" : "", e->value.n ? "=" : "", (int)e->value.n,
				   (const char *)e->value.p);
	if (l->len >= sizeof(l->text))
		l->len = sizeof(l->text) - 1;
	return l->stop_after && l->n >= l->stop_after;
}

int run_list(struct t *t, struct kvs_store *store, struct kvs_request *req, struct listing *l)
{
	uint64_t stop_after = l->stop_after;

	*l = (struct listing){ .t = t, .stop_after = stop_after };
	return kvs_list(store, req, note, l, &l->reply, &t->err);
}

bool check_state(struct tap_at at, struct t *t, const char *want, const char *what)
{
	struct kvs_request req = list_of(kvs_s(t->ns));
	struct listing l = { 0 };
	int code = run_list(t, t->store, &req, &l);

	if (code)
		return tap_is_code(at, code, 0, &t->err, "%s", what);
	return tap_is_str(at, l.text, want, "%s", what);
}
