/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/exposure.h"

#include "base/log.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/store_select.h"

#include <kvsync/backend.h>

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

/* ---- hosts ---- */

static bool is_word(struct kvs_str s, const char *word)
{
	return s.n == strlen(word) && strncasecmp(s.p, word, s.n) == 0;
}

/* "HOST", "HOST:PORT", "[V6]:PORT" or "unix:///PATH": does what is sent there stay on this machine? */
static bool stays_here(struct kvs_str server)
{
	const char *p = server.p;
	const char *end = memchr(p, *p == '[' ? ']' : ':', server.n);
	struct kvs_str host = kvs_sn(p, end ? (size_t)(end - p) : server.n);
	char text[INET_ADDRSTRLEN] = "";
	struct in_addr v4;

	if (is_word(host, "localhost") || is_word(host, "unix") || is_word(host, "[::1"))
		return true;
	if (host.n < sizeof(text))
		memcpy(text, host.p, host.n);
	return inet_pton(AF_INET, text, &v4) == 1 && ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET;
}

/* ---- stores ---- */

/* Is one sent?  A store's URL may have it, too. */
static bool has_secret(const struct cli *cli, const struct store_choice *choice)
{
	static const char *const names[] = { "token", "token-file", "password", "password-file" };
	const char *query = choice->url ? strchr(choice->url, '?') : NULL;
	const char *well_known = cli->globals.default_token;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = kvs_opts_get(choice->opts, names[i]);

		if (value && !(well_known && strcmp(value, well_known) == 0))
			return true;
	}
	return query && (strstr(query, "token") || strstr(query, "password"));
}

/* The servers of a store without TLS, from its name, "consul://a:8500,b:8500?dc=east"; NULL: it has
 * none, or speaks TLS. */
static const char *plain_servers(const char *name)
{
	static const char *const schemes[] = { "consul://", "etcd://" };

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (kvs_str_starts(kvs_s(name), kvs_s(schemes[i])))
			return name + strlen(schemes[i]);
	return NULL;
}

void exposure_warn_of_store(const struct cli *cli, const struct store_choice *choice,
			    const struct kvs_store *store)
{
	const char *p = plain_servers(kvs_store_name(store));

	if (!p || !has_secret(cli, choice))
		return;
	while (*p && *p != '?') {
		struct kvs_str server = kvs_sn(p, strcspn(p, ",?"));

		if (!stays_here(server)) {
			kvs_log(KVS_LOG_WARNING,
				"the token or password goes to %s without TLS: others may read it",
				KVS_Q(server));
			return;
		}
		p += server.n + (p[server.n] == ',');
	}
}

/* ---- URLs ---- */

void exposure_warn_of_url(const char *url, const char *shown)
{
	static const char scheme[] = "http://";
	struct kvs_str authority;
	const char *at;

	if (strncasecmp(url, scheme, strlen(scheme)) != 0)
		return;
	authority = kvs_sn(url + strlen(scheme), strcspn(url + strlen(scheme), "/?#"));
	at = memrchr(authority.p, '@', authority.n);
	if (at &&
	    !stays_here(kvs_str_skip(authority, (size_t)(at + 1 - (const char *)authority.p))))
		kvs_log(KVS_LOG_WARNING,
			"the password for %s goes there without TLS: others may read it", shown);
}
