/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include "base/str.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 4, 0))) static void fill(struct kvs_err *err, int code, int sys_errno,
						       const char *fmt, va_list ap)
{
	char raw[sizeof(err->msg)];

	memset(err, 0, sizeof(*err));
	err->code = code;
	err->sys_errno = sys_errno;
	(void)vsnprintf(raw, sizeof(raw), fmt, ap);
	(void)kvs_sanitize_into(err->msg, sizeof(err->msg), raw, strlen(raw));
}

int kvs_err_set(struct kvs_err *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return code;
	va_start(ap, fmt);
	fill(err, code, 0, fmt, ap);
	va_end(ap);
	return code;
}

int kvs_err_sys(struct kvs_err *err, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;
	size_t len;

	if (!err)
		return KVS_E_SYS;
	va_start(ap, fmt);
	fill(err, KVS_E_SYS, saved, fmt, ap);
	va_end(ap);
	len = strlen(err->msg);
	(void)snprintf(err->msg + len, sizeof(err->msg) - len, ": %s",
		       strerrordesc_np(saved) ?: "unknown error");
	errno = saved;
	return KVS_E_SYS;
}

int kvs_err_oom(struct kvs_err *err)
{
	return kvs_err_set(err, KVS_E_NOMEM, "out of memory");
}

int kvs_err_context(struct kvs_err *err, int code, const char *fmt, ...)
{
	struct kvs_err old;
	va_list ap;
	size_t len;

	if (!err)
		return code;
	old = *err;
	va_start(ap, fmt);
	fill(err, old.code, old.sys_errno, fmt, ap);
	va_end(ap);
	err->remote = old.remote;
	len = strlen(err->msg);
	/* Truncation of a long chain, between characters, is better than losing what happened
	 * first. */
	if (len + 2 < sizeof(err->msg)) {
		memcpy(err->msg + len, ": ", 2);
		len += 2;
		(void)kvs_sanitize_into(err->msg + len, sizeof(err->msg) - len, old.msg,
					strlen(old.msg));
	}
	return old.code;
}

int kvs_err_copy(struct kvs_err *err, int code, const struct kvs_err *from)
{
	if (err && from)
		*err = *from;
	return code;
}
