/* SPDX-License-Identifier: Apache-2.0 */
/* Watches as the core sees them. */
#include "backends/consul/consul_watch.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"

#include <utlist.h>

/* ---- starting ---- */

static struct consul_item *find(struct consul *c, const struct kvs_request *req,
				struct consul_query **ret_q)
{
	struct consul_query *q;
	struct consul_item *item;

	DL_FOREACH (c->queries, q) {
		DL_FOREACH (q->items, item) {
			if (consul_item_is_of(item, req)) {
				*ret_q = q;
				return item;
			}
		}
	}
	return NULL;
}

static struct consul_item *begin(struct consul *c, const struct kvs_request *req,
				 struct consul_query **ret_q)
{
	struct consul_item *item = consul_item_new(c, req);

	if (!item)
		return NULL;
	*ret_q = consul_query_new(c, item);
	if (!*ret_q) {
		consul_item_free(item);
		return NULL;
	}
	consul_share_add(c, *ret_q);
	return item;
}

static int add_watcher(struct consul *c, struct consul_item *item, uint64_t tag,
		       const struct kvs_request *req, struct kvs_err *err)
{
	struct consul_watcher *w = kvs_zalloc(sizeof(*w));
	int code = w ? kvs_replyq_open(&c->q, tag, err) : kvs_err_oom(err);

	if (code) {
		kvsi_free(w);
		return code;
	}
	w->tag = tag;
	w->seen = req->index;
	w->fresh = true;
	DL_APPEND(item->watchers, w);
	return 0;
}

/* Nothing is sent before the next dispatch, so that many watches that start together find their
 * places first. */
int consul_watch(void *conn, uint64_t tag, const struct kvs_request *req, struct kvs_err *err)
{
	struct consul *c = conn;
	struct consul_query *q = NULL;
	struct consul_item *item = find(c, req, &q);
	int code;

	if (!item)
		item = begin(c, req, &q);
	if (!item)
		return kvs_err_oom(err);
	code = add_watcher(c, item, tag, req, err);
	if (!code)
		consul_query_newcomer(q);
	else if (!item->watchers)
		consul_query_drop(q, item);
	consul_share_out(c);
	return code;
}

/* ---- ends ---- */

static bool cancel_in(struct consul_query *q, uint64_t tag)
{
	struct consul_item *item;
	struct consul_watcher *w;

	DL_FOREACH (q->items, item) {
		DL_SEARCH_SCALAR(item->watchers, w, tag, tag);
		if (!w)
			continue;
		DL_DELETE(item->watchers, w);
		kvsi_free(w);
		if (!item->watchers)
			consul_query_drop(q, item);
		return true;
	}
	return false;
}

bool consul_watch_cancel(struct consul *c, uint64_t tag)
{
	struct consul_query *q;

	DL_FOREACH (c->queries, q)
		if (cancel_in(q, tag))
			return true;
	return false;
}

void consul_watch_free_all(struct consul *c)
{
	struct consul_query *q, *next;
	struct consul_item *item, *next_item;

	DL_FOREACH_SAFE (c->queries, q, next)
		consul_query_free(q);
	DL_FOREACH_SAFE (c->parked, item, next_item)
		consul_item_free(item);
}
