/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/chunk_list.h"

#include "base/err.h"
#include "base/parse.h"
#include "base/str.h"
#include "transfer/layout.h"

#include <inttypes.h>
#include <string.h>

#define MAGIC "kvsync-list 1 "

int kvs_chunk_list_name(const char *prefix, const char *key, const char *checksum, char **ret,
			struct kvs_err *err)
{
	KVS_AUTO_FREE char *rest = kvs_asprintf("%s/%s", key, checksum);

	return rest ? kvs_layout_own(prefix, KVS_CHUNK_LISTS, rest, ret, err) : kvs_err_oom(err);
}

int kvs_chunk_list_format(const struct kvs_chunks *chunks, uint64_t ms, struct kvs_buf *ret,
			  struct kvs_err *err)
{
	kvs_buf_fmt(ret, MAGIC "%" PRIu64 "\n", ms);
	return kvs_chunks_format(chunks, ret, err);
}

/* KEY/SHA256; a key may have slashes of its own. */
static bool parse_name(struct kvs_str name, struct kvs_chunk_list *ret)
{
	const size_t hex = KVS_SHA256_HEX - 1;
	const char *p = name.p;

	if (name.n < hex + 2 || p[name.n - hex - 1] != '/' ||
	    !kvs_sha256_is_hex(kvs_str_skip(name, name.n - hex)))
		return false;
	ret->key = kvs_sn(p, name.n - hex - 1);
	memcpy(ret->checksum, p + name.n - hex, hex);
	ret->checksum[hex] = '\0';
	return true;
}

/* Takes the first line away. */
static bool parse_moment(struct kvs_str *value, uint64_t *ret_ms)
{
	const struct kvs_str magic = kvs_s(MAGIC);
	const char *end = value->n ? memchr(value->p, '\n', value->n) : NULL;
	char digits[24];
	size_t n;

	if (!end || !kvs_str_starts(*value, magic))
		return false;
	n = (size_t)(end - (const char *)value->p) - magic.n;
	if (n >= sizeof(digits))
		return false;
	memcpy(digits, (const char *)value->p + magic.n, n);
	digits[n] = '\0';
	*value = kvs_str_skip(*value, magic.n + n + 1);
	return kvs_parse_uint(digits, 0, UINT64_MAX, ret_ms, NULL) == 0;
}

int kvs_chunk_list_parse(const struct kvs_entry *entry, size_t folder, struct kvs_chunk_list *ret,
			 struct kvs_err *err)
{
	struct kvs_str value = entry->value;

	*ret = (struct kvs_chunk_list){ 0 };
	if (!parse_name(kvs_str_skip(entry->key, folder), ret) || !parse_moment(&value, &ret->ms))
		return kvs_err_set(err, KVS_E_INTEGRITY,
				   "%s is not a list of chunks that are needed", KVS_Q(entry->key));
	return kvs_chunks_parse(KVS_Q(entry->key), value, &ret->chunks, err);
}
