/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "transfer/common.h"
#include "transfer/layout.h"

/* A stop is rarely changed by two people at once. */
#define TRIES 5

/* Reads the stop; *ret_stop is NULL if there is none. */
static int read_stop(const struct kvs_transfer *t, const char *name, struct kvs_entry **ret_stop,
		     struct kvs_err *err)
{
	const struct kvs_str key = kvs_s(name);

	return kvs_get_many(t->store, &key, 1, 0, ret_stop, err);
}

static int set_once(const struct kvs_transfer *t, const char *name, struct kvs_str reason,
		    struct kvs_retry *retry, bool *ret_changed, struct kvs_err *err)
{
	KVS_AUTO_ENTRY struct kvs_entry *stop = NULL;
	struct kvs_op op = KVS_OP_INIT;
	bool maybe_ours;
	int rc = read_stop(t, name, &stop, err);

	if (rc)
		return rc;
	maybe_ours = kvs_retry_resolve(retry);
	if (stop && kvs_str_eq(stop->value, reason)) {
		*ret_changed = maybe_ours;
		return 0;
	}
	op.type = KVS_OP_PUT;
	op.key = kvs_s(name);
	op.value = reason;
	kvs_op_unchanged(&op, stop);
	rc = kvs_put(t->store, &op, NULL, err);
	if (rc == 0)
		*ret_changed = true;
	return rc;
}

int kvs_transfer_stop(const struct kvs_transfer *t, const char *key, const char *reason,
		      bool *ret_changed, struct kvs_err *err)
{
	KVS_AUTO_NAMES struct kvs_names names = { 0 };
	struct kvs_retry retry = { .max = TRIES };
	int rc;

	if (!reason[0])
		return kvs_err_set(err, KVS_E_ARG,
				   "the reason is empty: an empty stop counts as none");
	rc = kvs_names_init(&names, t->prefix, key, true, err);
	if (rc)
		return rc;
	do
		rc = set_once(t, names.stop, kvs_s(reason), &retry, ret_changed, err);
	while (kvs_retry_again(&retry, t->deadline, rc));
	return kvs_retry_end(&retry, rc, err);
}

/* *reason is what the stop said when a try found it. */
static int lift_once(const struct kvs_transfer *t, const char *name, struct kvs_retry *retry,
		     char **reason, struct kvs_err *err)
{
	KVS_AUTO_ENTRY struct kvs_entry *stop = NULL;
	struct kvs_op op = KVS_OP_INIT;
	bool maybe_ours;
	int rc = read_stop(t, name, &stop, err);

	if (rc)
		return rc;
	maybe_ours = kvs_retry_resolve(retry);
	if (kvs_guard_is_set(stop) || !maybe_ours) {
		kvsi_free(*reason);
		*reason = NULL;
	}
	if (!kvs_guard_is_set(stop))
		return 0;
	*reason = kvs_memdup0(stop->value.p, stop->value.n);
	if (!*reason)
		return kvs_err_oom(err);
	op.type = KVS_OP_DELETE;
	op.key = kvs_s(name);
	kvs_op_unchanged(&op, stop);
	return kvs_delete(t->store, &op, NULL, err);
}

int kvs_transfer_start(const struct kvs_transfer *t, const char *key, char **ret_reason,
		       struct kvs_err *err)
{
	KVS_AUTO_NAMES struct kvs_names names = { 0 };
	KVS_AUTO_FREE char *reason = NULL;
	struct kvs_retry retry = { .max = TRIES };
	int rc = kvs_names_init(&names, t->prefix, key, false, err);

	if (rc)
		return rc;
	do
		rc = lift_once(t, names.stop, &retry, &reason, err);
	while (kvs_retry_again(&retry, t->deadline, rc));
	rc = kvs_retry_end(&retry, rc, err);
	if (rc == 0)
		*ret_reason = kvs_steal_ptr(reason);
	return rc;
}
