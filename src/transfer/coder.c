/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module stands in one folder fixed by configure; KVS_MODULE_DIR names another for tests and
 * is ignored in set-id programs.  Once loaded it stays.
 */
#include "transfer/coder.h"

#include "base/err.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <stdlib.h>

static int load(const struct kvs_codec **ret_codec, struct kvs_err *err)
{
	const char *dir = secure_getenv("KVS_MODULE_DIR");
	KVS_AUTO_FREE char *path = NULL;
	const struct kvs_codec *codec;
	void *module;

	path = kvs_asprintf("%s/%s", dir && *dir ? dir : KVS_CODEC_DIR, KVS_CODEC_FILE);
	if (!path)
		return kvs_err_oom(err);
	/* when it is loaded already, that is all that this finds out */
	module = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	if (!module)
		return kvs_err_set(err, KVS_E_UNSUPPORTED,
				   "kvsync's codec module, needed for compressed values, cannot be "
				   "loaded: %s",
				   dlerror());
	codec = dlsym(module, KVS_CODEC_SYMBOL);
	if (!codec || codec->abi != KVS_CODEC_ABI || codec->size < sizeof(*codec))
		return kvs_err_set(err, KVS_E_UNSUPPORTED,
				   "%s is not the codec module of this version of kvsync", path);
	*ret_codec = codec;
	return 0;
}

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
	int rc;

	*coder = (struct kvs_coder){ .sink = *sink, .max = max };
	rc = load(&coder->codec, err);
	return rc ? rc : coder->codec->open(format, pack, &limited, &coder->stream, err);
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
