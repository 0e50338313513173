/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/local/local_scan.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"

struct local_list {
	struct local_scan scan;			 /* first */
	struct kvs_str prefix, after, separator; /* owned, behind the struct */
	uint64_t limit;
	bool keys_only;
	struct kvs_reply reply;
};

static struct local_list *list_of(struct local_scan *scan)
{
	return (struct local_list *)scan;
}

static int list_begin(struct local_conn *conn, struct local_scan *scan,
		      const struct local_meta *meta, sqlite3_stmt **ret_rows, struct kvs_err *err)
{
	struct local_list *list = list_of(scan);

	list->reply.index = meta->index;
	local_range_prefix(&conn->range, list->prefix);
	if (list->after.n)
		local_range_skip_key(&conn->range, list->after);
	return local_scan_list(conn, list->keys_only, ret_rows, err);
}

/* Goes on behind all keys under a folded name, without reading them. */
static void skip_folded(struct local_conn *conn, struct kvs_str name)
{
	local_range_skip_prefix(&conn->range, name);
	(void)sqlite3_reset(conn->rows);
	local_range_bind(conn->rows, &conn->range);
}

static void hand_on(struct local_conn *conn, struct local_list *list, const struct kvs_entry *entry)
{
	list->reply.count++;
	if (conn->q.sink->entry(conn->q.core, list->scan.tag, entry) != 0)
		list->scan.gone = true;
}

static int list_row(struct local_conn *conn, struct local_scan *scan, const struct kvs_entry *entry,
		    struct kvs_err *err)
{
	struct local_list *list = list_of(scan);
	struct kvs_entry folded = { .size = sizeof(folded), .info = KVS_ENTRY_FOLDED };
	bool folds = kvs_str_fold(entry->key, list->prefix.n, list->separator, &folded.key);
	bool told = folds && kvs_str_eq(folded.key, list->after);

	if (!told && list->limit && list->reply.count == list->limit) {
		list->reply.flags |= KVS_REPLY_MORE;
		return LOCAL_SCAN_ENOUGH;
	}
	if (!told)
		hand_on(conn, list, folds ? &folded : entry);
	if (folds)
		skip_folded(conn, folded.key);
	return LOCAL_SCAN_ON;
}

static bool list_end(struct local_conn *conn, struct local_scan *scan, int code,
		     const struct kvs_err *err)
{
	conn->q.sink->done(conn->q.core, scan->tag, code, &list_of(scan)->reply, code ? err : NULL);
	return false;
}

static void list_drop(struct local_conn *conn, struct local_scan *scan)
{
	kvsi_free(list_of(scan));
}

static const struct local_scan_kind list_kind = {
	.begin = list_begin,
	.row = list_row,
	.end = list_end,
	.drop = list_drop,
};

/* Keys whose lease is over are hidden from lists; removing them first gives that change an index.
 * Where it cannot be done now, hidden they are nevertheless. */
static void end_leases(struct local_conn *conn)
{
	uint64_t ms;

	if (local_lease_next(conn, &ms, NULL) == 0 && ms == 0)
		(void)local_leases_end(conn, NULL);
}

int local_list(void *arg, uint64_t tag, const struct kvs_request *req, struct kvs_err *err)
{
	struct local_conn *conn = arg;
	struct local_list *list;
	char *room;
	int rc;

	rc = local_range_check(req->key, err);
	if (!rc)
		rc = local_use(conn, req->timeout, err);
	if (rc)
		return rc;
	end_leases(conn);
	list = kvs_zalloc(sizeof(*list) + req->key.n + req->after.n + req->separator.n);
	if (!list)
		return kvs_err_oom(err);
	room = (char *)(list + 1);
	*list = (struct local_list){
		.scan = { .tag = tag, .kind = &list_kind },
		.prefix = kvs_str_place(&room, req->key),
		.after = kvs_str_place(&room, req->after),
		.separator = kvs_str_place(&room, req->separator),
		.limit = req->limit,
		.keys_only = req->flags & KVS_KEYS_ONLY,
		.reply = { .size = sizeof(list->reply), .failed_op = -1 },
	};
	local_scan_add(conn, &list->scan);
	return 0;
}
