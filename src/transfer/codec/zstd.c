/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zstd (RFC 8878) by its own library, whose stable interface always takes memory from malloc.
 */
#include "transfer/codec/format.h"

#include "base/err.h"

#include <zstd.h>
#include <zstd_errors.h>

/* The best level whose window is not over the 8 MiB that RFC 8878 wants every reader to allow; ours
 * allows no more. */
#define LEVEL	   19
#define WINDOW_LOG 23

static void *pack_open(void)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();

	if (c) {
		(void)ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, LEVEL);
		(void)ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 0);
	}
	return c;
}

static int failed(size_t result, struct kvs_err *err)
{
	switch (ZSTD_getErrorCode(result)) {
	case ZSTD_error_memory_allocation:
		return kvs_err_oom(err);
	case ZSTD_error_frameParameter_windowTooLarge:
		return kvs_err_set(err, KVS_E_TOOBIG, "to unpack this zstd takes over %u MiB",
				   1u << (WINDOW_LOG - 20));
	default:
		return kvs_err_set(err, KVS_E_INTEGRITY, "damaged zstd: %s",
				   ZSTD_getErrorName(result));
	}
}

static void moved(struct codec_io *io, const ZSTD_inBuffer *in, const ZSTD_outBuffer *out)
{
	io->in += in->pos;
	io->in_n -= in->pos;
	io->out += out->pos;
	io->out_n -= out->pos;
}

static int pack_step(void *self, struct codec_io *io, enum codec_state *ret_state,
		     struct kvs_err *err)
{
	ZSTD_inBuffer in = { io->in, io->in_n, 0 };
	ZSTD_outBuffer out = { io->out, io->out_n, 0 };
	size_t left = ZSTD_compressStream2(self, &out, &in,
					   io->last ? ZSTD_e_end : ZSTD_e_continue);

	if (ZSTD_isError(left))
		return failed(left, err);
	moved(io, &in, &out);
	if (io->last)
		*ret_state = left == 0 ? CODEC_ENDED : CODEC_BUSY;
	else
		*ret_state = io->in_n > 0 ? CODEC_BUSY : CODEC_HUNGRY;
	return 0;
}

static void pack_close(void *self)
{
	(void)ZSTD_freeCCtx(self);
}

static void *unpack_open(void)
{
	ZSTD_DCtx *d = ZSTD_createDCtx();

	if (d)
		(void)ZSTD_DCtx_setParameter(d, ZSTD_d_windowLogMax, WINDOW_LOG);
	return d;
}

static int unpack_step(void *self, struct codec_io *io, enum codec_state *ret_state,
		       struct kvs_err *err)
{
	ZSTD_inBuffer in = { io->in, io->in_n, 0 };
	ZSTD_outBuffer out = { io->out, io->out_n, 0 };
	size_t left = ZSTD_decompressStream(self, &out, &in);

	if (ZSTD_isError(left))
		return failed(left, err);
	moved(io, &in, &out);
	if (left == 0)
		*ret_state = CODEC_ENDED;
	else
		*ret_state = io->in_n > 0 || io->out_n == 0 ? CODEC_BUSY : CODEC_HUNGRY;
	return 0;
}

static void unpack_close(void *self)
{
	(void)ZSTD_freeDCtx(self);
}

const struct codec_format codec_zstd_pack = {
	.name = "zstd",
	.open = pack_open,
	.step = pack_step,
	.close = pack_close,
};

const struct codec_format codec_zstd_unpack = {
	.name = "zstd",
	.again = true,
	.open = unpack_open,
	.step = unpack_step,
	.close = unpack_close,
};
