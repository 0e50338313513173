/* SPDX-License-Identifier: Apache-2.0 */
#include "config/loader.h"

#include "base/err.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

#define NAME_BYTES "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
#define MAX_NAME   128

static int add_variable(const char *name, size_t n, struct kvs_buf *out, struct kvs_err *err)
{
	char copy[MAX_NAME + 1];
	const char *value;

	if (n > MAX_NAME)
		return kvs_err_set(err, KVS_E_ARG, "the name of a variable is over %d bytes",
				   MAX_NAME);
	memcpy(copy, name, n);
	copy[n] = '\0';
	value = getenv(copy);
	if (!value)
		return kvs_err_set(err, KVS_E_ARG, "the environment has no variable %s", copy);
	kvs_buf_str(out, value);
	return 0;
}

/* p stands behind "${"; *ret_end behind the brace. */
static int add_braced(const char *p, struct kvs_buf *out, const char **ret_end, struct kvs_err *err)
{
	size_t n = strspn(p, NAME_BYTES);

	if (n == 0 || p[n] != '}')
		return kvs_err_set(err, KVS_E_ARG, "\"${\" must be followed by a name and \"}\"");
	*ret_end = p + n + 1;
	return add_variable(p, n, out, err);
}

int expand_env(const char *text, struct kvs_buf *out, struct kvs_err *err)
{
	const char *p = text;
	int rc = 0;

	while (*p && !rc) {
		size_t n = strcspn(p, "$");

		kvs_buf_add(out, p, n);
		p += n;
		if (*p == '\0')
			break;
		n = strspn(++p, NAME_BYTES);
		if (*p == '{') {
			rc = add_braced(p + 1, out, &p, err);
		} else if (n) {
			rc = add_variable(p, n, out, err);
			p += n;
		} else {
			kvs_buf_char(out, '$');
		}
	}
	return rc ? rc : kvs_buf_check(out, "the value", err);
}
