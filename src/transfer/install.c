/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/install.h"

#include "base/err.h"
#include "base/fsio.h"
#include "base/path.h"

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

int kvs_target_settle(const struct kvs_target *target, const char *checksum,
		      const struct kvs_rights *rights, struct kvs_found *ret, struct kvs_err *err)
{
	KVS_AUTO_FD int fd = -1;
	struct stat st;
	int rc;

	*ret = (struct kvs_found){ 0 };
	rc = kvs_file_open(target->path, &fd, &st, err);
	if (rc || fd < 0)
		return rc;
	ret->exists = true;
	ret->bytes = (uint64_t)st.st_size;
	rc = kvs_sha256_fd(fd, target->path, ret->checksum, err);
	if (rc || strcmp(ret->checksum, checksum) != 0)
		return rc;
	ret->same = true;
	return kvs_rights_apply(rights, fd, &st, target->path, &ret->repaired, err);
}

int kvs_target_install(const struct kvs_target *target, struct kvs_str bytes,
		       const struct kvs_rights *rights, bool *ret_in_place, struct kvs_err *err)
{
	const struct kvs_newfile_opts opts = { .rights = *rights, .new_mode = KVS_OUT_NEW_MODE };
	KVS_AUTO_NEWFILE struct kvs_newfile f = KVS_NEWFILE_INIT;
	KVS_AUTO_FREE char *dir = kvs_path_dir(target->path);
	enum kvs_published how = 0;
	int rc;

	if (!dir)
		return kvs_err_oom(err);
	rc = kvs_dir_make(dir, PARENT_MODE, err);
	rc = rc ? rc : kvs_newfile_open(&f, target->path, &opts, err);
	rc = rc ? rc : kvs_newfile_write(&f, bytes.p, bytes.n, err);
	rc = rc ? rc : kvs_newfile_sync(&f, err);
	rc = rc ? rc : kvs_newfile_publish(&f, &how, err);
	*ret_in_place = how == KVS_PUBLISHED_IN_PLACE;
	return rc;
}
