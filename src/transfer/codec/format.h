/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One direction of one format, for src/transfer/codec only.  stream.c moves the bytes; a format
 * makes a step over them.
 */
#ifndef KVS_TRANSFER_CODEC_FORMAT_H
#define KVS_TRANSFER_CODEC_FORMAT_H

#include <kvsync/kvsync.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is to be taken in and where to put what comes out; a step moves both on. */
struct codec_io {
	const uint8_t *in;
	size_t in_n;
	uint8_t *out;
	size_t out_n;
	bool last; /* nothing comes behind `in` */
};

enum codec_state {
	CODEC_HUNGRY = 1, /* all of `in` was taken, and nothing waits to come out */
	CODEC_BUSY,	  /* there is more to do with what is there */
	CODEC_ENDED,	  /* the text is complete; `in` may have bytes of the next */
};

struct codec_format {
	const char *name;
	bool again; /* after its end another text may follow */
	/* Fresh state, or NULL when there is no memory. */
	void *(*open)(void);
	/* Writes *ret_state on success.  INTEGRITY, TOOBIG, NOMEM. */
	int (*step)(void *self, struct codec_io *io, enum codec_state *ret_state,
		    struct kvs_err *err);
	void (*close)(void *self);
};

extern const struct codec_format codec_gzip_pack, codec_gzip_unpack;
extern const struct codec_format codec_brotli_pack, codec_brotli_unpack;
extern const struct codec_format codec_zstd_pack, codec_zstd_unpack;

#endif
