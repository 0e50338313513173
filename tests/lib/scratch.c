/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/scratch.h"

#include "tests/lib/tap.h"

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char dir[PATH_MAX];
static pid_t maker;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	return remove(path);
}

/* A forked child that exits must leave it to its parent. */
static void remove_all(void)
{
	if (getpid() == maker)
		(void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *scratch_make(void)
{
	const char *tmp = getenv("TMPDIR");

	(void)snprintf(dir, sizeof(dir), "%s/kvsync-test.XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(dir))
		bail("cannot make a directory in %s", tmp ? tmp : "/tmp");
	maker = getpid();
	if (atexit(remove_all) != 0)
		bail("cannot have %s removed", dir);
	return dir;
}

const char *scratch_path(const char *name)
{
	static char paths[8][PATH_MAX + 256];
	static unsigned int next;
	char *path = paths[next++ % 8];

	(void)snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
	return path;
}
