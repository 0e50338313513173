/* SPDX-License-Identifier: Apache-2.0 */
#include "core/core.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/map.h"
#include "base/str.h"

#include <string.h>

struct known {
	uint64_t mod_index;
	uint64_t create_index;
	uint64_t round;
	struct known *next_gone;
	UT_hash_handle hh;
	size_t n;
	char key[];
};

struct diff {
	struct known *all;
	uint64_t round;
};

int diff_new(struct diff **ret_diff, struct kvs_err *err)
{
	struct diff *d = kvs_zalloc(sizeof(*d));

	if (!d)
		return kvs_err_oom(err);
	*ret_diff = d;
	return 0;
}

void diff_free(struct diff *d)
{
	struct known *k, *next;

	if (!d)
		return;
	HASH_ITER (hh, d->all, k, next) {
		HASH_DEL(d->all, k);
		kvsi_free(k);
	}
	kvsi_free(d);
}

void diff_begin(struct diff *d)
{
	d->round++;
}

static int add(struct diff *d, const struct kvs_entry *entry, struct kvs_err *err)
{
	struct known *k = kvs_zalloc(sizeof(*k) + entry->key.n);

	if (!k)
		return kvs_err_oom(err);
	k->mod_index = entry->mod_index;
	k->create_index = entry->create_index;
	k->round = d->round;
	k->n = entry->key.n;
	memcpy(k->key, entry->key.p, k->n);
	HASH_ADD_KEYPTR(hh, d->all, k->key, k->n, k);
	if (!kvs_map_added(k)) {
		kvsi_free(k);
		return kvs_err_oom(err);
	}
	return 1;
}

int diff_put(struct diff *d, const struct kvs_entry *entry, struct kvs_err *err)
{
	struct known *k;

	HASH_FIND(hh, d->all, entry->key.p, entry->key.n, k);
	if (!k)
		return add(d, entry, err);
	k->round = d->round;
	if (k->mod_index == entry->mod_index && k->create_index == entry->create_index)
		return 0;
	k->mod_index = entry->mod_index;
	k->create_index = entry->create_index;
	return 1;
}

struct known *diff_end(struct diff *d)
{
	struct known *k, *next, *gone = NULL;

	HASH_ITER (hh, d->all, k, next) {
		if (k->round == d->round)
			continue;
		HASH_DEL(d->all, k);
		k->next_gone = gone;
		gone = k;
	}
	return gone;
}

struct known *known_next(struct known *k, struct kvs_str *ret_key)
{
	*ret_key = kvs_sn(k->key, k->n);
	return k->next_gone;
}

void known_free_list(struct known *k)
{
	struct known *next;

	for (; k; k = next) {
		next = k->next_gone;
		kvsi_free(k);
	}
}
