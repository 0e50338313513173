/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files replaced atomically.  Linked with --wrap, so that a system call can be made to fail; the
 * same failures through the whole program are the business of tests/faults.
 */
#include "base/fsio.h"
#include "base/str.h"
#include "tests/lib/scratch.h"
#include "tests/lib/tap.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* Each wrapped call fails with this errno the next time, if it is not 0. */
static int fail_write, fail_fsync, fail_rename, fail_fchown, fail_fallocate, short_writes, fsyncs,
	fail_link;

static bool fails(int *fault)
{
	errno = *fault;
	*fault = 0;
	return errno != 0;
}

ssize_t __real_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n)
{
	if (fails(&fail_write))
		return -1;
	return __real_write(fd, p, short_writes && n > 1 ? n / 2 : n);
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	/* counted down, so that the directory's can be met */
	if (fail_fsync && fsyncs-- == 0)
		return fails(&fail_fsync) ? -1 : 0;
	return __real_fsync(fd);
}

int __real_renameat(int from_dir, const char *from, int to_dir, const char *to);
int __wrap_renameat(int from_dir, const char *from, int to_dir, const char *to);
int __wrap_renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	return fails(&fail_rename) ? -1 : __real_renameat(from_dir, from, to_dir, to);
}

int __real_fchown(int fd, uid_t uid, gid_t gid);
int __wrap_fchown(int fd, uid_t uid, gid_t gid);
int __wrap_fchown(int fd, uid_t uid, gid_t gid)
{
	return fails(&fail_fchown) ? -1 : __real_fchown(fd, uid, gid);
}

int __real_fallocate(int fd, int mode, off_t at, off_t n);
int __wrap_fallocate(int fd, int mode, off_t at, off_t n);
int __wrap_fallocate(int fd, int mode, off_t at, off_t n)
{
	return fails(&fail_fallocate) ? -1 : __real_fallocate(fd, mode, at, n);
}

int __real_linkat(int from_dir, const char *from, int to_dir, const char *to, int flags);
int __wrap_linkat(int from_dir, const char *from, int to_dir, const char *to, int flags);
int __wrap_linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
	return fails(&fail_link) ? -1 : __real_linkat(from_dir, from, to_dir, to, flags);
}

static void put(const char *path, const char *text, mode_t mode)
{
	KVS_AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	if (fd < 0 || write(fd, text, strlen(text)) < 0 || fchmod(fd, mode) != 0)
		bail("cannot make %s", path);
}

static void is_file(const char *path, const char *text, mode_t mode, const char *name)
{
	KVS_AUTO_BUF struct kvs_buf b;
	struct stat st = { 0 };
	struct kvs_err err;

	kvs_buf_init(&b, 100000);
	if (kvs_file_read(path, &b, &err)) {
		fail("%s: %s", name, err.msg);
		return;
	}
	is_slice(kvs_buf_slice(&b), kvs_s(text), "%s: bytes", name);
	(void)stat(path, &st);
	is_uint(st.st_mode & 07777, mode, "%s: mode", name);
}

/* Entries of the working directory. */
static int count_entries(void)
{
	KVS_AUTO_DIR DIR *dir = opendir(".");
	int n = 0;

	while (dir && readdir(dir))
		n++;
	return n - 2;
}

static int install_with(const char *path, const char *text, const struct kvs_newfile_opts *opts,
			enum kvs_published *how, struct kvs_err *err)
{
	KVS_AUTO_NEWFILE struct kvs_newfile f = KVS_NEWFILE_INIT;
	int rc = kvs_newfile_open(&f, path, opts, err);

	rc = rc ? rc : kvs_newfile_write(&f, text, strlen(text), err);
	rc = rc ? rc : kvs_newfile_sync(&f, err);
	return rc ? rc : kvs_newfile_publish(&f, how, err);
}

static int install(const char *path, const char *text, struct kvs_err *err)
{
	static const struct kvs_newfile_opts opts = { .new_mode = 0640 };
	enum kvs_published how;

	return install_with(path, text, &opts, &how, err);
}

static void test_install(void)
{
	struct kvs_newfile_opts opts = { .new_mode = 0640 };
	enum kvs_published how = 0;
	struct kvs_err err;

	(void)umask(077);
	is_code(install_with("a", "one\n", &opts, &how, &err), 0, &err, "a new file");
	is_int(how, KVS_PUBLISHED_RENAMED, "is renamed into place");
	is_file("a", "one\n", 0640, "new, whatever the umask");
	(void)chmod("a", 0604);
	is_code(install("a", "two\n", &err), 0, &err, "a replaced file");
	is_file("a", "two\n", 0604, "keeps its mode");
	opts.rights = (struct kvs_rights){ .set_mode = true, .mode = 04711 };
	short_writes = 1;
	is_code(install_with("a", "three, in small pieces\n", &opts, &how, &err), 0, &err,
		"with a mode asked for, and short writes");
	short_writes = 0;
	is_file("a", "three, in small pieces\n", 04711, "gets that");
	is_code(install("a", "", &err), 0, &err, "an empty file");
	is_file("a", "", 04711, "can be installed");
	is_int(count_entries(), 1, "no temporary stays");
	(void)unlink("a");
}

static void test_owner(void)
{
	struct kvs_newfile_opts opts = { .new_mode = 0600,
					 .rights = { .set_uid = true, .uid = 4242 } };
	enum kvs_published how;
	struct kvs_err err;
	struct stat st = { 0 };

	fail_fchown = EPERM;
	put("own", "old\n", 0644);
	is_err(install_with("own", "new\n", &opts, &how, &err), KVS_E_SYS, &err,
	       "give ./.own.kvsync-", "an owner that cannot be set is an error");
	fail_fchown = 0;
	is_file("own", "old\n", 0644, "and the old file stays");
	if (geteuid() == 0) {
		is_code(install_with("own", "new\n", &opts, &how, &err), 0, &err, "root can");
		(void)stat("own", &st);
		is_uint(st.st_uid, 4242, "the owner is set");
		is_code(install("own", "newer\n", &err), 0, &err, "the next file");
		(void)stat("own", &st);
		is_uint(st.st_uid, 4242, "keeps the owner");
	} else {
		skip(4, "only root can give files away");
	}
	(void)unlink("own");
}

/* What a fault in the middle must not do. */
static void after_fault(const char *what)
{
	is_file("f", "old\n", 0644, what);
	is_int(count_entries(), 1, "%s: no temporary stays", what);
}

static void test_faults(void)
{
	struct kvs_err err;

	put("f", "old\n", 0644);
	fail_write = ENOSPC;
	is_err(install("f", "new\n", &err), KVS_E_SYS, &err, ": No space left on device",
	       "a full disk");
	has_str(err.msg, "write ./.f.kvsync-", "the call and the path are named");
	is_int(err.sys_errno, ENOSPC, "and the number is there");
	after_fault("full disk");
	fail_fsync = EIO;
	fsyncs = 0;
	is_err(install("f", "new\n", &err), KVS_E_SYS, &err, "fsync ./.f.kvsync-", "a bad disk");
	after_fault("bad disk");
	fail_rename = EACCES;
	is_err(install("f", "new\n", &err), KVS_E_SYS, &err, "rename ./.f.kvsync-",
	       "a rename that is refused");
	after_fault("no rename");
	fail_fsync = EIO;
	fsyncs = 1;
	is_err(install("f", "new\n", &err), KVS_E_SYS, &err, "fsync the directory of f",
	       "a directory that cannot be synced");
	is_file("f", "new\n", 0644, "directory: the new file is there");
	is_int(count_entries(), 1, "directory: no temporary stays");
	(void)unlink("f");
	is_err(install("nowhere/f", "new\n", &err), KVS_E_SYS, &err,
	       "open the directory nowhere: No such file", "a missing directory");
	is_err(install("f/", "new\n", &err), KVS_E_ARG, &err, "does not name a file",
	       "a path without a name");
}

static void test_in_place(void)
{
	struct kvs_newfile_opts opts = { .rights = { .set_mode = true, .mode = 0600 } };
	enum kvs_published how = 0;
	struct stat before, after;
	struct kvs_err err;

	put("f", "a longer old text\n", 0644);
	(void)stat("f", &before);
	fail_rename = EBUSY;
	is_code(install_with("f", "new\n", &opts, &how, &err), 0, &err, "a mount point");
	is_int(how, KVS_PUBLISHED_IN_PLACE, "is written in place");
	is_file("f", "new\n", 0600, "in place");
	(void)stat("f", &after);
	is_uint(after.st_ino, before.st_ino, "it is the same file");
	is_int(count_entries(), 1, "in place: no temporary stays");
	fail_rename = EBUSY;
	fail_fallocate = ENOSPC;
	is_err(install("f", "more than there is room for\n", &err), KVS_E_SYS, &err,
	       "reserve room in f: No space", "a full disk is noticed before the first byte");
	is_file("f", "new\n", 0600, "full in place");
	(void)unlink("f");
}

static void test_kinds(void)
{
	struct kvs_newfile f = KVS_NEWFILE_INIT;
	struct kvs_newfile_opts opts = { .new_mode = 0600 };
	struct kvs_err err;
	struct stat st;
	int fd = 7;

	if (mkdir("dir", 0700) != 0 || mkfifo("fifo", 0600) != 0 || symlink("gone", "link") != 0)
		bail("cannot make files");
	is_err(install("dir", "x", &err), KVS_E_SYS, &err, "write dir: Is a directory",
	       "a directory is not replaced");
	is_err(install("fifo", "x", &err), KVS_E_SYS, &err, "fifo is not a regular file",
	       "nor a fifo");
	is_err(install("link", "x", &err), KVS_E_SYS, &err, "link is not a regular file",
	       "nor a link");
	is_int(count_entries(), 3, "no temporary was made");
	is_err(kvs_file_open("dir", &fd, &st, &err), KVS_E_SYS, &err, "Is a directory",
	       "a directory is not opened");
	is_err(kvs_file_open("fifo", &fd, &st, &err), KVS_E_SYS, &err, "not a regular",
	       "a fifo is not waited for");
	is_int(fd, 7, "nothing is written");
	is_code(kvs_file_open("nothing", &fd, &st, &err), 0, &err, "no file is no error");
	is_int(fd, -1, "and no descriptor");
	kvs_newfile_release(&f);
	is_err(kvs_newfile_open(&f, "dir", &opts, &err), KVS_E_SYS, &err, "directory",
	       "a failed open");
	ok(!f.path && !f.temp && f.fd == -1 && f.dirfd == -1, "leaves nothing behind");
	(void)rmdir("dir");
	(void)unlink("fifo");
	(void)unlink("link");
}

static void is_resolved(const char *path, bool follow, const char *want)
{
	KVS_AUTO_FREE char *got = NULL;
	struct kvs_err err;

	is_code(kvs_file_resolve(path, follow, &got, &err), 0, &err, "%s resolves", path);
	is_str(got, want, "to %s", want);
}

static void test_links(void)
{
	char *none = NULL;
	struct kvs_err err;

	if (mkdir("d", 0700) != 0 || symlink("d/second", "first") != 0 ||
	    symlink("third", "d/second") != 0 || symlink("/x/y", "rooted") != 0 ||
	    symlink("loop", "loop") != 0)
		bail("cannot make links");
	is_resolved("nothing", false, "nothing");
	is_resolved("first", true, "./d/third");
	is_resolved("rooted", true, "/x/y");
	is_err(kvs_file_resolve("first", false, &none, &err), KVS_E_SYS, &err,
	       "first is a symbolic link", "a link is followed only on request");
	is_err(kvs_file_resolve("loop", true, &none, &err), KVS_E_SYS, &err,
	       "follow the symbolic link loop: Too many levels", "a loop ends");
	(void)unlink("first");
	(void)unlink("d/second");
	(void)unlink("rooted");
	(void)unlink("loop");
	(void)rmdir("d");
}

/* Temporaries of killed processes go; others stay. */
static void test_dead_temps(void)
{
	char longname[256] = "", litter[256];
	struct kvs_err err;
	int held;

	put(".f.kvsync-0123456789abcdef", "dead", 0600);
	put(".f.kvsync-aaaaaaaaaaaaaaaa", "alive", 0600);
	put(".f.kvsync-0123", "not ours", 0600);
	put(".f2.kvsync-0123456789abcdef", "another's", 0600);
	put(".f.kvsync-0123456789abcdef0", "not ours", 0600);
	held = open(".f.kvsync-aaaaaaaaaaaaaaaa", O_RDWR | O_CLOEXEC);
	(void)flock(held, LOCK_EX);
	is_code(install("f", "new\n", &err), 0, &err, "a file beside litter");
	is_int(access(".f.kvsync-0123456789abcdef", F_OK), -1, "a dead temporary goes");
	is_int(access(".f.kvsync-aaaaaaaaaaaaaaaa", F_OK), 0, "a live one stays");
	is_int(count_entries(), 5, "and so does what only looks alike");
	(void)close(held);
	is_code(install("f", "newer\n", &err), 0, &err, "again");
	is_int(count_entries(), 4, "what has died since goes");
	(void)unlink(".f.kvsync-0123");
	(void)unlink(".f2.kvsync-0123456789abcdef");
	(void)unlink(".f.kvsync-0123456789abcdef0");
	(void)unlink("f");

	memset(longname, 'n', 255);
	(void)snprintf(litter, sizeof(litter), ".%.229s.kvsync-0123456789abcdef", longname);
	put(litter, "dead", 0600);
	is_code(install(longname, "new\n", &err), 0, &err, "a name of 255 bytes");
	is_file(longname, "new\n", 0640, "long name");
	is_int(count_entries(), 1, "its litter goes too");
	(void)unlink(longname);
}

static void test_lock_stays(void)
{
	struct kvs_newfile_opts opts = { .new_mode = 0600 };
	struct kvs_newfile f;
	enum kvs_published how;
	struct kvs_err err;
	int fd, other;

	is_code(kvs_newfile_open(&f, "f", &opts, &err), 0, &err, "a file is begun");
	is_code(kvs_newfile_publish(&f, &how, &err), 0, &err, "and published");
	fd = kvs_newfile_take_fd(&f);
	kvs_newfile_release(&f);
	other = open("f", O_RDONLY | O_CLOEXEC);
	is_int(flock(other, LOCK_EX | LOCK_NB), -1, "whoever took its descriptor holds the lock");
	(void)close(fd);
	is_int(flock(other, LOCK_EX | LOCK_NB), 0, "until it is closed");
	(void)close(other);
	(void)unlink("f");
}

static void test_read(void)
{
	KVS_AUTO_BUF struct kvs_buf b;
	struct kvs_err err;

	put("r", "12345678", 0600);
	kvs_buf_init(&b, 8);
	is_code(kvs_file_read("r", &b, &err), 0, &err, "as many bytes as the cap");
	is_slice(kvs_buf_slice(&b), kvs_s("12345678"), "are read");
	kvs_buf_release(&b);
	kvs_buf_init(&b, 7);
	is_err(kvs_file_read("r", &b, &err), KVS_E_TOOBIG, &err, "r is over 7 bytes",
	       "one more is too big");
	kvs_buf_release(&b);
	kvs_buf_init(&b, 7);
	put("r", "", 0600);
	*kvs_buf_reserve(&b, 1) = 'x';
	is_code(kvs_file_read("r", &b, &err), 0, &err, "an empty file");
	is_uint(b.len, 0, "is empty");
	is_str(b.data, "", "and ends where it begins");
	is_err(kvs_file_read("none\n", &b, &err), KVS_E_SYS, &err, "open none\\x0a: No such file",
	       "a missing file, its name escaped");
	is_err(kvs_file_read(".", &b, &err), KVS_E_SYS, &err, "Is a directory", "a directory");
	(void)unlink("r");
}

static void test_dirs(void)
{
	struct kvs_err err;
	struct stat st = { 0 };

	(void)umask(022);
	is_code(kvs_dir_make("x/y/z", 0755, &err), 0, &err, "three directories");
	ok(stat("x/y/z", &st) == 0 && S_ISDIR(st.st_mode), "are there");
	is_uint(st.st_mode & 07777, 0755, "with their mode");
	is_code(kvs_dir_make("x/y/z", 0755, &err), 0, &err, "again");
	is_code(kvs_dir_make("x//y/", 0755, &err), 0, &err, "with too many slashes");
	put("x/file", "", 0600);
	is_err(kvs_dir_make("x/file", 0755, &err), KVS_E_SYS, &err,
	       "make the directory x/file: Not a directory", "a file in the last place");
	is_err(kvs_dir_make("x/file/deep", 0755, &err), KVS_E_SYS, &err, "Not a directory",
	       "a file in the middle");
	(void)unlink("x/file");
	(void)rmdir("x/y/z");
	(void)rmdir("x/y");
	(void)rmdir("x");
}

static ino_t inode(const char *path)
{
	struct stat st = { 0 };

	(void)stat(path, &st);
	return st.st_ino;
}

static void test_keep(void)
{
	struct kvs_err err;

	put("f", "old\n", 0604);
	is_code(kvs_file_keep("f", "kept", &err), 0, &err, "a file is kept");
	is_uint(inode("kept"), inode("f"), "as a second name");
	is_code(kvs_file_keep("f", "kept", &err), 0, &err, "twice");
	is_int(count_entries(), 2, "nothing but the two names is there");
	is_code(install("f", "new\n", &err), 0, &err, "it is replaced");
	is_file("kept", "old\n", 0604, "kept");
	is_code(kvs_file_put_back("kept", "f", &err), 0, &err, "it is put back");
	is_file("f", "old\n", 0604, "back");
	is_int(count_entries(), 1, "its second name is gone");

	put("kept", "what was kept before\n", 0600);
	put(".kept.kvsync-link", "of a process that died\n", 0600);
	is_code(kvs_file_keep("f", "kept", &err), 0, &err, "another file had the name");
	is_file("kept", "old\n", 0604, "it loses it");
	is_int(count_entries(), 2, "what a dead process left is gone");

	put("kept", "what was kept before\n", 0600);
	fail_rename = EACCES;
	is_err(kvs_file_keep("f", "kept", &err), KVS_E_SYS, &err, "kept: Permission denied",
	       "a name that cannot be taken");
	is_file("kept", "what was kept before\n", 0600, "not taken");
	fail_link = ENOSPC;
	is_err(kvs_file_keep("f", "kept2", &err), KVS_E_SYS, &err, "link f to kept2: No space",
	       "no room for a link");
	is_int(count_entries(), 2, "nothing is left lying about");
	is_err(kvs_file_keep("nowhere", "kept", &err), KVS_E_SYS, &err, "link nowhere to",
	       "a file that is not there");
	(void)unlink("kept");
	(void)unlink("f");
}

static void test_keep_copies(void)
{
	struct kvs_err err;

	put("f", "old\n", 0604);
	fail_link = EXDEV;
	is_code(kvs_file_keep("f", "kept", &err), 0, &err, "where there are no links");
	ok(inode("kept") != inode("f"), "a copy is made");
	is_file("kept", "old\n", 0604, "a copy");
	put("f", "new\n", 0600);
	fail_rename = EBUSY;
	is_code(kvs_file_put_back("kept", "f", &err), 0, &err, "a mount point");
	is_file("f", "old\n", 0604, "gets its bytes and mode back");
	is_int(count_entries(), 1, "copies: nothing is left lying about");
	is_err(kvs_file_put_back("kept", "f", &err), KVS_E_SYS, &err, "rename kept to f: No such",
	       "what was not kept cannot be put back");
	(void)unlink("f");
}

int main(void)
{
	if (chdir(scratch_make()) != 0)
		bail("no working directory");
	test_install();
	test_owner();
	test_faults();
	test_in_place();
	test_kinds();
	test_links();
	test_dead_temps();
	test_lock_stays();
	test_read();
	test_dirs();
	test_keep();
	test_keep_copies();
	is_int(count_entries(), 0, "nothing is left over");
	return tap_end();
}
