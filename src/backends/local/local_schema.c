/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/local/local.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"

#include <inttypes.h>
#include <time.h>

#define APPLICATION_ID 0x6b767379 /* "kvsy" */
#define SCHEMA_VERSION 1

#define STRING_(x) #x
#define STRING(x)  STRING_(x)

/* How long to wait for others who make the same new store. */
#define CREATE_PATIENCE_MS 5000

/*
 * Rows with a rowid: values are files, and a WITHOUT ROWID table of such rows takes three times the
 * space and twice the time.  The first index is 1, so that 0 can mean "none".
 */
static const char schema[] = "CREATE TABLE meta ("
			     " id INTEGER PRIMARY KEY CHECK (id = 1),"
			     " idx INTEGER NOT NULL,"
			     " floor INTEGER NOT NULL,"
			     " dead INTEGER NOT NULL);"
			     "INSERT INTO meta VALUES (1, 1, 0, 0);"
			     "CREATE TABLE kv ("
			     " key BLOB NOT NULL PRIMARY KEY,"
			     " mod INTEGER NOT NULL,"
			     " created INTEGER NOT NULL,"
			     " version INTEGER NOT NULL,"
			     " flags INTEGER NOT NULL,"
			     " lease BLOB,"
			     " value BLOB NOT NULL);"
			     "CREATE INDEX kv_mod ON kv (mod);"
			     "CREATE INDEX kv_lease ON kv (lease) WHERE lease IS NOT NULL;"
			     "CREATE TABLE tombstone ("
			     " idx INTEGER NOT NULL,"
			     " key BLOB NOT NULL,"
			     " PRIMARY KEY (idx, key)) WITHOUT ROWID;"
			     "CREATE TABLE lease ("
			     " id BLOB NOT NULL PRIMARY KEY,"
			     " ttl INTEGER NOT NULL,"
			     " boot TEXT NOT NULL,"
			     " expires INTEGER NOT NULL) WITHOUT ROWID;"
			     "CREATE INDEX lease_expires ON lease (boot, expires);"
			     "PRAGMA application_id = " STRING(
				     APPLICATION_ID) ";"
						     "PRAGMA user_version = " STRING(
							     SCHEMA_VERSION) ";";

/* The one number that a query gives. */
static int ask(struct local_db *db, const char *sql, int64_t *ret_n, struct kvs_err *err)
{
	sqlite3_stmt *st;
	int rc = sqlite3_prepare_v2(db->sql, sql, -1, &st, NULL);

	if (rc != SQLITE_OK)
		return local_fail(db, rc, err);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		*ret_n = sqlite3_column_int64(st, 0);
	(void)sqlite3_finalize(st);
	return rc == SQLITE_ROW ? 0 : local_fail(db, rc, err);
}

static const char *path_of(const struct local_db *db)
{
	return sqlite3_db_filename(db->sql, "main");
}

enum state {
	STATE_EMPTY,
	STATE_READY,
};

static int foreign(const struct local_db *db, struct kvs_err *err)
{
	return kvs_err_set(err, KVS_E_CONFIG,
			   "%s is not a kvsync store but another program's SQLite database; "
			   "choose another path",
			   KVS_Q(kvs_s(path_of(db))));
}

/* Call it inside a transaction: another process may be making the store right now. */
static int inspect(struct local_db *db, enum state *ret_state, struct kvs_err *err)
{
	int64_t application = 0, version = 0, tables = 0;
	struct kvs_err why = { 0 };
	int rc;

	rc = ask(db, "PRAGMA application_id", &application, &why);
	if (rc == KVS_E_INTEGRITY && (why.remote & 0xff) == SQLITE_NOTADB)
		return kvs_err_set(err, KVS_E_CONFIG,
				   "%s is not a kvsync store: not an SQLite database; choose "
				   "another path",
				   KVS_Q(kvs_s(path_of(db))));
	if (rc)
		return kvs_err_copy(err, rc, &why);
	rc = ask(db, "PRAGMA user_version", &version, err);
	if (rc)
		return rc;
	if (application == APPLICATION_ID && version == SCHEMA_VERSION) {
		*ret_state = STATE_READY;
		return 0;
	}
	if (application == APPLICATION_ID)
		return kvs_err_set(err, KVS_E_CONFIG,
				   "local store %s has format %" PRId64 ", this kvsync knows %d; "
				   "use the kvsync that wrote it",
				   KVS_Q(kvs_s(path_of(db))), version, SCHEMA_VERSION);
	if (application != 0 || version != 0)
		return foreign(db, err);
	rc = ask(db, "SELECT count(*) FROM sqlite_schema", &tables, err);
	if (rc)
		return rc;
	if (tables != 0)
		return foreign(db, err);
	*ret_state = STATE_EMPTY;
	return 0;
}

static int run_text(struct local_db *db, const char *sql, struct kvs_err *err)
{
	int rc = sqlite3_exec(db->sql, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : local_fail(db, rc, err);
}

/* The switch to WAL needs the file alone; SQLite does not ask its busy handler there, so several
 * makers of one store take turns here. */
static int set_wal(struct local_db *db, struct kvs_err *err)
{
	uint64_t until = kvsi_monotonic_ms() + CREATE_PATIENCE_MS;
	const struct timespec nap = { .tv_nsec = 2000000 };
	int rc;

	for (;;) {
		rc = run_text(db, "PRAGMA journal_mode = WAL", err);
		if (rc != KVS_E_UNAVAILABLE || kvsi_monotonic_ms() >= until)
			return rc;
		(void)nanosleep(&nap, NULL);
	}
}

static void roll_back(struct local_db *db)
{
	if (!sqlite3_get_autocommit(db->sql))
		(void)local_run(db, SQL_ROLLBACK, NULL);
}

static int look(struct local_db *db, enum state *ret_state, struct kvs_err *err)
{
	int rc = local_run(db, SQL_READ_BEGIN, err);

	if (!rc)
		rc = inspect(db, ret_state, err);
	roll_back(db);
	return rc;
}

static int create_tables(struct local_db *db, struct kvs_err *err)
{
	enum state state;
	int rc;

	rc = local_run(db, SQL_WRITE_BEGIN, err);
	/* Another process may have been first. */
	if (!rc)
		rc = inspect(db, &state, err);
	if (!rc && state == STATE_EMPTY)
		rc = run_text(db, schema, err);
	if (!rc)
		rc = local_run(db, SQL_COMMIT, err);
	roll_back(db);
	return rc;
}

int local_schema_ensure(struct local_db *db, struct kvs_err *err)
{
	enum state state;
	int rc;

	local_db_patience(db, CREATE_PATIENCE_MS);
	rc = look(db, &state, err);
	if (rc || state == STATE_READY)
		return rc;
	rc = set_wal(db, err);
	if (!rc)
		rc = local_db_durable(db, err);
	return rc ? rc : create_tables(db, err);
}

int local_meta_read(struct local_db *db, struct local_meta *ret_meta, struct kvs_err *err)
{
	LOCAL_AUTO_RESET sqlite3_stmt *st = NULL;
	bool row = false;
	int rc;

	rc = local_stmt(db, SQL_META, &st, err);
	if (!rc)
		rc = local_step(db, st, &row, err);
	if (rc)
		return rc;
	if (!row)
		return kvs_err_set(err, KVS_E_INTEGRITY, "local store %s has lost its index",
				   KVS_Q(kvs_s(path_of(db))));
	*ret_meta = (struct local_meta){
		.index = local_column_u64(st, 0),
		.floor = local_column_u64(st, 1),
		.dead = local_column_u64(st, 2),
		.leases = sqlite3_column_int(st, 3),
	};
	return 0;
}
