/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/compress.h"

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/str.h"
#include "transfer/coder.h"

#include <inttypes.h>
#include <string.h>

static const struct kvs_encoding_info encodings[] = {
	[KVS_ENCODING_PLAIN] = { "plain", 0, true },	[KVS_ENCODING_GZIP] = { "gzip", 0, true },
	[KVS_ENCODING_BROTLI] = { "brotli", 1, true },	[KVS_ENCODING_ZSTD] = { "zstd", 2, false },
	[KVS_ENCODING_CHUNKS] = { "chunks", 3, false },
};

#define N_ENCODINGS (sizeof(encodings) / sizeof(encodings[0]))

static const enum kvs_codec_format formats[N_ENCODINGS] = {
	[KVS_ENCODING_GZIP] = KVS_CODEC_GZIP,
	[KVS_ENCODING_BROTLI] = KVS_CODEC_BROTLI,
	[KVS_ENCODING_ZSTD] = KVS_CODEC_ZSTD,
};

const struct kvs_encoding_info *kvs_encoding_info(enum kvs_encoding encoding)
{
	return &encodings[encoding];
}

int kvs_encoding_parse(const char *name, enum kvs_encoding *ret, struct kvs_err *err)
{
	size_t i;

	for (i = 0; i < KVS_ENCODING_CHUNKS; i++) {
		if (strcmp(name, encodings[i].name) == 0) {
			*ret = (enum kvs_encoding)i;
			return 0;
		}
	}
	return kvs_err_set(err, KVS_E_ARG, "\"%s\" is not an encoding (plain, gzip, brotli, zstd)",
			   KVS_Q(kvs_s(name)));
}

/* ---- whole values through a stream ---- */

static int to_buf(void *arg, const void *p, size_t n, struct kvs_err *err)
{
	struct kvs_buf *buf = arg;

	kvs_buf_add(buf, p, n);
	return kvs_buf_check(buf, "a value", err);
}

static int run(enum kvs_encoding encoding, bool pack, struct kvs_str in, struct kvs_buf *out,
	       struct kvs_err *err)
{
	const struct kvs_codec_sink sink = { .write = to_buf, .arg = out };
	KVS_AUTO_CODER struct kvs_coder coder = { 0 };
	int rc = kvs_coder_open(&coder, formats[encoding], pack, out->max - out->len, &sink, err);

	return rc ? rc : kvs_coder_push(&coder, in, true, err);
}

static int encode_gzip(struct kvs_str bytes, struct kvs_buf *value, struct kvs_err *err)
{
	KVS_AUTO_BUF struct kvs_buf packed;
	int rc;

	kvs_buf_init(&packed, value->max);
	rc = run(KVS_ENCODING_GZIP, true, bytes, &packed, err);
	if (rc)
		return rc;
	kvs_base64_encode(value, kvs_buf_slice(&packed));
	return kvs_buf_check(value, "the compressed value", err);
}

int kvs_encode(enum kvs_encoding encoding, struct kvs_str bytes, struct kvs_buf *value,
	       struct kvs_err *err)
{
	int rc;

	if (encoding == KVS_ENCODING_PLAIN) {
		kvs_buf_add(value, bytes.p, bytes.n);
		return kvs_buf_check(value, "the value", err);
	}
	rc = encoding == KVS_ENCODING_GZIP ? encode_gzip(bytes, value, err)
					   : run(encoding, true, bytes, value, err);
	return rc ? kvs_err_context(err, rc, "compress with %s", encodings[encoding].name) : 0;
}

/* ---- reading ---- */

static bool begins(struct kvs_str value, const char *first, size_t n)
{
	return kvs_str_starts(value, kvs_sn(first, n));
}

#define BEGINS(value_, literal_) begins((value_), literal_, sizeof(literal_) - 1)

#define GZIP_MAGIC	  "\x1f\x8b\x08"
#define GZIP_MAGIC_BASE64 "H4sI"
#define ZSTD_MAGIC	  "\x28\xb5\x2f\xfd"

/* The encoding that the first bytes speak for; brotli has no mark. */
static enum kvs_encoding by_look(struct kvs_str value)
{
	if (BEGINS(value, GZIP_MAGIC_BASE64) || BEGINS(value, GZIP_MAGIC))
		return KVS_ENCODING_GZIP;
	return BEGINS(value, ZSTD_MAGIC) ? KVS_ENCODING_ZSTD : KVS_ENCODING_PLAIN;
}

static enum kvs_encoding by_flags(uint64_t flags)
{
	size_t i;

	for (i = 0; i < N_ENCODINGS; i++)
		if (encodings[i].flags == flags)
			return (enum kvs_encoding)i;
	return KVS_ENCODING_PLAIN;
}

/* Go's decoder, which kvexpress uses, reads over line ends. */
static int decode_base64(struct kvs_str text, struct kvs_buf *bytes, struct kvs_err *err)
{
	KVS_AUTO_BUF struct kvs_buf joined;
	const char *p = text.p;
	size_t i;
	int rc;

	kvs_buf_init(&joined, text.n);
	if (memchr(p, '\n', text.n) || memchr(p, '\r', text.n)) {
		for (i = 0; i < text.n; i++)
			if (p[i] != '\n' && p[i] != '\r')
				kvs_buf_char(&joined, p[i]);
		rc = kvs_buf_check(&joined, "a value", err);
		if (rc)
			return rc;
		text = kvs_buf_slice(&joined);
	}
	rc = kvs_base64_decode(bytes, text, err);
	rc = rc ? rc : kvs_buf_check(bytes, "a value", err);
	if (rc == KVS_E_ARG)
		return kvs_err_set(err, KVS_E_INTEGRITY, "damaged base64 around gzip");
	return rc;
}

static int unpack(enum kvs_encoding encoding, struct kvs_str value, struct kvs_buf *room,
		  struct kvs_err *err)
{
	KVS_AUTO_BUF struct kvs_buf packed;
	int rc;

	kvs_buf_init(&packed, value.n);
	if (encoding == KVS_ENCODING_GZIP && !BEGINS(value, GZIP_MAGIC)) {
		rc = decode_base64(value, &packed, err);
		if (rc)
			return rc;
		value = kvs_buf_slice(&packed);
	}
	rc = run(encoding, false, value, room, err);
	if (rc == KVS_E_TOOBIG)
		(void)kvs_err_context(err, rc, "unpacked (%s)", encodings[encoding].name);
	return rc;
}

/* One way to read the value, and what came of it. */
struct attempt {
	struct kvs_str value;
	const char *checksum;
	struct kvs_buf *room;
	struct kvs_decoded result;
	struct kvs_err why;	     /* why the encoding that something spoke for did not do */
	bool damaged;		     /* and that is so because it cannot be unpacked */
	char digest[KVS_SHA256_HEX]; /* of the value as it is */
};

/* Are these the bytes of the checksum? */
static bool proven(struct attempt *a, enum kvs_encoding encoding, struct kvs_str bytes,
		   char digest[KVS_SHA256_HEX])
{
	kvs_sha256_of(bytes, digest);
	if (strcmp(digest, a->checksum) != 0)
		return false;
	a->result = (struct kvs_decoded){ .encoding = encoding, .bytes = bytes };
	return true;
}

/* `spoken_for`: failing is worth words; else it was only an attempt. */
static bool try_packed(struct attempt *a, enum kvs_encoding encoding, bool spoken_for)
{
	char digest[KVS_SHA256_HEX];
	struct kvs_err err = { 0 };
	bool damaged;
	int rc;

	kvs_buf_reset(a->room);
	rc = unpack(encoding, a->value, a->room, &err);
	damaged = rc != 0;
	if (rc == 0 && proven(a, encoding, kvs_buf_slice(a->room), digest))
		return true;
	if (rc == 0)
		rc = kvs_err_set(&err, KVS_E_INTEGRITY,
				 "unpacked (%s) it does not match its checksum (%.12s..., "
				 "expected %.12s...)",
				 encodings[encoding].name, digest, a->checksum);
	if ((spoken_for && a->why.code == 0) || rc == KVS_E_NOMEM) {
		a->why = err;
		a->damaged = damaged;
	}
	return false;
}

/* What the flags say, the value as it is, what its first bytes say, and brotli, which has no mark.
 */
static bool find(struct attempt *a, uint64_t flags)
{
	enum kvs_encoding flagged = by_flags(flags);
	enum kvs_encoding look = by_look(a->value);
	bool packed = flagged != KVS_ENCODING_PLAIN && flagged != KVS_ENCODING_CHUNKS;

	if (packed && try_packed(a, flagged, true))
		return true;
	if (proven(a, KVS_ENCODING_PLAIN, a->value, a->digest))
		return true;
	if (BEGINS(a->value, KVS_CHUNKS_MAGIC)) {
		a->result = (struct kvs_decoded){ KVS_ENCODING_CHUNKS, .bytes = a->value };
		return true;
	}
	if (look != KVS_ENCODING_PLAIN && look != flagged)
		return try_packed(a, look, true);
	return flagged == KVS_ENCODING_PLAIN && look == KVS_ENCODING_PLAIN &&
	       try_packed(a, KVS_ENCODING_BROTLI, false);
}

static int explain(const struct attempt *a, const char *name, uint64_t flags, struct kvs_err *err)
{
	if (a->why.code == KVS_E_NOMEM)
		return kvs_err_oom(err);
	if (a->why.code) {
		(void)kvs_err_copy(err, a->why.code, &a->why);
		return kvs_err_context(err, a->why.code, "%s", KVS_Q(kvs_s(name)));
	}
	if (by_flags(flags) == KVS_ENCODING_PLAIN && flags != 0)
		return kvs_err_set(err, KVS_E_UNSUPPORTED,
				   "%s has the flags %" PRIu64 ", which this kvsync does not know",
				   KVS_Q(kvs_s(name)), flags);
	return kvs_err_set(err, KVS_E_INTEGRITY,
			   "%s does not match its checksum (%.12s..., expected %.12s...); "
			   "kvsync in repairs it",
			   KVS_Q(kvs_s(name)), a->digest, a->checksum);
}

int kvs_decode(const char *name, struct kvs_str value, uint64_t flags, const char *checksum,
	       struct kvs_buf *room, struct kvs_decoded *ret, struct kvs_err *err)
{
	struct attempt a = { .value = value, .checksum = checksum, .room = room };

	int rc;

	if (find(&a, flags)) {
		*ret = a.result;
		return 0;
	}
	rc = explain(&a, name, flags, err);
	ret->mismatch = rc == KVS_E_INTEGRITY && !a.damaged;
	return rc;
}
