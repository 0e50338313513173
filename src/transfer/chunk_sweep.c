/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chunks that nobody needs any more go.
 *
 * Who needs which is read from the lists of all keys, behind the key that differs after each new
 * list; the chunks go on condition that this key is still as it was.  So no list can have come
 * between, and no chunk goes that somebody counts on (doc/decisions/0031).
 */
#include "transfer/chunks.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/map.h"
#include "base/str.h"
#include "transfer/chunk_list.h"
#include "transfer/common.h"
#include "transfer/layout.h"

#include <string.h>

/* A file that was begun so long ago is not being written any more. */
#define YOUNG_MS (UINT64_C(10) * 60 * 1000)

/* Others that write large files at the same time. */
#define TRIES 5

/* Of all keys together. */
#define NEEDED_MAX 2000000u

/* Deletions in one transaction, beside the condition: each store takes so many. */
#define TOGETHER 60

/* A checksum, in a map. */
struct sum {
	char checksum[KVS_SHA256_HEX];
	UT_hash_handle hh;
};

struct sweep {
	const struct kvs_transfer *t;
	const char *key;
	char *folder;
	uint64_t now;
	struct sum *kept;   /* files of this key that stay */
	struct sum *needed; /* chunks that stay */
	struct sum *doomed; /* chunks of lists that go */
	struct sum *lists;  /* those lists, by the checksums of their files */
};

static void release_sums(struct sum **sums)
{
	struct sum *sum, *next;

	HASH_ITER (hh, *sums, sum, next) {
		HASH_DEL(*sums, sum);
		kvsi_free(sum);
	}
}

static void sweep_release(struct sweep *s)
{
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

static bool is_over(const struct sweep *s, const struct kvs_chunk_list *list)
{
	return kvs_str_eq(list->key, kvs_s(s->key)) && !has(s->kept, list->checksum) &&
	       list->ms + YOUNG_MS < s->now;
}

/* What cannot be read might be needed, so it ends the sweep. */
static int on_list(void *arg, const struct kvs_entry *entry)
{
	struct sweep *s = arg;
	struct kvs_chunk_list list;
	bool over;
	int rc = kvs_chunk_list_parse(entry, strlen(s->folder), &list, NULL);

	if (rc)
		return rc;
	over = is_over(s, &list);
	if (over)
		rc = add(&s->lists, list.checksum);
	for (size_t i = 0; rc == 0 && i < list.chunks.n; i++)
		rc = add(over ? &s->doomed : &s->needed, list.chunks.at[i].checksum);
	kvs_chunks_release(&list.chunks);
	return rc;
}

/* What rules hide might be needed, too. */
static int list_entries(const struct sweep *s, const char *prefix, uint32_t flags,
			int (*fn)(void *arg, const struct kvs_entry *entry), void *arg,
			struct kvs_err *err)
{
	struct kvs_request req = KVS_REQUEST_INIT;
	struct kvs_reply reply = { .size = sizeof(reply) };
	int rc;

	req.key = kvs_s(prefix);
	req.flags = flags;
	rc = kvs_list(s->t->store, &req, fn, arg, &reply, err);
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
	rc = list_entries(s, s->folder, 0, on_list, s, err);
	if (rc == KVS_E_CANCELED)
		return kvs_err_set(err, KVS_E_INTEGRITY,
				   "what is below %s cannot all be read, or is too much",
				   KVS_Q(kvs_s(s->folder)));
	spare_needed(s);
	return rc;
}

/* ---- taking them away ---- */

struct batch {
	struct kvs_op ops[TOGETHER + 1];
	char *names[TOGETHER];
	size_t n; /* names */
};

static void batch_empty(struct batch *b)
{
	while (b->n > 0)
		kvsi_free(b->names[--b->n]);
}

static int batch_commit(const struct sweep *s, struct batch *b, const char *changed,
			const struct kvs_entry *seen, struct kvs_err *err)
{
	struct kvs_op *check = &b->ops[b->n];
	int rc;

	if (b->n == 0)
		return 0;
	*check = (struct kvs_op)KVS_OP_INIT;
	check->type = KVS_OP_CHECK;
	check->key = kvs_s(changed);
	kvs_op_unchanged(check, seen);
	rc = kvs_txn(s->t->store, b->ops, b->n + 1, 0, NULL, err);
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

static int delete_all(const struct sweep *s, struct sum *sums, name_fn name, const char *changed,
		      const struct kvs_entry *seen, struct kvs_err *err)
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
		rc = batch.n < TOGETHER ? 0 : batch_commit(s, &batch, changed, seen, err);
		if (rc)
			return rc;
	}
	return batch_commit(s, &batch, changed, seen, err);
}

static int sweep_once(struct sweep *s, const char *changed, struct kvs_err *err)
{
	KVS_AUTO_ENTRY struct kvs_entry *seen = NULL;
	const struct kvs_str key = kvs_s(changed);
	int rc = kvs_get_many(s->t->store, &key, 1, 0, &seen, err);

	rc = rc ? rc : find_doomed(s, err);
	rc = rc ? rc : delete_all(s, s->doomed, name_chunk, changed, seen, err);
	/* last, so that a sweep that is killed leaves its chunks to the next one */
	return rc ? rc : delete_all(s, s->lists, name_list, changed, seen, err);
}

/* ---- what stays ---- */

static int on_version(void *arg, const struct kvs_version *version)
{
	struct sweep *s = arg;

	return add(&s->kept, version->checksum);
}

static int find_kept(struct sweep *s, const char *checksum, struct kvs_err *err)
{
	struct kvs_err why = { 0 };
	int rc;

	if (add(&s->kept, checksum))
		return kvs_err_oom(err);
	rc = kvs_transfer_history(s->t, s->key, on_version, s, &why);
	return rc == 0 || rc == KVS_E_NOTFOUND ? 0 : kvs_err_copy(err, rc, &why);
}

/* Is there anything that could go? */
static int on_any(void *arg, const struct kvs_entry *entry)
{
	bool *any = arg;

	(void)entry;
	*any = true;
	return 0;
}

static int has_lists(const struct sweep *s, bool *ret, struct kvs_err *err)
{
	KVS_AUTO_FREE char *own = kvs_asprintf("%s%s/", s->folder, s->key);

	*ret = false;
	return own ? list_entries(s, own, KVS_KEYS_ONLY, on_any, ret, err) : kvs_err_oom(err);
}

int kvs_chunks_sweep(const struct kvs_transfer *t, const char *key, const char *checksum,
		     struct kvs_err *err)
{
	KVS_CLEANUP(sweep_release)
	struct sweep s = { .t = t, .key = key, .now = kvsi_realtime_ms() };
	KVS_AUTO_FREE char *changed = NULL;
	struct kvs_retry retry = { .max = TRIES };
	bool any = false;
	int rc = kvs_layout_own(t->prefix, KVS_CHUNK_LISTS, "", &s.folder, err);

	rc = rc ? rc : has_lists(&s, &any, err);
	if (rc || !any)
		return rc;
	rc = kvs_layout_own(t->prefix, KVS_CHUNK_LISTS_CHANGED, "", &changed, err);
	rc = rc ? rc : find_kept(&s, checksum, err);
	if (rc)
		return rc;
	do
		rc = sweep_once(&s, changed, err);
	while (kvs_retry_again(&retry, t->deadline, rc));
	return kvs_retry_end(&retry, rc, err);
}
