/* SPDX-License-Identifier: Apache-2.0 */
#include "base/path.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/err.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

/* Takes the last segment off; `floor` is how much of out can't be taken back. */
static size_t drop_segment(const char *out, size_t len, size_t floor)
{
	while (len > floor && out[len - 1] != '/')
		len--;
	return len > floor ? len - 1 : len;
}

char *kvs_path_clean(const char *path)
{
	bool rooted = path[0] == '/';
	/* a leading ".." of a relative path, or the root, can't be cancelled */
	size_t floor = rooted, len = rooted, n;
	char *out = kvs_alloc(strlen(path) + 2);
	const char *p;

	if (!out)
		return NULL;
	out[0] = '/';
	for (p = path; *p; p += n) {
		n = strcspn(p, "/");
		if (n == 0) {
			n = 1;
		} else if (n == 2 && p[0] == '.' && p[1] == '.' && (rooted || len > floor)) {
			len = drop_segment(out, len, floor);
		} else if (!(n == 1 && p[0] == '.')) {
			if (len > (size_t)rooted)
				out[len++] = '/';
			memcpy(out + len, p, n);
			len += n;
			if (n == 2 && p[0] == '.' && p[1] == '.')
				floor = len;
		}
	}
	if (len == 0)
		out[len++] = '.';
	out[len] = '\0';
	return out;
}

int kvs_path_absolute(const char *path, char **ret_path, struct kvs_err *err)
{
	KVS_AUTO_FREE char *joined = NULL;
	char cwd[4096];

	if (!path[0])
		return kvs_err_set(err, KVS_E_ARG, "the path is empty");
	if (path[0] == '/') {
		*ret_path = kvs_path_clean(path);
		return *ret_path ? 0 : kvs_err_oom(err);
	}
	if (!getcwd(cwd, sizeof(cwd)))
		return kvs_err_sys(err, "find the working directory");
	joined = kvs_asprintf("%s/%s", cwd, path);
	if (!joined)
		return kvs_err_oom(err);
	*ret_path = kvs_path_clean(joined);
	return *ret_path ? 0 : kvs_err_oom(err);
}

char *kvs_path_dir(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return kvs_strdup(".");
	if (slash == path)
		return kvs_strdup("/");
	return kvs_memdup0(path, (size_t)(slash - path));
}

const char *kvs_path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}
