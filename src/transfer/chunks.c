/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/chunks.h"

#include "base/err.h"
#include "base/str.h"
#include "transfer/layout.h"

#include <inttypes.h>
#include <string.h>

/* The longest line: a checksum, a space, digits, a newline. */
#define LINE_MAX_BYTES 128

void kvs_chunks_release(struct kvs_chunks *chunks)
{
	kvsi_free(chunks->at);
	*chunks = (struct kvs_chunks){ 0 };
}

static int append(struct kvs_chunks *chunks, const struct kvs_chunk *chunk, struct kvs_err *err)
{
	struct kvs_chunk *at = chunks->at;

	/* doubled each time that it is full, which is when n is a power of two */
	if ((chunks->n & (chunks->n - 1)) == 0) {
		at = kvs_realloc_array(at, chunks->n ? 2 * chunks->n : 1, sizeof(*at));
		if (!at)
			return kvs_err_oom(err);
		chunks->at = at;
	}
	at[chunks->n++] = *chunk;
	return 0;
}

int kvs_chunks_add(struct kvs_chunks *chunks, struct kvs_str piece, struct kvs_err *err)
{
	struct kvs_chunk chunk = { .bytes = piece.n };

	if (chunks->n == KVS_CHUNKS_MAX)
		return kvs_err_set(err, KVS_E_TOOBIG, "a file has at most %zu chunks of %zu bytes",
				   KVS_CHUNKS_MAX, KVS_CHUNK_BYTES);
	kvs_sha256_of(piece, chunk.checksum);
	chunks->bytes += piece.n;
	return append(chunks, &chunk, err);
}

int kvs_chunks_format(const struct kvs_chunks *chunks, struct kvs_buf *ret_list,
		      struct kvs_err *err)
{
	kvs_buf_fmt(ret_list, KVS_CHUNKS_MAGIC "%" PRIu64 " %" PRIu64 "\n", chunks->bytes,
		    chunks->lines);
	for (size_t i = 0; i < chunks->n; i++)
		kvs_buf_fmt(ret_list, "%s %zu\n", chunks->at[i].checksum, chunks->at[i].bytes);
	return kvs_buf_check(ret_list, "the list of chunks", err);
}

bool kvs_chunk_is(const struct kvs_chunk *chunk, struct kvs_str bytes)
{
	char checksum[KVS_SHA256_HEX];

	if (bytes.n != chunk->bytes)
		return false;
	kvs_sha256_of(bytes, checksum);
	return strcmp(checksum, chunk->checksum) == 0;
}

int kvs_chunk_names_init(struct kvs_chunk_names *names, const char *prefix,
			 const struct kvs_chunk *chunks, size_t n, struct kvs_err *err)
{
	for (size_t i = 0; i < n; i++) {
		int rc = kvs_layout_own(prefix, "chunks/", chunks[i].checksum, &names->texts[i],
					err);

		if (rc)
			return rc;
		names->keys[i] = kvs_s(names->texts[i]);
	}
	return 0;
}

void kvs_chunk_names_release(struct kvs_chunk_names *names)
{
	for (size_t i = 0; i < KVS_CHUNKS_TOGETHER; i++)
		kvsi_free(names->texts[i]);
}

/* ---- reading ---- */

/* Takes the next line away, without its newline. */
static bool next_line(struct kvs_str *rest, struct kvs_str *ret_line)
{
	const char *end = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;
	size_t n = end ? (size_t)(end - (const char *)rest->p) : 0;

	if (!end || n > LINE_MAX_BYTES)
		return false;
	*ret_line = kvs_sn(rest->p, n);
	*rest = kvs_str_skip(*rest, n + 1);
	return true;
}

/* Takes a number away that begins the line and is followed by `end`, or ends the line if that is NUL. */
static bool next_number(struct kvs_str *line, char end, uint64_t *ret)
{
	const char *p = line->p;
	uint64_t number = 0;
	size_t i;

	for (i = 0; i < line->n && p[i] >= '0' && p[i] <= '9'; i++)
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(p[i] - '0'), &number))
			return false;
	if (i == 0 || (end ? i == line->n || p[i] != end : i != line->n))
		return false;
	*line = kvs_str_skip(*line, end ? i + 1 : i);
	*ret = number;
	return true;
}

static bool parse_head(struct kvs_str *rest, struct kvs_chunks *ret)
{
	struct kvs_str line;
	const struct kvs_str magic = kvs_s(KVS_CHUNKS_MAGIC);

	if (!kvs_str_starts(*rest, magic) || !next_line(rest, &line))
		return false;
	line = kvs_str_skip(line, magic.n);
	return next_number(&line, ' ', &ret->bytes) && next_number(&line, '\0', &ret->lines);
}

static bool parse_chunk(struct kvs_str *rest, struct kvs_chunk *ret)
{
	const size_t hex = KVS_SHA256_HEX - 1;
	struct kvs_str line;
	uint64_t bytes;

	if (!next_line(rest, &line) || line.n <= hex + 1 ||
	    !kvs_sha256_is_hex(kvs_sn(line.p, hex)) || ((const char *)line.p)[hex] != ' ')
		return false;
	memcpy(ret->checksum, line.p, hex);
	ret->checksum[hex] = '\0';
	line = kvs_str_skip(line, hex + 1);
	if (!next_number(&line, '\0', &bytes) || bytes == 0 || bytes > KVS_CHUNK_BYTES_MAX)
		return false;
	ret->bytes = bytes;
	return true;
}

int kvs_chunks_parse(const char *name, struct kvs_str list, struct kvs_chunks *ret,
		     struct kvs_err *err)
{
	KVS_AUTO_CHUNKS struct kvs_chunks chunks = { 0 };
	struct kvs_chunk chunk;
	uint64_t bytes = 0;
	bool good = parse_head(&list, &chunks);

	while (good && list.n > 0) {
		good = chunks.n < KVS_CHUNKS_MAX && parse_chunk(&list, &chunk);
		bytes += good ? chunk.bytes : 0;
		if (good && append(&chunks, &chunk, err))
			return KVS_E_NOMEM;
	}
	if (!good || chunks.n == 0 || bytes != chunks.bytes)
		return kvs_err_set(
			err, KVS_E_INTEGRITY,
			"%s is a damaged list of chunks; kvsync in --large writes it anew",
			KVS_Q(kvs_s(name)));
	*ret = chunks;
	chunks = (struct kvs_chunks){ 0 };
	return 0;
}
