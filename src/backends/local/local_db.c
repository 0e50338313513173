/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/local/local_db.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/rand.h"
#include "base/str.h"

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

/* Bytes of the log that stay allocated after a burst. */
#define LOG_KEPT "8388608"
/* How long having met others makes us give way to them. */
#define POLITE_MS 1000
/* For a clock that stands still. */
#define MAX_NAPS 10000

/*
 * Columns of an entry, in the order that local_entry() reads them.  A lease that is over (and
 * counts in this boot) hides its keys; without leases the join costs nothing.
 */
#define ENTRY_COLUMNS "k.key, k.mod, k.created, k.version, k.flags, k.lease"
#define LIVE	      "(l.id IS NULL OR l.boot <> ?5 OR l.expires > ?6)"
/* For an index; "<>" would look at every row. */
#define OTHER_BOOT "(boot < ?1 OR boot > ?1)"

static const char *const statements[SQL_STATEMENTS_] = {
	[SQL_READ_BEGIN] = "BEGIN",
	[SQL_WRITE_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
	[SQL_META] = "SELECT idx, floor, dead, EXISTS (SELECT 1 FROM lease) FROM meta",
	[SQL_META_SET] = "UPDATE meta SET idx = ?1, floor = ?2, dead = ?3",
	[SQL_GET] = "SELECT " ENTRY_COLUMNS ", k.value, m.idx, l.boot, l.expires"
		    " FROM meta m LEFT JOIN kv k ON k.key = ?1 LEFT JOIN lease l ON l.id = k.lease",
	/* ?4: keys only.  The value's pages are then not read at all. */
	[SQL_LIST] = "SELECT " ENTRY_COLUMNS ", CASE WHEN ?4 THEN NULL ELSE k.value END"
		     " FROM kv k LEFT JOIN lease l ON l.id = k.lease"
		     " WHERE k.key >= ?1 AND k.key < ?2 AND " LIVE " ORDER BY k.key",
	/* What changed behind ?3, oldest first; of one index no key stands in both tables.  The plus
	 * signs keep the planner on the indexes of change numbers, and then nothing is sorted. */
	[SQL_CHANGES] = "SELECT t.key, t.idx AS idx, 0, 0, 0, NULL, NULL, 0 AS put FROM tombstone t"
			" WHERE t.idx > ?3 AND +t.key >= ?1 AND +t.key < ?2"
			" UNION ALL "
			"SELECT k.key, k.mod, k.created, k.version, k.flags, k.lease,"
			" CASE WHEN ?4 THEN NULL ELSE k.value END, 1 FROM kv k INDEXED BY kv_mod"
			" WHERE k.mod > ?3 AND +k.key >= ?1 AND +k.key < ?2"
			" ORDER BY idx",
	[SQL_CONDITION] = "SELECT mod, lease FROM kv WHERE key = ?1",
	[SQL_PUT] = "INSERT INTO kv (key, mod, created, version, flags, lease, value)"
		    " VALUES (?1, ?2, ?2, 1, ?3, ?4, ?5)"
		    " ON CONFLICT (key) DO UPDATE SET mod = excluded.mod, version = version + 1,"
		    " flags = excluded.flags, lease = excluded.lease, value = excluded.value",
	[SQL_DELETE] = "DELETE FROM kv WHERE key = ?1",
	[SQL_BURY] = "INSERT OR IGNORE INTO tombstone (idx, key) VALUES (?1, ?2)",
	[SQL_DELETE_RANGE] = "DELETE FROM kv WHERE key >= ?1 AND key < ?2",
	[SQL_BURY_RANGE] = "INSERT OR IGNORE INTO tombstone (idx, key)"
			   " SELECT ?3, key FROM kv WHERE key >= ?1 AND key < ?2",
	[SQL_TOMBSTONE_AT] = "SELECT idx FROM tombstone ORDER BY idx LIMIT 1 OFFSET ?1",
	[SQL_TOMBSTONE_PRUNE] = "DELETE FROM tombstone WHERE idx <= ?1",
	[SQL_LEASE_ADD] = "INSERT OR IGNORE INTO lease (id, ttl, boot, expires)"
			  " VALUES (?1, ?2, ?3, ?4)",
	[SQL_LEASE_KEEP] = "UPDATE lease SET boot = ?2, expires = ?3 + ttl WHERE id = ?1",
	[SQL_LEASE_FIND] = "SELECT ttl FROM lease WHERE id = ?1",
	[SQL_LEASE_EXPIRED] = "SELECT id FROM lease WHERE boot = ?1 AND expires <= ?2 LIMIT 1",
	/* 0: some are of another boot and have to begin anew. */
	[SQL_LEASE_NEXT] = "SELECT CASE WHEN EXISTS (SELECT 1 FROM lease WHERE " OTHER_BOOT ")"
			   " THEN 0 ELSE (SELECT min(expires) FROM lease WHERE boot = ?1) END",
	[SQL_LEASE_RESTART] = "UPDATE lease SET boot = ?1, expires = ?2 + ttl WHERE " OTHER_BOOT,
	[SQL_LEASE_DROP] = "DELETE FROM lease WHERE id = ?1",
	[SQL_LEASE_DELETE_KEYS] = "DELETE FROM kv WHERE lease = ?1",
	[SQL_LEASE_BURY_KEYS] = "INSERT OR IGNORE INTO tombstone (idx, key)"
				" SELECT ?2, key FROM kv WHERE lease = ?1",
	[SQL_COUNTS] = "SELECT (SELECT count(*) FROM kv), (SELECT count(*) FROM lease),"
		       " (SELECT page_count FROM pragma_page_count)"
		       " * (SELECT page_size FROM pragma_page_size)",
};

void local_db_patience(struct local_db *db, uint64_t ms)
{
	db->patience_ends = kvsi_monotonic_ms() + ms;
}

/* A commit takes milliseconds.  Of varying length, since those who nap in step would all find the
 * lock taken by the same one of them. */
static void nap(void)
{
	const struct timespec ts = { .tv_nsec = 500000 + (long)kvs_rand_below(2500000) };

	(void)nanosleep(&ts, NULL);
}

/* SQLite calls this while another process holds a lock. */
static int wait_for_lock(void *arg, int tries)
{
	struct local_db *db = arg;
	uint64_t now = kvsi_monotonic_ms();

	db->polite_until = now + POLITE_MS;
	if (tries >= MAX_NAPS || now >= db->patience_ends)
		return 0;
	nap();
	return 1;
}

void local_db_give_way(const struct local_db *db)
{
	if (kvsi_monotonic_ms() < db->polite_until)
		nap();
}

/* A store is data: whatever else a file's maker put into its schema is not run. */
static void distrust(sqlite3 *sql)
{
	(void)sqlite3_db_config(sql, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
	(void)sqlite3_db_config(sql, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)NULL);
	(void)sqlite3_db_config(sql, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, (int *)NULL);
	(void)sqlite3_db_config(sql, SQLITE_DBCONFIG_ENABLE_VIEW, 0, (int *)NULL);
}

int local_db_open(struct local_db *db, const char *path, struct kvs_err *err)
{
	/* A store belongs to one thread at a time, so SQLite needs no mutexes.  SQLite itself falls
	 * back to reading where the file may not be written. */
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
	int rc;

	*db = (struct local_db){ 0 };
	rc = sqlite3_open_v2(path, &db->sql, flags, NULL);
	if (rc != SQLITE_OK) {
		rc = local_fail(db, rc, err);
		local_db_close(db);
		return rc;
	}
	(void)sqlite3_extended_result_codes(db->sql, 1);
	(void)sqlite3_busy_handler(db->sql, wait_for_lock, db);
	distrust(db->sql);
	return 0;
}

bool local_db_moved(const struct local_db *db)
{
	int moved = 0;

	(void)sqlite3_file_control(db->sql, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
	return moved;
}

int local_db_durable(struct local_db *db, struct kvs_err *err)
{
	int rc;

	if (db->durable)
		return 0;
	rc = sqlite3_exec(db->sql,
			  "PRAGMA synchronous = FULL;"
			  "PRAGMA journal_size_limit = " LOG_KEPT,
			  NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		return local_fail(db, rc, err);
	db->durable = true;
	return 0;
}

static struct local_file_id identify(const char *name)
{
	struct stat st;

	if (stat(name, &st) != 0)
		return (struct local_file_id){ 0 };
	return (struct local_file_id){ .dev = st.st_dev, .ino = st.st_ino };
}

/* SQLite keeps the names of the side files behind that of the file; -shm goes by -wal. */
static void side_names(const struct local_db *db, const char **ret_wal, char *shm, size_t size)
{
	const char *path = sqlite3_db_filename(db->sql, "main");

	*ret_wal = sqlite3_filename_wal(path);
	(void)snprintf(shm, size, "%s-shm", path);
}

void local_db_settle(struct local_db *db)
{
	char shm[PATH_MAX + 8];
	const char *wal;

	side_names(db, &wal, shm, sizeof(shm));
	db->wal = identify(wal);
	db->shm = identify(shm);
}

static void remove_own(const char *name, struct local_file_id own)
{
	struct local_file_id now = identify(name);

	if (own.ino && now.ino == own.ino && now.dev == own.dev)
		(void)unlink(name);
}

static int clear_side_files(struct local_db *db, struct kvs_err *err)
{
	char shm[PATH_MAX + 8];
	const char *wal;
	int rc;

	/* That is for those who may write. */
	if (sqlite3_db_readonly(db->sql, "main") == 1)
		return 0;
	rc = sqlite3_wal_checkpoint_v2(db->sql, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	if (rc != SQLITE_OK)
		return local_fail(db, rc, err);
	side_names(db, &wal, shm, sizeof(shm));
	remove_own(wal, db->wal);
	remove_own(shm, db->shm);
	return 0;
}

int local_db_leave(struct local_db *db, struct kvs_err *err)
{
	int rc = clear_side_files(db, err);

	if (rc)
		return kvs_err_context(err, rc, "the file was removed or replaced while in use");
	local_db_close(db);
	return 0;
}

/* The names "-wal" and "-shm" may by now belong to another file's users: SQLite must neither
 * copy nor remove them on the way out. */
static void spare_side_files(struct local_db *db)
{
	int keep = 1;

	if (db->wal.ino)
		(void)clear_side_files(db, NULL);
	(void)sqlite3_file_control(db->sql, "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
	(void)sqlite3_db_config(db->sql, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
}

void local_db_close(struct local_db *db)
{
	size_t i;

	if (!db->sql)
		return;
	if (local_db_moved(db))
		spare_side_files(db);
	for (i = 0; i < SQL_STATEMENTS_; i++)
		(void)sqlite3_finalize(db->stmts[i]);
	(void)sqlite3_close(db->sql);
	*db = (struct local_db){ 0 };
}

int local_stmt(struct local_db *db, enum local_sql id, sqlite3_stmt **ret_st, struct kvs_err *err)
{
	sqlite3_stmt **slot = &db->stmts[id];
	int rc;

	if (!*slot) {
		rc = sqlite3_prepare_v3(db->sql, statements[id], -1, SQLITE_PREPARE_PERSISTENT,
					slot, NULL);
		if (rc != SQLITE_OK)
			return local_fail(db, rc, err);
	}
	*ret_st = *slot;
	return 0;
}

int local_step(struct local_db *db, sqlite3_stmt *st, bool *ret_row, struct kvs_err *err)
{
	int rc = sqlite3_step(st);

	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return local_fail(db, rc, err);
	*ret_row = rc == SQLITE_ROW;
	return 0;
}

int local_exec(struct local_db *db, sqlite3_stmt *st, struct kvs_err *err)
{
	LOCAL_AUTO_RESET sqlite3_stmt *used = st;
	bool row;

	return local_step(db, used, &row, err);
}

int local_run(struct local_db *db, enum local_sql id, struct kvs_err *err)
{
	sqlite3_stmt *st;
	int rc = local_stmt(db, id, &st, err);

	return rc ? rc : local_exec(db, st, err);
}

static int code_of(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL: /* many tries at a lock in vain */
		return KVS_E_UNAVAILABLE;
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return KVS_E_DENIED;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_FORMAT:
		return KVS_E_INTEGRITY;
	case SQLITE_NOMEM:
		return KVS_E_NOMEM;
	case SQLITE_TOOBIG:
		return KVS_E_TOOBIG;
	case SQLITE_MISUSE:
	case SQLITE_RANGE:
	case SQLITE_CONSTRAINT:
		return KVS_E_BUG;
	default:
		return KVS_E_SYS;
	}
}

/* What SQLite was at when the system failed it. */
static const char *doing(int rc)
{
	switch (rc) {
	case SQLITE_IOERR_READ:
	case SQLITE_IOERR_SHORT_READ:
		return " (reading)";
	case SQLITE_IOERR_WRITE:
		return " (writing)";
	case SQLITE_IOERR_FSYNC:
	case SQLITE_IOERR_DIR_FSYNC:
		return " (syncing)";
	case SQLITE_IOERR_TRUNCATE:
		return " (truncating)";
	case SQLITE_IOERR_SHMOPEN:
	case SQLITE_IOERR_SHMSIZE:
	case SQLITE_IOERR_SHMMAP:
		return " (mapping the -shm file)";
	default:
		return "";
	}
}

int local_fail(const struct local_db *db, int rc, struct kvs_err *err)
{
	const char *path = db->sql ? sqlite3_db_filename(db->sql, "main") : NULL;
	const char *words = sqlite3_errstr(rc);
	int code = code_of(rc);
	int sys = 0;

	if (code == KVS_E_NOMEM || !db->sql)
		return kvs_err_oom(err);
	if (code == KVS_E_SYS)
		sys = (rc & 0xff) == SQLITE_FULL ? ENOSPC : sqlite3_system_errno(db->sql);
	if (sys == EACCES || sys == EPERM)
		code = KVS_E_DENIED;
	if (code == KVS_E_UNAVAILABLE)
		words = "another process holds its lock";
	if ((rc & 0xff) == SQLITE_READONLY)
		words = "no right to write to it, or to its directory, where SQLite keeps its log";
	if (code == KVS_E_BUG)
		words = sqlite3_errmsg(db->sql);
	kvs_err_set(err, code, "local store %s: %s%s%s%s", KVS_Q(kvs_s(path)), words, doing(rc),
		    sys ? ": " : "", sys ? strerrordesc_np(sys) ?: "unknown error" : "");
	if (err) {
		err->sys_errno = sys;
		err->remote = rc;
	}
	return code;
}

void local_bind(sqlite3_stmt *st, int i, struct kvs_str s)
{
	(void)sqlite3_bind_blob64(st, i, s.n ? s.p : "", s.n, SQLITE_STATIC);
}

void local_bind_u64(sqlite3_stmt *st, int i, uint64_t n)
{
	(void)sqlite3_bind_int64(st, i, (sqlite3_int64)n);
}

struct kvs_str local_column(sqlite3_stmt *st, int i)
{
	const void *p = sqlite3_column_blob(st, i);

	return (struct kvs_str){ p, (size_t)sqlite3_column_bytes(st, i) };
}

uint64_t local_column_u64(sqlite3_stmt *st, int i)
{
	return (uint64_t)sqlite3_column_int64(st, i);
}
