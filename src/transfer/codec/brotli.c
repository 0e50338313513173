/* SPDX-License-Identifier: Apache-2.0 */
/* brotli (RFC 7932) by Google's library. */
#include "transfer/codec/format.h"

#include "base/alloc.h"
#include "base/err.h"

#include <brotli/decode.h>
#include <brotli/encode.h>

/* What kvexpress writes: the best quality, the library's own window (4 MiB). */
#define QUALITY BROTLI_MAX_QUALITY

static void *allocate(void *arg, size_t size)
{
	return kvs_alloc(size);
}

static void give_back(void *arg, void *p)
{
	kvsi_free(p);
}

static void *pack_open(void)
{
	BrotliEncoderState *s = BrotliEncoderCreateInstance(allocate, give_back, NULL);

	if (s)
		(void)BrotliEncoderSetParameter(s, BROTLI_PARAM_QUALITY, QUALITY);
	return s;
}

static int pack_step(void *self, struct codec_io *io, enum codec_state *ret_state,
		     struct kvs_err *err)
{
	BrotliEncoderState *s = self;
	BrotliEncoderOperation op = io->last ? BROTLI_OPERATION_FINISH : BROTLI_OPERATION_PROCESS;

	/* with all its parameters set it can only fail for want of memory */
	if (!BrotliEncoderCompressStream(s, op, &io->in_n, &io->in, &io->out_n, &io->out, NULL))
		return kvs_err_oom(err);
	if (BrotliEncoderIsFinished(s))
		*ret_state = CODEC_ENDED;
	else if (io->last || io->in_n > 0 || BrotliEncoderHasMoreOutput(s))
		*ret_state = CODEC_BUSY;
	else
		*ret_state = CODEC_HUNGRY;
	return 0;
}

static void pack_close(void *self)
{
	BrotliEncoderDestroyInstance(self);
}

static void *unpack_open(void)
{
	return BrotliDecoderCreateInstance(allocate, give_back, NULL);
}

/* The library's allocation errors are a range of their own at the end of its codes. */
static int unpack_failed(const BrotliDecoderState *s, struct kvs_err *err)
{
	BrotliDecoderErrorCode code = BrotliDecoderGetErrorCode(s);

	if (code <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES &&
	    code >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES)
		return kvs_err_oom(err);
	return kvs_err_set(err, KVS_E_INTEGRITY, "damaged brotli: error %d of its decoder",
			   (int)code);
}

static int unpack_step(void *self, struct codec_io *io, enum codec_state *ret_state,
		       struct kvs_err *err)
{
	BrotliDecoderState *s = self;

	switch (BrotliDecoderDecompressStream(s, &io->in_n, &io->in, &io->out_n, &io->out, NULL)) {
	case BROTLI_DECODER_RESULT_SUCCESS:
		*ret_state = CODEC_ENDED;
		return 0;
	case BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT:
		*ret_state = CODEC_BUSY;
		return 0;
	case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT:
		*ret_state = CODEC_HUNGRY;
		return 0;
	case BROTLI_DECODER_RESULT_ERROR:
	default:
		return unpack_failed(s, err);
	}
}

static void unpack_close(void *self)
{
	BrotliDecoderDestroyInstance(self);
}

const struct codec_format codec_brotli_pack = {
	.name = "brotli",
	.open = pack_open,
	.step = pack_step,
	.close = pack_close,
};

const struct codec_format codec_brotli_unpack = {
	.name = "brotli",
	.open = unpack_open,
	.step = unpack_step,
	.close = unpack_close,
};
