/* SPDX-License-Identifier: Apache-2.0 */
/* kvexpress copy.  A stop of the key that is copied does not count, one of the other key does. */
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/kvexpress.h"
#include "cli/verify_keys.h"
#include "cli/write_options.h"

static int copy(struct kvx *x, struct kvs_in_result *ret, struct kvs_err *err)
{
	struct verify_keys keys AUTO_VERIFY_KEYS = { 0 };
	const struct kvs_optlist none = { 0 };
	const struct kvx_options *o = x->o;
	struct kvs_copy_params params = {
		.from = o->keyfrom,
		.ignore_stop = true,
		.keep_encoding = !o->compress,
		.in = { .key = o->keyto, .encoding = KVS_ENCODING_BROTLI, .exact = o->compress },
	};
	int code = verify_keys_init(&keys, x->cli, &none, err);

	if (code)
		return code;
	params.verify_keys = (const struct kvs_signkey *const *)keys.keys;
	params.n_verify_keys = keys.n;
	params.in.guards.min_lines = o->length.given ? o->length.value : KVX_MIN_LINES;
	params.in.guards.whole_lines = true;
	return kvs_transfer_copy(&x->t, &params, ret, err);
}

static int run(struct kvx *x, struct kvs_err *err)
{
	struct kvs_report report = { .action = KVS_ACTION_COPY,
				     .key = x->o->keyto,
				     .from = x->o->keyfrom };
	struct kvs_in_result result = { 0 };
	struct kvs_err why = { 0 };
	int code = copy(x, &result, &why);

	write_tell(x->cli, &x->t, &report, &result, code, &why);
	if (code && kvx_tell_refusal(x, code) && x->refusal.kind != KVS_REFUSAL_STOP) {
		kvs_log(KVS_LOG_WARNING, "%s was not copied: %s", KVS_Q(kvs_s(x->o->keyfrom)),
			why.msg);
		return 0;
	}
	if (code)
		return kvs_err_copy(err, code, &why);
	kvs_log(KVS_LOG_NOTICE, "copy='true' keyFrom='%s' keyTo='%s'", x->o->keyfrom, x->o->keyto);
	if (result.written)
		kvx_tell_saved(x, x->o->keyto, &result);
	x->complete = true;
	return kvx_exec(x, x->o->keyto, "", result.checksum, err);
}

const struct kvx_command kvx_copy = {
	.name = "copy",
	.bit = KVX_COPY,
	.summary = "put the file of one key under another",
	.needs = { { offsetof(struct kvx_options, keyfrom), "Need a key location in --keyfrom" },
		   { offsetof(struct kvx_options, keyto), "Need a key destination in --keyto" } },
	.run = run,
};
