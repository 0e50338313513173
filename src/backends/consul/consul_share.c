/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which queries become one.  A server takes so many connections of one address, and each query
 * holds one.  Beyond the limit the two are joined whose keys have most in common, since the
 * names under that change least by others' doing; of equal ones the two of the fewest items,
 * since each change makes all of them be read.
 *
 * Invariant: c->queries are in the order of what their keys have in common, so that the best
 * partner of each stands next to it.
 */
#include "backends/consul/consul_watch.h"

#include "base/clock.h"
#include "base/str.h"

#include <utlist.h>

/* No query has this many times as many items as there would be if all had the same number. */
#define MAX_UNEVEN 4
/* A server had no room for a connection: how long we stay with fewer, and how soon we believe it
 * again, since it holds those that were given up for a while. */
#define RELIEF_MS  600000
#define BELIEVE_MS 1500

/* One answer cannot serve two consistencies. */
static uint32_t consistency(const struct consul_query *q)
{
	return q->items->flags & (KVS_READ_STALE | KVS_READ_CONSISTENT);
}

static int by_common(const struct consul_query *a, const struct consul_query *b)
{
	if (consistency(a) != consistency(b))
		return consistency(a) < consistency(b) ? -1 : 1;
	return kvs_str_cmp(consul_query_common(a), consul_query_common(b));
}

static size_t common_of(const struct consul_query *a, const struct consul_query *b)
{
	size_t n = 0, max = a->common < b->common ? a->common : b->common;

	while (n < max && a->items->key[n] == b->items->key[n])
		n++;
	return n;
}

void consul_share_add(struct consul *c, struct consul_query *q)
{
	DL_INSERT_INORDER(c->queries, q, by_common);
}

static bool may_join(const struct consul_query *q, size_t max_items)
{
	return q->next && consistency(q) == consistency(q->next) &&
	       q->n_items + q->next->n_items <= max_items;
}

static bool is_better(const struct consul_query *a, const struct consul_query *b)
{
	size_t in_a = common_of(a, a->next), in_b = common_of(b, b->next);

	if (in_a != in_b)
		return in_a > in_b;
	return a->n_items + a->next->n_items < b->n_items + b->next->n_items;
}

/* The query that is best joined with the next one, or NULL. */
static struct consul_query *best(struct consul *c, size_t max_items)
{
	struct consul_query *q, *found = NULL;

	DL_FOREACH (c->queries, q)
		if (may_join(q, max_items) && (!found || is_better(q, found)))
			found = q;
	return found;
}

static void take_items(struct consul_query *into, struct consul_query *from)
{
	struct consul_item *item;

	DL_FOREACH (from->items, item)
		item->unread = true;
	DL_CONCAT(into->items, from->items);
	into->n_items += from->n_items;
	from->items = NULL;
	consul_query_free(from);
}

/* Joins a query with the next one.  One that waits for the names under it all goes on with that. */
static void join(struct consul *c, struct consul_query *q)
{
	size_t common = common_of(q, q->next);
	bool next_has_it = consul_query_is_shared(q->next) && q->next->common == common;
	struct consul_query *into = next_has_it ? q->next : q, *from = next_has_it ? q : q->next;
	bool has_it = consul_query_is_shared(into) && into->common == common;

	DL_DELETE(c->queries, into);
	take_items(into, from);
	into->common = common;
	consul_share_add(c, into);
	if (has_it) {
		consul_query_newcomer(into);
		return;
	}
	into->names_index = 0;
	into->unlistable = false;
	consul_query_restart(into);
}

static size_t max_queries(const struct consul *c)
{
	bool relieved = c->relieved_at && kvsi_monotonic_ms() - c->relieved_at < RELIEF_MS;

	return relieved ? c->relieved_to : CONSUL_MAX_QUERIES;
}

void consul_share_out(struct consul *c)
{
	size_t max = max_queries(c), n = 0, items = 0, max_items;
	struct consul_query *q;

	DL_FOREACH (c->queries, q) {
		n++;
		items += q->n_items;
	}
	max_items = (items + max - 1) / max * MAX_UNEVEN;
	for (; n > max && (q = best(c, max_items)); n--)
		join(c, q);
}

/* Half of what we hold is left to others, and to our own requests. */
static void give_up_some(struct consul *c)
{
	uint64_t now = kvsi_monotonic_ms();
	struct consul_query *q;
	size_t n;

	DL_COUNT(c->queries, q, n);
	if (n < 2 || (c->relieved_at && now - c->relieved_at < BELIEVE_MS))
		return;
	c->relieved_at = now;
	c->relieved_to = n / 2;
	consul_share_out(c);
}

void consul_watch_relieve(struct consul *c)
{
	if (c->no_room)
		give_up_some(c);
	c->no_room = false;
}
