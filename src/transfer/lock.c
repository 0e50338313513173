/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lock of a file on one machine: a key of the store, nothing on disk.
 *
 * kvexpress also leaves a note beside the file, FILE.locked, that tells how to unlock it.  None is
 * made here, since every refusal says so itself; but one that is there would lie once the lock is
 * lifted, so it goes then.
 */
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fsio.h"
#include "base/log.h"
#include "base/path.h"
#include "base/str.h"
#include "base/who.h"
#include "transfer/common.h"
#include "transfer/guard.h"
#include "transfer/layout.h"

#include <time.h>

/* What kvexpress' notes begin with. */
#define NOTE_START "To unlock '"
#define NOTE_MAX   ((size_t)64 * 1024)

struct lock {
	char *path;  /* cleaned */
	char *clean; /* the lock's key */
	char *typed; /* the key of the path as typed, if that is another; or NULL */
};

static void lock_release(struct lock *lock)
{
	kvsi_free(lock->path);
	kvsi_free(lock->clean);
	kvsi_free(lock->typed);
}

/* A lock by a path that depends on where one stands would seldom be the one that is meant. */
static int lock_init(struct lock *lock, const struct kvs_transfer *t, const char *file,
		     struct kvs_err *err)
{
	enum kvs_naming naming = kvs_transfer_naming(t, false);
	int rc = kvs_path_absolute(file, &lock->path, err);

	if (rc)
		return rc;
	if (file[0] != '/')
		return kvs_err_set(err, KVS_E_ARG,
				   "the path \"%s\" is relative: a lock needs the whole path, as "
				   "in %s",
				   KVS_Q(kvs_s(file)), KVS_Q(kvs_s(lock->path)));
	rc = kvs_layout_lock(t->prefix, lock->path, t->node, naming, &lock->clean, err);
	if (rc == 0 && strcmp(lock->path, file) != 0)
		rc = kvs_layout_lock(t->prefix, file, t->node, naming, &lock->typed, err);
	return rc;
}

/* The words that kvexpress uses, too. */
char *kvs_transfer_lock_reason(const char *file)
{
	KVS_AUTO_FREE char *user = kvs_user_name();
	time_t now = (time_t)(kvsi_realtime_ms() / 1000);
	char stamp[sizeof("-2147483648-01-02T03:04:05Z")] = "";
	struct tm utc;

	if (!user)
		return NULL;
	if (gmtime_r(&now, &utc))
		(void)strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &utc);
	return kvs_asprintf("No reason given for '%s' by '%s' at '%s'.", file, user, stamp);
}

int kvs_transfer_lock(const struct kvs_transfer *t, const char *file, const char *reason,
		      bool *ret_changed, struct kvs_err *err)
{
	KVS_CLEANUP(lock_release) struct lock lock = { 0 };
	KVS_AUTO_FREE char *words = NULL;
	int rc = lock_init(&lock, t, file, err);

	if (rc)
		return rc;
	words = reason ? kvs_strdup(reason) : kvs_transfer_lock_reason(lock.path);
	if (!words)
		return kvs_err_oom(err);
	return kvs_guard_set(t, lock.clean, words, !reason, ret_changed, err);
}

/* ---- the note ---- */

static int is_note(const char *name, bool *ret, struct kvs_err *err)
{
	KVS_AUTO_BUF struct kvs_buf text;
	KVS_AUTO_FD int fd = -1;
	struct stat st;
	int rc = kvs_file_open(name, &fd, &st, err);

	*ret = false;
	kvs_buf_init(&text, NOTE_MAX);
	if (rc || fd < 0)
		return rc;
	rc = kvs_fd_read(fd, name, &text, err);
	*ret = rc == 0 && kvs_str_starts(kvs_buf_slice(&text), kvs_s(NOTE_START));
	return rc == KVS_E_TOOBIG ? 0 : rc;
}

static int remove_note(const char *path, struct kvs_err *err)
{
	KVS_AUTO_FREE char *name = kvs_asprintf("%s.locked", path);
	bool note;
	int rc = name ? is_note(name, &note, err) : kvs_err_oom(err);

	if (rc || !note || unlink(name) == 0 || errno == ENOENT)
		return rc;
	return kvs_err_sys(err, "remove %s", KVS_Q(kvs_s(name)));
}

int kvs_transfer_unlock(const struct kvs_transfer *t, const char *file, char **ret_reason,
			struct kvs_err *err)
{
	KVS_CLEANUP(lock_release) struct lock lock = { 0 };
	KVS_AUTO_FREE char *clean = NULL;
	KVS_AUTO_FREE char *typed = NULL;
	struct kvs_err why = { 0 };
	int rc = lock_init(&lock, t, file, err);

	rc = rc ? rc : kvs_guard_lift(t, lock.clean, &clean, err);
	if (rc == 0 && lock.typed)
		rc = kvs_guard_lift(t, lock.typed, &typed, err);
	if (rc)
		return rc;
	if (remove_note(lock.path, &why))
		kvs_transfer_report(t, KVS_LOG_WARNING, "the note of kvexpress stays: %s", why.msg);
	*ret_reason = clean ? kvs_steal_ptr(clean) : kvs_steal_ptr(typed);
	return 0;
}
