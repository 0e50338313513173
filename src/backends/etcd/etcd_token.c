/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/etcd/etcd_token.h"

#include "base/alloc.h"
#include "base/digest.h"
#include "base/fsio.h"
#include "base/log.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_TOKEN 16384

bool etcd_token_is_sound(const char *token)
{
	size_t i;

	for (i = 0; token[i]; i++)
		if (token[i] < 0x20 || token[i] > 0x7e)
			return false;
	return i > 0 && i <= MAX_TOKEN;
}

/* ---- where ---- */

static char *run_folder(void)
{
	const char *dir = secure_getenv("XDG_RUNTIME_DIR");

	if (dir && dir[0] == '/')
		return kvs_asprintf("%s/kvsync", dir);
	return geteuid() == 0 ? kvs_strdup("/run/kvsync") : NULL;
}

char *etcd_token_path(const char *store, const char *user)
{
	KVS_AUTO_FREE char *dir = run_folder();
	char name[KVS_SHA256_HEX];
	struct kvs_sha256 h;

	if (!dir)
		return NULL;
	kvs_sha256_init(&h);
	kvs_sha256_add(&h, store, strlen(store) + 1);
	kvs_sha256_add(&h, user, strlen(user));
	kvs_sha256_hex(&h, name);
	return kvs_asprintf("%s/etcd-%s.token", dir, name);
}

/* ---- the file ---- */

/* Nobody else may have written it, nor read it. */
static bool is_ours(const struct stat *st)
{
	return st->st_uid == geteuid() && !(st->st_mode & 077);
}

char *etcd_token_load(const char *path)
{
	KVS_CLEANUP(kvs_buf_wipe) struct kvs_buf token;
	KVS_AUTO_FD int fd = -1;
	struct stat st;

	kvs_buf_init(&token, MAX_TOKEN);
	if (kvs_file_open(path, &fd, &st, NULL) || fd < 0 || !is_ours(&st) ||
	    kvs_fd_read(fd, path, &token, NULL) || !token.len ||
	    memchr(token.data, '\0', token.len) || !etcd_token_is_sound(token.data))
		return NULL;
	return kvs_strdup(token.data);
}

static int save(const char *path, const char *token, struct kvs_err *err)
{
	const struct kvs_newfile_opts opts = {
		.rights = { .set_mode = true, .mode = 0600 },
		.new_mode = 0600,
	};
	KVS_AUTO_NEWFILE struct kvs_newfile f = KVS_NEWFILE_INIT;
	KVS_AUTO_FREE char *dir = kvs_memdup0(path, (size_t)(strrchr(path, '/') - path));
	enum kvs_published how;
	int code = dir ? kvs_dir_make(dir, 0700, err) : KVS_E_NOMEM;

	if (!code)
		code = kvs_newfile_open(&f, path, &opts, err);
	if (!code)
		code = kvs_newfile_write(&f, token, strlen(token), err);
	return code ? code : kvs_newfile_publish(&f, &how, err);
}

void etcd_token_save(const char *path, const char *token)
{
	struct kvs_err err = { 0 };

	if (save(path, token, &err))
		kvs_log(KVS_LOG_DEBUG, "the token is not kept: %s", err.msg);
}

void etcd_token_forget(const char *path)
{
	(void)unlink(path);
}
