/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/store_select.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/exposure.h"
#include "cli/store_env.h"
#include "config/config.h"

#include <kvsync/backend.h>

#include <stdlib.h>
#include <string.h>

/* Names of stores in a message; it has less room itself. */
#define NAMES_MAX 4096

/* Longer than any machine runs. */
#define NO_LIMIT_MS (UINT64_C(1) << 40)

/* What the flags say of any store, whichever it is. */
static int add_flags(const struct cli_globals *g, struct kvs_opts *opts, struct kvs_err *err)
{
	const struct {
		const char *option;
		const char *value;
	} given[] = {
		{ "srv", g->srv },
		{ "ca-file", g->ca_file },
		{ "cert-file", g->cert_file },
		{ "key-file", g->key_file },
		{ "key-password-file", g->key_password_file },
		{ "tls-server-name", g->tls_server_name },
		{ "insecure-skip-tls-verify", g->insecure_skip_tls_verify ? "true" : NULL },
		{ "token-file", g->token_file },
		{ "token", g->token },
		{ "user", g->user },
		{ "password-file", g->password_file },
	};

	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
		int code = given[i].value ? kvs_opts_add(opts, given[i].option, given[i].value, err)
					  : 0;

		if (code)
			return code;
	}
	return 0;
}

static int set_url(struct store_choice *choice, const char *url, struct kvs_err *err)
{
	choice->url = kvs_strdup(url);
	return choice->url ? 0 : kvs_err_oom(err);
}

/* The backend of a store URL ("consul" of "consul+https://h"), or an empty slice: http:// and
 * unix:// say how to reach a server, not what it is. */
static struct kvs_str url_backend(const char *word)
{
	const char *colon = strchr(word, ':');
	struct kvs_str backend = { word, strcspn(word, "+:") };

	/* "host:8500" has digits behind its colon; "local:/path" or "etcd://h" has not. */
	if (!colon || (colon[1] >= '0' && colon[1] <= '9') || strncmp(word, "http:", 5) == 0 ||
	    strncmp(word, "https:", 6) == 0 || strncmp(word, "unix:", 5) == 0)
		return kvs_sn(NULL, 0);
	return backend;
}

bool store_url_says_kind(const char *word)
{
	return url_backend(word).n != 0;
}

/* Words of --endpoint that name a server only. */
static int add_endpoints(const struct cli_globals *g, struct kvs_opts *opts, struct kvs_err *err)
{
	for (size_t i = 0; i < g->endpoints.n; i++) {
		const char *word = g->endpoints.items[i];
		int code;

		if (url_backend(word).n)
			return kvs_err_set(err, KVS_E_ARG,
					   "--endpoint: several servers of one store are written "
					   "--backend %s --endpoint HOST:PORT,HOST:PORT",
					   KVS_Q(url_backend(word)));
		code = store_env_add_endpoints(opts, word, err);
		if (code)
			return code;
	}
	return 0;
}

/* A section of the configuration; what the flags said is in opts already and stays. */
static int choose_section(const struct kvs_config_store *section, struct store_choice *choice,
			  struct kvs_err *err)
{
	int code = section->url ? set_url(choice, section->url, err) : 0;

	return code ? code : kvs_config_fill_opts(section, choice->opts, err);
}

static int choose_by_name(const struct cli *cli, const char *name, struct store_choice *choice,
			  struct kvs_err *err)
{
	const struct kvs_config_store *section;
	int code = kvs_config_find_store(cli->config, name, &section, err);

	if (!code && section->url && cli->globals.endpoints.n)
		code = kvs_err_set(err, KVS_E_ARG,
				   "--endpoint has no meaning with the store %s, "
				   "whose URL names the servers",
				   name);
	if (!code)
		code = add_endpoints(&cli->globals, choice->opts, err);
	return code ? code : choose_section(section, choice, err);
}

/* 1 and 3: a URL, or the name of a section. */
static int choose_named(const struct cli *cli, const char *source, const char *word,
			struct store_choice *choice, struct kvs_err *err)
{
	const struct cli_globals *g = &cli->globals;
	bool is_url = strchr(word, ':') != NULL;
	int code;

	if (!*word)
		return kvs_err_set(err, KVS_E_ARG, "%s is empty; expected a name or a URL", source);
	if (is_url && url_backend(word).n == 0)
		return kvs_err_set(err, KVS_E_ARG,
				   "%s: not a store URL such as local:/path, consul://host:8500 or "
				   "etcd://host:2379",
				   source);
	if (g->backend || g->srv || (is_url && g->endpoints.n))
		return kvs_err_set(err, KVS_E_ARG,
				   "--%s has no meaning with %s, which says it already",
				   g->backend ? "backend"
				   : g->srv   ? "srv"
					      : "endpoint",
				   source);
	if (is_url)
		return set_url(choice, word, err);
	code = choose_by_name(cli, word, choice, err);
	return code ? kvs_err_context(err, code, "%s", source) : 0;
}

/* 2, when an --endpoint is a store URL by itself. */
static int choose_endpoint_url(const struct cli_globals *g, struct store_choice *choice,
			       struct kvs_err *err)
{
	const char *url = g->endpoints.items[0];
	struct kvs_str backend = url_backend(url);
	KVS_AUTO_FREE char *name = kvs_memdup0(backend.p, backend.n);
	int code;

	if (!name)
		return kvs_err_oom(err);
	if (g->backend && strcmp(g->backend, name) != 0)
		return kvs_err_set(err, KVS_E_ARG,
				   "--backend %s contradicts the %s URL of --endpoint",
				   KVS_Q(kvs_s(g->backend)), KVS_Q(backend));
	code = set_url(choice, url, err);
	return code ? code : store_env_fill(name, false, choice->opts, err);
}

/* The sections of a kind, by name, for a message. */
static void name_sections(const struct kvs_config *config, const char *backend,
			  struct kvs_buf *names)
{
	for (const struct kvs_config_store *s = config->stores; s; s = s->next)
		if (!backend || strcmp(s->backend, backend) == 0)
			kvs_buf_fmt(names, "%s%s", names->len ? ", " : "", s->name);
}

/* --backend alone: the only section of that kind.  *ret_section is NULL if there is none. */
static int only_section(const struct kvs_config *config, const char *backend,
			const struct kvs_config_store **ret_section, struct kvs_err *err)
{
	struct kvs_buf names KVS_AUTO_BUF = { 0 };
	size_t n = 0;

	*ret_section = NULL;
	for (const struct kvs_config_store *s = config->stores; s; s = s->next) {
		if (strcmp(s->backend, backend) != 0)
			continue;
		*ret_section = s;
		n++;
	}
	if (n <= 1)
		return 0;
	kvs_buf_init(&names, NAMES_MAX);
	name_sections(config, backend, &names);
	return kvs_err_set(
		err, KVS_E_ARG,
		"--backend %s: the configuration has several such stores; choose one with "
		"--store: %s",
		KVS_Q(kvs_s(backend)), names.data ? names.data : "");
}

static int choose_by_backend(const struct cli *cli, struct store_choice *choice,
			     struct kvs_err *err)
{
	const struct cli_globals *g = &cli->globals;
	const struct kvs_config_store *section = NULL;
	int code = 0;

	if (g->endpoints.n == 0 && !g->srv)
		code = only_section(cli->config, g->backend, &section, err);
	if (code)
		return code;
	if (section)
		return choose_section(section, choice, err);
	code = add_endpoints(g, choice->opts, err);
	if (!code)
		code = kvs_opts_add(choice->opts, "backend", g->backend, err);
	return code ? code : store_env_fill(g->backend, true, choice->opts, err);
}

/* 2 */
static int choose_by_flags(const struct cli *cli, struct store_choice *choice, struct kvs_err *err)
{
	const struct cli_globals *g = &cli->globals;

	if (g->endpoints.n == 1 && url_backend(g->endpoints.items[0]).n)
		return choose_endpoint_url(g, choice, err);
	if (!g->backend)
		return kvs_err_set(
			err, KVS_E_ARG,
			"--%s does not say what kind of store it is; add --backend consul "
			"or --backend etcd",
			g->srv ? "srv" : "endpoint");
	if (strcmp(g->backend, "local") == 0 && (g->endpoints.n || g->srv))
		return kvs_err_set(err, KVS_E_ARG,
				   "the local store has no servers; write --store local:/path");
	return choose_by_backend(cli, choice, err);
}

/* 6 */
static int nothing_chosen(const struct cli *cli, struct kvs_err *err)
{
	struct kvs_buf names KVS_AUTO_BUF;

	kvs_buf_init(&names, NAMES_MAX);
	name_sections(cli->config, NULL, &names);
	if (names.len)
		return kvs_err_set(err, KVS_E_CONFIG,
				   "the configuration has several stores; choose one with --store, "
				   "KVSYNC_STORE or default-store: %s",
				   names.data);
	return kvs_err_set(err, KVS_E_CONFIG,
			   "no store configured; set KVSYNC_STORE, --store or "
			   "/etc/kvsync/kvsync.yaml (to try it without a server: --backend local)");
}

/* 5 */
static int choose_by_environment(const struct cli *cli, struct store_choice *choice,
				 struct kvs_err *err)
{
	const char *consul = store_env_address("consul"), *etcd = store_env_address("etcd");
	const char *backend = consul ? "consul" : "etcd";
	int code;

	if (consul && etcd)
		return kvs_err_set(err, KVS_E_ARG,
				   "both %s and %s are set; choose with --backend, --store or "
				   "KVSYNC_STORE",
				   consul, etcd);
	if (!consul && !etcd)
		return nothing_chosen(cli, err);
	code = kvs_opts_add(choice->opts, "backend", backend, err);
	return code ? code : store_env_fill(backend, true, choice->opts, err);
}

/* What a personality sends where it was told nothing else. */
static int add_default_token(const struct cli_globals *g, struct store_choice *choice,
			     struct kvs_err *err)
{
	if (!g->default_token || !store_choice_is(choice, "consul") ||
	    kvs_opts_get(choice->opts, "token") || kvs_opts_get(choice->opts, "token-file"))
		return 0;
	return kvs_opts_add(choice->opts, "token", g->default_token, err);
}

static int choose(const struct cli *cli, struct store_choice *choice, struct kvs_err *err)
{
	const struct cli_globals *g = &cli->globals;
	const struct kvs_config_store *section = kvs_config_default_store(cli->config);
	const char *named = getenv("KVSYNC_STORE");

	if (g->store)
		return choose_named(cli, "--store", g->store, choice, err);
	if (g->endpoints.n || g->srv || g->backend)
		return choose_by_flags(cli, choice, err);
	if (named && *named)
		return choose_named(cli, "KVSYNC_STORE", named, choice, err);
	if (section)
		return choose_section(section, choice, err);
	return choose_by_environment(cli, choice, err);
}

int store_choose(const struct cli *cli, struct store_choice *ret_choice, struct kvs_err *err)
{
	struct store_choice choice = { 0 };
	int code = kvs_opts_new(&choice.opts, err);

	if (!code)
		code = add_flags(&cli->globals, choice.opts, err);
	if (!code)
		code = choose(cli, &choice, err);
	if (!code)
		code = add_default_token(&cli->globals, &choice, err);
	if (code) {
		store_choice_release(&choice);
		return code;
	}
	*ret_choice = choice;
	return 0;
}

void store_choice_release(struct store_choice *choice)
{
	kvsi_free(choice->url);
	kvs_opts_free(choice->opts);
	*choice = (struct store_choice){ 0 };
}

bool store_choice_is(const struct store_choice *choice, const char *backend)
{
	const char *option = kvs_opts_get(choice->opts, "backend");
	size_t n = strlen(backend);

	if (choice->url)
		return !strncmp(choice->url, backend, n) && strchr(":+", choice->url[n]);
	return option && !strcmp(option, backend);
}

static void warn_of_exposed_secrets(const struct kvs_opts *opts)
{
	for (const char *const *name = kvs_secret_file_options; *name; name++) {
		const char *path = kvs_opts_get(opts, *name);

		if (path && kvs_secret_is_exposed(path))
			kvs_log(KVS_LOG_WARNING,
				"everybody on this host may read or change %s, the %s",
				KVS_Q(kvs_s(path)), *name);
	}
}

int cli_open_store(const struct cli *cli, struct kvs_store **ret_store, struct kvs_err *err)
{
	struct store_choice choice;
	struct kvs_store *store;
	int code = store_choose(cli, &choice, err);

	if (code)
		return code;
	warn_of_exposed_secrets(choice.opts);
	code = kvs_open(choice.url, choice.opts, &store, err);
	if (!code)
		exposure_warn_of_store(cli, &choice, store);
	store_choice_release(&choice);
	if (code)
		return code;
	kvs_set_deadline(store, cli->deadline);
	/* Who says how long the command may take means its only call, too. */
	if (cli->globals.timeout.given)
		kvs_set_timeout(store, cli->globals.timeout.value ? cli->globals.timeout.value
								  : NO_LIMIT_MS);
	*ret_store = store;
	return 0;
}
