/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "transfer/common.h"
#include "transfer/guard.h"
#include "transfer/layout.h"

/* A guard is rarely changed by two people at once. */
#define TRIES 5

/* Reads the guard; *ret_guard is NULL if there is none. */
static int read_guard(const struct kvs_transfer *t, const char *name, struct kvs_entry **ret_guard,
		      struct kvs_err *err)
{
	const struct kvs_str key = kvs_s(name);

	return kvs_get_many(t->store, &key, 1, 0, ret_guard, err);
}

static int set_once(const struct kvs_transfer *t, const char *name, struct kvs_str reason,
		    bool keep, struct kvs_retry *retry, bool *ret_changed, struct kvs_err *err)
{
	KVS_AUTO_ENTRY struct kvs_entry *guard = NULL;
	struct kvs_op op = KVS_OP_INIT;
	bool maybe_ours;
	int rc = read_guard(t, name, &guard, err);

	if (rc)
		return rc;
	maybe_ours = kvs_retry_resolve(retry);
	if (guard && kvs_str_eq(guard->value, reason)) {
		*ret_changed = maybe_ours;
		return 0;
	}
	if (keep && kvs_guard_is_set(guard)) {
		*ret_changed = false;
		return 0;
	}
	op.type = KVS_OP_PUT;
	op.key = kvs_s(name);
	op.value = reason;
	kvs_op_unchanged(&op, guard);
	rc = kvs_put(t->store, &op, NULL, err);
	if (rc == 0)
		*ret_changed = true;
	return rc;
}

int kvs_guard_set(const struct kvs_transfer *t, const char *name, const char *reason, bool keep,
		  bool *ret_changed, struct kvs_err *err)
{
	struct kvs_retry retry = { .max = TRIES };
	int rc;

	if (!reason[0])
		return kvs_err_set(err, KVS_E_ARG,
				   "the reason is empty: an empty stop or lock counts as none");
	do
		rc = set_once(t, name, kvs_s(reason), keep, &retry, ret_changed, err);
	while (kvs_retry_again(&retry, t->deadline, rc));
	return kvs_retry_end(&retry, rc, err);
}

/* *reason is what the guard said when a try found it. */
static int lift_once(const struct kvs_transfer *t, const char *name, struct kvs_retry *retry,
		     char **reason, struct kvs_err *err)
{
	KVS_AUTO_ENTRY struct kvs_entry *guard = NULL;
	struct kvs_op op = KVS_OP_INIT;
	bool maybe_ours;
	int rc = read_guard(t, name, &guard, err);

	if (rc)
		return rc;
	maybe_ours = kvs_retry_resolve(retry);
	if (kvs_guard_is_set(guard) || !maybe_ours) {
		kvsi_free(*reason);
		*reason = NULL;
	}
	if (!kvs_guard_is_set(guard))
		return 0;
	*reason = kvs_memdup0(guard->value.p, guard->value.n);
	if (!*reason)
		return kvs_err_oom(err);
	op.type = KVS_OP_DELETE;
	op.key = kvs_s(name);
	kvs_op_unchanged(&op, guard);
	return kvs_delete(t->store, &op, NULL, err);
}

int kvs_guard_lift(const struct kvs_transfer *t, const char *name, char **ret_reason,
		   struct kvs_err *err)
{
	KVS_AUTO_FREE char *reason = NULL;
	struct kvs_retry retry = { .max = TRIES };
	int rc;

	do
		rc = lift_once(t, name, &retry, &reason, err);
	while (kvs_retry_again(&retry, t->deadline, rc));
	rc = kvs_retry_end(&retry, rc, err);
	if (rc == 0)
		*ret_reason = kvs_steal_ptr(reason);
	return rc;
}

int kvs_transfer_stop(const struct kvs_transfer *t, const char *key, const char *reason,
		      bool *ret_changed, struct kvs_err *err)
{
	KVS_AUTO_NAMES struct kvs_names names = { 0 };
	int rc = kvs_names_init(&names, t->prefix, key, kvs_transfer_naming(t, true), err);

	return rc ? rc : kvs_guard_set(t, names.stop, reason, false, ret_changed, err);
}

int kvs_transfer_start(const struct kvs_transfer *t, const char *key, char **ret_reason,
		       struct kvs_err *err)
{
	KVS_AUTO_NAMES struct kvs_names names = { 0 };
	int rc = kvs_names_init(&names, t->prefix, key, kvs_transfer_naming(t, false), err);

	return rc ? rc : kvs_guard_lift(t, names.stop, ret_reason, err);
}
