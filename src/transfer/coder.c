/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/coder.h"

#include "base/err.h"
#include "base/module.h"

#include <inttypes.h>

static const struct kvs_module module = {
	.dir = KVS_CODEC_DIR,
	.file = KVS_CODEC_FILE,
	.symbol = KVS_CODEC_SYMBOL,
	.what = "codec module",
	.needed = "for compressed values",
	.abi = KVS_CODEC_ABI,
	.size = sizeof(struct kvs_codec),
};

static int pass_on(void *arg, const void *p, size_t n, struct kvs_err *err)
{
	struct kvs_coder *coder = arg;

	if (n > coder->max - coder->total)
		return kvs_err_set(err, KVS_E_TOOBIG, "it comes to more than %" PRIu64 " bytes",
				   coder->max);
	coder->total += n;
	return coder->sink.write(coder->sink.arg, p, n, err);
}

int kvs_coder_open(struct kvs_coder *coder, enum kvs_codec_format format, bool pack, uint64_t max,
		   const struct kvs_codec_sink *sink, struct kvs_err *err)
{
	const struct kvs_codec_sink limited = { .write = pass_on, .arg = coder };
	const void *table;
	int rc = kvs_module_load(&module, &table, err);

	*coder = (struct kvs_coder){ .sink = *sink, .max = max };
	if (rc)
		return rc;
	coder->codec = table;
	return coder->codec->open(format, pack, &limited, &coder->stream, err);
}

int kvs_coder_push(struct kvs_coder *coder, struct kvs_str bytes, bool last, struct kvs_err *err)
{
	return coder->codec->push(coder->stream, bytes, last, err);
}

void kvs_coder_release(struct kvs_coder *coder)
{
	if (coder->stream)
		coder->codec->close(coder->stream);
	coder->stream = NULL;
}
