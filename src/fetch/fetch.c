/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/fetch.h"

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "fetch/fetch_module.h"

#include <string.h>
#include <strings.h>

#define SHOWN_MAX 160

static const struct kvs_module module = {
	.dir = KVS_FETCH_DIR,
	.file = KVS_FETCH_FILE,
	.symbol = KVS_FETCH_SYMBOL,
	.what = "fetch module",
	.needed = "for HTTP requests",
	.abi = KVS_FETCH_ABI,
	.size = sizeof(struct kvs_fetch_table),
};

/* What follows "http://" or "https://"; NULL: it is something else. */
static const char *behind_scheme(const char *url)
{
	static const char *const schemes[] = { "http://", "https://" };

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (strncasecmp(url, schemes[i], strlen(schemes[i])) == 0)
			return url + strlen(schemes[i]);
	return NULL;
}

void kvs_fetch_show(const char *url, struct kvs_buf *buf)
{
	const char *rest = behind_scheme(url);
	struct kvs_str authority, shown;
	const char *at;

	if (rest) {
		authority = kvs_sn(rest, strcspn(rest, "/?#"));
		at = memrchr(rest, '@', authority.n);
		kvs_buf_add(buf, url, (size_t)(rest - url));
		url = at ? at + 1 : rest;
	}
	shown = kvs_sn(url, strcspn(url, "?#"));
	kvs_buf_str(buf, KVS_Q(shown));
}

int kvs_fetch_check(const char *url, struct kvs_err *err)
{
	KVS_AUTO_BUF struct kvs_buf shown = { 0 };
	const char *rest = behind_scheme(url);

	if (rest && *rest && !strchr("/?#", *rest))
		return 0;
	kvs_buf_init(&shown, SHOWN_MAX);
	kvs_fetch_show(url, &shown);
	return kvs_err_set(err, KVS_E_ARG,
			   "\"%s\" is not a URL that begins with http:// or https:// and a host",
			   kvs_buf_failed(&shown) ? "" : shown.data);
}

int kvs_fetch(const struct kvs_fetch_request *request, int *ret_status, struct kvs_err *err)
{
	const struct kvs_fetch_table *table;
	const void *loaded;
	int rc = kvs_fetch_check(request->url, err);

	rc = rc ? rc : kvs_module_load(&module, &loaded, err);
	if (rc)
		return rc;
	table = loaded;
	return table->run(request, ret_status, err);
}
