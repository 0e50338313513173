/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/etcd/etcd_range.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void etcd_range_end(struct kvs_buf *end, struct kvs_str prefix)
{
	const unsigned char *p = prefix.p;
	size_t n = prefix.n;

	while (n && p[n - 1] == 0xff)
		n--;
	if (!n) {
		kvs_buf_char(end, '\0');
		return;
	}
	kvs_buf_add(end, p, n - 1);
	kvs_buf_char(end, (char)(p[n - 1] + 1));
}

void etcd_lease_print(char name[ETCD_LEASE_SIZE], int64_t id)
{
	(void)snprintf(name, ETCD_LEASE_SIZE, "%" PRIx64, (uint64_t)id);
}

bool etcd_lease_parse(struct kvs_str name, int64_t *ret_id)
{
	const char *p = name.p;
	uint64_t id = 0;
	size_t i;

	if (!name.n || name.n > 16)
		return false;
	for (i = 0; i < name.n; i++) {
		const char *digit = p[i] ? strchr("0123456789abcdef", p[i]) : NULL;

		if (!digit)
			return false;
		id = id << 4 | (uint64_t)(digit - "0123456789abcdef");
	}
	*ret_id = (int64_t)id;
	return id != 0;
}

struct kvs_entry etcd_entry(const Etcdpb__KeyValue *kv, char lease[ETCD_LEASE_SIZE])
{
	struct kvs_entry e = {
		.size = sizeof(e),
		.key = { kv->key.data, kv->key.len },
		.value = { kv->value.data, kv->value.len },
		.mod_index = (uint64_t)kv->mod_revision,
		.create_index = (uint64_t)kv->create_revision,
		.version = (uint64_t)kv->version,
	};

	if (kv->lease) {
		etcd_lease_print(lease, kv->lease);
		e.lease = (struct kvs_str){ lease, strlen(lease) };
	}
	return e;
}
