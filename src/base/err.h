/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filling a struct kvs_err.  Each function returns the code, so that failing is one statement:
 *
 *	return kvs_err_set(err, KVS_E_ARG, "key is empty");
 *
 * err may be NULL.  Messages are one line without a period, name the thing and what was expected,
 * and hold no secret and no value.  Bytes from outside go through KVS_Q (base/str.h), or arrive
 * escaped: these functions turn remaining control bytes into \xNN.
 */
#ifndef KVS_BASE_ERR_H
#define KVS_BASE_ERR_H

#include <kvsync/kvsync.h>

int kvs_err_set(struct kvs_err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* KVS_E_SYS with errno's words behind ": "; call right after the failing call. */
int kvs_err_sys(struct kvs_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Out of memory; needs none. */
int kvs_err_oom(struct kvs_err *err);

/* Puts "context: " before the message that is there; returns err's code (or `code` if err is NULL). */
int kvs_err_context(struct kvs_err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Copies *from, if both are there; returns `code`. */
int kvs_err_copy(struct kvs_err *err, int code, const struct kvs_err *from);

#endif
