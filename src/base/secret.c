/* SPDX-License-Identifier: Apache-2.0 */
#include "base/secret.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *const kvs_secret_file_options[] = {
	"token-file", "password-file", "key-file", "key-password-file", NULL,
};

void kvs_wipe_free(void *p, size_t n)
{
	if (!p)
		return;
	explicit_bzero(p, n);
	kvsi_free(p);
}

/* ---- files ---- */

static bool is_exposed(const struct stat *st)
{
	return S_ISREG(st->st_mode) && (st->st_mode & (S_IROTH | S_IWOTH));
}

bool kvs_secret_is_exposed(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && is_exposed(&st);
}

static struct kvs_secret_stamp make_stamp(const struct stat *st)
{
	return (struct kvs_secret_stamp){ .dev = st->st_dev,
					  .ino = st->st_ino,
					  .size = st->st_size,
					  .mtime = st->st_mtim,
					  .ctime = st->st_ctim };
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool same_stamp(const struct kvs_secret_stamp *a, const struct kvs_secret_stamp *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       same_time(a->mtime, b->mtime) && same_time(a->ctime, b->ctime);
}

/* Into room of KVS_SECRET_MAX + 1 bytes; what is longer fills it. */
static int read_bytes(int fd, const char *path, char *room, size_t *ret_n, struct kvs_err *err)
{
	size_t n = 0;

	while (n <= KVS_SECRET_MAX) {
		ssize_t got = read(fd, room + n, KVS_SECRET_MAX + 1 - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return kvs_err_sys(err, "read %s", KVS_Q(kvs_s(path)));
		if (got == 0)
			break;
		n += (size_t)got;
	}
	*ret_n = n;
	return 0;
}

/* ---- values ---- */

static size_t without_newline(const char *p, size_t n)
{
	if (n && p[n - 1] == '\n')
		n--;
	if (n && p[n - 1] == '\r')
		n--;
	return n;
}

static bool has_control_byte(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return true;
	}
	return false;
}

/* Copies a secret of n bytes into s, if it is one.  name says in messages where it is from. */
static int adopt(struct kvs_secret *s, const char *name, const char *p, size_t n,
		 struct kvs_err *err)
{
	if (n > KVS_SECRET_MAX)
		return kvs_err_set(err, KVS_E_CONFIG, "%s is over %d bytes; a secret was expected",
				   KVS_Q(kvs_s(name)), KVS_SECRET_MAX);
	n = without_newline(p, n);
	if (n == 0)
		return kvs_err_set(err, KVS_E_CONFIG, "%s is empty; a secret was expected",
				   KVS_Q(kvs_s(name)));
	if (has_control_byte(p, n))
		return kvs_err_set(
			err, KVS_E_CONFIG,
			"%s has more than one line, or a control byte; a secret of one line "
			"was expected",
			KVS_Q(kvs_s(name)));
	s->value = kvs_memdup0(p, n);
	if (!s->value)
		return kvs_err_oom(err);
	s->n = n;
	return 0;
}

/* Fills all but the path. */
static int load(struct kvs_secret *s, const char *path, struct kvs_err *err)
{
	KVS_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	size_t n = 0;
	char *room;
	int rc;

	if (fd < 0 || fstat(fd, &st) != 0)
		return kvs_err_sys(err, "open %s", KVS_Q(kvs_s(path)));
	/* All at once: memory that grows leaves copies behind. */
	room = kvs_alloc(KVS_SECRET_MAX + 1);
	if (!room)
		return kvs_err_oom(err);
	rc = read_bytes(fd, path, room, &n, err);
	if (!rc)
		rc = adopt(s, path, room, n, err);
	kvs_wipe_free(room, KVS_SECRET_MAX + 1);
	if (rc)
		return rc;
	s->stamp = make_stamp(&st);
	s->exposed = is_exposed(&st);
	s->rereadable = S_ISREG(st.st_mode);
	return 0;
}

int kvs_secret_read(struct kvs_secret *s, const char *path, struct kvs_err *err)
{
	int rc;

	s->path = kvs_strdup(path);
	if (!s->path)
		return kvs_err_oom(err);
	rc = load(s, path, err);
	if (rc)
		kvs_secret_release(s);
	return rc;
}

int kvs_secret_set(struct kvs_secret *s, const char *name, const char *value, struct kvs_err *err)
{
	return adopt(s, name, value, strlen(value), err);
}

int kvs_secret_refresh(struct kvs_secret *s, bool force, bool *ret_changed, struct kvs_err *err)
{
	struct kvs_secret_stamp now;
	struct kvs_secret fresh = { 0 };
	struct stat st;
	int rc;

	*ret_changed = false;
	if (!s->path || !s->rereadable)
		return 0;
	if (stat(s->path, &st) != 0)
		return kvs_err_sys(err, "stat %s", KVS_Q(kvs_s(s->path)));
	now = make_stamp(&st);
	if (!force && same_stamp(&now, &s->stamp))
		return 0;
	rc = load(&fresh, s->path, err);
	if (rc)
		return rc;
	*ret_changed = !kvs_str_eq(kvs_secret_value(&fresh), kvs_secret_value(s));
	fresh.path = kvs_steal_ptr(s->path);
	kvs_secret_release(s);
	*s = fresh;
	return 0;
}

void kvs_secret_release(struct kvs_secret *s)
{
	kvs_wipe_free(s->value, s->n);
	kvsi_free(s->path);
	*s = (struct kvs_secret){ 0 };
}
