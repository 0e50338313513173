/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/local/local_scan.h"

#include "base/err.h"
#include "base/str.h"
#include "backends/local/local_path.h"

#include <stdio.h>

static int open_file(struct local_conn *conn, struct kvs_err *err)
{
	KVS_AUTO_FREE char *real = NULL;
	int rc;

	rc = local_path_prepare(conn->path, &real, err);
	if (!rc)
		rc = local_db_open(&conn->db, real, err);
	if (!rc)
		rc = local_schema_ensure(&conn->db, err);
	if (rc) {
		local_db_close(&conn->db);
		return rc;
	}
	local_db_settle(&conn->db);
	conn->generation++;
	return 0;
}

/*
 * A file that was removed or replaced under us is left at once: a write to it would be acknowledged
 * and seen by nobody.
 */
int local_use(struct local_conn *conn, uint64_t timeout_ms, struct kvs_err *err)
{
	bool brief = timeout_ms && timeout_ms < LOCAL_PATIENCE_MS;
	uint64_t patience = brief ? timeout_ms : LOCAL_PATIENCE_MS;
	int rc = 0;

	local_db_patience(&conn->db, patience);
	if (conn->db.sql && local_db_moved(&conn->db))
		rc = local_db_leave(&conn->db, err);
	if (rc || conn->db.sql)
		return rc;
	rc = open_file(conn, err);
	local_db_patience(&conn->db, patience);
	return rc;
}

static void conn_free(struct local_conn *conn)
{
	local_scans_free(conn);
	local_watches_free(conn);
	local_notify_close(conn);
	kvs_replyq_release(&conn->q);
	local_db_close(&conn->reader);
	local_db_close(&conn->db);
	kvsi_free(conn->label);
	kvsi_free(conn->path);
	kvsi_free(conn);
}

static void cleanup_conn(struct local_conn **conn)
{
	if (*conn)
		conn_free(*conn);
}

/* A server's name would be passed over in silence, and the wrong store be written. */
static int refuse_servers(const struct kvs_opts *opts, struct kvs_err *err)
{
	static const char *const names[] = { "endpoints", "srv" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (kvs_opts_get(opts, names[i]))
			return kvs_err_set(err, KVS_E_CONFIG,
					   "the local store has no servers, but %s names \"%s\": a "
					   "store's file is written local:/PATH",
					   names[i], KVS_Q(kvs_s(kvs_opts_get(opts, names[i]))));
	return 0;
}

/* The location in the URL and the option "path" are two ways to say the same. */
static int choose_path(struct local_conn *conn, const struct kvs_open_args *args,
		       struct kvs_err *err)
{
	const char *option = kvs_opts_get(args->opts, "path");
	const char *given = args->location && *args->location ? args->location : option;

	if (option && given != option && strcmp(option, given) != 0)
		return kvs_err_set(err, KVS_E_CONFIG,
				   "the store's URL says path %s, the option says %s; give one",
				   KVS_Q(kvs_s(given)), KVS_Q(kvs_s(option)));
	return local_path_choose(given, &conn->path, err);
}

static int local_open(const struct kvs_open_args *args, void **ret_conn, char *ret_name,
		      size_t name_size, struct kvs_err *err)
{
	KVS_CLEANUP(cleanup_conn) struct local_conn *conn = kvs_zalloc(sizeof(*conn));
	int rc;

	if (!conn)
		return kvs_err_oom(err);
	conn->epoll_fd = conn->inotify_fd = conn->timer_fd = -1;
	kvs_replyq_init(&conn->q, args->sink, args->core, LOCAL_MAX_WAITING);
	conn->tombstones = kvs_opts_uint(args->opts, "tombstones", LOCAL_TOMBSTONES);
	rc = refuse_servers(args->opts, err);
	rc = rc ? rc : choose_path(conn, args, err);
	if (rc)
		return rc;
	conn->label = kvs_asprintf("local store %s", conn->path);
	if (!conn->label)
		return kvs_err_oom(err);
	rc = local_use(conn, 0, err);
	if (rc)
		return rc;
	(void)snprintf(ret_name, name_size, "local:%s", sqlite3_db_filename(conn->db.sql, "main"));
	*ret_conn = kvs_steal_ptr(conn);
	return 0;
}

static void local_close(void *conn)
{
	conn_free(conn);
}

/* Does the work of a request at once and queues its outcome. */
static int answer(struct local_conn *conn, uint64_t tag, const struct kvs_request *req,
		  local_work_fn *work, struct kvs_err *err)
{
	struct kvs_reply reply = { .size = sizeof(reply), .failed_op = -1 };
	struct kvs_err why = { 0 };
	int rc;

	rc = kvs_replyq_open(&conn->q, tag, err);
	if (rc)
		return rc;
	rc = local_use(conn, req->timeout, &why);
	if (!rc)
		rc = work(conn, tag, req, &reply, &why);
	kvs_replyq_done(&conn->q, tag, rc, &reply, &why);
	return 0;
}

static int start_get(void *conn, uint64_t tag, const struct kvs_request *req, struct kvs_err *err)
{
	return answer(conn, tag, req, local_get, err);
}

static int start_write(void *conn, uint64_t tag, const struct kvs_request *req, struct kvs_err *err)
{
	return answer(conn, tag, req, local_write, err);
}

static int start_index(void *conn, uint64_t tag, const struct kvs_request *req, struct kvs_err *err)
{
	return answer(conn, tag, req, local_index, err);
}

static int start_lease(void *conn, uint64_t tag, const struct kvs_request *req, struct kvs_err *err)
{
	return answer(conn, tag, req, local_lease, err);
}

static int start_status(void *conn, uint64_t tag, const struct kvs_request *req,
			struct kvs_err *err)
{
	return answer(conn, tag, req, local_status, err);
}

static int start_compact(void *conn, uint64_t tag, const struct kvs_request *req,
			 struct kvs_err *err)
{
	return answer(conn, tag, req, local_compact, err);
}

static void local_cancel(void *arg, uint64_t tag)
{
	struct local_conn *conn = arg;

	kvs_replyq_cancel(&conn->q, tag);
	if (!local_scan_cancel(conn, tag))
		local_watch_cancel(conn, tag);
}

static int local_fd(void *conn)
{
	return local_notify_fd(conn, NULL);
}

static int local_dispatch(void *arg, struct kvs_err *err)
{
	struct local_conn *conn = arg;

	kvs_replyq_dispatch(&conn->q);
	if (local_notify_take(conn))
		conn->look = true;
	if (conn->look && conn->watches)
		local_watches_look(conn);
	local_scans_run(conn);
	return 0;
}

static const struct kvs_backend_opt options[] = {
	{ "path", KVS_OPT_FILE, 0, NULL,
	  "the store's file (default: /var/lib/kvsync/store.db, not root: "
	  "$XDG_STATE_HOME/kvsync/store.db)" },
	{ "tombstones", KVS_OPT_UINT, 0, "10000", "deletions remembered for watches that resume" },
	{ NULL, 0, 0, NULL, NULL },
};

KVS_BACKEND_DEFINE(local) = {
	.abi = KVS_BACKEND_ABI,
	.size = sizeof(struct kvs_backend),
	.name = "local",
	.description = "embedded store in one file of this host (SQLite)",
	.opts = options,
	.caps = KVS_CAP_FLAGS | KVS_CAP_LEASES | KVS_CAP_WRITE_INDEX | KVS_CAP_BUMP_EQUAL |
		KVS_CAP_BINARY_KEYS | KVS_CAP_DURABLE | KVS_CAP_COMPACT,
	.limits = {
		.size = sizeof(struct kvs_limits),
		.max_ops = LOCAL_MAX_OPS,
		.max_key = LOCAL_MAX_KEY,
		.max_value = LOCAL_MAX_VALUE,
		.max_request = LOCAL_MAX_REQUEST,
	},
	.open = local_open,
	.close = local_close,
	.get = start_get,
	.list = local_list,
	.put = start_write,
	.delete_ = start_write,
	.txn = start_write,
	.index = start_index,
	.watch = local_watch,
	.lease = start_lease,
	.status = start_status,
	.compact = start_compact,
	.cancel = local_cancel,
	.fd = local_fd,
	.dispatch = local_dispatch,
};
