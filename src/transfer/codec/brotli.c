/* SPDX-License-Identifier: Apache-2.0 */
/* brotli (RFC 7932) by Google's library. */
#include "transfer/codec/format.h"

#include "base/alloc.h"
#include "base/err.h"

#include <brotli/decode.h>
#include <brotli/encode.h>
#include <utlist.h>

#include <setjmp.h>

/* What kvexpress writes: the best quality, the library's own window (4 MiB). */
#define QUALITY BROTLI_MAX_QUALITY

/* ---- packing ---- */

/*
 * As it is usually built the encoder ends the process when it gets no memory.  So its allocator never
 * tells it: it jumps back to the step that called the encoder, which is then not touched any more;
 * what it had allocated is on a list.
 */
struct block {
	struct block *prev, *next;
	max_align_t bytes[];
};

struct packer {
	BrotliEncoderState *encoder;
	struct block *blocks;
	jmp_buf no_memory;
	bool in_step;
};

static void *tracked_alloc(void *arg, size_t size)
{
	struct packer *p = arg;
	struct block *b = kvs_alloc(sizeof(*b) + size);

	if (!b) {
		if (p->in_step)
			longjmp(p->no_memory, 1);
		return NULL;
	}
	DL_APPEND(p->blocks, b);
	return b->bytes;
}

static void tracked_free(void *arg, void *bytes)
{
	struct packer *p = arg;
	struct block *b;

	if (!bytes)
		return;
	b = (struct block *)((char *)bytes - offsetof(struct block, bytes));
	DL_DELETE(p->blocks, b);
	kvsi_free(b);
}

/* The encoder with all that it has. */
static void pack_close(void *self)
{
	struct packer *p = self;
	struct block *b, *next;

	DL_FOREACH_SAFE (p->blocks, b, next)
		kvsi_free(b);
	kvsi_free(p);
}

static void *pack_open(void)
{
	struct packer *p = kvs_zalloc(sizeof(*p));

	if (!p)
		return NULL;
	p->encoder = BrotliEncoderCreateInstance(tracked_alloc, tracked_free, p);
	if (!p->encoder) {
		pack_close(p);
		return NULL;
	}
	(void)BrotliEncoderSetParameter(p->encoder, BROTLI_PARAM_QUALITY, QUALITY);
	return p;
}

/* False: no memory, and the encoder is lost. */
static bool compress(struct packer *p, struct codec_io *io)
{
	BrotliEncoderOperation op = io->last ? BROTLI_OPERATION_FINISH : BROTLI_OPERATION_PROCESS;
	bool done;

	if (setjmp(p->no_memory) != 0)
		return false;
	p->in_step = true;
	done = BrotliEncoderCompressStream(p->encoder, op, &io->in_n, &io->in, &io->out_n, &io->out,
					   NULL);
	p->in_step = false;
	return done;
}

static int pack_step(void *self, struct codec_io *io, enum codec_state *ret_state,
		     struct kvs_err *err)
{
	struct packer *p = self;

	if (!compress(p, io))
		return kvs_err_oom(err);
	if (BrotliEncoderIsFinished(p->encoder))
		*ret_state = CODEC_ENDED;
	else if (io->last || io->in_n > 0 || BrotliEncoderHasMoreOutput(p->encoder))
		*ret_state = CODEC_BUSY;
	else
		*ret_state = CODEC_HUNGRY;
	return 0;
}

/* ---- unpacking ---- */

static void *allocate(void *arg, size_t size)
{
	return kvs_alloc(size);
}

static void give_back(void *arg, void *p)
{
	kvsi_free(p);
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
