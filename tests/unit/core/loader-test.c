/* SPDX-License-Identifier: Apache-2.0 */
/* Modules that the loader must refuse, with words, and older ones that it must complete. */
#include "core/core.h"
#include "tests/lib/tap.h"

extern const struct kvs_backend kvs_backend_mem;

int main(void)
{
	struct kvs_backend be = kvs_backend_mem, got;
	struct kvs_err err;

	is_code(loader_adopt(&be, "mem", "here", &got, &err), 0, &err, "a whole backend");

	be.abi = KVS_BACKEND_ABI + 1;
	is_err(loader_adopt(&be, "mem", "/m.so", &got, &err), KVS_E_UNSUPPORTED, &err,
	       "/m.so has ABI 2, this kvsync has 1", "another ABI");

	be = kvs_backend_mem;
	be.watch = NULL;
	is_err(loader_adopt(&be, "mem", "/m.so", &got, &err), KVS_E_UNSUPPORTED, &err,
	       "it has no watch", "a member that is missing");

	be = kvs_backend_mem;
	is_err(loader_adopt(&be, "etcd", "/m.so", &got, &err), KVS_E_UNSUPPORTED, &err,
	       "it says it is \"mem\"", "another name");

	be = kvs_backend_mem;
	be.op_size = (uint64_t(*)(const struct kvs_op *))1;
	be.size = offsetof(struct kvs_backend, op_size);
	is_code(loader_adopt(&be, "mem", "here", &got, &err), 0, &err, "an older, smaller table");
	ok(got.op_size == NULL, "what it does not have is NULL, not what lies behind it");

	ok(loader_name_ok("etcd"), "a name");
	ok(!loader_name_ok("../etcd"), "a path is not a name");
	ok(!loader_name_ok("Etcd"), "capitals are not a name");
	ok(!loader_name_ok(""), "nothing is not a name");
	return tap_end();
}
