/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/state.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fsio.h"
#include "base/str.h"
#include "transfer/common.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#define STATE_MAX (64u * 1024u)

static const char *const step_names[] = {
	[KVS_STEP_NONE] = "none",
	[KVS_STEP_STAGED] = "staged",
	[KVS_STEP_UNCHECKED] = "installed-unchecked",
	[KVS_STEP_INSTALLED] = "installed",
	[KVS_STEP_RELOADED] = "reloaded",
};

int kvs_state_dir(char **ret_dir, struct kvs_err *err)
{
	const char *home;

	if (geteuid() == 0) {
		*ret_dir = kvs_strdup("/var/lib/kvsync/targets");
	} else if ((home = secure_getenv("XDG_STATE_HOME")) && home[0] == '/') {
		*ret_dir = kvs_asprintf("%s/kvsync/targets", home);
	} else if ((home = secure_getenv("HOME")) && home[0] == '/') {
		*ret_dir = kvs_asprintf("%s/.local/state/kvsync/targets", home);
	} else {
		return kvs_err_set(err, KVS_E_CONFIG,
				   "no place for the states of targets: set HOME or "
				   "XDG_STATE_HOME, or give --state-dir");
	}
	return *ret_dir ? 0 : kvs_err_oom(err);
}

/* ---- the text ---- */

static void parse_step(struct kvs_state *s, const char *value)
{
	size_t i;

	for (i = 0; i < sizeof(step_names) / sizeof(step_names[0]); i++)
		if (strcmp(value, step_names[i]) == 0)
			s->step = (enum kvs_step)i;
}

/* "TIME NAME"; half of it is nothing. */
static void parse_signed(struct kvs_state *s, const char *value)
{
	char *end;
	uint64_t ms = strtoull(value, &end, 10);

	if (*end != ' ' || !kvs_sha256_is_hex(kvs_s(end + 1)))
		return;
	s->signed_ms = ms;
	memcpy(s->signed_name, end + 1, sizeof(s->signed_name));
}

/* "TIMES NEXT-TRY CHECKSUM"; half of it is nothing. */
static void parse_rejected(struct kvs_state *s, const char *value)
{
	char *end;
	uint64_t times = strtoull(value, &end, 10);
	uint64_t next_try = strtoull(end, &end, 10);

	if (*end != ' ' || !kvs_sha256_is_hex(kvs_s(end + 1)))
		return;
	s->rejections = times;
	s->next_try = next_try;
	memcpy(s->rejected, end + 1, sizeof(s->rejected));
}

static void parse_previous(struct kvs_state *s, const char *value)
{
	if (kvs_sha256_is_hex(kvs_s(value)) || strcmp(value, KVS_STATE_NO_FILE) == 0)
		memcpy(s->previous, value, strlen(value) + 1);
}

/* Members that this version does not know are left out, like what is only for people. */
static void parse_member(struct kvs_state *s, const char *name, const char *value)
{
	if (strcmp(name, "index") == 0)
		s->index = strtoull(value, NULL, 10);
	else if (strcmp(name, "checksum") == 0 && kvs_sha256_is_hex(kvs_s(value)))
		memcpy(s->checksum, value, sizeof(s->checksum));
	else if (strcmp(name, "signed") == 0)
		parse_signed(s, value);
	else if (strcmp(name, "step") == 0)
		parse_step(s, value);
	else if (strcmp(name, "failures") == 0)
		s->failures = strtoull(value, NULL, 10);
	else if (strcmp(name, "previous") == 0)
		parse_previous(s, value);
	else if (strcmp(name, "rejected") == 0)
		parse_rejected(s, value);
}

static void parse(struct kvs_state *s, char *text)
{
	char *line, *rest = NULL;

	line = strtok_r(text, "\n", &rest);
	if (!line || strcmp(line, "v1") != 0)
		return;
	while ((line = strtok_r(NULL, "\n", &rest))) {
		char *value = strchr(line, '=');

		if (!value)
			continue;
		*value++ = '\0';
		parse_member(s, line, value);
	}
}

static void print(const struct kvs_state *s, const struct kvs_transfer *t, const char *key,
		  struct kvs_buf *text)
{
	kvs_buf_str(text, "v1\npath=");
	kvs_buf_escaped(text, kvs_s(s->target));
	kvs_buf_str(text, "\nstore=");
	kvs_buf_escaped(text, kvs_s(kvs_store_name(t->store)));
	kvs_buf_str(text, "\nkey=");
	kvs_buf_escaped(text, kvs_s(t->prefix));
	kvs_buf_str(text, t->prefix[0] ? "/" : "");
	kvs_buf_escaped(text, kvs_s(key));
	kvs_buf_fmt(text, "\nindex=%" PRIu64 "\nchecksum=%s\nstep=%s\nfailures=%" PRIu64 "\n",
		    s->index, s->checksum, step_names[s->step], s->failures);
	if (s->previous[0])
		kvs_buf_fmt(text, "previous=%s\n", s->previous);
	if (s->rejected[0])
		kvs_buf_fmt(text, "rejected=%" PRIu64 " %" PRIu64 " %s\n", s->rejections,
			    s->next_try, s->rejected);
	if (s->signed_ms)
		kvs_buf_fmt(text, "signed=%" PRIu64 " %s\n", s->signed_ms, s->signed_name);
}

/* ---- the file ---- */

/* Is the file that we have locked still the one of that name? */
static bool is_current(const struct kvs_state *s, int fd)
{
	struct stat ours, named;

	return fstat(fd, &ours) == 0 && stat(s->file, &named) == 0 && ours.st_dev == named.st_dev &&
	       ours.st_ino == named.st_ino;
}

static int take_lock(struct kvs_state *s, uint64_t wait_ms, bool *ret_busy, struct kvs_err *err)
{
	uint64_t deadline = kvsi_monotonic_ms() + wait_ms;
	unsigned attempt;

	for (attempt = 1;; attempt++) {
		KVS_AUTO_FD int fd = open(s->file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

		if (fd < 0)
			return kvs_err_sys(err, "open %s", KVS_Q(kvs_s(s->file)));
		if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
			if (!is_current(s, fd))
				continue;
			s->fd = kvs_steal_fd(&fd);
			return 0;
		}
		if (errno != EWOULDBLOCK && errno != EINTR)
			return kvs_err_sys(err, "lock %s", KVS_Q(kvs_s(s->file)));
		if (!kvs_pause(deadline, attempt)) {
			*ret_busy = true;
			return kvs_err_set(err, KVS_E_SYS,
					   "%s is still being worked on by another kvsync",
					   KVS_Q(kvs_s(s->target)));
		}
	}
}

static int load(struct kvs_state *s, struct kvs_err *err)
{
	KVS_AUTO_BUF struct kvs_buf text;
	int rc;

	kvs_buf_init(&text, STATE_MAX);
	rc = kvs_fd_read(s->fd, s->file, &text, err);
	if (rc == 0 && text.data)
		parse(s, text.data);
	/* what is too big is none of ours, and is rewritten */
	return rc == KVS_E_TOOBIG ? 0 : rc;
}

static int open_parts(struct kvs_state *s, const char *dir, const char *target, uint64_t wait_ms,
		      bool *ret_busy, struct kvs_err *err)
{
	KVS_AUTO_FREE char *fallback = NULL;
	char digest[KVS_SHA256_HEX];
	int rc = dir ? 0 : kvs_state_dir(&fallback, err);

	if (rc)
		return rc;
	dir = dir ? dir : fallback;
	kvs_sha256_of(kvs_s(target), digest);
	s->target = kvs_strdup(target);
	s->file = kvs_asprintf("%s/%s.state", dir, digest);
	if (!s->target || !s->file)
		return kvs_err_oom(err);
	rc = kvs_dir_make(dir, 0700, err);
	rc = rc ? rc : take_lock(s, wait_ms, ret_busy, err);
	return rc ? rc : load(s, err);
}

int kvs_state_open(struct kvs_state *state, const char *dir, const char *target, uint64_t wait_ms,
		   bool *ret_busy, struct kvs_err *err)
{
	int rc;

	*state = (struct kvs_state)KVS_STATE_INIT;
	*ret_busy = false;
	rc = open_parts(state, dir, target, wait_ms, ret_busy, err);
	if (rc)
		kvs_state_release(state);
	return rc;
}

int kvs_state_save(struct kvs_state *state, const struct kvs_transfer *t, const char *key,
		   bool durable, struct kvs_err *err)
{
	const struct kvs_newfile_opts opts = { .rights = { .set_mode = true, .mode = 0600 },
					       .lazy = !durable };
	KVS_AUTO_NEWFILE struct kvs_newfile f = KVS_NEWFILE_INIT;
	KVS_AUTO_BUF struct kvs_buf text = { 0 };
	enum kvs_published how = 0;
	int rc;

	if (state->fd < 0)
		return 0;
	kvs_buf_init(&text, STATE_MAX);
	print(state, t, key, &text);
	rc = kvs_buf_check(&text, "a target's state", err);
	rc = rc ? rc : kvs_newfile_open(&f, state->file, &opts, err);
	rc = rc ? rc : kvs_newfile_write(&f, text.data, text.len, err);
	rc = rc ? rc : kvs_newfile_sync(&f, err);
	rc = rc ? rc : kvs_newfile_publish(&f, &how, err);
	if (how == KVS_PUBLISHED_RENAMED) {
		/* the new file has the name now, and came locked: the old one's lock may go */
		kvs_cleanup_fd(&state->fd);
		state->fd = kvs_newfile_take_fd(&f);
	}
	return rc;
}

int kvs_state_forget(const struct kvs_state *state, bool *ret_done, struct kvs_err *err)
{
	struct stat st;

	*ret_done = false;
	if (state->fd < 0)
		return 0;
	/* that it is empty says that nobody but us has made it */
	if (fstat(state->fd, &st) != 0)
		return kvs_err_sys(err, "stat %s", KVS_Q(kvs_s(state->file)));
	if (unlink(state->file) != 0)
		return kvs_err_sys(err, "remove %s", KVS_Q(kvs_s(state->file)));
	*ret_done = st.st_size > 0;
	return 0;
}

void kvs_state_release(struct kvs_state *state)
{
	kvs_cleanup_fd(&state->fd);
	kvsi_free(state->file);
	kvsi_free(state->target);
	*state = (struct kvs_state)KVS_STATE_INIT;
}
