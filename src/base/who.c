/* SPDX-License-Identifier: Apache-2.0 */
#include "base/who.h"

#include "base/alloc.h"
#include "base/err.h"

#include <limits.h>
#include <pwd.h>
#include <unistd.h>

/* Room for the account of one user. */
#define ACCOUNT_MAX 4096

char *kvs_user_name(void)
{
	struct passwd account, *found = NULL;
	char room[ACCOUNT_MAX];

	if (getpwuid_r(geteuid(), &account, room, sizeof(room), &found) == 0 && found)
		return kvs_strdup(found->pw_name);
	return kvs_asprintf("%u", (unsigned)geteuid());
}

int kvs_host_name(char **ret_name, struct kvs_err *err)
{
	char name[HOST_NAME_MAX + 1];

	if (gethostname(name, sizeof(name)) != 0)
		return kvs_err_sys(err, "find the host's name");
	name[sizeof(name) - 1] = '\0';
	*ret_name = kvs_strdup(name);
	return *ret_name ? 0 : kvs_err_oom(err);
}
