/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chunks that nobody needs any more go.
 *
 * Who needs which is read from the lists of all keys, behind the key that differs after each new
 * list and the checksum of this key's file; the chunks go on condition that both are still as they were.
 * So nothing can have come between, and no chunk goes that somebody counts on (doc/decisions/0032).
 * All of that must be the newest there is, whatever readings the store is configured for.
 */
#include "transfer/chunks.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/map.h"
#include "base/str.h"
#include "transfer/chunk_list.h"
#include "transfer/common.h"
#include "transfer/history.h"
#include "transfer/layout.h"
#include "transfer/pair.h"

#include <string.h>

/* A file that was begun so long ago is not being written any more. */
#define YOUNG_MS (UINT64_C(10) * 60 * 1000)

/* Others that write large files at the same time. */
#define TRIES 5

/* Of all keys together. */
#define NEEDED_MAX 2000000u

/* Deletions in one transaction, beside the two conditions: each store takes so many. */
#define TOGETHER 60

/* A checksum, in a map. */
struct sum {
	char checksum[KVS_SHA256_HEX];
	UT_hash_handle hh;
};

struct sweep {
	const struct kvs_transfer *t;
	const char *key;
	const char *checksum; /* where the file's stands */
	char *folder;
	char *changed; /* the key that differs after each new list */
	uint64_t now;
	bool any;		     /* one of our own lists is old */
	struct kvs_err why;	     /* of one that cannot be read */
	struct kvs_entry *guards[2]; /* `changed` and `checksum` as they were seen */
	struct sum *kept;	     /* files of this key that stay */
	struct sum *needed;	     /* chunks that stay */
	struct sum *doomed;	     /* chunks of lists that go */
	struct sum *lists;	     /* those lists, by the checksums of their files */
};

static void release_sums(struct sum **sums)
{
	struct sum *sum, *next;

	HASH_ITER (hh, *sums, sum, next) {
		HASH_DEL(*sums, sum);
		kvsi_free(sum);
	}
}

static void forget_guards(struct sweep *s)
{
	for (size_t i = 0; i < 2; i++)
		kvs_entry_free(kvs_steal_ptr(s->guards[i]));
}

static void sweep_release(struct sweep *s)
{
	forget_guards(s);
	kvsi_free(s->changed);
	release_sums(&s->kept);
	release_sums(&s->needed);
	release_sums(&s->doomed);
	release_sums(&s->lists);
	kvsi_free(s->folder);
}

static bool has(struct sum *sums, const char *checksum)
{
	struct sum *found;

	HASH_FIND_STR(sums, checksum, found);
	return found != NULL;
}

static int add(struct sum **sums, const char *checksum)
{
	struct sum *sum;

	if (has(*sums, checksum))
		return 0;
	sum = HASH_COUNT(*sums) < NEEDED_MAX ? kvs_zalloc(sizeof(*sum)) : NULL;
	if (!sum)
		return KVS_E_NOMEM;
	memcpy(sum->checksum, checksum, sizeof(sum->checksum));
	HASH_ADD_STR(*sums, checksum, sum);
	if (kvs_map_added(sum))
		return 0;
	kvsi_free(sum);
	return KVS_E_NOMEM;
}

/* ---- who needs what ---- */

static bool is_old(const struct sweep *s, const struct kvs_chunk_list *list)
{
	return kvs_str_eq(list->key, kvs_s(s->key)) && s->now > YOUNG_MS &&
	       list->ms < s->now - YOUNG_MS;
}

/* Some stores take a leading slash away. */
static size_t folder_length(const struct sweep *s, struct kvs_str key)
{
	const struct kvs_str folder = kvs_s(s->folder);
	const size_t slash = s->folder[0] == '/' && !kvs_str_starts(key, folder);

	return folder.n - slash;
}

static int read_list(struct sweep *s, const struct kvs_entry *entry, struct kvs_chunk_list *ret)
{
	return kvs_chunk_list_parse(entry, folder_length(s, entry->key), ret, &s->why);
}

/* What cannot be read might be needed, so it ends the sweep. */
static int on_list(void *arg, const struct kvs_entry *entry)
{
	struct sweep *s = arg;
	struct kvs_chunk_list list;
	bool over;
	int rc = read_list(s, entry, &list);

	if (rc)
		return rc;
	over = is_old(s, &list) && !has(s->kept, list.checksum);
	if (over)
		rc = add(&s->lists, list.checksum);
	for (size_t i = 0; rc == 0 && i < list.chunks.n; i++)
		rc = add(over ? &s->doomed : &s->needed, list.chunks.at[i].checksum);
	kvs_chunks_release(&list.chunks);
	return rc;
}

static int on_own(void *arg, const struct kvs_entry *entry)
{
	struct sweep *s = arg;
	struct kvs_chunk_list list;
	int rc = read_list(s, entry, &list);

	if (rc)
		return rc;
	s->any = s->any || is_old(s, &list);
	kvs_chunks_release(&list.chunks);
	return 0;
}

/* What rules hide might be needed, too. */
static int list_entries(struct sweep *s, const char *prefix,
			int (*fn)(void *arg, const struct kvs_entry *entry), struct kvs_err *err)
{
	struct kvs_request req = KVS_REQUEST_INIT;
	struct kvs_reply reply = { .size = sizeof(reply) };
	int rc;

	req.key = kvs_s(prefix);
	req.flags = KVS_READ_CONSISTENT;
	rc = kvs_list(s->t->store, &req, fn, s, &reply, err);
	if (s->why.code)
		return kvs_err_copy(err, s->why.code, &s->why);
	if (rc == KVS_E_CANCELED)
		return kvs_err_set(err, KVS_E_NOMEM,
				   "there are too many chunks below %s to look at",
				   KVS_Q(kvs_s(prefix)));
	if (rc == 0 && (reply.flags & KVS_REPLY_FILTERED))
		return kvs_err_set(err, KVS_E_DENIED, "access rules may hide some of %s",
				   KVS_Q(kvs_s(prefix)));
	return rc;
}

static void spare_needed(struct sweep *s)
{
	struct sum *sum, *next;

	HASH_ITER (hh, s->doomed, sum, next) {
		if (has(s->needed, sum->checksum)) {
			HASH_DEL(s->doomed, sum);
			kvsi_free(sum);
		}
	}
}

static int find_doomed(struct sweep *s, struct kvs_err *err)
{
	int rc;

	release_sums(&s->needed);
	release_sums(&s->doomed);
	release_sums(&s->lists);
	rc = list_entries(s, s->folder, on_list, err);
	spare_needed(s);
	return rc;
}

/* ---- taking them away ---- */

struct batch {
	struct kvs_op ops[TOGETHER + 2];
	char *names[TOGETHER];
	size_t n; /* names */
};

static void batch_empty(struct batch *b)
{
	while (b->n > 0)
		kvsi_free(b->names[--b->n]);
}

static int batch_commit(const struct sweep *s, struct batch *b, struct kvs_err *err)
{
	const char *const keys[] = { s->changed, s->checksum };
	int rc;

	if (b->n == 0)
		return 0;
	for (size_t i = 0; i < 2; i++) {
		struct kvs_op *check = &b->ops[b->n + i];

		*check = (struct kvs_op)KVS_OP_INIT;
		check->type = KVS_OP_CHECK;
		check->key = kvs_s(keys[i]);
		kvs_op_unchanged(check, s->guards[i]);
	}
	rc = kvs_txn(s->t->store, b->ops, b->n + 2, 0, NULL, err);
	batch_empty(b);
	return rc;
}

/* Takes the name. */
static void batch_add(struct batch *b, char *name)
{
	struct kvs_op *op = &b->ops[b->n];

	*op = (struct kvs_op)KVS_OP_INIT;
	op->type = KVS_OP_DELETE;
	op->key = kvs_s(name);
	b->names[b->n++] = name;
}

typedef int (*name_fn)(const struct sweep *s, const char *checksum, char **ret,
		       struct kvs_err *err);

static int name_chunk(const struct sweep *s, const char *checksum, char **ret, struct kvs_err *err)
{
	return kvs_layout_own(s->t->prefix, "chunks/", checksum, ret, err);
}

static int name_list(const struct sweep *s, const char *checksum, char **ret, struct kvs_err *err)
{
	return kvs_chunk_list_name(s->t->prefix, s->key, checksum, ret, err);
}

static int delete_all(const struct sweep *s, struct sum *sums, name_fn name, struct kvs_err *err)
{
	KVS_CLEANUP(batch_empty) struct batch batch = { 0 };
	struct sum *sum, *next;
	char *key;
	int rc = 0;

	HASH_ITER (hh, sums, sum, next) {
		rc = name(s, sum->checksum, &key, err);
		if (rc)
			return rc;
		batch_add(&batch, key);
		rc = batch.n < TOGETHER ? 0 : batch_commit(s, &batch, err);
		if (rc)
			return rc;
	}
	return batch_commit(s, &batch, err);
}

/* ---- what stays ---- */

/* The one that differs comes first: it stands for what is read behind it. */
static int look_at_guards(struct sweep *s, struct kvs_err *err)
{
	const char *const keys[] = { s->changed, s->checksum };
	int rc = 0;

	forget_guards(s);
	for (size_t i = 0; rc == 0 && i < 2; i++) {
		const struct kvs_str key = kvs_s(keys[i]);

		rc = kvs_get_many(s->t->store, &key, 1, KVS_READ_CONSISTENT, &s->guards[i], err);
	}
	return rc;
}

static int keep(void *arg, const char *checksum)
{
	struct sweep *s = arg;

	return add(&s->kept, checksum);
}

static int find_kept(struct sweep *s, struct kvs_err *err)
{
	struct kvs_str held = kvs_checksum_value(s->guards[1]);
	char checksum[KVS_SHA256_HEX] = "";

	release_sums(&s->kept);
	if (kvs_sha256_is_hex(held)) {
		memcpy(checksum, held.p, held.n);
		if (keep(s, checksum))
			return kvs_err_oom(err);
	}
	return kvs_history_checksums(s->t, s->key, keep, s, err);
}

/* ---- */

static int sweep_once(struct sweep *s, struct kvs_err *err)
{
	int rc = look_at_guards(s, err);

	rc = rc ? rc : find_kept(s, err);
	rc = rc ? rc : find_doomed(s, err);
	rc = rc ? rc : delete_all(s, s->doomed, name_chunk, err);
	/* last, so that a sweep that is killed leaves its chunks to the next one */
	return rc ? rc : delete_all(s, s->lists, name_list, err);
}

/* Most keys have no list at all, and are done with here. */
static int look_at_own(struct sweep *s, struct kvs_err *err)
{
	KVS_AUTO_FREE char *own = kvs_asprintf("%s%s/", s->folder, s->key);

	return own ? list_entries(s, own, on_own, err) : kvs_err_oom(err);
}

int kvs_chunks_sweep(const struct kvs_transfer *t, const char *key, const char *checksum,
		     struct kvs_err *err)
{
	KVS_CLEANUP(sweep_release)
	struct sweep s = { .t = t, .key = key, .checksum = checksum, .now = kvsi_realtime_ms() };
	struct kvs_retry retry = { .max = TRIES };
	int rc = kvs_layout_own(t->prefix, KVS_CHUNK_LISTS, "", &s.folder, err);

	rc = rc ? rc : look_at_own(&s, err);
	if (rc || !s.any)
		return rc;
	rc = kvs_layout_own(t->prefix, KVS_CHUNK_LISTS_CHANGED, "", &s.changed, err);
	if (rc)
		return rc;
	do
		rc = sweep_once(&s, err);
	while (kvs_retry_again(&retry, t->deadline, rc));
	return kvs_retry_end(&retry, rc, err);
}
