/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/etcd/etcd_live.h"

#include <string.h>

/* Where the number stands, or would stand. */
static size_t place_of(const struct etcd_live *live, int64_t id)
{
	size_t low = 0, high = live->n, middle;

	while (low < high) {
		middle = (low + high) / 2;
		if (live->all[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool stands_at(const struct etcd_live *live, size_t i, int64_t id)
{
	return i < live->n && live->all[i].id == id;
}

bool etcd_live_add(struct etcd_live *live, int64_t id, struct etcd_sub *sub)
{
	size_t i = place_of(live, id);

	if (live->n == ETCD_SUBS_PER_STREAM || stands_at(live, i, id))
		return false;
	memmove(&live->all[i + 1], &live->all[i], (live->n - i) * sizeof(live->all[0]));
	live->all[i].id = id;
	live->all[i].sub = sub;
	live->n++;
	return true;
}

void etcd_live_remove(struct etcd_live *live, int64_t id)
{
	size_t i = place_of(live, id);

	live->n--;
	memmove(&live->all[i], &live->all[i + 1], (live->n - i) * sizeof(live->all[0]));
}

struct etcd_sub *etcd_live_find(const struct etcd_live *live, int64_t id)
{
	size_t i = place_of(live, id);

	return stands_at(live, i, id) ? live->all[i].sub : NULL;
}

struct etcd_sub *etcd_live_any(const struct etcd_live *live)
{
	return live->n ? live->all[0].sub : NULL;
}
