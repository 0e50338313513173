/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/install.h"

#include "base/err.h"
#include "base/path.h"
#include "base/str.h"

#include <string.h>

/* What kvexpress makes, too. */
#define PARENT_MODE 0755

int kvs_target_init(struct kvs_target *target, const char *file, struct kvs_err *err)
{
	*target = (struct kvs_target){ 0 };
	return kvs_path_absolute(file, &target->named, err);
}

void kvs_target_release(struct kvs_target *target)
{
	kvsi_free(target->named);
	kvsi_free(target->path);
	*target = (struct kvs_target){ 0 };
}

int kvs_target_resolve(struct kvs_target *target, bool follow, struct kvs_err *err)
{
	return kvs_file_resolve(target->named, follow, &target->path, err);
}

/* Looks at the file.  *ret_fd is -1 if there is none. */
static int look(const struct kvs_target *target, const char *checksum, int *ret_fd,
		struct stat *ret_st, struct kvs_found *ret, struct kvs_err *err)
{
	int rc = kvs_file_open(target->path, ret_fd, ret_st, err);

	*ret = (struct kvs_found){ 0 };
	if (rc || *ret_fd < 0)
		return rc;
	ret->exists = true;
	ret->bytes = (uint64_t)ret_st->st_size;
	rc = kvs_sha256_fd(*ret_fd, target->path, ret->checksum, err);
	ret->same = rc == 0 && strcmp(ret->checksum, checksum) == 0;
	return rc;
}

int kvs_target_settle(const struct kvs_target *target, const char *checksum,
		      const struct kvs_rights *rights, struct kvs_found *ret, struct kvs_err *err)
{
	KVS_AUTO_FD int fd = -1;
	struct stat st;
	int rc = look(target, checksum, &fd, &st, ret, err);

	if (rc || !ret->same)
		return rc;
	return kvs_rights_apply(rights, fd, &st, target->path, &ret->repaired, err);
}

bool kvs_target_is_right(const struct kvs_target *target, const char *checksum,
			 const struct kvs_rights *rights)
{
	struct kvs_found found;
	KVS_AUTO_FD int fd = -1;
	struct stat st;

	return look(target, checksum, &fd, &st, &found, NULL) == 0 && found.same &&
	       kvs_rights_hold(rights, &st);
}

int kvs_target_open(const struct kvs_target *target, const struct kvs_rights *rights,
		    struct kvs_newfile *ret, struct kvs_err *err)
{
	const struct kvs_newfile_opts opts = { .rights = *rights, .new_mode = KVS_OUT_NEW_MODE };
	KVS_AUTO_FREE char *dir = kvs_path_dir(target->path);
	int rc;

	if (!dir)
		return kvs_err_oom(err);
	rc = kvs_dir_make(dir, PARENT_MODE, err);
	return rc ? rc : kvs_newfile_open(ret, target->path, &opts, err);
}

static int backup_path(const struct kvs_target *target, const char *where, char **ret,
		       struct kvs_err *err)
{
	KVS_AUTO_FREE char *dir = NULL;
	int rc = 0;

	if (!where[0])
		return kvs_err_set(err, KVS_E_ARG, "the suffix of the backup is empty");
	if (!strchr(where, '/')) {
		*ret = kvs_asprintf("%s%s", target->path, where);
		return *ret ? 0 : kvs_err_oom(err);
	}
	rc = kvs_path_absolute(where, &dir, err);
	rc = rc ? rc : kvs_dir_make(dir, PARENT_MODE, err);
	if (rc)
		return rc;
	*ret = kvs_asprintf("%s/%s", dir, kvs_path_base(target->path));
	if (!*ret)
		return kvs_err_oom(err);
	if (strcmp(*ret, target->path) == 0)
		return kvs_err_set(err, KVS_E_ARG, "the backup would be %s itself",
				   KVS_Q(kvs_s(target->path)));
	return 0;
}

int kvs_target_back_up(const struct kvs_target *target, const char *where, struct kvs_err *err)
{
	KVS_AUTO_FREE char *path = NULL;
	int rc = backup_path(target, where, &path, err);

	rc = rc ? rc : kvs_file_keep(target->path, path, err);
	return rc ? kvs_err_context(err, rc, "backup") : 0;
}
