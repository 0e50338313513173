/* SPDX-License-Identifier: Apache-2.0 */
/* The module: its one symbol, and the loop that every format shares. */
#include "transfer/codec/codec.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "transfer/codec/format.h"

#define PIECE ((size_t)64 * 1024)

struct kvs_codec_stream {
	const struct codec_format *format;
	void *self;
	struct kvs_codec_sink sink;
	bool ended;
	uint8_t piece[PIECE];
};

static const struct codec_format *const formats[][2] = {
	[KVS_CODEC_GZIP] = { &codec_gzip_unpack, &codec_gzip_pack },
	[KVS_CODEC_BROTLI] = { &codec_brotli_unpack, &codec_brotli_pack },
	[KVS_CODEC_ZSTD] = { &codec_zstd_unpack, &codec_zstd_pack },
};

static void close_stream(struct kvs_codec_stream *s)
{
	if (!s)
		return;
	if (s->self)
		s->format->close(s->self);
	kvsi_free(s);
}

static void cleanup_stream(struct kvs_codec_stream **s)
{
	close_stream(*s);
}

static int open_stream(uint32_t format, bool pack, const struct kvs_codec_sink *sink,
		       struct kvs_codec_stream **ret_stream, struct kvs_err *err)
{
	KVS_CLEANUP(cleanup_stream) struct kvs_codec_stream *s = NULL;

	if (format < KVS_CODEC_GZIP || format > KVS_CODEC_ZSTD)
		return kvs_err_set(err, KVS_E_BUG, "there is no codec number %u", format);
	s = kvs_alloc(sizeof(*s));
	if (!s)
		return kvs_err_oom(err);
	s->format = formats[format][pack];
	s->sink = *sink;
	s->ended = false;
	s->self = s->format->open();
	if (!s->self)
		return kvs_err_oom(err);
	*ret_stream = kvs_steal_ptr(s);
	return 0;
}

/* One step, and what came out of it to the sink. */
static int step(struct kvs_codec_stream *s, struct codec_io *io, enum codec_state *ret_state,
		struct kvs_err *err)
{
	size_t n;
	int rc;

	io->out = s->piece;
	io->out_n = sizeof(s->piece);
	rc = s->format->step(s->self, io, ret_state, err);
	n = sizeof(s->piece) - io->out_n;
	if (rc == 0 && n > 0)
		rc = s->sink.write(s->sink.arg, s->piece, n, err);
	return rc;
}

static int push(struct kvs_codec_stream *s, struct kvs_str bytes, bool last, struct kvs_err *err)
{
	struct codec_io io = { .in = bytes.p, .in_n = bytes.n, .last = last };
	enum codec_state state = CODEC_BUSY;
	int rc;

	while (io.in_n > 0 || (!s->ended && state == CODEC_BUSY)) {
		if (s->ended && !s->format->again)
			return kvs_err_set(err, KVS_E_INTEGRITY,
					   "damaged %s: something follows its end",
					   s->format->name);
		rc = step(s, &io, &state, err);
		if (rc)
			return rc;
		s->ended = state == CODEC_ENDED;
	}
	if (last && !s->ended)
		return kvs_err_set(err, KVS_E_INTEGRITY, "damaged %s: it ends too early",
				   s->format->name);
	return 0;
}

const struct kvs_codec kvs_codec = {
	.head = { .abi = KVS_CODEC_ABI, .size = sizeof(struct kvs_codec) },
	.open = open_stream,
	.push = push,
	.close = close_stream,
};
