/* SPDX-License-Identifier: Apache-2.0 */
/* gzip (RFC 1952) by zlib. */
#include "transfer/codec/format.h"

#include "base/alloc.h"
#include "base/err.h"

#include <limits.h>
/* input is const, as it should be */
#define ZLIB_CONST
#include <zlib.h>

/* windowBits: the largest window, plus what makes it gzip and not zlib's own wrapping. */
#define GZIP_WINDOW (MAX_WBITS + 16)

struct gzip {
	z_stream z;
	gz_header header;
	bool ended;
};

static voidpf allocate(voidpf arg, uInt n, uInt size)
{
	return kvs_realloc_array(NULL, n, size);
}

static void give_back(voidpf arg, voidpf p)
{
	kvsi_free(p);
}

static struct gzip *gzip_new(void)
{
	struct gzip *g = kvs_zalloc(sizeof(*g));

	if (g) {
		g->z.zalloc = allocate;
		g->z.zfree = give_back;
	}
	return g;
}

/* zlib counts in unsigned int; what does not fit is left for the next step. */
static uInt clip(size_t n)
{
	return n < UINT_MAX ? (uInt)n : UINT_MAX;
}

static void lend(z_stream *z, const struct codec_io *io)
{
	z->next_in = io->in;
	z->avail_in = clip(io->in_n);
	z->next_out = io->out;
	z->avail_out = clip(io->out_n);
}

static void take_back(const z_stream *z, struct codec_io *io)
{
	io->in_n -= (size_t)(z->next_in - io->in);
	io->in = z->next_in;
	io->out_n -= (size_t)(z->next_out - io->out);
	io->out = z->next_out;
}

/* The header that Go's compress/gzip writes: no name, no time, an unknown system; so the same text
 * always gives the same bytes. */
static void *pack_open(void)
{
	struct gzip *g = gzip_new();

	if (!g)
		return NULL;
	g->header.os = 255;
	if (deflateInit2(&g->z, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 8,
			 Z_DEFAULT_STRATEGY) != Z_OK) {
		kvsi_free(g);
		return NULL;
	}
	(void)deflateSetHeader(&g->z, &g->header);
	return g;
}

static int pack_step(void *self, struct codec_io *io, enum codec_state *ret_state,
		     struct kvs_err *err)
{
	struct gzip *g = self;
	int rc;

	lend(&g->z, io);
	rc = deflate(&g->z, io->last && g->z.avail_in == io->in_n ? Z_FINISH : Z_NO_FLUSH);
	take_back(&g->z, io);
	if (rc == Z_STREAM_ERROR)
		return kvs_err_set(err, KVS_E_BUG, "zlib refuses its own state");
	if (rc == Z_STREAM_END)
		*ret_state = CODEC_ENDED;
	else
		*ret_state = io->in_n > 0 || io->out_n == 0 || io->last ? CODEC_BUSY : CODEC_HUNGRY;
	return 0;
}

static void pack_close(void *self)
{
	struct gzip *g = self;

	(void)deflateEnd(&g->z);
	kvsi_free(g);
}

static void *unpack_open(void)
{
	struct gzip *g = gzip_new();

	if (g && inflateInit2(&g->z, GZIP_WINDOW) != Z_OK) {
		kvsi_free(g);
		g = NULL;
	}
	return g;
}

static int unpack_step(void *self, struct codec_io *io, enum codec_state *ret_state,
		       struct kvs_err *err)
{
	struct gzip *g = self;
	int rc;

	if (g->ended && io->in_n > 0) {
		(void)inflateReset(&g->z);
		g->ended = false;
	}
	lend(&g->z, io);
	rc = inflate(&g->z, Z_NO_FLUSH);
	take_back(&g->z, io);
	if (rc == Z_MEM_ERROR)
		return kvs_err_oom(err);
	if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
		return kvs_err_set(err, KVS_E_INTEGRITY, "damaged gzip: %s",
				   g->z.msg ? g->z.msg : "it makes no sense");
	g->ended = rc == Z_STREAM_END;
	if (g->ended)
		*ret_state = CODEC_ENDED;
	else
		*ret_state = io->in_n > 0 || io->out_n == 0 ? CODEC_BUSY : CODEC_HUNGRY;
	return 0;
}

static void unpack_close(void *self)
{
	struct gzip *g = self;

	(void)inflateEnd(&g->z);
	kvsi_free(g);
}

const struct codec_format codec_gzip_pack = {
	.name = "gzip",
	.open = pack_open,
	.step = pack_step,
	.close = pack_close,
};

const struct codec_format codec_gzip_unpack = {
	.name = "gzip",
	.again = true,
	.open = unpack_open,
	.step = unpack_step,
	.close = unpack_close,
};
