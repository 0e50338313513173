/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who owns a file and what may be done with it: as asked for, and as found.
 * A mode is read with kvs_parse_mode() (base/parse.h).
 */
#ifndef KVS_BASE_RIGHTS_H
#define KVS_BASE_RIGHTS_H

#include <kvsync/kvsync.h>

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

/* What was asked for; what has not is left as it is found. */
struct kvs_rights {
	bool set_mode;
	bool set_uid;
	bool set_gid;
	mode_t mode; /* permission bits, 07777 */
	uid_t uid;
	gid_t gid;
};

/*
 * Reads an owner: "user" (who also brings the login group, if the account exists), "user:group" or
 * ":group"; names or numbers.  A name that nobody has is ARG; SYS when accounts cannot be read.
 */
int kvs_rights_parse_owner(const char *text, struct kvs_rights *rights, struct kvs_err *err);

/* Fills what was not asked for from `st`. */
void kvs_rights_complete(struct kvs_rights *rights, const struct stat *st);

/* Does `st` have all that was asked for? */
bool kvs_rights_hold(const struct kvs_rights *rights, const struct stat *st);

/* Makes the open file so; changes only what differs from `st`, the owner before the mode (which a
 * change of owner can clear).  `name` is for messages.  *ret_changed: anything done?  SYS. */
int kvs_rights_apply(const struct kvs_rights *rights, int fd, const struct stat *st,
		     const char *name, bool *ret_changed, struct kvs_err *err);

#endif
