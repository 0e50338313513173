/* SPDX-License-Identifier: Apache-2.0 */
/* Large files, when lists are damaged, others write, and the store refuses. */
#include "tests/unit/transfer/world.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fsio.h"
#include "base/str.h"
#include "transfer/chunk_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OWN "kvexpress.kvsync/v1/"

/* More than a value of the mem store may have: 5 chunks, the last of one byte. */
#define SIZE (4 * KVS_CHUNK_BYTES + 1)

static struct kvs_err err;

static struct kvs_in_params params = {
	.key = "k",
	.file = "f",
	.fd = -1,
	.large = true,
	.no_compat = true,
	.history = { .versions = 2, .bytes = 100 << 20, .cause = "in" },
};

/* ---- lists ---- */

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void test_lists(void)
{
	static const char *const bad[] = {
		"",
		"kvsync-chunks 1 ",
		"kvsync-chunks 1 0 0\n",
		"kvsync-chunks 1 5 1",
		"kvsync-chunks 2 0 0\n",
		"kvsync-chunks 1 x 0\n",
		"kvsync-chunks 1 5 1 \n" A64 " 5\n",
		"kvsync-chunks 1 5 1\n" A64 " 4\n",
		"kvsync-chunks 1 5 1\n" A64 " 5",
		"kvsync-chunks 1 5 1\n" A64 "  5\n",
		"kvsync-chunks 1 5 1\n" A64 " 5 \n",
		"kvsync-chunks 1 5 1\n" A64 "5\n",
		"kvsync-chunks 1 5 1\n" A64 " 5\n\n",
		"kvsync-chunks 1 0 1\n" A64 " 0\n",
		"kvsync-chunks 1 5 1\nA" A64 " 5\n",
		"kvsync-chunks 1 5 "
		"1\n../../../../../../../../../../../../../../etc/passwd#abcdefghij/x 5\n",
		"kvsync-chunks 1 1048577 1\n" A64 " 1048577\n",
		"kvsync-chunks 1 18446744073709551616 1\n" A64 " 5\n",
	};
	KVS_AUTO_CHUNKS struct kvs_chunks chunks = { 0 };
	const char *good = "kvsync-chunks 1 9 3\n" A64 " 5\n" A64 " 4\n";
	KVS_AUTO_BUF struct kvs_buf again;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		is_err(kvs_chunks_parse("k", kvs_s(bad[i]), &chunks, &err), KVS_E_INTEGRITY, &err,
		       "k is a damaged list of chunks; kvsync in --large writes it anew",
		       "a damaged list");
	is_code(kvs_chunks_parse("k", kvs_s(good), &chunks, &err), 0, &err, "a list");
	is_uint(chunks.n, 2, "two chunks");
	is_uint(chunks.lines, 3, "three lines");
	kvs_buf_init(&again, 1000);
	is_code(kvs_chunks_format(&chunks, &again, &err), 0, &err, "and back");
	is_slice(kvs_buf_slice(&again), kvs_s(good), "the same");
}

/* ---- files ---- */

/* A file whose chunks are all different, and but for the last one from those of another seed. */
static void make_file(char seed)
{
	FILE *f = fopen("f", "w");

	if (!f)
		bail("no file");
	for (size_t i = 0; i < SIZE - 1; i++)
		(void)putc(i % KVS_CHUNK_BYTES == 7 ? (int)('a' + i / KVS_CHUNK_BYTES) : seed, f);
	(void)putc('\n', f);
	if (fclose(f) != 0)
		bail("no room");
}

static int in(struct kvs_in_result *result)
{
	return kvs_transfer_in(&world.t, &params, result, &err);
}

static int count(void *arg, const struct kvs_entry *entry)
{
	(void)entry;
	++*(unsigned *)arg;
	return 0;
}

static unsigned below(const char *prefix)
{
	struct kvs_request req = KVS_REQUEST_INIT;
	unsigned n = 0;

	req.key = kvs_s(prefix);
	if (kvs_list(world.t.store, &req, count, &n, NULL, &err))
		bail("%s: %s", prefix, err.msg);
	return n;
}

static int out(void)
{
	const struct kvs_out_params to = { .key = "k", .file = "target" };
	struct kvs_out_result result;

	return kvs_transfer_out(&world.t, &to, &result, &err);
}

static void is_there(const char *name)
{
	is_code(out(), 0, &err, "%s", name);
	is_int(system("cmp f target"), 0, "%s: the file", name);
}

static void test_trouble(void)
{
	struct kvs_in_result result;

	make_file('x');
	world.trouble[CALL_PUT] = (struct trouble){ .skip = 2,
						    .times = 1,
						    .code = KVS_E_UNAVAILABLE };
	is_code(in(&result), KVS_E_UNAVAILABLE, &err, "the store goes away midway");
	is_stored("kvexpress/k/checksum", NULL, "nobody is led to what is there of it");
	world_calm();
	world.trouble[CALL_PUT] = (struct trouble){ .times = 1,
						    .code = KVS_E_UNCERTAIN,
						    .after = true };
	world.trouble[CALL_TXN] = (struct trouble){ .times = 1,
						    .code = KVS_E_UNCERTAIN,
						    .after = true };
	is_code(in(&result), 0, &err, "answers that are lost");
	world_calm();
	is_uint(below(OWN "chunks/"), 5, "five chunks");
	is_there("the next one goes on");
	is_code(in(&result), 0, &err, "again");
	ok(!result.written, "nothing to do");
}

/* Whether a chunk was written is of no interest as long as nobody is led to it. */
static void test_uncertain(void)
{
	struct kvs_in_result result;

	world_calm();
	world.trouble[CALL_PUT] = (struct trouble){ .times = 99, .code = KVS_E_UNCERTAIN };
	make_file('u');
	is_code(in(&result), KVS_E_UNAVAILABLE, &err, "answers that are lost for good");
	world_calm();
	make_file('x');
}

/* ---- others at the same key ---- */

static void forget_list(void)
{
	KVS_AUTO_FREE char *name = NULL;
	char checksum[KVS_SHA256_HEX];
	KVS_AUTO_BUF struct kvs_buf file;

	kvs_buf_init(&file, SIZE);
	if (kvs_file_read("f", &file, &err))
		bail("%s", err.msg);
	kvs_sha256_of(kvs_buf_slice(&file), checksum);
	name = kvs_asprintf(OWN "lists/k/%s", checksum);
	if (!name)
		bail("no memory");
	store_delete(name);
}

/* One whose clock is ahead took us for dead while we wrote. */
static void test_confirm(void)
{
	struct kvs_in_result result;
	unsigned lists = below(OWN "lists/k/");

	world_calm();
	make_file('c');
	world.trouble[CALL_TXN] = (struct trouble){ .skip = 1, .times = 1, .before = forget_list };
	is_code(in(&result), 0, &err, "somebody takes us for dead");
	world_calm();
	is_uint(below(OWN "lists/k/"), lists + 1, "it is written down again");
	is_there("the file is there");
}

static char first_chunk[200];

static void remember_first_chunk(void)
{
	struct kvs_entry *list = NULL;

	if (kvs_get(world.t.store, kvs_s("kvexpress/k/data"), 0, &list, &err))
		bail("%s", err.msg);
	(void)snprintf(first_chunk, sizeof(first_chunk), OWN "chunks/%.64s",
		       (const char *)memchr(list->value.p, '\n', list->value.n) + 1);
	kvs_entry_free(list);
}

/* The chunks that a reader was led to are gone, and another file is there. */
static void other_file(void)
{
	struct kvs_in_result result;

	make_file('r');
	if (in(&result))
		bail("%s", err.msg);
	store_delete(first_chunk);
}

static void test_moving_list(void)
{
	struct kvs_in_result result;

	world_calm();
	make_file('q');
	is_code(in(&result), 0, &err, "a file");
	remember_first_chunk();
	(void)remove("target");
	/* the guards come first, then the chunks */
	world.trouble[CALL_GET_MANY] = (struct trouble){ .skip = 1,
							 .times = 1,
							 .before = other_file };
	is_there("a list that changes under a reader is read once more");
	is_uint(world.trouble[CALL_GET_MANY].times, 0, "it did change");
	world_calm();
}

static void test_missing(void)
{
	unsigned calls;

	remember_first_chunk();
	store_delete(first_chunk);
	(void)remove("target");
	world_calm();
	is_err(out(), KVS_E_INTEGRITY, &err, "is missing, a chunk of the file", "one is missing");
	calls = world.trouble[CALL_GET_MANY].calls;
	is_uint(calls, 4, "and is looked for twice");
	world_calm();
}

static void file_changes(void)
{
	make_file('y');
}

static void test_changing_file(void)
{
	struct kvs_in_result result;

	make_file('z');
	world_calm();
	world.trouble[CALL_TXN] = (struct trouble){ .times = 1, .before = file_changes };
	is_err(in(&result), KVS_E_SYS, &err, "f changes while it is being read",
	       "a file that changes");
	world_calm();
	make_file('x');
	is_there("what was there is not touched");
}

/* ---- what nobody needs ---- */

/* Somebody else begins with a file that has the same chunks, just before they would go. */
static char *others_list;

static void other_lists(void)
{
	store_put(OWN "lists/other/" A64, others_list);
	store_put(OWN "lists-changed", "by the other");
}

/* The list of k, as old as can be, under another name. */
static void remember_list(const char *checksum)
{
	KVS_AUTO_FREE char *name = kvs_asprintf(OWN "lists/k/%s", checksum);
	struct kvs_entry *e = NULL;
	const char *end;

	if (!name || kvs_get(world.t.store, kvs_s(name), 0, &e, &err))
		bail("no list: %s", err.msg);
	end = memchr(e->value.p, '\n', e->value.n);
	others_list = kvs_asprintf("kvsync-list 1 1%.*s",
				   (int)((const char *)e->value.p + e->value.n - end), end);
	if (!others_list)
		bail("no memory");
	store_put(name, others_list);
	kvs_entry_free(e);
}

static void wipe(void)
{
	struct kvs_op op = KVS_OP_INIT;

	op.type = KVS_OP_DELETE_PREFIX;
	op.key = kvs_s("kvexpress");
	world_calm();
	if (kvs_delete(world.t.store, &op, NULL, &err))
		bail("%s", err.msg);
}

static void test_sweep(void)
{
	struct kvs_in_result result;

	wipe();
	make_file('z');
	is_code(in(&result), 0, &err, "a young file");
	make_file('x');
	is_code(in(&result), 0, &err, "a file");
	remember_list(result.checksum);
	file_put("f", "small\n", 0600);
	params.history.versions = 1;
	world.trouble[CALL_TXN] = (struct trouble){ .skip = 1, .times = 1, .before = other_lists };
	is_code(in(&result), 0, &err, "a small one instead");
	is_uint(world.trouble[CALL_TXN].times, 0, "somebody else came between");
	is_uint(below(OWN "lists/k/"), 1, "the young file stays");
	is_uint(below(OWN "chunks/"), 9, "and his chunks");
	is_uint(world.warnings, 0, "without a word");
	world_calm();
	store_delete(OWN "lists/other/" A64);
	store_put(OWN "lists/k/" A64, others_list);
	file_put("f", "smaller\n", 0600);
	is_code(in(&result), 0, &err, "when nobody needs them");
	is_uint(below(OWN "chunks/"), 5, "they go");
}

static void test_unreadable(void)
{
	struct kvs_in_result result;

	world_calm();
	store_put(OWN "lists/k/" A64, others_list);
	store_put(OWN "lists/other/" A64, "not a list");
	make_file('w');
	is_code(in(&result), 0, &err, "a list that cannot be read");
	is_uint(world.warnings, 1, "is a warning");
	has_str(world.warning, "chunks of k that nobody needs stay for now", "says so");
	is_uint(below(OWN "lists/"), 4, "and nothing goes");
}

int main(void)
{
	world_begin();
	test_lists();
	test_trouble();
	test_uncertain();
	test_changing_file();
	test_confirm();
	test_moving_list();
	test_missing();
	test_sweep();
	test_unreadable();
	kvsi_free(others_list);
	return world_end();
}
