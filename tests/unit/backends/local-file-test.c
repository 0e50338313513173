/* SPDX-License-Identifier: Apache-2.0 */
/* The embedded store's file: which are taken, which refused, and what happens to them meanwhile. */
#include "base/str.h"
#include "tests/lib/scratch.h"
#include "tests/lib/tap.h"
#include "tests/unit/backends/local-lib.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	if (!f || fputs(text, f) < 0 || fclose(f) != 0)
		bail("cannot write %s", path);
}

static off_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_size : -1;
}

static unsigned int mode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_mode & 07777 : 0;
}

static void test_new(void)
{
	const char *path = scratch_path("new.db");
	struct kvs_store *store = local_store(path);
	char name[4096];

	(void)snprintf(name, sizeof(name), "local:%s", path);
	is_str(kvs_store_name(store), name, "the name is the path");
	is_uint(local_index_of(store), 1, "a new store is at index 1");
	is_int(local_put(store, "a", "1"), 2, "the first write has index 2");
	is_uint(mode_of(path), 0600, "the file is the owner's alone");
	is_uint(mode_of(scratch_path("new.db-wal")), 0600, "and the log beside it");
	is_uint(mode_of(scratch_path("new.db-shm")), 0600, "and the shared memory");
	kvs_close(store);
	is_int(size_of(scratch_path("new.db-wal")), -1, "when it is closed the log is gone");
	store = local_store(path);
	is_str(local_value(store, "a"), "1", "and everything in the one file");
	kvs_close(store);
	is_str((write_file(scratch_path("empty.db"), ""), local_try(scratch_path("empty.db"), NULL))
		       ? NULL
		       : "taken",
	       "taken", "an empty file becomes a store");
}

static void test_foreign(void)
{
	const char *text = scratch_path("text.db"), *other = scratch_path("other.db");
	const char *newer = scratch_path("newer.db"), *marked = scratch_path("marked.db");
	struct kvs_err err = { 0 };
	off_t size;

	write_file(text,
		   "This is a text of more than a hundred bytes, so that it has the length of "
		   "an SQLite database's header, but it is none.\n");
	size = size_of(text);
	is_err(local_try(text, &err), KVS_E_CONFIG, &err, "not an SQLite database", "a text file");
	is_int(size_of(text), size, "is left as it was");
	local_sql(other, "CREATE TABLE t (x); INSERT INTO t VALUES (42)");
	is_err(local_try(other, &err), KVS_E_CONFIG, &err, "another program",
	       "somebody else's database");
	is_int(local_sql_number(other, "SELECT count(*) FROM sqlite_schema"), 1,
	       "is left as it was");
	is_int(local_sql_number(other, "SELECT x FROM t"), 42, "with its row");
	local_sql(marked, "PRAGMA application_id = 7");
	is_err(local_try(marked, &err), KVS_E_CONFIG, &err, "another program",
	       "an empty one with an application's mark");
	is_int(local_try(newer, NULL), 0, "a store");
	local_sql(newer, "PRAGMA user_version = 2");
	is_err(local_try(newer, &err), KVS_E_CONFIG, &err, "format 2", "of a newer format");
	is_int(local_sql_number(newer, "SELECT count(*) FROM meta"), 1, "is left as it was");
}

/* A store of ours whose pages are damaged. */
static void test_corrupt(void)
{
	const char *path = scratch_path("corrupt.db");
	struct kvs_store *store = local_store(path);
	struct kvs_entry *entry;
	struct kvs_err err = { 0 };
	char junk[4096];
	int fd, i;

	(void)local_put(store, "a", "1");
	kvs_close(store);
	memset(junk, 0x5a, sizeof(junk));
	fd = open(path, O_WRONLY | O_CLOEXEC);
	for (i = 1; i < size_of(path) / 4096; i++)
		if (pwrite(fd, junk, sizeof(junk), i * 4096) != sizeof(junk))
			bail("cannot damage %s", path);
	(void)close(fd);
	store = local_store(path);
	is_err(kvs_get(store, kvs_s("a"), 0, &entry, &err), KVS_E_INTEGRITY, &err, "malformed",
	       "damaged pages");
	kvs_close(store);
}

/* A child that cannot be root does fn and exits with what it returns. */
static int as_nobody(int (*fn)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		if (getuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
			_exit(99);
		_exit(fn());
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		bail("no child");
	return WEXITSTATUS(status);
}

static int count_entry(void *arg, const struct kvs_entry *entry)
{
	++*(int *)arg;
	return 0;
}

static int read_only_work(void)
{
	struct kvs_store *store = local_store(scratch_path("ro/store.db"));
	struct kvs_request req = KVS_REQUEST_INIT;
	const char *value = local_value(store, "a");
	int n = 0;

	if (!value || strcmp(value, "1") != 0)
		return 1;
	if (local_put(store, "a", "2") != KVS_E_DENIED)
		return 2;
	/* The lease of "held" is over, and cannot be ended here. */
	if (local_value(store, "held"))
		return 3;
	if (kvs_list(store, &req, count_entry, &n, NULL, NULL) || n != 1)
		return 4;
	if (local_index_of(store) != 3)
		return 5;
	kvs_close(store);
	return 0;
}

static int denied_work(void)
{
	struct kvs_err err = { 0 };
	int rc = local_try(scratch_path("denied.db"), &err);

	return rc == KVS_E_DENIED ? 0 : 1;
}

static void test_rights(void)
{
	const char *path = scratch_path("ro/store.db");
	struct kvs_store *store = local_store(path);

	(void)local_put(store, "a", "1");
	(void)local_put_leased(store, "held", local_grant(store, 60000));
	kvs_close(store);
	local_sql(path, "UPDATE lease SET expires = 1");
	(void)chmod(scratch_path(""), 0755);
	(void)chmod(path, 0444);
	if (getuid() == 0 &&
	    (chown(scratch_path("ro"), 65534, 65534) != 0 || chown(path, 65534, 65534) != 0))
		bail("cannot give %s away", path);
	is_int(as_nobody(read_only_work), 0, "a file without right to write is read");
	if (getuid() != 0)
		return skip(1, "needs root, to have a file that is another's");
	store = local_store(scratch_path("denied.db"));
	kvs_close(store);
	is_int(as_nobody(denied_work), 0, "a file without right to read is denied");
}

/* An operator removes or replaces the file under an open store. */
static void test_replaced(void)
{
	const char *path = scratch_path("replaced.db"), *backup = scratch_path("backup.db");
	struct kvs_store *store = local_store(path), *other = local_store(backup);
	struct local_log log;
	int64_t index;

	(void)local_put(store, "old", "1");
	(void)local_put(store, "old", "2");
	(void)local_put(other, "new", "1");
	kvs_close(other);
	local_watch_open(store, &log, "", 0, 0);
	ok(local_watch_until(store, &log, 3, 5000) >= 0, "a watch on it");
	is_str(log.text, "R +old S ", "tells what there is");
	if (rename(backup, path) != 0)
		bail("cannot rename");
	log.index = 0;
	ok(local_watch_until(store, &log, 1, 5000) >= 0, "the file is replaced by another");
	is_str(log.text, "R +old S R +new S ", "the watch begins anew");
	is_str(local_value(store, "new"), "1", "reads are of the new file");
	index = local_put(store, "more", "1");
	is_int(index, 3, "and writes go to it");
	other = local_store(path);
	is_str(local_value(other, "more"), "1", "where others see them");
	kvs_close(other);
	if (unlink(path) != 0)
		bail("cannot unlink");
	is_int(local_put(store, "again", "1"), 2, "a file that is removed is made again");
	other = local_store(path);
	is_str(local_value(other, "again"), "1", "where others look for it");
	kvs_close(other);
	kvs_watch_close(log.watch);
	kvs_close(store);
	other = local_store(path);
	is_str(local_value(other, "again"), "1", "and the old one's end does it no harm");
	kvs_close(other);
}

/* One of many that find no store at the same moment; exits. */
static void make_and_put(const char *path, int number)
{
	struct kvs_store *store = local_store(path);
	char key[8];
	int64_t index;

	(void)snprintf(key, sizeof(key), "k%d", number);
	index = local_put(store, key, "v");
	if (index < 0)
		diag("%s: %s", key, kvs_code_name((int)index));
	kvs_close(store);
	_exit(index > 0 ? 0 : 1);
}

static int race(const char *path)
{
	pid_t pids[20];
	int i, status, failed = 0, go[2];
	char byte;

	if (pipe(go) != 0)
		bail("pipe");
	for (i = 0; i < 20; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			(void)close(go[1]);
			(void)!read(go[0], &byte, 1);
			make_and_put(path, i);
		}
	}
	(void)close(go[0]);
	(void)close(go[1]);
	for (i = 0; i < 20; i++)
		failed += waitpid(pids[i], &status, 0) != pids[i] || status != 0;
	return failed;
}

static void test_race(void)
{
	int i, failed = 0, lost = 0;
	struct kvs_store *store;
	char name[32];

	for (i = 0; i < 10; i++) {
		(void)snprintf(name, sizeof(name), "race%d/store.db", i);
		failed += race(scratch_path(name));
		store = local_store(scratch_path(name));
		lost += local_index_of(store) != 21;
		kvs_close(store);
	}
	is_int(failed, 0, "twenty processes make one store at once, ten times");
	is_int(lost, 0, "and every write of theirs is in it");
}

static void test_options(void)
{
	struct kvs_opts *opts;
	struct kvs_store *store = NULL;
	struct kvs_err err = { 0 };

	(void)kvs_opts_new(&opts, NULL);
	(void)kvs_opts_add(opts, "path", scratch_path("option.db"), NULL);
	is_code(kvs_open("local:", opts, &store, &err), 0, &err, "the path as an option");
	has_str(kvs_store_name(store), "/option.db", "is taken");
	kvs_close(store);
	is_err(kvs_open("local:/elsewhere.db", opts, &store, &err), KVS_E_CONFIG, &err, "give one",
	       "a URL that says another");
	kvs_opts_free(opts);
}

int main(void)
{
	(void)scratch_make();
	test_new();
	test_foreign();
	test_corrupt();
	test_rights();
	test_replaced();
	test_race();
	test_options();
	return tap_end();
}
