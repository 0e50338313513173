/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys at the top of the file.
 */
#include "config/loader.h"

#include "base/cleanup.h"
#include "base/endpoint.h"
#include "base/err.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/suggest.h"
#include "core/common_opts.h"

#include <stdio.h>
#include <string.h>

static const char *const log_levels[] = { "error", "warning", "notice", "info", "debug", NULL };
static const char *const log_formats[] = { "text", "json", NULL };

static const char *const compats[] = { "kvexpress", "kvsync", NULL };

#define MEMBER(m_) offsetof(struct kvs_config, m_)

const struct kvs_config_key kvs_config_keys[] = {
	[KVS_CONFIG_STORES] = { "stores", KVS_CONFIG_TYPE_STORES,
				.help = "the stores, by name; see STORES" },
	[KVS_CONFIG_DEFAULT_STORE] = { "default-store", KVS_CONFIG_TYPE_STRING,
				       MEMBER(default_store),
				       .help = "the store to use when none is named" },
	[KVS_CONFIG_PREFIX] = { "prefix", KVS_CONFIG_TYPE_STRING, MEMBER(prefix), "kvexpress",
				.help = "what the keys of transferred files begin with" },
	[KVS_CONFIG_COMPAT] = { "compat", KVS_CONFIG_TYPE_CHOICE, MEMBER(compat), "kvexpress",
				compats, "who else must be able to read what is written" },
	[KVS_CONFIG_VERIFY_KEYS] = { "verify-keys", KVS_CONFIG_TYPE_FILES, MEMBER(verify_keys),
				     .help = "public keys; only what one of them has signed is "
					     "installed" },
	[KVS_CONFIG_REQUIRE_SIGNATURE] = { "require-signature", KVS_CONFIG_TYPE_BOOL,
					   MEMBER(require_signature), "false",
					   .help = "install nothing without keys to verify it "
						   "with" },
	[KVS_CONFIG_NODE_NAME] = { "node-name", KVS_CONFIG_TYPE_STRING, MEMBER(node_name),
				   .help = "this node's name in locks; else the host's name" },
	[KVS_CONFIG_STATE_DIR] = { "state-dir", KVS_CONFIG_TYPE_PATH, MEMBER(state_dir),
				   .help = "where to remember what was done to each file; else "
					   "the user's own" },
	[KVS_CONFIG_TIMEOUT] = { "timeout", KVS_CONFIG_TYPE_DURATION, MEMBER(timeout_ms), "10s",
				 .help = "time for a whole command, retries included; 0: no "
					 "limit" },
	[KVS_CONFIG_LOG_LEVEL] = { "log-level", KVS_CONFIG_TYPE_CHOICE, MEMBER(log_level),
				   "warning", log_levels, "the least important lines to log" },
	[KVS_CONFIG_LOG_FORMAT] = { "log-format", KVS_CONFIG_TYPE_CHOICE, MEMBER(log_format),
				    "text", log_formats, "how log lines look" },
	[KVS_CONFIG_SYSLOG] = { "syslog", KVS_CONFIG_TYPE_BOOL, MEMBER(syslog), "false",
				.help = "send log lines to syslog as well" },
	[KVS_CONFIG_DOGSTATSD] = { "dogstatsd", KVS_CONFIG_TYPE_BOOL, MEMBER(dogstatsd), "false",
				   .help = "send metrics to a dogstatsd agent" },
	[KVS_CONFIG_DOGSTATSD_ADDRESS] = { "dogstatsd-address", KVS_CONFIG_TYPE_ADDRESS,
					   MEMBER(dogstatsd_address), "localhost:8125",
					   .help = "where that agent listens" },
	[KVS_CONFIG_DATADOG_EVENTS] = { "datadog-events", KVS_CONFIG_TYPE_BOOL,
					MEMBER(datadog_events), "false",
					.help = "post events to Datadog" },
	[KVS_CONFIG_DATADOG_HOST] = { "datadog-host", KVS_CONFIG_TYPE_URL, MEMBER(datadog_host),
				      "https://app.datadoghq.com", .help = "where Datadog is" },
	[KVS_CONFIG_DATADOG_API_KEY_FILE] = { "datadog-api-key-file", KVS_CONFIG_TYPE_SECRET,
					      MEMBER(datadog_api_key_file),
					      .help = "the API key stands in this file" },
	[KVS_CONFIG_DATADOG_APP_KEY_FILE] = { "datadog-app-key-file", KVS_CONFIG_TYPE_SECRET,
					      MEMBER(datadog_app_key_file),
					      .help = "the application key stands in this file" },
	[KVS_CONFIG_DATADOG_CONTENTS] = { "datadog-contents", KVS_CONFIG_TYPE_BOOL,
					  MEMBER(datadog_contents), "false",
					  .help = "send what is in files, too" },
	[KVS_CONFIG_TEXTFILE] = { "textfile", KVS_CONFIG_TYPE_PATH, MEMBER(textfile),
				  .help = "the folder of node_exporter's text files, to write "
					  "metrics to" },
	[KVS_CONFIG_FILES] = { "files", KVS_CONFIG_TYPE_DAEMON, .help = "reserved for kvsyncd" },
	[KVS_CONFIG_TEMPLATES] = { "templates", KVS_CONFIG_TYPE_DAEMON,
				   .help = "reserved for kvsyncd" },
	[KVS_CONFIG_MIRRORS] = { "mirrors", KVS_CONFIG_TYPE_DAEMON,
				 .help = "reserved for kvsyncd" },
};

/* ---- setting ---- */

static int set_choice(const struct kvs_config_key *key, const char *text, const char **ret,
		      struct kvs_err *err)
{
	char known[200] = "";
	size_t n = 0;

	for (const char *const *c = key->choices; *c; c++) {
		if (strcmp(*c, text) == 0) {
			*ret = *c;
			return 0;
		}
		n += (size_t)snprintf(known + n, sizeof(known) - n, "%s%s", n ? ", " : "", *c);
	}
	return kvs_err_set(err, KVS_E_ARG, "'%s' is not one of %s", KVS_Q(kvs_s(text)), known);
}

static int check_path(const char *text, struct kvs_err *err)
{
	if (text[0] == '/')
		return 0;
	return kvs_err_set(err, KVS_E_ARG, "'%s' is not an absolute path", KVS_Q(kvs_s(text)));
}

static int check_address(const char *text, struct kvs_err *err)
{
	struct kvs_endpoint endpoint = { 0 };
	int rc = kvs_endpoint_parse(text, 1, &endpoint, err);

	kvsi_free(endpoint.host);
	return rc;
}

static int check_url(const char *text, struct kvs_err *err)
{
	if (strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0)
		return 0;
	return kvs_err_set(err, KVS_E_ARG, "'%s' is not http://... or https://...",
			   KVS_Q(kvs_s(text)));
}

/* Of texts that mean themselves. */
static int (*const checks[])(const char *text, struct kvs_err *err) = {
	[KVS_CONFIG_TYPE_PATH] = check_path,
	[KVS_CONFIG_TYPE_SECRET] = check_path,
	[KVS_CONFIG_TYPE_ADDRESS] = check_address,
	[KVS_CONFIG_TYPE_URL] = check_url,
};

static int set_text(const struct kvs_config_key *key, const char *text, const char **ret,
		    struct kvs_err *err)
{
	int rc = key->type == KVS_CONFIG_TYPE_STRING ? 0 : checks[key->type](text, err);

	if (rc == 0)
		*ret = text;
	return rc;
}

/* text is owned by the config.  ARG has words that fit behind the key's name. */
static int set_member(struct kvs_config *config, const struct kvs_config_key *key, const char *text,
		      struct kvs_err *err)
{
	void *member = (char *)config + key->offset;

	switch (key->type) {
	case KVS_CONFIG_TYPE_STRING:
	case KVS_CONFIG_TYPE_PATH:
	case KVS_CONFIG_TYPE_SECRET:
	case KVS_CONFIG_TYPE_ADDRESS:
	case KVS_CONFIG_TYPE_URL:
		return set_text(key, text, member, err);
	case KVS_CONFIG_TYPE_CHOICE:
		return set_choice(key, text, member, err);
	case KVS_CONFIG_TYPE_DURATION:
		return kvs_parse_duration_ms(text, member, err);
	case KVS_CONFIG_TYPE_BOOL:
		return kvs_parse_bool(text, member, err);
	default:
		return kvs_err_set(err, KVS_E_BUG, "is no scalar");
	}
}

int config_set_defaults(struct kvs_config *config, struct kvs_err *err)
{
	for (size_t id = 0; id < KVS_CONFIG_N_KEYS; id++) {
		const struct kvs_config_key *key = &kvs_config_keys[id];
		int rc = 0;

		if (key->fallback)
			rc = set_member(config, key, key->fallback, err);
		if (rc)
			return rc;
		config->values[id] = key->fallback;
	}
	return 0;
}

static void load_scalar(struct loader *l, size_t id, const yaml_node_t *value)
{
	const struct kvs_config_key *key = &kvs_config_keys[id];
	char what[80];
	const char *text;
	struct kvs_err why;
	int rc;

	(void)snprintf(what, sizeof(what), "\"%s\"", key->name);
	text = node_value(l, value, what);
	if (!text)
		return;
	l->config->values[id] = text;
	rc = set_member(l->config, key, text, &why);
	if (rc == KVS_E_NOMEM)
		problem_oom(l->problems);
	else if (rc)
		problem(l->problems, node_pos(l, value), "%s: %s", what, why.msg);
}

/* ---- lists of files ---- */

static bool add_file(struct loader *l, struct kvs_config_list *list, const yaml_node_t *node,
		     const char *what)
{
	const struct kvs_config_opt opt = { .at = node_pos(l, node) };
	const char *text = node_value(l, node, what);
	KVS_AUTO_FREE char *path = text ? opt_path(&opt, text) : NULL;
	const char *owned = NULL;

	if (text && !*text)
		problem(l->problems, opt.at, "%s has an empty path in it", what);
	else if (text && !path)
		problem_oom(l->problems);
	if (path && *text)
		owned = config_text(l->config, l->problems, path, strlen(path));
	if (owned)
		list->items[list->n++] = owned;
	return owned != NULL;
}

static void load_files(struct loader *l, const struct kvs_config_key *key, const yaml_node_t *value)
{
	struct kvs_config_list *list = (void *)((char *)l->config + key->offset);
	bool many = value->type == YAML_SEQUENCE_NODE;
	char what[80];
	size_t n = 0;

	(void)snprintf(what, sizeof(what), "\"%s\"", key->name);
	while (many && node_member(l, value, n))
		n++;
	if (many && n == 0) {
		problem(l->problems, node_pos(l, value), "%s is an empty list", what);
		return;
	}
	list->items = kvs_realloc_array(NULL, many ? n : 1, sizeof(*list->items));
	if (!list->items)
		problem_oom(l->problems);
	else if (!many)
		(void)add_file(l, list, value, what);
	for (size_t i = 0; list->items && many && i < n; i++)
		if (!add_file(l, list, node_member(l, value, i), what))
			return;
}

/* ---- keys ---- */

static void refuse_unknown(struct loader *l, const char *name, struct kvs_config_pos at)
{
	struct kvs_suggestion near = KVS_SUGGESTION(name);

	if (opt_find(kvsi_common_opts, name)) {
		problem(l->problems, at,
			"\"%s\" is a key of a store; it belongs into a section below \"stores\"",
			name);
		return;
	}
	for (size_t id = 0; id < KVS_CONFIG_N_KEYS; id++)
		kvs_suggest(&near, kvs_config_keys[id].name);
	problem_unknown(l->problems, at, name, near.best);
}

/* "stores" may stand in several files, everything else in one. */
static bool is_duplicate(const struct loader *l, size_t id)
{
	const struct kvs_config_pos *first = &l->config->at[id];

	if (!first->line)
		return false;
	return kvs_config_keys[id].type != KVS_CONFIG_TYPE_STORES || first->file == l->file;
}

static void load_known(struct loader *l, size_t id, const yaml_node_t *key_node,
		       const yaml_node_t *value)
{
	const struct kvs_config_key *key = &kvs_config_keys[id];
	struct kvs_config_pos at = node_pos(l, key_node);

	if (is_duplicate(l, id)) {
		problem_duplicate(l->problems, at, key->name, l->config->at[id]);
		return;
	}
	l->config->at[id] = at;
	if (key->type == KVS_CONFIG_TYPE_STORES)
		load_stores(l, value);
	else if (key->type == KVS_CONFIG_TYPE_FILES)
		load_files(l, key, value);
	else if (key->type == KVS_CONFIG_TYPE_DAEMON)
		problem(l->problems, at,
			"the section \"%s\" is for kvsyncd, which this version of kvsync does not "
			"have; "
			"take it out",
			key->name);
	else
		load_scalar(l, id, value);
}

static void load_key(struct loader *l, const char *name, const yaml_node_t *key_node,
		     const yaml_node_t *value, void *arg)
{
	for (size_t id = 0; id < KVS_CONFIG_N_KEYS; id++) {
		if (strcmp(kvs_config_keys[id].name, name) == 0) {
			load_known(l, id, key_node, value);
			return;
		}
	}
	refuse_unknown(l, name, node_pos(l, key_node));
}

void load_top(struct loader *l, const yaml_node_t *mapping)
{
	node_each(l, mapping, load_key, NULL);
}
