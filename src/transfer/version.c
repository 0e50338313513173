/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/version.h"

#include "base/err.h"
#include "base/str.h"

#include <string.h>

/* A head has a reason of somebody's in it, and little else. */
#define HEAD_MAX ((size_t)64 * 1024)

uint64_t kvs_version_number(struct kvs_str key)
{
	const char *digits = (const char *)key.p + key.n - KVS_VERSION_DIGITS;
	uint64_t number = 0;

	if (key.n <= KVS_VERSION_DIGITS || digits[-1] != '/')
		return 0;
	for (size_t i = 0; i < KVS_VERSION_DIGITS; i++)
		if (digits[i] < '0' || digits[i] > '9' ||
		    __builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(digits[i] - '0'), &number))
			return 0;
	return number;
}

/* ---- the texts of a head ---- */

static const struct {
	const char *name;
	size_t offset;
} texts[] = {
	{ "time", offsetof(struct kvs_version, time) },
	{ "user", offsetof(struct kvs_version, user) },
	{ "host", offsetof(struct kvs_version, host) },
	{ "cause", offsetof(struct kvs_version, cause) },
	{ "reason", offsetof(struct kvs_version, reason) },
};

#define N_TEXTS (sizeof(texts) / sizeof(texts[0]))

int kvs_version_head(const struct kvs_version *version, struct kvs_buf *value, struct kvs_err *err)
{
	struct kvs_json j KVS_AUTO_JSON;
	const char *line;

	kvs_json_init(&j);
	kvs_json_text(&j, "checksum", version->checksum);
	kvs_json_uint(&j, "bytes", version->bytes);
	kvs_json_uint(&j, "lines", version->lines);
	for (size_t i = 0; i < N_TEXTS; i++) {
		const struct kvs_str *text = (const void *)((const char *)version +
							    texts[i].offset);

		if (text->n)
			kvs_json_bytes(&j, texts[i].name, *text);
	}
	line = kvs_json_line(&j);
	if (!line)
		return kvs_err_oom(err);
	kvs_buf_str(value, line);
	kvs_buf_char(value, '\n');
	return kvs_buf_check(value, "a version of the file", err);
}

static int no_version(const struct kvs_entry *entry, struct kvs_err *err)
{
	return kvs_err_set(err, KVS_E_INTEGRITY, "%s is not a version of a file",
			   KVS_Q(entry->key));
}

static bool read_numbers(struct json_object *json, struct kvs_version *ret)
{
	struct kvs_str checksum = kvs_json_str(kvs_json_member(json, "checksum"));

	if (!kvs_sha256_is_hex(checksum))
		return false;
	memcpy(ret->checksum, checksum.p, checksum.n);
	return kvs_json_number(kvs_json_member(json, "bytes"), &ret->bytes) &&
	       kvs_json_number(kvs_json_member(json, "lines"), &ret->lines);
}

int kvs_version_read(const struct kvs_entry *entry, struct kvs_version_read *ret,
		     struct kvs_err *err)
{
	size_t room = entry->value.n < HEAD_MAX ? entry->value.n : HEAD_MAX;
	const char *end = room ? memchr(entry->value.p, '\n', room) : NULL;
	struct kvs_version_read read = { 0 };
	size_t head;

	if (!end)
		return no_version(entry, err);
	head = (size_t)(end - (const char *)entry->value.p);
	read.json = kvs_json_parse(kvs_sn(entry->value.p, head));
	read.version.number = kvs_version_number(entry->key);
	if (!read.json || !read.version.number || !read_numbers(read.json, &read.version)) {
		kvs_version_read_release(&read);
		return no_version(entry, err);
	}
	for (size_t i = 0; i < N_TEXTS; i++) {
		struct kvs_str *text = (void *)((char *)&read.version + texts[i].offset);

		*text = kvs_json_str(kvs_json_member(read.json, texts[i].name));
	}
	read.version.index = entry->mod_index;
	read.body = kvs_str_skip(entry->value, head + 1);
	*ret = read;
	return 0;
}

void kvs_version_read_release(struct kvs_version_read *read)
{
	json_object_put(read->json);
	read->json = NULL;
}
