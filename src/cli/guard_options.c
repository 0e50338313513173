/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/guard_options.h"

#include "base/err.h"

int guard_options_take(const struct guard_options *o, struct kvs_guards *ret,
		       struct kvs_require **ret_require, struct kvs_err *err)
{
	int code = 0;

	if (o->max_bytes.given && !o->max_bytes.value)
		return kvs_err_set(err, KVS_E_ARG, "--max-bytes: 0 would refuse every file");
	if (o->require.n)
		code = kvs_require_new(o->require.items, o->require.n, ret_require, err);
	if (code)
		return kvs_err_context(err, code, "--require");
	*ret = (struct kvs_guards){
		.min_lines = o->min_lines.given ? o->min_lines.value : KVS_MIN_LINES_DEFAULT,
		.min_bytes = o->min_bytes.value,
		.max_bytes = o->max_bytes.value,
		.limit_shrink = o->max_shrink.given,
		.max_shrink = (unsigned)o->max_shrink.value,
		.require = *ret_require,
	};
	return 0;
}
