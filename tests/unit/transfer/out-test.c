/* SPDX-License-Identifier: Apache-2.0 */
/* A file comes out of the store. */
#include "tests/unit/transfer/world.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/path.h"
#include "base/str.h"
#include "transfer/layout.h"
#include "transfer/state.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DATA	 "kvexpress/k/data"
#define CHECKSUM "kvexpress/k/checksum"
#define STOP	 "kvexpress/k/stop"

static struct kvs_out_params params;
static struct kvs_out_result result;
static struct kvs_err err;
static struct kvs_refusal refusal;

/* Says that it ran, what it was told, and succeeds only if there is no file "fail". */
static const char *const command[] = {
	"sh", "-c", "echo \"$KVSYNC_KEY $KVSYNC_FILE $KVSYNC_CHECKSUM\" >>ran; test ! -e fail", NULL
};

static int out(void)
{
	return kvs_transfer_out(&world.t, &params, &result, &err);
}

static void begin(const char *text)
{
	world_calm();
	put_pair("k", text);
	store_delete(STOP);
	(void)unlink("t");
	(void)unlink("ran");
	(void)unlink("fail");
	(void)!system("rm -rf state");
	world.t.refusal = &refusal;
	refusal = (struct kvs_refusal){ 0 };
	params = (struct kvs_out_params){ .key = "k", .file = "t", .guards = { .min_lines = 1 } };
}

static void set_mode(mode_t mode)
{
	params.rights = (struct kvs_rights){ .set_mode = true, .mode = mode };
}

static void ran(int times, const char *name)
{
	KVS_AUTO_FILE FILE *f = fopen("ran", "re");
	int c, lines = 0;

	while (f && (c = getc(f)) != EOF)
		lines += c == '\n';
	is_int(lines, times, "%s", name);
}

static void test_plain(void)
{
	begin("one\ntwo\n");
	is_code(out(), 0, &err, "a new file");
	ok(result.installed && !result.repaired && !result.commanded, "is installed");
	is_uint(result.lines, 2, "lines are told");
	is_uint(result.bytes, 8, "and bytes");
	is_file("t", "one\ntwo\n", "a new file is there");
	is_mode("t", 0640, "with the mode of new files");
	is_uint(world.trouble[CALL_GET_MANY].calls, 1, "guards and checksum in one round trip");
	is_uint(world.trouble[CALL_GET].calls, 1, "the data in another");
	world_calm();
	is_code(out(), 0, &err, "again");
	ok(!result.installed && !result.repaired, "nothing is to be done");
	is_uint(world.trouble[CALL_GET].calls, 0, "the data is not fetched");
	is_uint(world.warnings, 0, "without a warning");
	put_pair("k", "three\n");
	(void)chmod("t", 0604);
	is_code(out(), 0, &err, "a changed file");
	is_file("t", "three\n", "is replaced");
	is_mode("t", 0604, "keeping its mode");
	file_put("t", "three\nand more\n", 0604);
	is_code(out(), 0, &err, "somebody edited the file");
	is_file("t", "three\n", "it is put back");
}

static void test_rights(void)
{
	begin("x\n");
	set_mode(0600);
	is_code(out(), 0, &err, "with a mode");
	is_mode("t", 0600, "the file has it");
	(void)chmod("t", 0666);
	is_code(out(), 0, &err, "a mode that drifted");
	ok(result.repaired && !result.installed, "is put right");
	is_mode("t", 0600, "drift");
	params.rights.set_mode = false;
	(void)chmod("t", 0666);
	is_code(out(), 0, &err, "where none is asked for");
	ok(!result.repaired, "any is right");
}

static void is_refusal(enum kvs_refusal_kind kind, const char *reason, const char *name)
{
	is_int(refusal.kind, kind, "%s: the refusal says why", name);
	is_str(refusal.reason, reason, "%s: with the reason", name);
}

static void test_guards(void)
{
	begin("x\n");
	store_put(STOP, "for\nlunch");
	is_err(out(), KVS_E_FROZEN, &err, "k is stopped until kvsync start lifts it: for\\x0alunch",
	       "a stopped key");
	is_refusal(KVS_REFUSAL_STOP, "for\\x0alunch", "stopped");
	is_file("t", NULL, "stopped: nothing installed");
	params.ignore_stop = true;
	is_code(out(), 0, &err, "a stop that does not count");
	is_file("t", "x\n", "ignored: installed");

	begin("x\n");
	store_put(STOP, "");
	is_code(out(), 0, &err, "an empty stop is none");

	begin("1\n2\n");
	params.guards.min_lines = 3;
	is_err(out(), KVS_E_GUARD, &err, "kvexpress/k/data has 2 lines, fewer than the 3",
	       "too few lines");
	is_refusal(KVS_REFUSAL_SHORT, "", "too short");
	is_file("t", NULL, "too short: nothing installed");

	begin("x\n");
	world.trouble[CALL_GET_MANY] = (struct trouble){ .times = 1, .code = KVS_E_DENIED };
	is_code(out(), KVS_E_DENIED, &err, "guards that cannot be read");
	is_file("t", NULL, "are not taken for absent");
}

/* Against the file on disk. */
static void test_shrink(void)
{
	begin("1\n");
	params.guards.limit_shrink = true;
	params.guards.max_shrink = 50;
	is_code(out(), 0, &err, "where no file is, none shrinks");
	file_put("t", "1234567\n", 0600);
	is_err(out(), KVS_E_GUARD, &err, "/t would shrink by 75 % (from 8 to 2 bytes)",
	       "a small rest");
	is_file("t", "1234567\n", "shrunk: nothing installed");
	params.guards.max_shrink = 75;
	is_code(out(), 0, &err, "as much as may go");
	is_file("t", "1\n", "is installed");
	file_put("t", "123\n", 0600);
	params.guards.min_bytes = 3;
	is_err(out(), KVS_E_GUARD, &err, "has 2 bytes, fewer than the 3", "too few bytes");
	is_file("t", "123\n", "too few bytes: nothing installed");
}

static void lock_is_seen(const char *path, const char *name)
{
	KVS_AUTO_FREE char *key = NULL;

	begin("x\n");
	params.ignore_stop = true;
	if (kvs_layout_lock("kvexpress", path, "node1", KVS_NAMING_READ, &key, &err))
		bail("no lock");
	store_put(key, "hands off");
	is_err(out(), KVS_E_FROZEN, &err,
	       "is locked on this machine until kvsync unlock lifts it: hands off", "%s", name);
	is_refusal(KVS_REFUSAL_LOCK, "hands off", "locked");
	is_file("t", NULL, "locked: nothing installed");
	store_put(key, "");
	is_code(out(), 0, &err, "an empty lock is none");
	store_delete(key);
}

static void test_locks(void)
{
	KVS_AUTO_FREE char *cwd = getcwd(NULL, 0);
	KVS_AUTO_FREE char *path = kvs_asprintf("%s/t", cwd);
	KVS_AUTO_FREE char *other = NULL;

	lock_is_seen(path, "the lock of the cleaned path, though another was typed");
	lock_is_seen("t", "the lock of the path as typed");
	begin("x\n");
	if (kvs_layout_lock("kvexpress", path, "node2", KVS_NAMING_READ, &other, &err))
		bail("no lock");
	store_put(other, "hands off");
	is_code(out(), 0, &err, "the lock of another node does not count");
	store_delete(other);
}

static void write_the_data(void)
{
	store_put(DATA, "new\n");
}

static void write_the_pair(void)
{
	put_pair("k", "newer\n");
}

static void test_pairs(void)
{
	begin("new\n");
	file_put("t", "old\n", 0600);
	store_put(DATA, "old and other\n");
	is_err(out(), KVS_E_INTEGRITY, &err, "kvexpress/k/data does not match its checksum",
	       "a mixed pair");
	is_refusal(KVS_REFUSAL_MISMATCH, "", "mixed");
	is_file("t", "old\n", "is never installed");
	ok(world.trouble[CALL_GET].calls > 3, "though it was read several times");

	world_calm();
	world.trouble[CALL_GET_MANY] = (struct trouble){ .skip = 2,
							 .times = 1,
							 .before = write_the_data };
	is_code(out(), 0, &err, "a pair that becomes whole");
	is_file("t", "new\n", "is installed");

	begin("old\n");
	world.trouble[CALL_GET] = (struct trouble){ .times = 1, .before = write_the_pair };
	is_code(out(), 0, &err, "a pair that changes between its two readings");
	is_file("t", "newer\n", "is read again");

	begin("new\n");
	store_delete(DATA);
	is_err(out(), KVS_E_INTEGRITY, &err, "kvexpress/k/data is missing", "missing data");
	is_refusal(KVS_REFUSAL_MISMATCH, "", "half");
	store_delete(CHECKSUM);
	is_err(out(), KVS_E_NOTFOUND, &err, "there is no kvexpress/k/checksum", "no such key");
	store_put(CHECKSUM, "");
	is_err(out(), KVS_E_INTEGRITY, &err, "kvexpress/k/checksum is not a SHA-256",
	       "an empty checksum");
	is_refusal(KVS_REFUSAL_MISMATCH, "", "no checksum");
	put_pair("k", "x\n");
	store_put(DATA, "H4sIAAAA");
	is_code(out(), KVS_E_INTEGRITY, &err, "data that is damaged");
	is_refusal(KVS_REFUSAL_NONE, "", "damaged");
	is_file("t", NULL, "nothing of all that is installed");
}

static void test_white_space(void)
{
	char padded[KVS_SHA256_HEX + 4];

	begin("x\n");
	is_code(out(), 0, &err, "a pair");
	(void)snprintf(padded, sizeof(padded), "\t%s \n", result.checksum);
	store_put(CHECKSUM, padded);
	(void)unlink("t");
	is_code(out(), 0, &err, "a checksum with white space around it");
	is_file("t", "x\n", "is the checksum within");
}

static void test_command(void)
{
	begin("x\n");
	params.command.argv = command;
	is_code(out(), 0, &err, "a change with a command");
	ok(result.commanded, "ran it");
	ran(1, "once");
	is_code(out(), 0, &err, "no change");
	ok(!result.commanded, "no command");
	ran(1, "really not");
	(void)chmod("t", 0600);
	set_mode(0644);
	is_code(out(), 0, &err, "a mode that is put right");
	ran(1, "is no change of the file");
	(void)unlink("t");
	is_code(out(), 0, &err, "a file that was lost");
	ran(2, "is one");
}

static void test_failing_command(void)
{
	begin("x\n");
	params.command.argv = command;
	file_put("fail", "", 0600);
	is_err(out(), KVS_E_COMMAND, &err, "command 'sh' exited with status 1",
	       "a failing command");
	ok(result.installed && !result.commanded, "the file was installed before");
	is_file("t", "x\n", "and stays");
	is_code(out(), KVS_E_COMMAND, &err, "the next run tries again");
	ok(!result.installed, "though the file is right");
	ran(2, "failing: twice so far");
	params.command.argv = NULL;
	is_code(out(), 0, &err, "a run without a command");
	params.command.argv = command;
	(void)unlink("fail");
	is_code(out(), 0, &err, "does not make it forgotten");
	ok(result.commanded, "it succeeds");
	ran(3, "failing: three times");
	is_code(out(), 0, &err, "then nothing is owed");
	ran(3, "failing: no more");
}

/* Killed at the worst moments: what the state says then. */
static void test_owed(void)
{
	begin("x\n");
	params.command.argv = command;
	file_put("fail", "", 0600);
	is_code(out(), KVS_E_COMMAND, &err, "a command is owed");
	(void)unlink("fail");
	put_pair("k", "y\n");
	params.command.argv = NULL;
	is_code(out(), 0, &err, "a change without a command");
	params.command.argv = command;
	is_code(out(), 0, &err, "does not pay the debt");
	ok(result.commanded && !result.installed, "the next one with a command does");
	(void)!system("rm -rf state");
	is_code(out(), 0, &err, "without memory and with the right file");
	ok(!result.commanded, "nothing is owed");
	put_pair("k", "z\n");
	is_code(out(), 0, &err, "a change");
	(void)!system("sed -i 's/^step=.*/step=staged/' state/*.state");
	is_code(out(), 0, &err, "killed after the rename, before the command");
	ok(result.commanded && !result.installed, "the command is made up for");
}

static void test_bad_state(void)
{
	begin("x\n");
	params.command.argv = command;
	is_code(out(), 0, &err, "a state");
	(void)!system("for f in state/*; do echo v9 >$f; done");
	is_code(out(), 0, &err, "of a version that nobody knows");
	put_pair("k", "y\n");
	is_code(out(), 0, &err, "counts as empty");
	is_int(system("grep -q '^step=reloaded$' state/*.state"), 0, "and is rewritten");
	is_int(system("grep -q '^key=kvexpress/k$' state/*.state"), 0, "with the key");
	(void)!system("for f in state/*; do head -c 100000 /dev/zero >$f; done");
	is_code(out(), 0, &err, "so does one that is too big");

	begin("x\n");
	file_put("nodir", "", 0600);
	world.t.state_dir = "nodir/state";
	is_code(out(), 0, &err, "where nothing can be remembered");
	is_file("t", "x\n", "the work is done");
	is_uint(world.warnings, 1, "with one warning");
	has_str(world.warning, "is not remembered on this machine: make the directory nodir",
		"that says why");
	world.t.state_dir = "state";
	(void)unlink("nodir");
}

static void test_busy(void)
{
	KVS_AUTO_FREE char *path = NULL;
	struct kvs_state held;
	bool busy;

	begin("x\n");
	if (kvs_path_absolute("t", &path, &err) ||
	    kvs_state_open(&held, world.t.state_dir, path, 0, &busy, &err))
		bail("no lock: %s", err.msg);
	params.lock_wait = 30;
	is_err(out(), KVS_E_SYS, &err, "/t is still being worked on by another kvsync",
	       "a target whose lock somebody else holds all the time");
	is_file("t", NULL, "is left alone");
	is_uint(world.trouble[CALL_GET_MANY].calls, 0, "the store is not even asked");
	is_code(kvs_state_save(&held, &world.t, "k", false, &err), 0, &err,
		"while its holder replaces the state");
	is_code(out(), KVS_E_SYS, &err, "the lock goes on");
	kvs_state_release(&held);
	is_code(out(), 0, &err, "until it is given back");
}

/* What somebody was told of the checksum of a file with this text, which he read at this index. */
static bool is_done(const char *text, uint64_t index)
{
	struct kvs_transfer offline = world.t;
	struct kvs_entry told = { .size = sizeof(told), .mod_index = index };
	char checksum[KVS_SHA256_HEX];

	kvs_sha256_of(kvs_s(text), checksum);
	told.value = kvs_s(checksum);
	offline.store = NULL;
	result = (struct kvs_out_result){ .bytes = 77 };
	return kvs_transfer_out_is_done(&offline, &params, &told, &result);
}

static void test_done(void)
{
	static const struct kvs_signkey *const keys[] = { NULL };

	begin("x\n");
	ok(!is_done("x\n", 1), "no file: something is to be done");
	is_uint(result.bytes, 77, "then there is no result");
	file_put("t", "x\n", 0640);
	ok(is_done("x\n", 1), "a file that is right though nothing is remembered of it");
	ok(!result.installed && !result.repaired && strlen(result.checksum) == 64,
	   "the result says what an ordinary run would");
	ok(!is_done("y\n", 1), "another checksum");
	set_mode(0600);
	ok(!is_done("x\n", 1), "a mode that drifted");
	is_mode("t", 0640, "is left for the ordinary run");
	set_mode(0640);
	ok(is_done("x\n", 1), "a mode that is right");
	params.n_verify_keys = 1;
	params.verify_keys = keys;
	ok(!is_done("x\n", 1), "signatures that are to be verified");
}

static void test_done_remembered(void)
{
	struct kvs_state held;
	KVS_AUTO_FREE char *path = NULL;
	bool busy;

	begin("x\n");
	params.command.argv = command;
	is_code(out(), 0, &err, "a change");
	(void)!system("sed -i 's/^index=.*/index=20/' state/*.state");
	ok(is_done("x\n", 20) && is_done("x\n", 21), "what was installed, told again");
	ok(!is_done("x\n", 19), "what is older than what was installed");
	ran(1, "no command");
	put_pair("k", "y\n");
	file_put("fail", "", 0600);
	is_code(out(), KVS_E_COMMAND, &err, "a command that fails");
	ok(!is_done("y\n", 999), "is owed");
	(void)unlink("fail");
	is_code(out(), 0, &err, "until it succeeds");
	ok(is_done("y\n", 999), "then all is done");

	if (kvs_path_absolute("t", &path, &err) ||
	    kvs_state_open(&held, world.t.state_dir, path, 0, &busy, &err))
		bail("no lock: %s", err.msg);
	ok(!is_done("y\n", 999), "somebody else is at work");
	kvs_state_release(&held);
	file_put("nodir", "", 0600);
	world.t.state_dir = "nodir/state";
	ok(!is_done("y\n", 999), "nothing can be remembered: nobody knows what is owed");
	is_uint(world.warnings, 0, "which the ordinary run will say");
	world.t.state_dir = "state";
	(void)unlink("nodir");
}

static void test_targets(void)
{
	begin("x\n");
	params.file = "d/e/t";
	is_code(out(), 0, &err, "missing directories");
	is_file("d/e/t", "x\n", "are made");
	is_mode("d/e", 0755, "for everybody to read");
	params.file = "d/e";
	is_err(out(), KVS_E_SYS, &err, "Is a directory", "a directory is no target");
	params.file = "link";
	(void)!symlink("d/pointed", "link");
	is_err(out(), KVS_E_SYS, &err, "is a symbolic link", "nor is a link");
	params.follow = true;
	is_code(out(), 0, &err, "unless it may be followed");
	is_file("d/pointed", "x\n", "then it is written through");
	is_code(out(), 0, &err, "again");
	ok(!result.installed, "is seen through as well");
	params.file = "";
	is_err(out(), KVS_E_ARG, &err, "the path is empty", "an empty path");
	params.file = "t";
	params.key = "../k";
	is_code(out(), KVS_E_ARG, &err, "a bad key");
	(void)unlink("link");
}

static void other_locks(void)
{
	char hex[KVS_SHA256_HEX];
	char *cwd = getcwd(NULL, 0);
	KVS_AUTO_FREE char *path = kvs_asprintf("%s/t", cwd);
	KVS_AUTO_FREE char *key = NULL;

	free(cwd);
	kvs_sha256_of(kvs_s(path), hex);
	key = kvs_asprintf("kvexpress/locks/%s/node1", hex);
	store_put(key, "hands off");
}

static void test_raw(void)
{
	begin("pair\n");
	params.raw = true;
	params.key = "whole/key";
	params.command.argv = command;
	is_err(out(), KVS_E_NOTFOUND, &err, "there is no key whole/key", "raw: no such key");
	is_file("t", NULL, "raw: no file");
	store_put("whole/key", "one\n");
	is_code(out(), 0, &err, "raw: a value");
	is_file("t", "one\n", "raw: is the file");
	ran(1, "raw: the command");
	world_calm();
	is_code(out(), 0, &err, "raw: again");
	ok(!result.installed, "raw: nothing to do");
	is_uint(world.trouble[CALL_GET_MANY].calls, 1, "raw: one question");
	is_uint(world.trouble[CALL_GET].calls, 0, "raw: is enough");
	store_put("whole/key", "");
	is_err(out(), KVS_E_GUARD, &err, "whole/key has 0 lines", "raw: guards");
	params.guards.min_lines = 0;
	file_put("fail", "", 0600);
	is_code(out(), KVS_E_COMMAND, &err, "raw: a command that fails");
	is_file("t", "", "raw: an empty value, if it may be");
	(void)unlink("fail");
	is_code(out(), 0, &err, "raw: the command is still due");
	ran(3, "raw: it ran again");
	store_put("whole/key", "two\n");
	params.guards.max_bytes = 3;
	is_err(out(), KVS_E_GUARD, &err, "whole/key has more than 3 bytes", "raw: too big");
	params.guards.max_bytes = 0;
	world_calm();
	world.trouble[CALL_GET_MANY] = (struct trouble){ .times = 1, .before = other_locks };
	is_err(out(), KVS_E_FROZEN, &err, "is locked on this machine", "raw: a lock");
	is_file("t", "", "raw: locked: nothing changed");
	params.key = "";
	is_err(out(), KVS_E_ARG, &err, "the key is empty", "raw: no key");
}

int main(void)
{
	world_begin();
	test_plain();
	test_rights();
	test_guards();
	test_shrink();
	test_locks();
	test_pairs();
	test_white_space();
	test_command();
	test_failing_command();
	test_owed();
	test_bad_state();
	test_busy();
	test_done();
	test_done_remembered();
	test_targets();
	test_raw();
	return world_end();
}
