/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/pair.h"

#include "base/err.h"
#include "base/str.h"

#include <string.h>

/* Times that a pair is read until it matches. */
#define TRIES 12

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct kvs_str kvs_checksum_value(const struct kvs_entry *checksum)
{
	struct kvs_str v = checksum ? checksum->value : kvs_s(NULL);
	const char *p = v.p;

	while (v.n > 0 && is_blank(p[v.n - 1]))
		v.n--;
	while (v.n > 0 && is_blank(*p)) {
		p++;
		v.n--;
	}
	return kvs_sn(p, v.n);
}

int kvs_checksum_parse(const struct kvs_entry *checksum, const char *name,
		       char ret_hex[KVS_SHA256_HEX], struct kvs_err *err)
{
	struct kvs_str value = kvs_checksum_value(checksum);

	if (!kvs_sha256_is_hex(value))
		return kvs_err_set(err, KVS_E_INTEGRITY,
				   "%s is not a SHA-256 in lowercase hex; kvsync in writes it anew",
				   KVS_Q(kvs_s(name)));
	memcpy(ret_hex, value.p, value.n);
	ret_hex[value.n] = '\0';
	return 0;
}

int kvs_pair_checksum(const struct kvs_transfer *t, const struct kvs_names *names,
		      const struct kvs_entry *checksum, char ret_hex[KVS_SHA256_HEX],
		      struct kvs_err *err)
{
	int rc;

	if (!checksum)
		return kvs_err_set(err, KVS_E_NOTFOUND,
				   "there is no %s; kvsync in puts a file there",
				   KVS_Q(kvs_s(names->checksum)));
	rc = kvs_checksum_parse(checksum, names->checksum, ret_hex, err);
	if (rc)
		kvs_transfer_refuse(t, KVS_REFUSAL_MISMATCH, NULL);
	return rc;
}

int kvs_pair_fetch(const struct kvs_transfer *t, const struct kvs_names *names,
		   const char *checksum, struct kvs_buf *room, struct kvs_entry **ret_data,
		   struct kvs_decoded *ret, struct kvs_err *err)
{
	KVS_AUTO_ENTRY struct kvs_entry *data = NULL;
	int rc = kvs_get(t->store, kvs_s(names->data), 0, &data, err);

	ret->mismatch = rc == KVS_E_NOTFOUND;
	if (rc == 0)
		rc = kvs_decode(names->data, data->value, data->flags, checksum, room, ret, err);
	if (ret->mismatch)
		kvs_transfer_refuse(t, KVS_REFUSAL_MISMATCH, NULL);
	if (rc == KVS_E_NOTFOUND)
		return kvs_err_set(
			err, KVS_E_INTEGRITY,
			"%s is missing though its checksum is there; kvsync in repairs it",
			KVS_Q(kvs_s(names->data)));
	if (rc == 0)
		*ret_data = kvs_steal_ptr(data);
	return rc;
}

bool kvs_pair_again(const struct kvs_transfer *t, int rc, unsigned attempts)
{
	return rc == KVS_E_INTEGRITY && attempts < TRIES && kvs_pause(t->deadline, attempts);
}

int kvs_stop_check(const struct kvs_transfer *t, const struct kvs_entry *stop, const char *key,
		   struct kvs_err *err)
{
	if (!kvs_guard_is_set(stop))
		return 0;
	kvs_transfer_refuse(t, KVS_REFUSAL_STOP, stop);
	return kvs_err_set(err, KVS_E_FROZEN, "%s is stopped until kvsync start lifts it: %s",
			   KVS_Q(kvs_s(key)), KVS_Q(stop->value));
}

int kvs_lock_check(const struct kvs_transfer *t, const struct kvs_entry *lock, const char *path,
		   struct kvs_err *err)
{
	if (!kvs_guard_is_set(lock))
		return 0;
	kvs_transfer_refuse(t, KVS_REFUSAL_LOCK, lock);
	return kvs_err_set(err, KVS_E_FROZEN,
			   "%s is locked on this machine until kvsync unlock lifts it: %s",
			   KVS_Q(kvs_s(path)), KVS_Q(lock->value));
}
