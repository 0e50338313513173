/* SPDX-License-Identifier: Apache-2.0 */
/* A file goes into the store, whatever happens at the same time. */
#include "tests/unit/transfer/world.h"

#include "base/err.h"
#include "base/str.h"

#include <stdio.h>

#define DATA	 "kvexpress/k/data"
#define CHECKSUM "kvexpress/k/checksum"
#define STOP	 "kvexpress/k/stop"

static struct kvs_in_result result;
static struct kvs_err err;

/* in of a text under "k". */
static int in(const char *text)
{
	const struct kvs_in_params params = {
		.key = "k", .file = "f", .fd = -1, .guards = { .min_lines = 1, .max_bytes = 1000 }
	};

	file_put("f", text, 0600);
	result = (struct kvs_in_result){ .index = 4711 };
	return kvs_transfer_in(&world.t, &params, &result, &err);
}

static void forget_all(void)
{
	world_calm();
	store_delete(DATA);
	store_delete(CHECKSUM);
	store_delete(STOP);
}

static void other_writes(void)
{
	put_pair("k", "other\n");
}

static void other_stops(void)
{
	store_put(STOP, "for lunch");
}

/* As another writer does that cannot use a transaction. */
static void other_writes_data(void)
{
	store_put(DATA, "other\n");
}

static void test_plain(void)
{
	forget_all();
	is_code(in("one\ntwo\n"), 0, &err, "a new file");
	ok(result.written && result.lines == 2 && result.bytes == 8 && result.index > 0,
	   "was written");
	is_str(result.checksum, "c3f9c8c283a2b1f2f1896f27a01cbe3cddc0c9d93f752e4639035a0f5b36f6e8",
	       "its checksum is told");
	is_pair("k", "one\ntwo\n", "a new file stands there");
	is_uint(world.trouble[CALL_TXN].calls, 1, "in one transaction");
	is_uint(world.trouble[CALL_GET_MANY].calls, 1, "after one round trip");
	world_calm();
	is_code(in("one\ntwo\n"), 0, &err, "the same file");
	ok(!result.written, "is not written again");
	is_uint(world.trouble[CALL_TXN].calls + world.trouble[CALL_PUT].calls, 0, "really not");
	is_code(in("three\n"), 0, &err, "another file");
	ok(result.written, "is written");
	is_pair("k", "three\n", "another file stands there");
}

static void test_repair(void)
{
	forget_all();
	put_pair("k", "text\n");
	store_put(DATA, "damaged\n");
	is_code(in("text\n"), 0, &err, "damaged data under the right checksum");
	ok(result.written, "is noticed");
	is_pair("k", "text\n", "and repaired");
	store_delete(DATA);
	is_code(in("text\n"), 0, &err, "missing data");
	is_pair("k", "text\n", "is put back");
	store_delete(CHECKSUM);
	is_code(in("text\n"), 0, &err, "a missing checksum");
	is_pair("k", "text\n", "is put back");
	store_put(CHECKSUM, "nonsense");
	is_code(in("text\n"), 0, &err, "a damaged checksum");
	is_pair("k", "text\n", "is put right");
}

static void test_white_space(void)
{
	char padded[KVS_SHA256_HEX + 4];

	forget_all();
	is_code(in("text\n"), 0, &err, "a pair");
	(void)snprintf(padded, sizeof(padded), " %s\r\n", result.checksum);
	store_put(CHECKSUM, padded);
	is_code(in("text\n"), 0, &err, "whose checksum has white space around it");
	ok(!result.written, "is as it should be");
}

static void test_stop(void)
{
	forget_all();
	put_pair("k", "old\n");
	store_put(STOP, "until noon\n");
	is_err(in("new\n"), KVS_E_FROZEN, &err,
	       "k is stopped until kvsync start lifts it: until noon\\x0a", "a stopped key");
	ok(!result.written && !result.index, "a failure tells of no write");
	is_pair("k", "old\n", "stopped: nothing changed");
	is_code(in("old\n"), KVS_E_FROZEN, &err, "stopped, even if there would be nothing to do");
	store_put(STOP, "");
	is_code(in("new\n"), 0, &err, "an empty stop is none");
	is_pair("k", "new\n", "empty stop: written");
	store_delete(STOP);
	world.trouble[CALL_TXN] = (struct trouble){ .times = 1, .before = other_stops };
	is_err(in("newer\n"), KVS_E_FROZEN, &err, "for lunch",
	       "a stop that comes between reading and writing");
	is_pair("k", "new\n", "counts");
}

static void test_race(void)
{
	forget_all();
	put_pair("k", "old\n");
	world.trouble[CALL_TXN] = (struct trouble){ .times = 3, .before = other_writes };
	is_code(in("ours\n"), 0, &err, "somebody else writes each time");
	ok(result.written, "in the end we are the last");
	is_pair("k", "ours\n", "and it is our pair");
	is_uint(world.trouble[CALL_TXN].calls, 4, "after three lost races");

	forget_all();
	world.trouble[CALL_TXN] = (struct trouble){ .times = 1, .before = other_writes };
	is_code(in("ours\n"), 0, &err, "the same with a key that was not there");
	is_pair("k", "ours\n", "new key: our pair");

	forget_all();
	put_pair("k", "old\n");
	world.t.deadline = 1;
	world.trouble[CALL_TXN] = (struct trouble){ .times = 1000, .before = other_writes };
	is_code(in("ours\n"), KVS_E_CONFLICT, &err, "when the time is over, it is a conflict");
	is_pair("k", "other\n", "and the other's pair stands");
	world.t.deadline = 0;
}

static void test_two_steps(int code, const char *name)
{
	forget_all();
	put_pair("k", "old\n");
	world.trouble[CALL_TXN] = (struct trouble){ .times = 1000, .code = code };
	is_code(in("new\n"), 0, &err, "%s", name);
	ok(result.written && result.index > 0, "the file goes key by key");
	is_uint(world.trouble[CALL_PUT].calls, 2, "with two writes");
	is_uint(world.trouble[CALL_TXN].calls, 1, "a transaction is not tried again");
	is_pair("k", "new\n", name);
	is_code(in("new\n"), 0, &err, "the same again");
	ok(!result.written, "is nothing to do");

	/* somebody else's data between our two writes */
	world_calm();
	world.trouble[CALL_TXN] = (struct trouble){ .times = 1000, .code = code };
	world.trouble[CALL_PUT] = (struct trouble){ .skip = 1,
						    .times = 1,
						    .before = other_writes_data };
	is_code(in("ours\n"), 0, &err, "another's data comes between");
	is_pair("k", "ours\n", "the pair matches in the end");

	/* somebody else's whole pair between our two writes */
	world_calm();
	world.trouble[CALL_TXN] = (struct trouble){ .times = 1000, .code = code };
	world.trouble[CALL_PUT] = (struct trouble){ .skip = 1, .times = 1, .before = other_writes };
	is_code(in("mine\n"), 0, &err, "another's pair comes between");
	is_pair("k", "mine\n", "the pair is that of the last");

	/* and before the first */
	world_calm();
	world.trouble[CALL_TXN] = (struct trouble){ .times = 1000, .code = code };
	world.trouble[CALL_PUT] = (struct trouble){ .times = 1, .before = other_writes };
	is_code(in("again\n"), 0, &err, "another's pair comes first");
	is_pair("k", "again\n", "the pair is that of the last");
}

/* Killed between data and checksum. */
static void die_in_the_middle(void)
{
	forget_all();
	put_pair("k", "old\n");
	world.trouble[CALL_TXN] = (struct trouble){ .times = 1, .code = KVS_E_TOOBIG };
	world.trouble[CALL_PUT] = (struct trouble){ .skip = 1,
						    .times = 1,
						    .code = KVS_E_UNAVAILABLE };
	is_code(in("new\n"), KVS_E_UNAVAILABLE, &err, "the store goes away in the middle");
	is_stored(DATA, "new\n", "data is new, checksum old");
	world_calm();
}

static void test_killed(void)
{
	die_in_the_middle();
	is_code(in("new\n"), 0, &err, "the same file again");
	is_pair("k", "new\n", "makes it whole");
	die_in_the_middle();
	is_code(in("old\n"), 0, &err, "the old file again, whose checksum is still there");
	ok(result.written, "is written");
	is_pair("k", "old\n", "makes it whole too");
	die_in_the_middle();
	is_code(in("third\n"), 0, &err, "a third file");
	is_pair("k", "third\n", "makes it whole as well");
}

static void test_uncertain(void)
{
	forget_all();
	put_pair("k", "old\n");
	world.trouble[CALL_TXN] = (struct trouble){ .times = 1,
						    .code = KVS_E_UNCERTAIN,
						    .after = true };
	is_code(in("new\n"), 0, &err, "an answer is lost, the write was done");
	ok(result.written, "it counts as ours");
	is_uint(world.trouble[CALL_TXN].calls, 1, "and is not done twice");
	world_calm();
	world.trouble[CALL_TXN] = (struct trouble){
		.times = 1, .code = KVS_E_UNCERTAIN, .after = true, .before = NULL
	};
	world.trouble[CALL_GET_MANY] = (struct trouble){ .skip = 1,
							 .times = 1,
							 .before = other_stops };
	is_code(in("stopped since\n"), 0, &err, "a stop that was set after that write");
	is_pair("k", "stopped since\n", "comes too late");
	store_delete(STOP);

	world_calm();
	world.trouble[CALL_TXN] = (struct trouble){ .times = 1, .code = KVS_E_UNCERTAIN };
	is_code(in("newer\n"), 0, &err, "an answer is lost, and the write too");
	is_pair("k", "newer\n", "it is done again");

	world_calm();
	world.trouble[CALL_TXN] = (struct trouble){ .times = 1, .code = KVS_E_UNCERTAIN };
	world.trouble[CALL_GET_MANY] = (struct trouble){ .skip = 1,
							 .times = 1,
							 .code = KVS_E_UNAVAILABLE };
	is_err(in("newest\n"), KVS_E_UNCERTAIN, &err,
	       "it is unknown whether the write happened: trouble",
	       "an answer is lost and nothing can be read any more");
}

static void test_denied(void)
{
	forget_all();
	put_pair("k", "old\n");
	world.trouble[CALL_GET_MANY] = (struct trouble){ .times = 1, .code = KVS_E_DENIED };
	is_code(in("new\n"), KVS_E_DENIED, &err, "a guard that cannot be read");
	is_uint(world.trouble[CALL_TXN].calls, 0, "is not taken for absent");
	world_calm();
	world.trouble[CALL_TXN] = (struct trouble){ .times = 1, .code = KVS_E_DENIED };
	world.trouble[CALL_PUT] = (struct trouble){ .times = 1, .code = KVS_E_DENIED };
	is_code(in("new\n"), KVS_E_DENIED, &err, "a key that may not be written");
	is_pair("k", "old\n", "denied: nothing changed");
	world_calm();
	world.trouble[CALL_TXN] = (struct trouble){ .times = 1, .code = KVS_E_TOOBIG };
	world.trouble[CALL_PUT] = (struct trouble){ .times = 1, .code = KVS_E_TOOBIG };
	is_code(in("new\n"), KVS_E_TOOBIG, &err, "a value that is too big by itself");
	is_pair("k", "old\n", "too big: nothing changed");
}

static int in_with(struct kvs_in_params params)
{
	return kvs_transfer_in(&world.t, &params, &result, &err);
}

static void test_guards(void)
{
	struct kvs_in_params p = {
		.key = "k", .file = "f", .fd = -1, .guards = { .min_lines = 3, .max_bytes = 6 }
	};

	forget_all();
	put_pair("k", "old\n");
	file_put("f", "1\n2\n", 0600);
	is_err(in_with(p), KVS_E_GUARD, &err, "f has 2 lines, fewer than the 3", "too few lines");
	file_put("f", "1\n2\n34", 0600);
	is_code(in_with(p), 0, &err, "enough lines, and as many bytes as may be");
	file_put("f", "1\n2\n345", 0600);
	is_err(in_with(p), KVS_E_GUARD, &err, "f has more than 6 bytes; --max-bytes",
	       "one byte too many");
	file_put("f", "3\n\n1\n", 0600);
	p.sorted = true;
	is_err(in_with(p), KVS_E_GUARD, &err, "has 2 lines",
	       "lines that the sorting drops do not count");
	p.guards.min_lines = 2;
	is_code(in_with(p), 0, &err, "enough of them");
	is_pair("k", "1\n3\n", "are written sorted");
	p.content = kvs_s("c\na\n");
	is_code(in_with(p), 0, &err, "bytes that were read already");
	is_pair("k", "a\nc\n", "count, not the file's");
	p.content = kvs_s("1234567");
	is_err(in_with(p), KVS_E_GUARD, &err, "f has more than 6 bytes", "and are judged");
	p.content = kvs_s(NULL);
	p.guards.min_lines = 1;
	file_put("f", "", 0600);
	is_err(in_with(p), KVS_E_GUARD, &err, "has 0 lines",
	       "an empty file does not go by accident");
	p.guards.min_lines = 0;
	is_code(in_with(p), 0, &err, "but if it is meant");
	is_pair("k", "", "is empty");
	p.file = "nowhere";
	is_err(in_with(p), KVS_E_SYS, &err, "open nowhere: No such file", "a missing file");
	p.file = "f";
	p.key = "k/data";
	is_code(in_with(p), KVS_E_ARG, &err, "a key that is part of another");
	is_pair("k", "", "bad input: nothing changed");
}

/* Against what stands in the store, whose checksum is read with it. */
static void test_shrink(void)
{
	struct kvs_in_params p = { .key = "k",
				   .file = "f",
				   .fd = -1,
				   .guards = { .limit_shrink = true, .max_shrink = 50 } };

	forget_all();
	file_put("f", "1\n", 0600);
	is_code(in_with(p), 0, &err, "where nothing stands, nothing shrinks");
	put_pair("k", "1234567\n");
	is_err(in_with(p), KVS_E_GUARD, &err,
	       "k would shrink by 75 % (from 8 to 2 bytes), more than the 50 % allowed",
	       "a small rest");
	is_pair("k", "1234567\n", "shrunk: nothing changed");
	p.guards.max_shrink = 75;
	is_code(in_with(p), 0, &err, "as much as may go");
	is_pair("k", "1\n", "is written");

	put_pair("k", "1\n");
	store_put(DATA, "another 8\n");
	p.guards.max_shrink = 10;
	is_code(in_with(p), 0, &err, "a repair of the file that the checksum is of");
	store_put(DATA, "another 8\n");
	file_put("f", "2\n", 0600);
	is_err(in_with(p), KVS_E_GUARD, &err, "from 10 to 2 bytes",
	       "a mixed pair: its data counts");
	store_delete(CHECKSUM);
	is_code(in_with(p), KVS_E_GUARD, &err, "so it does without a checksum");

	forget_all();
	put_pair("k", "1\n");
	world.trouble[CALL_TXN] = (struct trouble){ .times = 1, .before = other_writes };
	is_err(in_with(p), KVS_E_GUARD, &err, "from 6 to 2 bytes",
	       "what somebody wrote meanwhile is what counts");
	is_pair("k", "other\n", "and stays");
}

static int note(void *arg, struct kvs_err *e)
{
	const char *says = arg;

	is_stored(DATA, says, "before anything is written");
	return *says == 'x' ? kvs_err_set(e, KVS_E_SYS, "no") : 0;
}

static void test_before_write(void)
{
	static char old[] = "1\n", bad[] = "x\n";
	struct kvs_in_params p = { .key = "k",
				   .file = "f",
				   .fd = -1,
				   .content = kvs_s("2\n"),
				   .before_write = note,
				   .before_write_arg = old };

	forget_all();
	put_pair("k", "1\n");
	is_code(in_with(p), 0, &err, "a caller that wants to know");
	p.before_write_arg = bad;
	is_code(in_with(p), 0, &err, "is not told where nothing is written");
	put_pair("k", "x\n");
	is_err(in_with(p), KVS_E_SYS, &err, "no", "and may forbid it");
	is_pair("k", "x\n", "then nothing changes");
}

int main(void)
{
	world_begin();
	test_plain();
	test_repair();
	test_white_space();
	test_stop();
	test_race();
	test_two_steps(KVS_E_TOOBIG, "what does not fit into a transaction");
	test_two_steps(KVS_E_DENIED, "where transactions are denied");
	test_two_steps(KVS_E_UNSUPPORTED, "where there are none");
	test_killed();
	test_uncertain();
	test_denied();
	test_guards();
	test_before_write();
	test_shrink();
	return world_end();
}
