/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The embedded store: one SQLite file in WAL mode, for all processes of one host.
 *
 * The rooms: local_sqlite.c (the vtable), local_path.c (where the file is and whether it may be
 * there), local_db.c (SQL and SQLite), local_schema.c (the tables), local_range.c (keys from, to),
 * local_txn.c (one commit, one index) under local_write.c and local_lease.c, local_read.c (all these
 * are finished inside their start function), local_scan.c with local_list.c and local_watch.c (what
 * is read row by row during dispatch), local_notify.c (how other processes' commits are heard of).
 *
 * The model.  Each commit that changes a key has one index.  kv holds what exists, with the index
 * of its last change; tombstone holds deletions, the newest ones up to a bound; meta.floor is the
 * highest index whose tombstones are gone.  So "what changed behind N" is kv.mod > N and
 * tombstone.idx > N, merged, as long as N >= floor.
 *
 * Two connections.  `db` serves start functions and is between transactions whenever a callback of
 * the core runs; `reader` holds the one moment that a list or watch is being read at.  So a
 * callback may write in the middle of a list.
 */
#ifndef KVS_LOCAL_H
#define KVS_LOCAL_H

#include "base/replyq.h"
#include "backends/local/local_db.h"
#include "backends/local/local_range.h"

#include <kvsync/backend.h>

/* man/kvsync-local.7 has the figures and the reasons. */
#define LOCAL_MAX_VALUE	  (UINT64_C(16) << 20)
#define LOCAL_MAX_REQUEST (UINT64_C(64) << 20)
#define LOCAL_MAX_OPS	  10000
#define LOCAL_TOMBSTONES  10000
/* Copies of answers that wait for dispatch. */
#define LOCAL_MAX_WAITING ((size_t)128 << 20)

/* Longest wait inside a start function for another process's lock; the core tries again.  A holder
 * needs it for one commit, some milliseconds. */
#define LOCAL_PATIENCE_MS 1000

struct local_scan;
struct local_watch;

struct local_conn {
	struct kvs_replyq q;
	char *path;  /* as chosen, absolute */
	char *label; /* "local store PATH", for messages */
	uint64_t tombstones;
	char boot[40]; /* this boot's id, or "" before it was needed */

	struct local_db db;
	uint64_t generation; /* how often the file behind the path was opened */

	struct local_db reader;
	struct local_scan *scans;      /* waiting; the first may be under way */
	struct local_scan *delivering; /* whose callback runs */
	sqlite3_stmt *rows;	       /* of the first scan, while it is under way */
	struct local_range range;      /* of the first scan */

	struct local_watch *watches;
	bool look; /* something may have changed: look for it at the next dispatch */

	int epoll_fd, inotify_fd, timer_fd; /* -1 until needed */
	uint64_t watched_generation;	    /* of the file that inotify looks at; 0: none */
};

/* The store's one row of numbers. */
struct local_meta {
	uint64_t index;
	uint64_t floor;
	uint64_t dead; /* tombstones */
	bool leases;   /* there are any */
};

/* ---- local_sqlite.c ---- */

/* Makes conn->db ready: opened, and on the file that the path leads to now.  Call it before
 * each use. */
int local_use(struct local_conn *conn, uint64_t timeout_ms, struct kvs_err *err);

/* ---- local_schema.c ---- */

/* Makes sure that the file is a store of this version; makes the tables in an empty one. */
int local_schema_ensure(struct local_db *db, struct kvs_err *err);
int local_meta_read(struct local_db *db, struct local_meta *ret_meta, struct kvs_err *err);

/* ---- local_txn.c ---- */

/* A write transaction: BEGIN IMMEDIATE, expired leases ended, changes, COMMIT. */
struct local_txn {
	struct local_conn *conn;
	struct local_meta meta; /* index: the last one that is taken */
	bool changed;		/* something has meta.index + 1 */
	bool touched;		/* something without an index changed (leases) */
	bool open;
};

int local_txn_begin(struct local_conn *conn, struct local_txn *ret_txn, struct kvs_err *err);
/* What was changed so far keeps its index; what follows gets the next one. */
void local_txn_settle(struct local_txn *txn);
/* The index that changes get now. */
uint64_t local_txn_index(const struct local_txn *txn);
/* Counts n new tombstones. */
void local_txn_buried(struct local_txn *txn, uint64_t n);
/* Drops the tombstones up to an index. */
int local_txn_prune(struct local_txn *txn, uint64_t cut, struct kvs_err *err);
/* Makes it last, or, if nothing was changed, ends it without a write.  On failure nothing was
 * written, except with UNCERTAIN.  meta.index is then the store's index. */
int local_txn_commit(struct local_txn *txn, struct kvs_err *err);
/* Undoes an open one; for LOCAL_AUTO_TXN. */
void local_txn_abort(struct local_txn *txn);
#define LOCAL_AUTO_TXN KVS_CLEANUP(local_txn_abort)

/* ---- requests that are done inside their start function ---- */

typedef int local_work_fn(struct local_conn *conn, uint64_t tag, const struct kvs_request *req,
			  struct kvs_reply *reply, struct kvs_err *err);

local_work_fn local_get; /* local_read.c */
local_work_fn local_index;
local_work_fn local_status;
local_work_fn local_write; /* local_write.c: put, delete, txn */
local_work_fn local_compact;
local_work_fn local_lease; /* local_lease.c */

/* An entry of a row with the columns of SQL_GET, SQL_LIST; borrowed until the next step.  NOMEM. */
int local_entry(sqlite3_stmt *st, struct kvs_entry *ret_entry, struct kvs_err *err);

/* ---- requests that go on during dispatch ---- */

kvs_start_fn local_list;  /* local_list.c */
kvs_start_fn local_watch; /* local_watch.c */

/* After a commit of our own, or a sign of somebody else's. */
void local_look_again(struct local_conn *conn);
/* Finds out what changed and queues the watches that have to tell it. */
void local_watches_look(struct local_conn *conn);
/* Forgets a watch that is between scans; an unknown tag is fine. */
void local_watch_cancel(struct local_conn *conn, uint64_t tag);
void local_watches_free(struct local_conn *conn);

/* ---- local_notify.c ---- */

/* The descriptor that stands for all others. */
int local_notify_fd(struct local_conn *conn, struct kvs_err *err);
/* Listens for commits of other processes from now on; to be called again when the file behind the
 * path was opened anew. */
int local_notify_listen(struct local_conn *conn, struct kvs_err *err);
/* Wakes dispatch in ms at the latest, or when the slow safety poll is due. */
void local_notify_in(struct local_conn *conn, uint64_t ms);
/* Takes the signs that came; has there been one? */
bool local_notify_take(struct local_conn *conn);
/* Nobody watches any more. */
void local_notify_deaf(struct local_conn *conn);
void local_notify_close(struct local_conn *conn);

/* ---- local_lease.c ---- */

/* This boot's id; leases of another one start anew.  Borrowed from conn. */
const char *local_boot(struct local_conn *conn);
/* Ends expired leases inside a transaction, under one index. */
int local_leases_reap(struct local_txn *txn, struct kvs_err *err);
/* Does the lease exist?  Call it behind local_txn_begin(). */
int local_lease_check(struct local_txn *txn, struct kvs_str lease, struct kvs_err *err);
/* Ms until the next lease ends, 0 if one is over, UINT64_MAX if there is none. */
int local_lease_next(struct local_conn *conn, uint64_t *ret_ms, struct kvs_err *err);
/* Removes what is over, in a transaction of its own. */
int local_leases_end(struct local_conn *conn, struct kvs_err *err);

#endif
