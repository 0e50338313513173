/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/layout.h"

#include "base/alloc.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/str.h"
#include "base/who.h"

#include <string.h>

/* Last segments that mean something of their own under a key. */
static const char *const reserved_last[] = { "data", "checksum", "stop", "signature" };

static bool segment_is(const char *p, size_t n, const char *word)
{
	return n == strlen(word) && memcmp(p, word, n) == 0;
}

/* Bytes that no key of a file needs, and that a terminal, a log or a URL would trip over. */
static int check_bytes(const char *what, const char *text, struct kvs_err *err)
{
	const unsigned char *p;

	if (!text[0])
		return kvs_err_set(err, KVS_E_ARG, "the %s is empty", what);
	for (p = (const unsigned char *)text; *p; p++)
		if (*p < 0x20 || *p == 0x7f)
			return kvs_err_set(err, KVS_E_ARG, "the %s \"%s\" has a control byte in it",
					   what, KVS_Q(kvs_s(text)));
	if (!kvs_str_is_utf8(kvs_s(text)))
		return kvs_err_set(err, KVS_E_ARG, "the %s \"%s\" is not UTF-8", what,
				   KVS_Q(kvs_s(text)));
	return 0;
}

static int check_segments(const char *what, const char *text, enum kvs_naming naming,
			  struct kvs_err *err)
{
	const char *p = text;

	for (;;) {
		size_t n = strcspn(p, "/");

		if (n == 0 && naming != KVS_NAMING_FREE)
			return kvs_err_set(err, KVS_E_ARG,
					   "the %s \"%s\" has an empty part: leave out leading, "
					   "doubled and trailing slashes",
					   what, KVS_Q(kvs_s(text)));
		if (segment_is(p, n, ".") || segment_is(p, n, ".."))
			return kvs_err_set(err, KVS_E_ARG,
					   "the %s \"%s\" has a part that is \".\" or \"..\"", what,
					   KVS_Q(kvs_s(text)));
		p += n;
		if (!*p++)
			return 0;
	}
}

static int check_reserved(const char *key, struct kvs_err *err)
{
	const char *slash = strrchr(key, '/');
	const char *last = slash ? slash + 1 : key;
	size_t i;

	if (segment_is(key, strcspn(key, "/"), "locks"))
		return kvs_err_set(
			err, KVS_E_ARG,
			"the key \"%s\" begins with locks, where the locks of files stand",
			KVS_Q(kvs_s(key)));
	for (i = 0; i < sizeof(reserved_last) / sizeof(reserved_last[0]); i++)
		if (strcmp(last, reserved_last[i]) == 0)
			return kvs_err_set(err, KVS_E_ARG,
					   "the key \"%s\" ends in %s, which is part of another "
					   "key's file",
					   KVS_Q(kvs_s(key)), last);
	return 0;
}

int kvs_layout_check_key(const char *key, enum kvs_naming naming, struct kvs_err *err)
{
	int rc = check_bytes("key", key, err);

	if (rc == 0)
		rc = check_segments("key", key, naming, err);
	if (rc == 0 && naming == KVS_NAMING_WRITE)
		rc = check_reserved(key, err);
	return rc;
}

/* One leading slash is the business of stores (some drop it); the rest is as for keys. */
static int check_prefix(const char *prefix, enum kvs_naming naming, struct kvs_err *err)
{
	int rc;

	if (!prefix[0] && naming == KVS_NAMING_FREE)
		return 0;
	rc = check_bytes("prefix", prefix, err);
	return rc ? rc : check_segments("prefix", prefix + (prefix[0] == '/'), naming, err);
}

static char *behind_prefix(const char *prefix, const char *rest, enum kvs_naming naming)
{
	char *name = kvs_asprintf("%s/%s", prefix, rest);

	if (name && naming == KVS_NAMING_FREE && name[0] == '/')
		memmove(name, name + 1, strlen(name));
	return name;
}

int kvs_names_init(struct kvs_names *names, const char *prefix, const char *key,
		   enum kvs_naming naming, struct kvs_err *err)
{
	KVS_AUTO_FREE char *base = NULL;
	int rc = check_prefix(prefix, naming, err);

	*names = (struct kvs_names){ 0 };
	if (rc == 0)
		rc = kvs_layout_check_key(key, naming, err);
	if (rc)
		return rc;
	base = behind_prefix(prefix, key, naming);
	if (!base)
		return kvs_err_oom(err);
	names->data = kvs_asprintf("%s/data", base);
	names->checksum = kvs_asprintf("%s/checksum", base);
	names->stop = kvs_asprintf("%s/stop", base);
	names->signature = kvs_asprintf("%s/signature", base);
	if (names->data && names->checksum && names->stop && names->signature)
		return 0;
	kvs_names_release(names);
	return kvs_err_oom(err);
}

void kvs_names_release(struct kvs_names *names)
{
	kvsi_free(names->data);
	kvsi_free(names->checksum);
	kvsi_free(names->stop);
	kvsi_free(names->signature);
	*names = (struct kvs_names){ 0 };
}

int kvs_layout_lock(const char *prefix, const char *path, const char *node, enum kvs_naming naming,
		    char **ret_key, struct kvs_err *err)
{
	KVS_AUTO_FREE char *rest = NULL;
	char digest[KVS_SHA256_HEX];
	KVS_AUTO_FREE char *host = NULL;
	int rc = check_prefix(prefix, naming, err);

	rc = rc || node ? rc : kvs_host_name(&host, err);
	if (rc)
		return rc;
	node = node ? node : host;
	rc = check_bytes("node name", node, err);
	if (rc)
		return rc;
	kvs_sha256_of(kvs_s(path), digest);
	rest = kvs_asprintf("locks/%s/%s", digest, node);
	*ret_key = rest ? behind_prefix(prefix, rest, naming) : NULL;
	return *ret_key ? 0 : kvs_err_oom(err);
}

int kvs_layout_own(const char *prefix, const char *folder, const char *rest, char **ret_key,
		   struct kvs_err *err)
{
	int rc = check_prefix(prefix, KVS_NAMING_WRITE, err);

	if (rc)
		return rc;
	*ret_key = kvs_asprintf("%s.kvsync/v1/%s%s", prefix, folder, rest);
	return *ret_key ? 0 : kvs_err_oom(err);
}

int kvs_layout_history(const char *prefix, const char *key, char **ret_folder, struct kvs_err *err)
{
	KVS_AUTO_FREE char *rest = NULL;
	int rc = kvs_layout_check_key(key, KVS_NAMING_WRITE, err);

	if (rc)
		return rc;
	rest = kvs_asprintf("%s/", key);
	return rest ? kvs_layout_own(prefix, "history/", rest, ret_folder, err) : kvs_err_oom(err);
}
