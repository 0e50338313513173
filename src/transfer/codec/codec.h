/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the engine and its codec module say to each other.  The module holds the compression
 * libraries and is loaded when the first compressed value is met (doc/decisions/0010), so that a
 * run that meets none does not pay for them.  It knows formats, and nothing of stores, checksums,
 * limits or files.
 *
 * A stream is opened, pushed bytes until the last, and closed.  What comes out goes to its sink in
 * pieces, during push.  Memory comes through base/alloc.h where the library allows it.
 */
#ifndef KVS_TRANSFER_CODEC_H
#define KVS_TRANSFER_CODEC_H

#include "base/module.h"

#include <kvsync/kvsync.h>

#include <stdbool.h>

#define KVS_CODEC_ABI 1u

/* The module's file, and the one symbol that it exports: a const struct kvs_codec. */
#define KVS_CODEC_FILE	 "libkvscodec.so"
#define KVS_CODEC_SYMBOL "kvs_codec"

enum kvs_codec_format {
	KVS_CODEC_GZIP = 1, /* RFC 1952; several members in a row are one text */
	KVS_CODEC_BROTLI,   /* RFC 7932 */
	KVS_CODEC_ZSTD,	    /* RFC 8878; several frames in a row are one text */
};

/* Takes n bytes, borrowed; a code that is not 0 ends the push that brought them, which returns it.
 */
struct kvs_codec_sink {
	int (*write)(void *arg, const void *p, size_t n, struct kvs_err *err);
	void *arg;
};

struct kvs_codec_stream;

struct kvs_codec {
	struct kvs_module_head head;
	/* Opens a stream that packs, or unpacks.  Copies the sink.  NOMEM, BUG. */
	int (*open)(uint32_t format, bool pack, const struct kvs_codec_sink *sink,
		    struct kvs_codec_stream **ret_stream, struct kvs_err *err);
	/*
	 * Takes the next bytes in; the last push, which may be empty, ends the stream.  After a
	 * failure only close is allowed.  INTEGRITY: what came in is not of this format, is damaged,
	 * ends too early, or is followed by something else.  TOOBIG: to unpack it would take more
	 * memory than any writer of ours asks for.  NOMEM, and whatever the sink returns.
	 */
	int (*push)(struct kvs_codec_stream *stream, struct kvs_str bytes, bool last,
		    struct kvs_err *err);
	/* NULL is fine. */
	void (*close)(struct kvs_codec_stream *stream);
};

#endif
