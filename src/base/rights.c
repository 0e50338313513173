/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rights.h"

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

/* Room for one account's line; a group with thousands of members needs more. */
#define ACCOUNT_START 1024u
#define ACCOUNT_MAX   (1024u * 1024u)

static bool parse_id(const char *text, uint32_t *ret_id)
{
	unsigned long long id;
	char *end;

	if (strspn(text, "0123456789") != strlen(text) || !text[0])
		return false;
	errno = 0;
	id = strtoull(text, &end, 10);
	/* the highest number means "leave it" to chown(2) */
	if (errno || id >= UINT32_MAX)
		return false;
	*ret_id = (uint32_t)id;
	return true;
}

/* Calls `look` with more and more room until the account's line fits; returns its errno. */
static int with_room(int (*look)(const char *name, uint32_t id, char *room, size_t size,
				 struct kvs_rights *ret),
		     const char *name, uint32_t id, struct kvs_rights *ret)
{
	KVS_AUTO_FREE char *room = NULL;
	size_t size;
	int rc = ERANGE;

	for (size = ACCOUNT_START; rc == ERANGE && size <= ACCOUNT_MAX; size *= 4) {
		char *more = kvsi_realloc(room, size);

		if (!more)
			return ENOMEM;
		room = more;
		rc = look(name, id, room, size, ret);
	}
	return rc;
}

/* By name, or by number when name is NULL; ENOENT when there is no such account. */
static int look_user(const char *name, uint32_t id, char *room, size_t size, struct kvs_rights *ret)
{
	struct passwd pw, *found = NULL;
	int rc = name ? getpwnam_r(name, &pw, room, size, &found)
		      : getpwuid_r(id, &pw, room, size, &found);

	if (!found)
		return rc ? rc : ENOENT;
	ret->uid = found->pw_uid;
	ret->gid = found->pw_gid;
	return 0;
}

static int look_group(const char *name, uint32_t id, char *room, size_t size,
		      struct kvs_rights *ret)
{
	struct group gr, *found = NULL;
	int rc = getgrnam_r(name, &gr, room, size, &found);

	if (!found)
		return rc ? rc : ENOENT;
	ret->gid = found->gr_gid;
	return 0;
}

/* The reasons for which the account functions say "not found" are several. */
static bool is_absent(int rc)
{
	return rc == ENOENT || rc == ESRCH || rc == EBADF || rc == EPERM;
}

static int account_failed(struct kvs_err *err, int rc, const char *kind, const char *name)
{
	if (is_absent(rc))
		return kvs_err_set(err, KVS_E_ARG, "there is no %s \"%s\" on this machine", kind,
				   KVS_Q(kvs_s(name)));
	if (rc == ENOMEM)
		return kvs_err_oom(err);
	errno = rc;
	return kvs_err_sys(err, "look up the %s \"%s\"", kind, KVS_Q(kvs_s(name)));
}

static int parse_user(const char *name, bool with_group, struct kvs_rights *rights,
		      struct kvs_err *err)
{
	struct kvs_rights found = { 0 };
	uint32_t id = 0;
	bool number = parse_id(name, &id);
	int rc = with_room(look_user, number ? NULL : name, id, &found);

	if (rc != 0 && !(number && is_absent(rc)))
		return account_failed(err, rc, "user", name);
	rights->uid = number ? id : found.uid;
	rights->set_uid = true;
	if (with_group && rc == 0) {
		rights->gid = found.gid;
		rights->set_gid = true;
	}
	return 0;
}

static int parse_group(const char *name, struct kvs_rights *rights, struct kvs_err *err)
{
	uint32_t id;
	int rc;

	if (parse_id(name, &id)) {
		rights->gid = id;
	} else {
		rc = with_room(look_group, name, 0, rights);
		if (rc)
			return account_failed(err, rc, "group", name);
	}
	rights->set_gid = true;
	return 0;
}

int kvs_rights_parse_owner(const char *text, struct kvs_rights *rights, struct kvs_err *err)
{
	KVS_AUTO_FREE char *user = kvs_strdup(text);
	struct kvs_rights parsed = *rights;
	char *group;
	int rc = 0;

	if (!user)
		return kvs_err_oom(err);
	group = strchr(user, ':');
	if (group)
		*group++ = '\0';
	if ((!user[0] && !group) || (group && !group[0]))
		return kvs_err_set(err, KVS_E_ARG,
				   "owner \"%s\" is not of the form user, user:group or :group",
				   KVS_Q(kvs_s(text)));
	if (user[0])
		rc = parse_user(user, !group, &parsed, err);
	if (rc == 0 && group)
		rc = parse_group(group, &parsed, err);
	if (rc == 0)
		*rights = parsed;
	return rc;
}

void kvs_rights_complete(struct kvs_rights *rights, const struct stat *st)
{
	if (!rights->set_mode)
		rights->mode = st->st_mode & 07777;
	if (!rights->set_uid)
		rights->uid = st->st_uid;
	if (!rights->set_gid)
		rights->gid = st->st_gid;
	rights->set_mode = rights->set_uid = rights->set_gid = true;
}

bool kvs_rights_hold(const struct kvs_rights *rights, const struct stat *st)
{
	struct kvs_rights asked = *rights;

	kvs_rights_complete(&asked, st);
	return asked.uid == st->st_uid && asked.gid == st->st_gid &&
	       asked.mode == (st->st_mode & 07777);
}

int kvs_rights_apply(const struct kvs_rights *rights, int fd, const struct stat *st,
		     const char *name, bool *ret_changed, struct kvs_err *err)
{
	bool chown_uid = rights->set_uid && rights->uid != st->st_uid;
	bool chown_gid = rights->set_gid && rights->gid != st->st_gid;
	bool owner = chown_uid || chown_gid;
	mode_t mode = rights->set_mode ? rights->mode : st->st_mode & 07777;
	bool chmods = mode != (st->st_mode & 07777) || (owner && (mode & 06000));

	if (owner && fchown(fd, chown_uid ? rights->uid : (uid_t)-1,
			    chown_gid ? rights->gid : (gid_t)-1) != 0)
		return kvs_err_sys(err, "give %s its owner %u:%u", KVS_Q(kvs_s(name)),
				   chown_uid ? rights->uid : st->st_uid,
				   chown_gid ? rights->gid : st->st_gid);
	if (chmods && fchmod(fd, mode) != 0)
		return kvs_err_sys(err, "change the mode of %s to %04o", KVS_Q(kvs_s(name)),
				   (unsigned)mode);
	*ret_changed = owner || chmods;
	return 0;
}
