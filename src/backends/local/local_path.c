/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/local/local_path.h"

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#define ROOT_DIR  "/var/lib"
#define FILE_NAME "kvsync/store.db"

/* statfs(2) and the kernel's include/uapi/linux/magic.h; the cluster file systems from their own
 * sources.  FUSE stands for whatever a daemon makes of it, most often another host's files. */
static const struct {
	uint32_t magic;
	const char *name;
} remote_fs[] = {
	{ 0x00006969, "NFS" },
	{ 0x0000517b, "SMB" },
	{ 0xfe534d42, "SMB" },
	{ 0xff534d42, "CIFS" },
	{ 0x65735546, "FUSE" },
	{ 0x01021997, "9P" },
	{ 0x00c36400, "Ceph" },
	{ 0x5346414f, "AFS" },
	{ 0x6b414653, "AFS" },
	{ 0x73757245, "Coda" },
	{ 0x0000564c, "NCP" },
	{ 0x7461636f, "OCFS2" },
	{ 0x01161970, "GFS2" },
	{ 0x0bd00bd0, "Lustre" },
	{ 0x19830326, "BeeGFS" },
	{ 0x47504653, "GPFS" },
	{ 0xaad7aaea, "PanFS" },
	{ 0x20030528, "OrangeFS" },
	{ 0x786f4256, "VirtualBox shared folders" },
	{ 0xbacbacbc, "VMware shared folders" },
};

const char *local_path_remote_fs(uint64_t f_type)
{
	size_t i;

	for (i = 0; i < sizeof(remote_fs) / sizeof(remote_fs[0]); i++)
		if ((uint32_t)f_type == remote_fs[i].magic)
			return remote_fs[i].name;
	return NULL;
}

static char *default_path(struct kvs_err *err)
{
	const char *state, *home;

	if (geteuid() == 0)
		return kvs_strdup(ROOT_DIR "/" FILE_NAME);
	/* A relative XDG_STATE_HOME counts as unset (XDG Base Directory Specification). */
	state = secure_getenv("XDG_STATE_HOME");
	if (state && state[0] == '/')
		return kvs_asprintf("%s/" FILE_NAME, state);
	home = secure_getenv("HOME");
	if (home && home[0] == '/')
		return kvs_asprintf("%s/.local/state/" FILE_NAME, home);
	kvs_err_set(
		err, KVS_E_CONFIG,
		"no place for the local store: set HOME or XDG_STATE_HOME, or give local:/PATH");
	return NULL;
}

int local_path_choose(const char *given, char **ret_path, struct kvs_err *err)
{
	struct kvs_err why = { 0 };
	char cwd[PATH_MAX];
	char *path;

	if (!given || !*given) {
		path = default_path(&why);
	} else if (given[0] == '/') {
		path = kvs_strdup(given);
	} else {
		if (!getcwd(cwd, sizeof(cwd)))
			return kvs_err_sys(err, "cannot tell the working directory");
		path = kvs_asprintf("%s/%s", cwd, given);
	}
	if (!path)
		return why.code ? kvs_err_copy(err, why.code, &why) : kvs_err_oom(err);
	*ret_path = path;
	return 0;
}

static int refuse(const char *path, const char *doing, struct kvs_err *err)
{
	int code = errno == EACCES || errno == EPERM ? KVS_E_DENIED : KVS_E_SYS;

	kvs_err_sys(err, "local store %s: cannot %s", KVS_Q(kvs_s(path)), doing);
	if (err)
		err->code = code;
	return code;
}

static int sync_dir(const char *dir, struct kvs_err *err)
{
	KVS_AUTO_FD int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) != 0)
		return refuse(dir, "sync the directory", err);
	return 0;
}

static int make_dir(const char *dir, struct kvs_err *err)
{
	KVS_AUTO_FREE char *parent = kvs_asprintf("%s/..", dir);
	struct stat st;

	if (!parent)
		return kvs_err_oom(err);
	if (stat(dir, &st) == 0)
		return 0;
	if (mkdir(dir, 0700) != 0)
		return errno == EEXIST ? 0 : refuse(dir, "make the directory", err);
	return sync_dir(parent, err);
}

/* Makes `dir` and what is missing above it.  Changes and restores the bytes of dir. */
static int make_dirs(char *dir, struct kvs_err *err)
{
	char *slash = dir;
	int rc;

	while ((slash = strchr(slash + 1, '/'))) {
		*slash = '\0';
		rc = make_dir(dir, err);
		*slash = '/';
		if (rc)
			return rc;
	}
	return make_dir(dir, err);
}

/* An empty file, never opened: see the head of local_path.h. */
static int make_file(const char *path, const char *dir, struct kvs_err *err)
{
	if (mknod(path, S_IFREG | 0600, 0) != 0)
		return errno == EEXIST ? 0 : refuse(path, "make the file", err);
	/* A umask that takes rights from the owner makes no sense here. */
	if (chmod(path, 0600) != 0)
		return refuse(path, "set the file's mode", err);
	return sync_dir(dir, err);
}

static int check_file_system(const char *path, const char *dir, struct kvs_err *err)
{
	struct statfs fs;
	const char *name;

	if (statfs(dir, &fs) != 0)
		return refuse(path, "tell the file system", err);
	name = local_path_remote_fs((uint64_t)fs.f_type);
	if (!name)
		return 0;
	return kvs_err_set(
		err, KVS_E_CONFIG,
		"local store %s is on a network file system (%s), where locks and shared "
		"memory are not safe: choose a path on a local disk",
		KVS_Q(kvs_s(path)), name);
}

/* Root is trusted by everybody; others' files are a matter of their rights, except for root, whom
 * the owner of a directory could lead anywhere. */
static bool stranger(uid_t owner)
{
	return geteuid() == 0 && owner != 0;
}

static int check_dir(const char *path, const char *dir, struct kvs_err *err)
{
	struct stat st;

	if (stat(dir, &st) != 0)
		return refuse(path, "look at its directory", err);
	if ((st.st_mode & S_IWOTH) && !(st.st_mode & S_ISVTX))
		return kvs_err_set(err, KVS_E_DENIED,
				   "local store %s: everybody may write to its directory; "
				   "take that right away (chmod o-w) or choose another path",
				   KVS_Q(kvs_s(path)));
	if (stranger(st.st_uid))
		return kvs_err_set(err, KVS_E_DENIED,
				   "local store %s: its directory belongs to user %ju; run this as "
				   "that user",
				   KVS_Q(kvs_s(path)), (uintmax_t)st.st_uid);
	return 0;
}

static int check_file(const char *path, uid_t *ret_owner, struct kvs_err *err)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return refuse(path, "look at the file", err);
	if (!S_ISREG(st.st_mode))
		return kvs_err_set(err, KVS_E_CONFIG, "local store %s is %s, not a file",
				   KVS_Q(kvs_s(path)),
				   S_ISDIR(st.st_mode) ? "a directory" : "a device or the like");
	if (st.st_mode & S_IWOTH)
		return kvs_err_set(
			err, KVS_E_DENIED,
			"local store %s: everybody may write to it; take that right away "
			"(chmod o-w)",
			KVS_Q(kvs_s(path)));
	if (stranger(st.st_uid))
		return kvs_err_set(err, KVS_E_DENIED,
				   "local store %s belongs to user %ju; run this as that user",
				   KVS_Q(kvs_s(path)), (uintmax_t)st.st_uid);
	*ret_owner = st.st_uid;
	return 0;
}

/* In a directory such as /tmp others could lay SQLite's side files before us. */
static int check_side_file(const char *path, const char *suffix, uid_t owner, struct kvs_err *err)
{
	KVS_AUTO_FREE char *name = kvs_asprintf("%s%s", path, suffix);
	struct stat st;

	if (!name)
		return kvs_err_oom(err);
	if (lstat(name, &st) != 0)
		return errno == ENOENT ? 0 : refuse(name, "look at the file", err);
	if (S_ISREG(st.st_mode) && (st.st_uid == owner || st.st_uid == geteuid() || st.st_uid == 0))
		return 0;
	return kvs_err_set(err, KVS_E_DENIED,
			   "local store %s: %s is not a file of the store's owner; remove it",
			   KVS_Q(kvs_s(path)), KVS_Q(kvs_s(name)));
}

static int check_side_files(const char *path, uid_t owner, struct kvs_err *err)
{
	static const char *const suffixes[] = { "-wal", "-shm", "-journal" };
	size_t i;
	int rc;

	for (i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		rc = check_side_file(path, suffixes[i], owner, err);
		if (rc)
			return rc;
	}
	return 0;
}

static char *dir_of(const char *path)
{
	char *dir = kvs_strdup(path);
	char *slash;

	if (!dir)
		return NULL;
	slash = strrchr(dir, '/');
	slash[slash == dir ? 1 : 0] = '\0';
	return dir;
}

/* What the path leads to, with symbolic links followed. */
static int check_real(const char *real, struct kvs_err *err)
{
	KVS_AUTO_FREE char *dir = dir_of(real);
	uid_t owner;
	int rc;

	if (!dir)
		return kvs_err_oom(err);
	rc = check_file_system(real, dir, err);
	if (!rc)
		rc = check_dir(real, dir, err);
	if (!rc)
		rc = check_file(real, &owner, err);
	if (!rc)
		rc = check_side_files(real, owner, err);
	return rc;
}

static int make(const char *path, struct kvs_err *err)
{
	KVS_AUTO_FREE char *dir = dir_of(path);
	int rc;

	if (!dir)
		return kvs_err_oom(err);
	rc = make_dirs(dir, err);
	if (!rc)
		rc = check_file_system(path, dir, err);
	if (!rc)
		rc = check_dir(path, dir, err);
	if (!rc)
		rc = make_file(path, dir, err);
	return rc;
}

int local_path_prepare(const char *path, char **ret_real, struct kvs_err *err)
{
	char buf[PATH_MAX];
	struct stat st;
	char *real;
	int rc;

	if (stat(path, &st) != 0) {
		rc = make(path, err);
		if (rc)
			return rc;
	}
	if (!realpath(path, buf))
		return refuse(path, "follow the path", err);
	rc = check_real(buf, err);
	if (rc)
		return rc;
	real = kvs_strdup(buf);
	if (!real)
		return kvs_err_oom(err);
	*ret_real = real;
	return 0;
}
