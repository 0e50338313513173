/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/consul/consul_names.h"

#include "base/err.h"
#include "base/map.h"

#include <string.h>

struct consul_name {
	uint64_t round;
	UT_hash_handle hh;
	char name[];
};

void consul_names_begin(struct consul_names *names)
{
	names->round++;
}

int consul_names_add(struct consul_names *names, struct kvs_str name, struct kvs_err *err)
{
	struct consul_name *n;

	HASH_FIND(hh, names->all, name.p, name.n, n);
	if (n) {
		n->round = names->round;
		return 0;
	}
	n = kvs_zalloc(sizeof(*n) + name.n + 1);
	if (!n)
		return kvs_err_oom(err);
	memcpy(n->name, name.p, name.n);
	n->round = names->round;
	HASH_ADD_KEYPTR(hh, names->all, n->name, name.n, n);
	if (!kvs_map_added(n)) {
		kvsi_free(n);
		return kvs_err_oom(err);
	}
	return 0;
}

const char *consul_names_gone(const struct consul_names *names)
{
	struct consul_name *n, *next;

	HASH_ITER (hh, names->all, n, next)
		if (n->round != names->round)
			return n->name;
	return NULL;
}

static void forget(struct consul_names *names, struct consul_name *n)
{
	HASH_DEL(names->all, n);
	kvsi_free(n);
}

void consul_names_forget(struct consul_names *names, const char *name)
{
	struct consul_name *n;

	HASH_FIND(hh, names->all, name, strlen(name), n);
	if (n)
		forget(names, n);
}

void consul_names_end(struct consul_names *names)
{
	struct consul_name *n, *next;

	HASH_ITER (hh, names->all, n, next)
		if (n->round != names->round)
			forget(names, n);
}

void consul_names_release(struct consul_names *names)
{
	names->round++;
	consul_names_end(names);
}
