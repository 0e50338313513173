/* SPDX-License-Identifier: Apache-2.0 */
/* Encodings, on files that public tools made (tests/data/encodings/make.sh). */
#include "base/cleanup.h"
#include "base/digest.h"
#include "base/fsio.h"
#include "base/str.h"
#include "tests/lib/tap.h"
#include "transfer/coder.h"
#include "transfer/compress.h"

#include <stdlib.h>
#include <string.h>

#define LIMIT ((size_t)1 << 20)

static struct kvs_buf text;
static char checksum[KVS_SHA256_HEX];

static void read_data(const char *name, struct kvs_buf *buf)
{
	KVS_AUTO_FREE char *path = kvs_asprintf("%s/tests/data/encodings/%s", KVS_SRCDIR, name);
	struct kvs_err err;

	kvs_buf_init(buf, LIMIT);
	if (!path || kvs_file_read(path, buf, &err))
		bail("%s cannot be read", name);
}

/* Decodes; *ret_bytes are good until the next call. */
static int decode(struct kvs_str value, uint64_t flags, const char *sum,
		  struct kvs_decoded *ret_decoded, struct kvs_err *err)
{
	static struct kvs_buf room;

	kvs_buf_release(&room);
	kvs_buf_init(&room, LIMIT);
	return kvs_decode("p/k/data", value, flags, sum, &room, ret_decoded, err);
}

static void is_decoded(const char *name, uint64_t flags, const char *sum, struct kvs_str want,
		       enum kvs_encoding encoding)
{
	KVS_AUTO_BUF struct kvs_buf value;
	struct kvs_decoded got;
	struct kvs_err err;

	read_data(name, &value);
	if (!is_code(decode(kvs_buf_slice(&value), flags, sum, &got, &err), 0, &err,
		     "%s with flags %u", name, (unsigned)flags))
		return;
	is_slice(got.bytes, want, "its bytes");
	is_int(got.encoding, encoding, "its encoding");
}

static const struct {
	const char *name;
	enum kvs_encoding encoding;
} vectors[] = {
	{ "text", KVS_ENCODING_PLAIN },
	{ "text.gz.b64", KVS_ENCODING_GZIP },
	{ "text.gz.lines.b64", KVS_ENCODING_GZIP },
	{ "text.go.b64", KVS_ENCODING_GZIP },
	{ "text.gz", KVS_ENCODING_GZIP },
	{ "text.members.gz", KVS_ENCODING_GZIP },
	{ "text.br", KVS_ENCODING_BROTLI },
	{ "text.zst", KVS_ENCODING_ZSTD },
	{ "text.check.zst", KVS_ENCODING_ZSTD },
};

static void test_vectors(void)
{
	char nothing[KVS_SHA256_HEX];
	size_t i;

	for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		enum kvs_encoding e = vectors[i].encoding;

		is_decoded(vectors[i].name, kvs_encoding_info(e)->flags, checksum,
			   kvs_buf_slice(&text), e);
		/* a store without flags, and flags that went wrong on the way */
		is_decoded(vectors[i].name, 0, checksum, kvs_buf_slice(&text), e);
		if (e != KVS_ENCODING_BROTLI)
			is_decoded(vectors[i].name, 1, checksum, kvs_buf_slice(&text), e);
	}
	kvs_sha256_of(kvs_s(""), nothing);
	is_decoded("empty.gz.b64", 0, nothing, kvs_s(""), KVS_ENCODING_GZIP);
	is_decoded("empty.br", 1, nothing, kvs_s(""), KVS_ENCODING_BROTLI);
	is_decoded("empty.zst", 2, nothing, kvs_s(""), KVS_ENCODING_ZSTD);
}

/* A compressed file may be what somebody wants to have: then it is the checksum's own. */
static void test_compressed_by_its_owner(void)
{
	KVS_AUTO_BUF struct kvs_buf value;
	char sum[KVS_SHA256_HEX];

	read_data("text.gz", &value);
	kvs_sha256_of(kvs_buf_slice(&value), sum);
	is_decoded("text.gz", 0, sum, kvs_buf_slice(&value), KVS_ENCODING_PLAIN);
}

/* ---- damage ---- */

/* What may come of damaged bytes: the right bytes, or one of two errors. */
static bool survives(struct kvs_str value, uint64_t flags)
{
	struct kvs_decoded got;
	struct kvs_err err = { 0 };
	int rc = decode(value, flags, checksum, &got, &err);

	if (rc == 0)
		return kvs_str_eq(got.bytes, kvs_buf_slice(&text));
	return rc == KVS_E_INTEGRITY || rc == KVS_E_TOOBIG;
}

static bool survives_flips(struct kvs_buf *value, uint64_t flags)
{
	static const char masks[] = { 0x01, 0x10, (char)0x80, (char)0xff };
	size_t i, m;

	for (i = 0; i < value->len; i++) {
		for (m = 0; m < sizeof(masks); m++) {
			value->data[i] ^= masks[m];
			if (!survives(kvs_buf_slice(value), flags)) {
				diag("byte %zu with %02x", i, (unsigned char)masks[m]);
				return false;
			}
			value->data[i] ^= masks[m];
		}
	}
	return true;
}

static bool is_refused_when_cut(const struct kvs_buf *value, uint64_t flags)
{
	struct kvs_decoded got;
	struct kvs_err err;
	size_t n;

	for (n = 0; n < value->len; n++) {
		if (decode(kvs_sn(value->data, n), flags, checksum, &got, &err) !=
		    KVS_E_INTEGRITY) {
			diag("cut to %zu bytes", n);
			return false;
		}
	}
	return true;
}

static void test_every_byte(void)
{
	static const char *const names[] = { "text.gz.b64", "text.gz", "text.br", "text.zst",
					     "text.check.zst" };
	static const uint64_t flags[] = { 0, 0, 1, 2, 2 };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		KVS_AUTO_BUF struct kvs_buf value;

		read_data(names[i], &value);
		ok(survives_flips(&value, flags[i]), "%s: every byte changed", names[i]);
		ok(is_refused_when_cut(&value, flags[i]), "%s: cut at every place", names[i]);
	}
}

static void refused(const char *name, size_t keep, const char *behind, uint64_t flags, int code,
		    const char *words)
{
	KVS_AUTO_BUF struct kvs_buf value;
	struct kvs_decoded got;
	struct kvs_err err;

	read_data(name, &value);
	if (keep < value.len)
		value.len = keep;
	kvs_buf_str(&value, behind);
	is_err(decode(kvs_buf_slice(&value), flags, checksum, &got, &err), code, &err, words,
	       "%s: %s", name, words);
	has_str(err.msg, "p/k/data", "named");
}

#define WHOLE LIMIT

static void test_words(void)
{
	refused("text.gz.b64", 400, "", 0, KVS_E_INTEGRITY, "damaged gzip: it ends too early");
	refused("text.gz.b64", 401, "", 0, KVS_E_INTEGRITY, "damaged base64 around gzip");
	refused("text.gz.b64", WHOLE, "!", 0, KVS_E_INTEGRITY, "damaged base64 around gzip");
	refused("text.gz", WHOLE, "behind", 0, KVS_E_INTEGRITY, "damaged gzip: incorrect header");
	refused("text.br", 300, "", 1, KVS_E_INTEGRITY, "damaged brotli: it ends too early");
	refused("text.br", WHOLE, "x", 1, KVS_E_INTEGRITY,
		"damaged brotli: something follows its end");
	refused("text", WHOLE, "x", 2, KVS_E_INTEGRITY, "damaged zstd: Unknown frame descriptor");
	refused("text.zst", 300, "", 2, KVS_E_INTEGRITY, "damaged zstd: it ends too early");
	refused("empty.br", WHOLE, "", 1, KVS_E_INTEGRITY,
		"unpacked (brotli) it does not match its checksum (e3b0c44298fc...");
	refused("text", 100, "", 0, KVS_E_INTEGRITY, "does not match its checksum");
	refused("text", 100, "", 1, KVS_E_INTEGRITY, "damaged brotli");
	refused("text", 100, "", 77, KVS_E_UNSUPPORTED,
		"has the flags 77, which this kvsync does not know");
	refused("bomb.gz.b64", WHOLE, "", 0, KVS_E_TOOBIG,
		"unpacked (gzip): it comes to more than 1048576 bytes");
	refused("bomb.br", WHOLE, "", 1, KVS_E_TOOBIG,
		"unpacked (brotli): it comes to more than 1048576 bytes");
	refused("bomb.zst", WHOLE, "", 2, KVS_E_TOOBIG,
		"unpacked (zstd): it comes to more than 1048576 bytes");
	refused("window.zst", WHOLE, "", 2, KVS_E_TOOBIG, "to unpack this zstd takes over 8 MiB");
}

/* ---- writing ---- */

static void test_encode(void)
{
	int e;

	for (e = KVS_ENCODING_PLAIN; e <= KVS_ENCODING_ZSTD; e++) {
		const struct kvs_encoding_info *info = kvs_encoding_info((enum kvs_encoding)e);
		KVS_AUTO_BUF struct kvs_buf value;
		KVS_AUTO_BUF struct kvs_buf again;
		enum kvs_encoding parsed;
		struct kvs_decoded got;
		struct kvs_err err;

		kvs_buf_init(&value, LIMIT);
		kvs_buf_init(&again, LIMIT);
		is_code(kvs_encoding_parse(info->name, &parsed, &err), 0, &err, "%s", info->name);
		is_int(parsed, e, "is its name");
		is_code(kvs_encode(parsed, kvs_buf_slice(&text), &value, &err), 0, &err, "encode");
		is_code(kvs_encode(parsed, kvs_buf_slice(&text), &again, &err), 0, &err, "again");
		is_slice(kvs_buf_slice(&again), kvs_buf_slice(&value), "the same value");
		ok(e == KVS_ENCODING_PLAIN || value.len < text.len / 2, "%zu bytes", value.len);
		is_code(decode(kvs_buf_slice(&value), info->flags, checksum, &got, &err), 0, &err,
			"decode");
		is_slice(got.bytes, kvs_buf_slice(&text), "the bytes");
		is_int(got.encoding, e, "the encoding");

		kvs_buf_release(&again);
		kvs_buf_init(&again, value.len - 1);
		is_err(kvs_encode(parsed, kvs_buf_slice(&text), &again, &err), KVS_E_TOOBIG, &err,
		       e == KVS_ENCODING_PLAIN ? "over" : info->name, "has a limit");
	}
}

static void test_names(void)
{
	enum kvs_encoding e;
	struct kvs_err err;

	is_err(kvs_encoding_parse("lzma", &e, &err), KVS_E_ARG, &err,
	       "\"lzma\" is not an encoding (plain, gzip, brotli, zstd)", "no such encoding");
	ok(kvs_encoding_info(KVS_ENCODING_BROTLI)->kvexpress, "kvexpress reads brotli");
	ok(!kvs_encoding_info(KVS_ENCODING_ZSTD)->kvexpress, "and not zstd");
}

/* Nothing of any size comes out otherwise when it goes in byte by byte. */
static int to_buf(void *arg, const void *p, size_t n, struct kvs_err *err)
{
	kvs_buf_add(arg, p, n);
	return kvs_buf_check(arg, "it", err);
}

static int stream(enum kvs_codec_format format, bool pack, struct kvs_str in, size_t piece,
		  struct kvs_buf *out, struct kvs_err *err)
{
	const struct kvs_codec_sink sink = { .write = to_buf, .arg = out };
	KVS_AUTO_CODER struct kvs_coder coder = { 0 };
	int rc = kvs_coder_open(&coder, format, pack, LIMIT, &sink, err);

	while (rc == 0 && in.n > 0) {
		size_t n = in.n < piece ? in.n : piece;

		rc = kvs_coder_push(&coder, kvs_sn(in.p, n), false, err);
		in = kvs_str_skip(in, n);
	}
	return rc ? rc : kvs_coder_push(&coder, kvs_s(""), true, err);
}

static void test_streams(void)
{
	KVS_AUTO_BUF struct kvs_buf big;
	int format;

	/* more than the pieces that the module works in */
	kvs_buf_init(&big, LIMIT);
	while (big.len < LIMIT / 2)
		kvs_buf_add(&big, text.data, text.len);
	for (format = KVS_CODEC_GZIP; format <= KVS_CODEC_ZSTD; format++) {
		KVS_AUTO_BUF struct kvs_buf packed;
		KVS_AUTO_BUF struct kvs_buf bytes;
		struct kvs_err err;

		kvs_buf_init(&packed, LIMIT);
		kvs_buf_init(&bytes, LIMIT);
		is_code(stream((enum kvs_codec_format)format, true, kvs_buf_slice(&big), 4097,
			       &packed, &err),
			0, &err, "pack in pieces");
		is_code(stream((enum kvs_codec_format)format, false, kvs_buf_slice(&packed), 1,
			       &bytes, &err),
			0, &err, "unpack byte by byte");
		is_slice(kvs_buf_slice(&bytes), kvs_buf_slice(&big), "the same");
	}
}

static void test_no_module(void)
{
	KVS_AUTO_BUF struct kvs_buf value;
	struct kvs_decoded got;
	struct kvs_err err;

	(void)setenv("KVS_MODULE_DIR", "/nonexistent", 1);
	read_data("text.br", &value);
	is_err(decode(kvs_buf_slice(&value), 1, checksum, &got, &err), KVS_E_UNSUPPORTED, &err,
	       "codec module", "without the module");
	is_code(decode(kvs_buf_slice(&text), 1, checksum, &got, &err), 0, &err,
		"what is not compressed does not need it");
}

int main(void)
{
	read_data("text", &text);
	kvs_sha256_of(kvs_buf_slice(&text), checksum);
	test_vectors();
	test_compressed_by_its_owner();
	test_every_byte();
	test_words();
	test_encode();
	test_names();
	test_streams();
	test_no_module();
	kvs_buf_release(&text);
	return tap_end();
}
