/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One SQLite connection with its prepared statements.  Knows SQL and SQLite's result codes; must
 * not know of requests, tags or the sink.
 *
 * Invariants.  A statement is prepared when it is first used and kept.  Whoever gets one through
 * local_stmt() resets it before returning (LOCAL_AUTO_RESET); bound bytes are borrowed until then.
 */
#ifndef KVS_LOCAL_DB_H
#define KVS_LOCAL_DB_H

#include "base/cleanup.h"

#include <kvsync/kvsync.h>

#include <sqlite3.h>
#include <stdbool.h>
#include <sys/types.h>

/* Rows of the statement table in local_db.c. */
enum local_sql {
	SQL_READ_BEGIN,
	SQL_WRITE_BEGIN,
	SQL_COMMIT,
	SQL_ROLLBACK,
	SQL_META,
	SQL_META_SET,
	SQL_GET,
	SQL_LIST,
	SQL_CHANGES,
	SQL_CONDITION,
	SQL_PUT,
	SQL_DELETE,
	SQL_BURY,
	SQL_DELETE_RANGE,
	SQL_BURY_RANGE,
	SQL_TOMBSTONE_AT,
	SQL_TOMBSTONE_PRUNE,
	SQL_LEASE_ADD,
	SQL_LEASE_KEEP,
	SQL_LEASE_FIND,
	SQL_LEASE_EXPIRED,
	SQL_LEASE_NEXT,
	SQL_LEASE_RESTART,
	SQL_LEASE_DROP,
	SQL_LEASE_DELETE_KEYS,
	SQL_LEASE_BURY_KEYS,
	SQL_COUNTS,
	SQL_STATEMENTS_,
};

/* Which file a name stood for. */
struct local_file_id {
	dev_t dev;
	ino_t ino;
};

struct local_db {
	sqlite3 *sql;
	sqlite3_stmt *stmts[SQL_STATEMENTS_];
	struct local_file_id wal, shm; /* of local_db_settle() */
	bool durable;		       /* local_db_durable() was called */
	uint64_t patience_ends; /* monotonic ms; until then a lock of another process is waited for
				 */
	uint64_t polite_until;	/* monotonic ms; others have been waiting, too */
};

/* Opens the file at an absolute path, which exists.  Reads nothing yet. */
int local_db_open(struct local_db *db, const char *path, struct kvs_err *err);
/* Notes which files are SQLite's own beside it, once there are such: after the first reading. */
void local_db_settle(struct local_db *db);
/* Closes it; a closed or zeroed one is fine. */
void local_db_close(struct local_db *db);

/* Does the path lead elsewhere than when it was opened (removed, replaced)? */
bool local_db_moved(const struct local_db *db);

/*
 * Leaves a file that was moved: its log is taken into it, and the "-wal" and "-shm" that are still
 * its own go, since SQLite would believe that they belong to whatever file has the name now.
 * UNAVAILABLE while somebody reads in the moved file; then the name must not be opened.
 */
int local_db_leave(struct local_db *db, struct kvs_err *err);

/* Every commit is on the disk when it returns, also where SQLite was built with another default.
 * Call it before writing; readers need it not. */
int local_db_durable(struct local_db *db, struct kvs_err *err);

/* How long the calls from now on may wait for another process's lock, in ms. */
void local_db_patience(struct local_db *db, uint64_t ms);

/* Gives way for a moment, if others want to write as well: whoever has just let the lock go would
 * otherwise take it again before any of those who wait has woken. */
void local_db_give_way(const struct local_db *db);

/* A statement, prepared and reset; borrowed. */
int local_stmt(struct local_db *db, enum local_sql id, sqlite3_stmt **ret_st, struct kvs_err *err);
/* Steps.  *ret_row: is there a row? */
int local_step(struct local_db *db, sqlite3_stmt *st, bool *ret_row, struct kvs_err *err);
/* Steps a statement that returns nothing and resets it. */
int local_exec(struct local_db *db, sqlite3_stmt *st, struct kvs_err *err);
/* local_stmt() and local_exec() of one without parameters. */
int local_run(struct local_db *db, enum local_sql id, struct kvs_err *err);

/*
 * Says what SQLite's result code means to the core:
 *   BUSY, LOCKED      UNAVAILABLE  nothing was changed; try again
 *   FULL, IOERR, ...  SYS          with errno
 *   READONLY, PERM    DENIED
 *   CORRUPT, NOTADB   INTEGRITY
 *   NOMEM             NOMEM
 */
int local_fail(const struct local_db *db, int rc, struct kvs_err *err);

/* Binds borrowed bytes as a blob; an empty slice is an empty blob, not NULL. */
void local_bind(sqlite3_stmt *st, int i, struct kvs_str s);
void local_bind_u64(sqlite3_stmt *st, int i, uint64_t n);
/* A column's bytes, borrowed until the next step. */
struct kvs_str local_column(sqlite3_stmt *st, int i);
uint64_t local_column_u64(sqlite3_stmt *st, int i);

static inline void local_cleanup_stmt(sqlite3_stmt **st)
{
	if (!*st)
		return;
	(void)sqlite3_reset(*st);
	(void)sqlite3_clear_bindings(*st);
}
#define LOCAL_AUTO_RESET KVS_CLEANUP(local_cleanup_stmt)

#endif
