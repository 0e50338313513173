/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/signing.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/str.h"

#include <string.h>

struct kvs_str kvs_signed_name(const struct kvs_store *store, const struct kvs_names *names)
{
	struct kvs_str name = kvs_s(names->data);

	name.n -= strlen("/data");
	if ((kvs_caps(store) & KVS_CAP_TRIM_SLASH) && kvs_str_starts(name, kvs_s("/")))
		name = kvs_str_skip(name, 1);
	return name;
}

int kvs_signature_check(const struct kvs_entry *entry, const struct kvs_signers *signers,
			struct kvs_str name, const char *checksum, uint64_t *ret_ms,
			struct kvs_err *err)
{
	struct kvs_signature signature;
	int rc;

	if (!entry)
		return kvs_err_set(err, KVS_E_INTEGRITY,
				   "%s is not signed, and only what is signed is taken; kvsync in "
				   "--sign does that",
				   KVS_Q(name));
	rc = kvs_signature_parse(entry->value, &signature, err);
	if (rc)
		return kvs_err_context(err, rc, "%s", KVS_Q(name));
	rc = kvs_signature_verify(&signature, signers->keys, signers->n, name, checksum, err);
	if (rc == 0)
		*ret_ms = signature.time_ms;
	return rc;
}

int kvs_signature_make(const struct kvs_signkey *key, struct kvs_str name, const char *checksum,
		       const struct kvs_entry *seen, struct kvs_str held,
		       char ret_line[KVS_SIGNATURE_LINE], struct kvs_err *err)
{
	const struct kvs_signers self = { .keys = &key, .n = 1 };
	uint64_t now = kvsi_realtime_ms();
	char old[KVS_SHA256_HEX];
	uint64_t before;

	if (seen && kvs_sha256_is_hex(held)) {
		memcpy(old, held.p, held.n);
		old[held.n] = '\0';
		if (kvs_signature_check(seen, &self, name, old, &before, NULL) == 0 &&
		    before >= now)
			now = before + 1;
	}
	return kvs_sign(key, name, checksum, now, ret_line, err);
}
