/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packing and unpacking as a stream, with a limit on what comes out.  Loads the codec module.
 * For src/transfer only.
 */
#ifndef KVS_TRANSFER_CODER_H
#define KVS_TRANSFER_CODER_H

#include "base/cleanup.h"
#include "transfer/codec/codec.h"

/* Must not be moved while it is open. */
struct kvs_coder {
	const struct kvs_codec *codec;
	struct kvs_codec_stream *stream;
	struct kvs_codec_sink sink;
	uint64_t total; /* bytes that came out */
	uint64_t max;
};

/*
 * Opens a stream.  What comes out goes to the sink, which is copied; more than `max` bytes are
 * TOOBIG.  UNSUPPORTED (the module is not installed, or is of another version), NOMEM.
 */
int kvs_coder_open(struct kvs_coder *coder, enum kvs_codec_format format, bool pack, uint64_t max,
		   const struct kvs_codec_sink *sink, struct kvs_err *err);

/* The next bytes; the last push ends the stream.  After a failure only release is allowed.
 * INTEGRITY, TOOBIG, NOMEM, and whatever the sink returns. */
int kvs_coder_push(struct kvs_coder *coder, struct kvs_str bytes, bool last, struct kvs_err *err);

void kvs_coder_release(struct kvs_coder *coder);

#define KVS_AUTO_CODER KVS_CLEANUP(kvs_coder_release)

#endif
