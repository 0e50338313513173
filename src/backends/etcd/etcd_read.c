/* SPDX-License-Identifier: Apache-2.0 */
/* get, list, index. */
#include "backends/etcd/etcd_scan.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"

struct read {
	struct etcd_job job;
	struct etcd_conn *conn;
	struct etcd_scan scan;
	bool is_get;
};

#define read_of(ptr_, member_) ((struct read *)((char *)(ptr_)-offsetof(struct read, member_)))

/* ---- get, list ---- */

static void read_free(struct read *r)
{
	etcd_job_remove(r->conn, &r->job);
	etcd_scan_release(&r->scan);
	kvsi_free(r);
}

static int tell(struct etcd_scan *scan, const struct kvs_entry *entry)
{
	struct read *r = read_of(scan, scan);

	return r->conn->sink->entry(r->conn->core, r->job.tag, entry);
}

static void answered(struct etcd_scan *scan, int code, const struct kvs_err *err)
{
	struct read *r = read_of(scan, scan);
	struct etcd_conn *conn = r->conn;
	uint64_t tag = r->job.tag;
	struct kvs_reply reply = {
		.size = sizeof(reply),
		.index = scan->index,
		.count = scan->count,
		.flags = scan->more ? KVS_REPLY_MORE : 0,
		.failed_op = -1,
	};
	struct kvs_err why = *err;

	if (!code && r->is_get && !scan->count)
		code = kvs_err_set(&why, KVS_E_NOTFOUND, "no such key");
	read_free(r);
	conn->sink->done(conn->core, tag, code, &reply, &why);
}

static void scan_dropped(struct etcd_scan *scan)
{
	read_free(read_of(scan, scan));
}

static void cancel(struct etcd_job *job)
{
	struct read *r = read_of(job, job);

	etcd_job_remove(r->conn, job);
	etcd_scan_abandon(&r->scan);
}

static int start(struct etcd_conn *conn, uint64_t tag, const struct kvs_request *req, bool is_get,
		 struct kvs_err *err)
{
	struct read *r = kvs_zalloc(sizeof(*r));
	int code;

	if (!r)
		return kvs_err_oom(err);
	r->conn = conn;
	r->is_get = is_get;
	r->job.cancel = cancel;
	r->scan = (struct etcd_scan){
		.conn = conn,
		.entry = tell,
		.done = answered,
		.drop = scan_dropped,
	};
	code = etcd_job_add(conn, &r->job, tag, err);
	if (!code)
		code = etcd_scan_start(&r->scan, req, err);
	if (code)
		read_free(r);
	return code;
}

int etcd_get(void *conn, uint64_t tag, const struct kvs_request *req, struct kvs_err *err)
{
	return start(conn, tag, req, true, err);
}

int etcd_list(void *conn, uint64_t tag, const struct kvs_request *req, struct kvs_err *err)
{
	return start(conn, tag, req, false, err);
}
