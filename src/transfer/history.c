/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/history.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/stamp.h"
#include "base/str.h"
#include "base/who.h"
#include "transfer/chunks.h"
#include "transfer/common.h"
#include "transfer/compress.h"
#include "transfer/content.h"

#include <inttypes.h>

/* Several writers at one key may want the same number. */
#define TRIES 20

/* More than anybody asks for; a folder with more than that is none of ours. */
#define KEPT_MAX 4096

/* A reason, names, numbers. */
#define HEAD_ROOM ((size_t)64 * 1024)

void kvs_history_init(struct kvs_history *h, const struct kvs_transfer *t,
		      const struct kvs_history_params *params, const char *key)
{
	*h = (struct kvs_history){
		.t = t,
		.params = params,
		.key = key,
		.off = !params || params->versions == 0,
	};
}

void kvs_history_release(struct kvs_history *h)
{
	kvsi_free(h->folder);
	kvsi_free(h->kept);
}

/* ---- listing ---- */

struct listing {
	int (*fn)(void *arg, const struct kvs_entry *entry);
	void *arg;
};

/* Keys of other files may stand below this one's. */
static int on_entry(void *arg, const struct kvs_entry *entry)
{
	const struct listing *l = arg;

	if ((entry->info & KVS_ENTRY_FOLDED) || !kvs_version_number(entry->key))
		return 0;
	return l->fn(l->arg, entry);
}

static int list(const struct kvs_transfer *t, const char *folder, struct listing *l,
		struct kvs_reply *ret_reply, struct kvs_err *err)
{
	struct kvs_request req = KVS_REQUEST_INIT;

	req.key = kvs_s(folder);
	req.separator = kvs_s("/");
	return kvs_list(t->store, &req, on_entry, l, ret_reply, err);
}

static int remember(struct kvs_history *h, uint64_t number, uint64_t size, const char *checksum)
{
	struct kvs_kept *kept = h->n_kept < KEPT_MAX
					? kvs_realloc_array(h->kept, h->n_kept + 1, sizeof(*kept))
					: NULL;

	if (!kept)
		return KVS_E_NOMEM;
	h->kept = kept;
	kept = &h->kept[h->n_kept++];
	*kept = (struct kvs_kept){ .number = number, .size = size };
	memcpy(kept->checksum, checksum, KVS_SHA256_HEX);
	return 0;
}

/* One that cannot be read still has a number and takes room. */
static int on_kept(void *arg, const struct kvs_entry *entry)
{
	KVS_AUTO_VERSION struct kvs_version_read read = { 0 };

	uint64_t size = entry->value.n;

	(void)kvs_version_read(entry, &read, NULL);
	if (kvs_str_starts(read.body, kvs_s(KVS_CHUNKS_MAGIC)))
		size += read.version.bytes;
	return remember(arg, kvs_version_number(entry->key), size, read.version.checksum);
}

static int list_kept(struct kvs_history *h, struct kvs_err *err)
{
	struct listing l = { on_kept, h };
	int rc = h->folder ? 0 : kvs_layout_history(h->t->prefix, h->key, &h->folder, err);

	h->n_kept = 0;
	rc = rc ? rc : list(h->t, h->folder, &l, NULL, err);
	h->listed = rc == 0;
	return rc == KVS_E_CANCELED ? kvs_err_oom(err) : rc;
}

static bool newest_is(const struct kvs_history *h, struct kvs_str checksum)
{
	return h->n_kept && kvs_str_eq(kvs_s(h->kept[h->n_kept - 1].checksum), checksum);
}

/* ---- keeping ---- */

static int put_encoded(struct kvs_history *h, const struct kvs_version *version,
		       struct kvs_str bytes, enum kvs_encoding encoding, uint64_t *ret_size,
		       struct kvs_err *err)
{
	KVS_AUTO_FREE char *key = kvs_asprintf("%s%0*" PRIu64, h->folder, KVS_VERSION_DIGITS,
					       version->number);
	KVS_AUTO_BUF struct kvs_buf value;
	struct kvs_op op = KVS_OP_INIT;
	int rc = key ? 0 : kvs_err_oom(err);

	kvs_buf_init(&value, bytes.n + bytes.n / 2 + HEAD_ROOM);
	rc = rc ? rc : kvs_version_head(version, &value, err);
	if (encoding == KVS_ENCODING_CHUNKS)
		kvs_buf_add(&value, bytes.p, bytes.n);
	else
		rc = rc ? rc : kvs_encode(encoding, bytes, &value, err);
	rc = rc ? rc : kvs_buf_check(&value, "a version of the file", err);
	if (rc)
		return rc;
	op.type = KVS_OP_PUT;
	op.cond = KVS_COND_ABSENT;
	op.key = kvs_s(key);
	op.value = kvs_buf_slice(&value);
	if (kvs_caps(h->t->store) & KVS_CAP_FLAGS)
		op.flags = kvs_encoding_info(encoding)->flags;
	*ret_size = value.len + (encoding == KVS_ENCODING_CHUNKS ? version->bytes : 0);
	return kvs_put(h->t->store, &op, NULL, err);
}

/* What does not fit into a value as it is may do so packed. */
static int put_version(struct kvs_history *h, struct kvs_version *version, struct kvs_str bytes,
		       enum kvs_encoding encoding, struct kvs_err *err)
{
	uint64_t size;
	int rc;

	version->number = h->n_kept ? h->kept[h->n_kept - 1].number + 1 : 1;
	rc = put_encoded(h, version, bytes, encoding, &size, err);
	if (rc == KVS_E_TOOBIG && encoding == KVS_ENCODING_PLAIN)
		rc = put_encoded(h, version, bytes, KVS_ENCODING_ZSTD, &size, err);
	if (rc)
		return rc;
	rc = remember(h, version->number, size, version->checksum);
	return rc ? kvs_err_oom(err) : 0;
}

/* `encoding` is PLAIN or CHUNKS. */
static int keep(struct kvs_history *h, struct kvs_version *version, struct kvs_str bytes,
		enum kvs_encoding encoding, struct kvs_err *err)
{
	int rc = h->listed ? 0 : list_kept(h, err);

	for (unsigned tries = 1; rc == 0; tries++) {
		if (newest_is(h, kvs_s(version->checksum)))
			return 0;
		rc = put_version(h, version, bytes, encoding, err);
		if (rc != KVS_E_CONFLICT || tries == TRIES || !kvs_pause(h->t->deadline, tries))
			return rc;
		rc = list_kept(h, err);
	}
	return rc;
}

static int drop_oldest(struct kvs_history *h, struct kvs_err *err)
{
	KVS_AUTO_FREE char *key = kvs_asprintf("%s%0*" PRIu64, h->folder, KVS_VERSION_DIGITS,
					       h->kept[0].number);
	struct kvs_op op = KVS_OP_INIT;
	int rc;

	if (!key)
		return kvs_err_oom(err);
	op.type = KVS_OP_DELETE;
	op.key = kvs_s(key);
	rc = kvs_delete(h->t->store, &op, NULL, err);
	if (rc)
		return rc;
	h->n_kept--;
	memmove(h->kept, h->kept + 1, h->n_kept * sizeof(*h->kept));
	return 0;
}

static bool is_too_much(const struct kvs_history *h)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < h->n_kept; i++)
		bytes += h->kept[i].size;
	return h->n_kept > h->params->versions || bytes > h->params->bytes;
}

/* The newest stays: without it nobody could tell what was there. */
static int drop_what_is_too_much(struct kvs_history *h, struct kvs_err *err)
{
	int rc = 0;

	while (rc == 0 && h->n_kept > 1 && is_too_much(h))
		rc = drop_oldest(h, err);
	return rc;
}

static void give_up(struct kvs_history *h, const struct kvs_err *why)
{
	h->off = true;
	kvs_transfer_report(h->t, KVS_LOG_WARNING, "the history of %s is not kept: %s",
			    KVS_Q(kvs_s(h->key)), why->msg);
}

/* ---- what others wrote ---- */

static int measure(const char *name, const struct kvs_decoded *decoded, struct kvs_version *version,
		   struct kvs_err *err)
{
	KVS_AUTO_CHUNKS struct kvs_chunks chunks = { 0 };
	int rc;

	if (decoded->encoding != KVS_ENCODING_CHUNKS) {
		version->bytes = decoded->bytes.n;
		version->lines = kvs_content_lines(decoded->bytes);
		return 0;
	}
	rc = kvs_chunks_parse(name, decoded->bytes, &chunks, err);
	version->bytes = chunks.bytes;
	version->lines = chunks.lines;
	return rc;
}

/* Fetches and keeps it.  What is no pair now is no version either. */
static int keep_found(struct kvs_history *h, const struct kvs_names *names, struct kvs_str held,
		      struct kvs_err *err)
{
	KVS_AUTO_ENTRY struct kvs_entry *data = NULL;
	KVS_AUTO_BUF struct kvs_buf room;
	struct kvs_version version = { .cause = kvs_s("found") };
	struct kvs_decoded decoded;
	int rc = kvs_get(h->t->store, kvs_s(names->data), 0, &data, err);

	kvs_buf_init(&room, h->params->bytes);
	if (rc)
		return rc == KVS_E_NOTFOUND ? 0 : rc;
	memcpy(version.checksum, held.p, held.n);
	rc = kvs_decode(names->data, data->value, data->flags, version.checksum, &room, &decoded,
			err);
	rc = rc ? rc : measure(names->data, &decoded, &version, err);
	if (rc || version.bytes > h->params->bytes)
		return rc == KVS_E_INTEGRITY || rc == KVS_E_TOOBIG ? 0 : rc;
	return keep(h, &version, decoded.bytes,
		    decoded.encoding == KVS_ENCODING_CHUNKS ? KVS_ENCODING_CHUNKS
							    : KVS_ENCODING_PLAIN,
		    err);
}

void kvs_history_keep_held(struct kvs_history *h, const struct kvs_names *names,
			   struct kvs_str held)
{
	struct kvs_err why = { 0 };
	int rc;

	if (h->off || !kvs_sha256_is_hex(held))
		return;
	rc = h->listed ? 0 : list_kept(h, &why);
	if (rc == 0 && !newest_is(h, held))
		rc = keep_found(h, names, held, &why);
	if (rc)
		give_up(h, &why);
}

/* ---- what we write ---- */

static int keep_written(struct kvs_history *h, const struct kvs_in_result *written,
			struct kvs_str content, enum kvs_encoding encoding, struct kvs_err *err)
{
	KVS_AUTO_FREE char *user = kvs_user_name();
	KVS_AUTO_FREE char *host = NULL;
	char stamp[KVS_STAMP_SIZE] = "";
	struct kvs_version version = {
		.bytes = written->bytes,
		.lines = written->lines,
		.cause = kvs_s(h->params->cause),
		.reason = kvs_s(h->params->reason),
	};
	int rc = user ? kvs_host_name(&host, err) : kvs_err_oom(err);

	if (rc)
		return rc;
	(void)kvs_stamp(kvsi_realtime_ms(), stamp);
	version.time = kvs_s(stamp);
	version.user = kvs_s(user);
	version.host = kvs_s(host);
	memcpy(version.checksum, written->checksum, KVS_SHA256_HEX);
	rc = keep(h, &version, content, encoding, err);
	return rc ? rc : drop_what_is_too_much(h, err);
}

void kvs_history_keep_written(struct kvs_history *h, const struct kvs_in_result *written,
			      struct kvs_str content, bool chunked)
{
	struct kvs_err why = { 0 };
	int rc;

	if (h->off)
		return;
	if (written->bytes > h->params->bytes)
		rc = kvs_err_set(&why, KVS_E_TOOBIG,
				 "it has %" PRIu64 " bytes, more than the %" PRIu64
				 " that --history-bytes allows",
				 written->bytes, h->params->bytes);
	else
		rc = keep_written(h, written, content,
				  chunked ? KVS_ENCODING_CHUNKS : KVS_ENCODING_PLAIN, &why);
	if (rc)
		give_up(h, &why);
}

/* ---- looking at it ---- */

struct strict {
	int (*fn)(void *arg, const char *checksum);
	void *arg;
	struct kvs_err why; /* of a version that cannot be read */
};

static int on_strict(void *arg, const struct kvs_entry *entry)
{
	KVS_AUTO_VERSION struct kvs_version_read read = { 0 };
	struct strict *strict = arg;

	if (kvs_version_read(entry, &read, &strict->why))
		return KVS_E_INTEGRITY;
	return strict->fn(strict->arg, read.version.checksum);
}

int kvs_history_checksums(const struct kvs_transfer *t, const char *key,
			  int (*fn)(void *arg, const char *checksum), void *arg,
			  struct kvs_err *err)
{
	struct strict strict = { .fn = fn, .arg = arg };
	struct listing l = { on_strict, &strict };
	struct kvs_reply reply = { .size = sizeof(reply) };
	KVS_AUTO_FREE char *folder = NULL;
	int rc = kvs_layout_history(t->prefix, key, &folder, err);

	rc = rc ? rc : list(t, folder, &l, &reply, err);
	if (strict.why.code)
		return kvs_err_copy(err, strict.why.code, &strict.why);
	if (rc == 0 && (reply.flags & KVS_REPLY_FILTERED))
		return kvs_err_set(err, KVS_E_DENIED,
				   "the store's access rules may hide some of the history");
	return rc;
}

struct telling {
	int (*fn)(void *arg, const struct kvs_version *version);
	void *arg;
	const struct kvs_transfer *t;
	size_t told;
};

static int on_told(void *arg, const struct kvs_entry *entry)
{
	KVS_AUTO_VERSION struct kvs_version_read read = { 0 };
	struct telling *telling = arg;
	struct kvs_err why;

	if (kvs_version_read(entry, &read, &why)) {
		kvs_transfer_report(telling->t, KVS_LOG_WARNING, "%s", why.msg);
		return 0;
	}
	telling->told++;
	return telling->fn(telling->arg, &read.version);
}

static int none_there(const char *key, bool filtered, struct kvs_err *err)
{
	if (filtered)
		return kvs_err_set(err, KVS_E_DENIED,
				   "the store's access rules may hide the history of %s",
				   KVS_Q(kvs_s(key)));
	return kvs_err_set(
		err, KVS_E_NOTFOUND,
		"no version of %s is kept; kvsync in keeps one of what it writes, unless "
		"--history-versions is 0",
		KVS_Q(kvs_s(key)));
}

int kvs_transfer_history(const struct kvs_transfer *t, const char *key,
			 int (*fn)(void *arg, const struct kvs_version *version), void *arg,
			 struct kvs_err *err)
{
	struct telling telling = { .fn = fn, .arg = arg, .t = t };
	struct listing l = { on_told, &telling };
	struct kvs_reply reply = { .size = sizeof(reply) };
	KVS_AUTO_FREE char *folder = NULL;
	int rc = kvs_layout_history(t->prefix, key, &folder, err);

	rc = rc ? rc : list(t, folder, &l, &reply, err);
	if (rc == 0 && telling.told == 0)
		rc = none_there(key, reply.flags & KVS_REPLY_FILTERED, err);
	return rc;
}

/* The version, of which `decoded` is what its value holds. */
struct fetched {
	struct kvs_entry *entry;
	struct kvs_version_read read;
	struct kvs_decoded decoded;
};

static void fetched_release(struct fetched *fetched)
{
	kvs_version_read_release(&fetched->read);
	kvs_entry_free(fetched->entry);
}

static int fetch(const struct kvs_transfer *t, const char *key, uint64_t number,
		 struct kvs_buf *room, struct fetched *ret, struct kvs_err *err)
{
	KVS_AUTO_FREE char *folder = NULL;
	KVS_AUTO_FREE char *name = NULL;
	int rc = kvs_layout_history(t->prefix, key, &folder, err);

	if (rc)
		return rc;
	name = kvs_asprintf("%s%0*" PRIu64, folder, KVS_VERSION_DIGITS, number);
	rc = name ? kvs_get(t->store, kvs_s(name), 0, &ret->entry, err) : kvs_err_oom(err);
	if (rc == KVS_E_NOTFOUND)
		return kvs_err_set(err, rc,
				   "version %" PRIu64 " of %s is not kept; kvsync history shows "
				   "which are",
				   number, KVS_Q(kvs_s(key)));
	rc = rc ? rc : kvs_version_read(ret->entry, &ret->read, err);
	return rc ? rc
		  : kvs_decode(name, ret->read.body, ret->entry->flags, ret->read.version.checksum,
			       room, &ret->decoded, err);
}

int kvs_version_fetch(const struct kvs_transfer *t, const char *key, uint64_t number,
		      struct kvs_buf *room, struct kvs_chunks *ret_chunks,
		      char ret_checksum[KVS_SHA256_HEX], struct kvs_err *err)
{
	KVS_CLEANUP(fetched_release) struct fetched fetched = { 0 };
	int rc = fetch(t, key, number, room, &fetched, err);

	if (rc)
		return rc;
	memcpy(ret_checksum, fetched.read.version.checksum, KVS_SHA256_HEX);
	if (fetched.decoded.encoding == KVS_ENCODING_CHUNKS)
		return kvs_chunks_parse("the version", fetched.decoded.bytes, ret_chunks, err);
	if (fetched.decoded.encoding == KVS_ENCODING_PLAIN) {
		kvs_buf_reset(room);
		kvs_buf_add(room, fetched.decoded.bytes.p, fetched.decoded.bytes.n);
	}
	return kvs_buf_check(room, "the version", err);
}

int kvs_transfer_version(const struct kvs_transfer *t, const char *key, uint64_t number,
			 struct kvs_buf *ret_bytes, struct kvs_err *err)
{
	KVS_AUTO_CHUNKS struct kvs_chunks chunks = { 0 };
	struct kvs_transfer mine = *t;
	char checksum[KVS_SHA256_HEX];
	int rc = kvs_version_fetch(t, key, number, ret_bytes, &chunks, checksum, err);

	return rc || !chunks.n ? rc
			       : kvs_chunks_load(&mine, "the version", &chunks, checksum, ret_bytes,
						 NULL, err);
}
