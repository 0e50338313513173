/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/local/local_path.h"
#include "backends/local/local_range.h"
#include "base/str.h"
#include "tests/lib/scratch.h"
#include "tests/lib/tap.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#define at(name_) scratch_path(name_)

static unsigned int mode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_mode & 07777 : 0;
}

static int prepare(const char *path, struct kvs_err *err)
{
	char *real = NULL;
	int rc = local_path_prepare(path, &real, err);

	kvsi_free(real);
	return rc;
}

static void link_to(const char *target, const char *path)
{
	if (symlink(target, path) != 0)
		bail("cannot make the link %s", path);
}

static void give_away(const char *path)
{
	if (chown(path, 65534, 65534) != 0)
		bail("cannot give %s away", path);
}

static void test_choose(void)
{
	char *path = NULL, cwd[PATH_MAX], want[PATH_MAX + 8];

	is_int(local_path_choose("/a/b.db", &path, NULL), 0, "an absolute path");
	is_str(path, "/a/b.db", "is taken as it is");
	kvsi_free(path);
	is_int(local_path_choose("b.db", &path, NULL), 0, "a relative path");
	(void)snprintf(want, sizeof(want), "%s/b.db", getcwd(cwd, sizeof(cwd)));
	is_str(path, want, "is behind the working directory");
	kvsi_free(path);
}

/* As somebody else than root, in a process of its own. */
static void test_default(void)
{
	char *path = NULL;
	struct kvs_err err = { 0 };

	if (geteuid() == 0) {
		is_int(local_path_choose(NULL, &path, NULL), 0, "root's default");
		is_str(path, "/var/lib/kvsync/store.db", "is in /var/lib");
		kvsi_free(path);
		if (seteuid(65534) != 0)
			return skip(4, "cannot become another user");
	}
	(void)setenv("HOME", "/home/x", 1);
	(void)setenv("XDG_STATE_HOME", "/state", 1);
	is_int(local_path_choose("", &path, NULL), 0, "a user's default");
	is_str(path, "/state/kvsync/store.db", "is in XDG_STATE_HOME");
	kvsi_free(path);
	(void)setenv("XDG_STATE_HOME", "relative", 1);
	is_int(local_path_choose(NULL, &path, NULL), 0, "a relative XDG_STATE_HOME");
	is_str(path, "/home/x/.local/state/kvsync/store.db", "counts as unset");
	kvsi_free(path);
	(void)unsetenv("HOME");
	is_err(local_path_choose(NULL, &path, &err), KVS_E_CONFIG, &err, "set HOME", "no home");
	if (getuid() == 0 && seteuid(0) != 0)
		bail("cannot become root again");
}

static void test_make(void)
{
	struct kvs_err err = { 0 };
	char *real = NULL;

	(void)umask(0);
	is_code(prepare(at("x/y/store.db"), &err), 0, &err, "a new store two directories down");
	is_uint(mode_of(at("x")), 0700, "directories are 0700 whatever the umask");
	is_uint(mode_of(at("x/y")), 0700, "all of them");
	is_uint(mode_of(at("x/y/store.db")), 0600, "the file is 0600");
	(void)umask(0777);
	is_code(prepare(at("x/masked.db"), &err), 0, &err, "a umask without any right");
	is_uint(mode_of(at("x/masked.db")), 0600, "does not matter either");
	(void)umask(022);
	link_to(at("x/y/store.db"), at("link.db"));
	is_int(local_path_prepare(at("link.db"), &real, NULL), 0, "a symbolic link");
	is_str(real, at("x/y/store.db"), "is followed");
	kvsi_free(real);
}

static void touch(const char *path, mode_t mode)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	if (fd < 0 || fchmod(fd, mode) != 0)
		bail("cannot make %s", path);
	(void)close(fd);
}

static void test_refuse(void)
{
	struct kvs_err err = { 0 };

	(void)mkdir(at("dir.db"), 0700);
	is_err(prepare(at("dir.db"), &err), KVS_E_CONFIG, &err, "a directory", "a directory");
	is_err(prepare("/dev/null", &err), KVS_E_CONFIG, &err, "not a file", "a device");
	(void)mkdir(at("open"), 0700);
	(void)chmod(at("open"), 0777);
	is_err(prepare(at("open/s.db"), &err), KVS_E_DENIED, &err, "everybody may write",
	       "a directory that everybody may write to");
	is_int(access(at("open/s.db"), F_OK), -1, "and no file is left in it");
	(void)chmod(at("open"), 01777);
	is_code(prepare(at("open/s.db"), &err), 0, &err, "a sticky one, as /tmp is");
	touch(at("x/loose.db"), 0666);
	is_err(prepare(at("x/loose.db"), &err), KVS_E_DENIED, &err, "chmod o-w",
	       "a file that everybody may write to");
	touch(at("x/wide.db"), 0644);
	is_code(prepare(at("x/wide.db"), &err), 0, &err, "one that everybody may read");
	touch(at("x/file"), 0600);
	is_err(prepare(at("x/file/s.db"), &err), KVS_E_SYS, &err, "Not a directory",
	       "a file in the place of a directory");
	link_to("/etc/passwd", at("x/y/store.db-wal"));
	is_err(prepare(at("x/y/store.db"), &err), KVS_E_DENIED, &err, "store.db-wal",
	       "a side file that is a link");
	(void)unlink(at("x/y/store.db-wal"));
}

static void test_strangers(void)
{
	struct kvs_err err = { 0 };

	if (geteuid() != 0)
		return skip(4, "only root can give files away");
	touch(at("x/theirs.db"), 0600);
	give_away(at("x/theirs.db"));
	is_err(prepare(at("x/theirs.db"), &err), KVS_E_DENIED, &err, "user 65534",
	       "root and a file of somebody else");
	(void)mkdir(at("theirs"), 0700);
	give_away(at("theirs"));
	is_err(prepare(at("theirs/s.db"), &err), KVS_E_DENIED, &err, "user 65534",
	       "root and a directory of somebody else");
	touch(at("open/t.db"), 0600);
	touch(at("open/t.db-shm"), 0600);
	give_away(at("open/t.db-shm"));
	is_err(prepare(at("open/t.db"), &err), KVS_E_DENIED, &err, "t.db-shm",
	       "a side file that a stranger laid");
	is_int(access(at("theirs/s.db"), F_OK), -1, "nothing was made where it was refused");
}

static void test_remote(void)
{
	is_str(local_path_remote_fs(0x6969), "NFS", "NFS is a network file system");
	is_str(local_path_remote_fs(0xff534d42), "CIFS", "CIFS");
	is_str(local_path_remote_fs(0xfffffffffe534d42), "SMB", "as is SMB with a sign extended");
	is_str(local_path_remote_fs(0x65735546), "FUSE", "FUSE");
	is_str(local_path_remote_fs(0x01021997), "9P", "9P");
	is_str(local_path_remote_fs(0xef53), NULL, "ext4 is not");
	is_str(local_path_remote_fs(0x01021994), NULL, "tmpfs is not");
	is_str(local_path_remote_fs(0x794c7630), NULL, "overlayfs is not");
}

static bool inside(const struct local_range *r, const char *key, size_t n)
{
	struct kvs_str k = kvs_sn(key, n);

	return kvs_str_cmp(k, kvs_sn(r->low, r->low_n)) >= 0 &&
	       kvs_str_cmp(k, kvs_sn(r->high, r->high_n)) < 0;
}

static void test_range(void)
{
	static char longest[LOCAL_MAX_KEY + 1];
	struct local_range r;
	struct kvs_err err = { 0 };

	local_range_prefix(&r, kvs_s("ab"));
	ok(inside(&r, "ab", 2) && inside(&r, "ab\xff\xff", 4), "a prefix: all under it");
	ok(!inside(&r, "aa\xff", 3) && !inside(&r, "ac", 2) && !inside(&r, "a", 1), "and no more");
	local_range_prefix(&r, kvs_s("a\xff\xff"));
	ok(inside(&r, "a\xff\xff\xff", 4) && !inside(&r, "b", 1) && !inside(&r, "a\xff", 2),
	   "one that ends in 0xff");
	memset(longest, 0xff, sizeof(longest));
	local_range_prefix(&r, kvs_s(""));
	ok(inside(&r, longest, LOCAL_MAX_KEY) && inside(&r, "\0", 1), "the empty prefix: all keys");
	local_range_prefix(&r, kvs_s("\xff"));
	ok(inside(&r, longest, LOCAL_MAX_KEY) && !inside(&r, "\xfe", 1), "0xff alone");
	local_range_key(&r, kvs_s("ab"));
	ok(inside(&r, "ab", 2) && !inside(&r, "ab\0", 3), "one key");
	local_range_prefix(&r, kvs_s("a"));
	local_range_skip_key(&r, kvs_s("ab"));
	ok(!inside(&r, "ab", 2) && inside(&r, "ab\0", 3), "behind a key");
	local_range_skip_prefix(&r, kvs_s("ab"));
	ok(!inside(&r, "ab\xff", 3) && inside(&r, "ac", 2), "behind a prefix");
	local_range_skip_key(&r, kvs_s("a"));
	ok(!inside(&r, "ab", 2), "never back");
	local_range_skip_key(&r, kvs_sn(longest, sizeof(longest)));
	ok(!inside(&r, longest, LOCAL_MAX_KEY), "behind more bytes than a key can have");
	is_int(local_range_check(kvs_sn(longest, LOCAL_MAX_KEY), &err), 0, "the longest key");
	is_err(local_range_check(kvs_sn(longest, sizeof(longest)), &err), KVS_E_TOOBIG, &err,
	       "takes 4096", "and one byte more");
}

int main(void)
{
	(void)scratch_make();
	test_choose();
	test_default();
	test_make();
	test_refuse();
	test_strangers();
	test_remote();
	test_range();
	return tap_end();
}
