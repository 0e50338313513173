/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/local/local_scan.h"

#include "base/clock.h"
#include "base/err.h"

#include <utlist.h>

/* One dispatch hands on this much, then lets its caller do something else. */
#define PAGE_ROWS  1000
#define PAGE_BYTES (1u << 20)

void local_scan_add(struct local_conn *conn, struct local_scan *scan)
{
	if (scan->queued)
		return;
	scan->queued = true;
	DL_APPEND(conn->scans, scan);
	kvs_replyq_wake(&conn->q);
}

int local_scan_list(struct local_conn *conn, bool keys_only, sqlite3_stmt **ret_rows,
		    struct kvs_err *err)
{
	sqlite3_stmt *st;
	int rc = local_stmt(&conn->reader, SQL_LIST, &st, err);

	if (rc)
		return rc;
	local_range_bind(st, &conn->range);
	(void)sqlite3_bind_int(st, 4, keys_only);
	(void)sqlite3_bind_text(st, 5, local_boot(conn), -1, SQLITE_STATIC);
	local_bind_u64(st, 6, kvsi_boottime_ms());
	*ret_rows = st;
	return 0;
}

/* Ends the read transaction of the first scan. */
static void leave_moment(struct local_conn *conn)
{
	if (conn->rows)
		local_cleanup_stmt(&conn->rows);
	conn->rows = NULL;
	if (conn->reader.sql && !sqlite3_get_autocommit(conn->reader.sql))
		(void)local_run(&conn->reader, SQL_COMMIT, NULL);
}

static int open_reader(struct local_conn *conn, struct kvs_err *err)
{
	struct local_db *reader = &conn->reader;
	int rc = local_use(conn, 0, err);

	if (rc)
		return rc;
	if (reader->sql && local_db_moved(reader))
		local_db_close(reader);
	if (reader->sql)
		return 0;
	return local_db_open(reader, sqlite3_db_filename(conn->db.sql, "main"), err);
}

static int enter_moment(struct local_conn *conn, struct local_scan *scan, struct kvs_err *err)
{
	struct local_meta meta;
	int rc;

	rc = open_reader(conn, err);
	if (rc)
		return rc;
	local_db_patience(&conn->reader, LOCAL_PATIENCE_MS);
	rc = local_run(&conn->reader, SQL_READ_BEGIN, err);
	/* The first reading fixes the moment. */
	if (!rc)
		rc = local_meta_read(&conn->reader, &meta, err);
	return rc ? rc : scan->kind->begin(conn, scan, &meta, &conn->rows, err);
}

static void finish(struct local_conn *conn, struct local_scan *scan, int code,
		   const struct kvs_err *err)
{
	bool kept = false;

	leave_moment(conn);
	DL_DELETE(conn->scans, scan);
	scan->queued = false;
	if (!scan->gone)
		kept = scan->kind->end(conn, scan, code, err);
	if (!kept || scan->gone)
		scan->kind->drop(conn, scan);
}

/* One step of the first scan.  Done with it: 1, with a code when it failed. */
static int advance(struct local_conn *conn, struct local_scan *scan, size_t *bytes,
		   struct kvs_err *err)
{
	struct kvs_entry entry;
	bool row;
	int rc;

	if (!conn->rows)
		return enter_moment(conn, scan, err);
	rc = local_step(&conn->reader, conn->rows, &row, err);
	if (rc)
		return rc;
	if (!row)
		return LOCAL_SCAN_ENOUGH;
	rc = local_entry(conn->rows, &entry, err);
	if (rc)
		return rc;
	*bytes += entry.key.n + entry.value.n;
	return scan->kind->row(conn, scan, &entry, err);
}

void local_scans_run(struct local_conn *conn)
{
	struct kvs_err err = { 0 };
	size_t rows, bytes = 0;
	int rc;

	for (rows = 0; conn->scans && rows < PAGE_ROWS && bytes < PAGE_BYTES; rows++) {
		conn->delivering = conn->scans;
		rc = advance(conn, conn->delivering, &bytes, &err);
		if (rc || conn->delivering->gone)
			finish(conn, conn->delivering, rc < 0 ? rc : 0, &err);
		conn->delivering = NULL;
	}
	if (conn->scans)
		kvs_replyq_wake(&conn->q);
}

bool local_scan_cancel(struct local_conn *conn, uint64_t tag)
{
	struct local_scan *scan;

	if (conn->delivering && conn->delivering->tag == tag) {
		conn->delivering->gone = true;
		return true;
	}
	DL_SEARCH_SCALAR(conn->scans, scan, tag, tag);
	if (!scan)
		return false;
	if (scan == conn->scans)
		leave_moment(conn);
	DL_DELETE(conn->scans, scan);
	scan->kind->drop(conn, scan);
	return true;
}

void local_scans_free(struct local_conn *conn)
{
	leave_moment(conn);
	while (conn->scans)
		(void)local_scan_cancel(conn, conn->scans->tag);
}
