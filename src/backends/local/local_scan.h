/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading many rows of one moment, a page a dispatch.
 *
 * A scan is a statement run to its end inside one read transaction of conn->reader.  Scans wait in
 * a queue and the first is under way: it may go on over several dispatches, so that a long list
 * does not hold up its caller's loop; SQLite's readers hold up no writer.  Rows go to the sink
 * straight from SQLite's memory.
 *
 * A callback of the sink may cancel the scan that it belongs to: `gone` is looked at after each
 * call.
 */
#ifndef KVS_LOCAL_SCAN_H
#define KVS_LOCAL_SCAN_H

#include "backends/local/local.h"

struct local_scan {
	struct local_scan *prev, *next;
	uint64_t tag;
	const struct local_scan_kind *kind;
	bool queued;
	bool gone; /* nothing may be delivered any more */
};

/* What a row leads to, beside a negative code. */
enum local_scan_next {
	LOCAL_SCAN_ON = 0,
	LOCAL_SCAN_ENOUGH = 1, /* no further row is wanted */
};

struct local_scan_kind {
	/* Binds what is to be read, with conn->range, at the moment that meta tells. */
	int (*begin)(struct local_conn *conn, struct local_scan *scan,
		     const struct local_meta *meta, sqlite3_stmt **ret_rows, struct kvs_err *err);
	/* One row; entry is borrowed.  enum local_scan_next or a negative code. */
	int (*row)(struct local_conn *conn, struct local_scan *scan, const struct kvs_entry *entry,
		   struct kvs_err *err);
	/* The last row was handed on (code 0), or it failed.  Is the scan kept, for another run? */
	bool (*end)(struct local_conn *conn, struct local_scan *scan, int code,
		    const struct kvs_err *err);
	void (*drop)(struct local_conn *conn, struct local_scan *scan);
};

/* Queues it; one that is queued already stays where it is. */
void local_scan_add(struct local_conn *conn, struct local_scan *scan);
/* Goes on with the queue for the length of one dispatch. */
void local_scans_run(struct local_conn *conn);
/* Ends the scan of a tag; false if there is none. */
bool local_scan_cancel(struct local_conn *conn, uint64_t tag);
void local_scans_free(struct local_conn *conn);

/* SQL_LIST, bound to conn->range. */
int local_scan_list(struct local_conn *conn, bool keys_only, sqlite3_stmt **ret_rows,
		    struct kvs_err *err);

#endif
