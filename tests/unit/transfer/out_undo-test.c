/* SPDX-License-Identifier: Apache-2.0 */
/* A file is judged before it stays, and what was there before comes back. */
#include "tests/unit/transfer/world.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fsio.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define KEPT ".t.kvsync-previous"

static struct kvs_out_params params;
static struct kvs_out_result result;
static struct kvs_err err;

/* Each says what it saw; "bad" in the file is what they do not like. */
static const char *const check_new[] = { "sh",	  "-c", "cat \"$1\" >>judged; ! grep -q bad \"$1\"",
					 "check", "{}", NULL };
static const char *const check_old[] = { "sh", "-c", "cat t >>judged; ! grep -q bad t", NULL };
static const char *const always[] = { "true", NULL };
static const char *const command[] = { "sh", "-c", "cat t >>ran; ! grep -q bad t", NULL };
static const char *const command_fails[] = { "sh", "-c", "cat t >>ran; false", NULL };

/* ---- time ---- */

static uint64_t ahead_ms;

static uint64_t real_ms(clockid_t id)
{
	struct timespec now;

	(void)clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint64_t monotonic_ms(void)
{
	return real_ms(CLOCK_MONOTONIC);
}

static uint64_t realtime_ms(void)
{
	return real_ms(CLOCK_REALTIME) + ahead_ms;
}

static const struct kvs_clock movable_clock = { .monotonic_ms = monotonic_ms,
						.realtime_ms = realtime_ms };

/* ---- */

static int out(void)
{
	return kvs_transfer_out(&world.t, &params, &result, &err);
}

static void begin(const char *text)
{
	world_calm();
	store_delete("kvexpress/k/stop");
	put_pair("k", text);
	(void)!system("rm -rf t t.bak " KEPT " judged ran state saved");
	ahead_ms = 0;
	params = (struct kvs_out_params){ .key = "k", .file = "t", .guards = { .min_lines = 1 } };
}

/* A file that was installed well, and then another one in the store. */
static void begin_change(const char *before, const char *after)
{
	begin(before);
	is_code(out(), 0, &err, "a file");
	(void)chmod("t", 0604);
	put_pair("k", after);
}

static void nothing_is_kept(const char *name)
{
	is_int(system("test -z \"$(find . -name '.t*')\""), 0, "%s: nothing lies about", name);
	is_int(system("grep -q ^previous= state/*.state"), 256, "%s: nor is it remembered", name);
}

/* ---- checks ---- */

static void test_staged(void)
{
	begin_change("old\n", "new\n");
	params.check.argv = check_new;
	is_code(out(), 0, &err, "a file that a check likes");
	is_file("t", "new\n", "is installed");
	is_file("judged", "new\n", "it was judged once");
	is_code(out(), 0, &err, "where nothing is to be done");
	is_file("judged", "new\n", "nothing is judged");

	put_pair("k", "bad\n");
	is_err(out(), KVS_E_COMMAND, &err, "check 'sh' exited with status 1; ",
	       "one that it refuses");
	has_str(err.msg, "/t stays as it was", "what became of the file is told");
	ok(!result.installed, "nothing was installed");
	is_file("t", "new\n", "the old file is there");
	is_mode("t", 0604, "with its mode");
	nothing_is_kept("refused");
	is_code(out(), KVS_E_COMMAND, &err, "the next run");
	is_file("judged", "new\nbad\nbad\n", "judges again");

	begin("bad\n");
	params.check.argv = check_new;
	is_code(out(), KVS_E_COMMAND, &err, "where no file is");
	is_file("t", NULL, "none comes");
}

static void test_refused_forms(void)
{
	begin("new\n");
	params.check.argv = check_old;
	is_err(out(), KVS_E_ARG, &err,
	       "the check has no {} for the path of the file that it is to judge; "
	       "--check-installed",
	       "a check that can judge only what is installed");
	is_file("t", NULL, "is not taken for one that judges before");
	is_uint(world.trouble[CALL_GET_MANY].calls, 0, "the store is not even asked");
}

static void test_installed(void)
{
	begin_change("old\n", "new\n");
	params.check.argv = check_old;
	params.check_installed = true;
	is_code(out(), 0, &err, "a check of what is installed");
	is_file("judged", "new\n", "judges the new file in its place");
	is_file("t", "new\n", "which stays");
	nothing_is_kept("liked");

	(void)chmod("t", 0604);
	put_pair("k", "bad\n");
	is_err(out(), KVS_E_COMMAND, &err,
	       "check 'sh' exited with status 1; what was there before is back", "one that fails");
	ok(!result.installed, "nothing is installed after all");
	is_file("t", "new\n", "the old file is back");
	is_mode("t", 0604, "with its mode");
	nothing_is_kept("back");

	begin("bad\n");
	params.check.argv = check_old;
	params.check_installed = true;
	is_code(out(), KVS_E_COMMAND, &err, "where no file was");
	is_file("t", NULL, "none is, again");
	nothing_is_kept("none");
}

/* What failed does not come and go with each run. */
static void test_rejected(void)
{
	begin_change("old\n", "bad\n");
	params.check.argv = check_old;
	params.check_installed = true;
	is_err(out(), KVS_E_COMMAND, &err, "is back", "a file that fails");
	is_err(out(), KVS_E_COMMAND, &err,
	       "/t is not replaced by sha256 1d7a363ce124, which failed 1 time and was taken away "
	       "again; it is due in 60 s, or at once with --retry-rejected",
	       "is not tried with each run");
	is_file("judged", "bad\n", "really not");
	is_uint(world.trouble[CALL_GET].calls, 2, "it is not even fetched");
	ahead_ms = 60000;
	is_err(out(), KVS_E_COMMAND, &err, "is back", "but when a minute is over");
	is_file("judged", "bad\nbad\n", "it is");
	ahead_ms = 120000;
	is_err(out(), KVS_E_COMMAND, &err, "which failed 2 times", "then after two more");
	params.retry_rejected = true;
	is_err(out(), KVS_E_COMMAND, &err, "is back", "or when it is asked for");
	params.retry_rejected = false;
	put_pair("k", "good\n");
	is_code(out(), 0, &err, "another file is none of that");
	is_file("t", "good\n", "it is installed");
	put_pair("k", "bad\n");
	is_err(out(), KVS_E_COMMAND, &err, "which failed 3 times", "the other one is remembered");
	params.retry_rejected = true;
	params.check.argv = always;
	is_code(out(), 0, &err, "when the check does not refuse it any more");
	is_file("t", "bad\n", "it is installed");
	is_int(system("grep -q ^rejected= state/*.state"), 256, "and is not rejected any more");
}

static void test_clock_put_back(void)
{
	begin_change("old\n", "bad\n");
	params.check.argv = check_old;
	params.check_installed = true;
	ahead_ms = 86400000;
	is_code(out(), KVS_E_COMMAND, &err, "a file that fails");
	ahead_ms = 0;
	is_err(out(), KVS_E_COMMAND, &err, "is back",
	       "a clock that is put back does not make it wait");
}

/* ---- a run that was killed before it was sure ---- */

/* As the state of a run that was killed between the rename and the check. */
static void killed_unchecked(const char *before)
{
	char line[256], hex[KVS_SHA256_HEX];

	if (before) {
		file_put(KEPT, before, 0604);
		kvs_sha256_of(kvs_s(before), hex);
	}
	(void)snprintf(line, sizeof(line),
		       "sed -i 's/^step=.*/step=installed-unchecked/; $aprevious=%s' state/*.state",
		       before ? hex : "none");
	if (system(line) != 0)
		bail("no state");
	store_put("kvexpress/k/stop", "so that nothing new comes");
}

static void test_killed(void)
{
	begin("new\n");
	is_code(out(), 0, &err, "a file");
	killed_unchecked("old\n");
	is_code(out(), KVS_E_FROZEN, &err, "killed before it was checked");
	is_file("t", "old\n", "what was there before is back");
	is_mode("t", 0604, "with its mode");
	is_uint(world.warnings, 1, "there is a warning");
	has_str(world.warning,
		"/t was not accepted yet when a run ended: what was there before is back",
		"that says so");
	nothing_is_kept("killed");
	params.command.argv = command;
	params.ignore_stop = true;
	is_code(out(), 0, &err, "the next run");
	is_file("t", "new\n", "begins anew");
	is_file("ran", "new\n", "and owes the command");

	begin("new\n");
	is_code(out(), 0, &err, "a file");
	killed_unchecked(NULL);
	is_code(out(), KVS_E_FROZEN, &err, "killed where no file was");
	is_file("t", NULL, "none is, again");

	begin("new\n");
	is_code(out(), 0, &err, "a file");
	killed_unchecked("old\n");
	file_put("t", "edited\n", 0600);
	is_code(out(), KVS_E_FROZEN, &err, "what somebody did meanwhile");
	is_file("t", "edited\n", "stays");
	is_uint(world.warnings, 0, "nothing is said");
	nothing_is_kept("edited");

	begin("new\n");
	is_code(out(), 0, &err, "a file");
	killed_unchecked("old\n");
	(void)unlink(KEPT);
	is_code(out(), KVS_E_FROZEN, &err, "killed before anything was kept");
	is_file("t", "new\n", "the file stays");
}

/* ---- rollback ---- */

static void test_rollback(void)
{
	begin_change("old\n", "new\n");
	params.command.argv = command;
	params.rollback = true;
	is_code(out(), 0, &err, "a command that succeeds");
	nothing_is_kept("succeeds");
	(void)chmod("t", 0604);
	put_pair("k", "bad\n");
	(void)unlink("ran");
	is_err(out(), KVS_E_COMMAND, &err,
	       "command 'sh' exited with status 1; what was there before is back",
	       "one that fails");
	ok(!result.installed && !result.commanded, "nothing is installed after all");
	is_file("t", "new\n", "the old file is back");
	is_mode("t", 0604, "with its mode");
	is_file("ran", "bad\nnew\n", "the command ran on it once more");
	nothing_is_kept("rolled back");
	is_err(out(), KVS_E_COMMAND, &err, "is not replaced by", "the next run");
	is_file("ran", "bad\nnew\n", "neither tries it nor runs anything");
	ahead_ms = 60000;
	is_err(out(), KVS_E_COMMAND, &err, "is back", "but when it is due");
	is_file("ran", "bad\nnew\nbad\nnew\n", "it is tried again");
}

static void test_rollback_fails(void)
{
	begin_change("old\n", "new\n");
	params.command.argv = command_fails;
	params.rollback = true;
	is_err(out(), KVS_E_COMMAND, &err,
	       "command 'sh' exited with status 1; what was there before is back, but: command "
	       "'sh' "
	       "exited with status 1",
	       "a command that fails on both files");
	is_file("t", "old\n", "the old one is back");
	(void)unlink("ran");
	is_err(out(), KVS_E_COMMAND, &err, "command 'sh' exited", "it is owed for the old one");
	is_file("ran", "old\n", "on which it runs again");
	params.command.argv = command;
	is_err(out(), KVS_E_COMMAND, &err, "is not replaced by", "until it succeeds");
	ok(result.commanded, "it has");
	is_err(out(), KVS_E_COMMAND, &err, "is not replaced by", "then");
	ok(!result.commanded, "it is not owed any more");

	begin("bad\n");
	params.command.argv = command;
	params.rollback = true;
	is_err(out(), KVS_E_COMMAND, &err, "command 'sh' exited with status 1",
	       "where no file was");
	is_file("t", "bad\n", "there is none to go back to");
	is_code(out(), KVS_E_COMMAND, &err, "the command");
	is_file("ran", "bad\nbad\n", "is redone");
	put_pair("k", "good\n");
	is_code(out(), 0, &err, "until it can succeed");
	nothing_is_kept("in the end");
}

/* The file to go back to is the one that was good last, however many came since. */
static void test_last_good(void)
{
	begin_change("old\n", "middle\n");
	params.command.argv = command;
	params.rollback = true;
	is_code(out(), 0, &err, "a change");
	(void)!system("sed -i 's/^step=.*/step=staged/; $aprevious='$(echo old | sha256sum | cut "
		      "-c 1-64) "
		      "state/*.state; echo old >" KEPT);
	put_pair("k", "bad\n");
	is_code(out(), KVS_E_COMMAND, &err,
		"one run was killed before its command, the next one fails");
	is_file("t", "old\n", "what was good last is back");
}

/* ---- backups ---- */

static void test_backup(void)
{
	begin_change("old\n", "new\n");
	params.backup = ".bak";
	is_code(out(), 0, &err, "a backup");
	is_file("t.bak", "old\n", "is what was there before");
	is_mode("t.bak", 0604, "with its mode");
	put_pair("k", "newer\n");
	is_code(out(), 0, &err, "again");
	is_file("t.bak", "new\n", "the last one is kept");
	is_code(out(), 0, &err, "no change");
	is_file("t.bak", "new\n", "no backup");
	nothing_is_kept("backup");

	params.backup = "saved/a";
	put_pair("k", "newest\n");
	is_code(out(), 0, &err, "in a directory");
	is_file("saved/a/t", "newer\n", "which is made");
	params.backup = "./";
	put_pair("k", "last\n");
	is_err(out(), KVS_E_ARG, &err, "the backup would be", "its own directory");
	params.backup = "";
	is_err(out(), KVS_E_ARG, &err, "the suffix of the backup is empty", "no suffix");
	file_put("file", "", 0600);
	params.backup = "file/x";
	is_err(out(), KVS_E_SYS, &err, "backup: make the directory", "where none can be");
	is_file("t", "newest\n", "no backup, no change");
	nothing_is_kept("no backup");
}

int main(void)
{
	world_begin();
	kvsi_clock_set(&movable_clock);
	test_staged();
	test_refused_forms();
	test_installed();
	test_rejected();
	test_clock_put_back();
	test_killed();
	test_rollback();
	test_rollback_fails();
	test_last_good();
	test_backup();
	kvsi_clock_set(NULL);
	return world_end();
}
