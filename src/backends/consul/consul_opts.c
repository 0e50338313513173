/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/consul/consul.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"

#include <string.h>

#define PLAIN_PORT	   8500
#define TLS_PORT	   8501
#define DEFAULT_WAIT_MS	   300000
#define MAX_WAIT_MS	   600000
#define MIN_WAIT_MS	   1000
#define DEFAULT_TIMEOUT_MS 10000

const struct kvs_backend_opt consul_opts[] = {
	{ "datacenter", KVS_OPT_STRING, 0, NULL, "datacenter, if not the agent's own" },
	{ "dc", KVS_OPT_STRING, 0, NULL, "the same as datacenter" },
	{ "namespace", KVS_OPT_STRING, 0, NULL, "namespace (Consul Enterprise)" },
	{ "partition", KVS_OPT_STRING, 0, NULL, "admin partition (Consul Enterprise)" },
	{ "consistency", KVS_OPT_STRING, 0, "default",
	  "of reads: default, stale (any server answers) or consistent" },
	{ "max-stale", KVS_OPT_DURATION, 0, NULL,
	  "a stale answer older than this is asked of the leader instead" },
	{ "wait", KVS_OPT_DURATION, 0, "5m", "how long a blocking query waits, up to 10m" },
	{ NULL },
};

static int read_reading(const struct kvs_opts *opts, struct consul_config *config,
			struct kvs_err *err)
{
	static const char *const names[] = {
		[CONSUL_READ_DEFAULT] = "default",
		[CONSUL_READ_STALE] = "stale",
		[CONSUL_READ_CONSISTENT] = "consistent",
	};
	const char *word = kvs_opts_get(opts, "consistency");

	if (!word)
		return 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(word, names[i]) == 0) {
			config->reading = (enum consul_reading)i;
			return 0;
		}
	}
	return kvs_err_set(err, KVS_E_CONFIG,
			   "option \"consistency\": \"%s\" is not default, stale or consistent",
			   KVS_Q(kvs_s(word)));
}

static int read_scope(const struct kvs_opts *opts, struct consul_config *config,
		      struct kvs_err *err)
{
	static const struct {
		const char *option, *parameter;
	} parts[] = {
		{ "datacenter", "dc" },
		{ "dc", "dc" },
		{ "namespace", "ns" },
		{ "partition", "partition" },
	};
	struct kvs_buf scope KVS_AUTO_BUF = { 0 };

	if (kvs_opts_get(opts, "datacenter") && kvs_opts_get(opts, "dc"))
		return kvs_err_set(err, KVS_E_CONFIG, "datacenter and dc are the same option");
	kvs_buf_init(&scope, 4096);
	kvs_buf_str(&scope, "");
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const char *value = kvs_opts_get(opts, parts[i].option);

		if (!value)
			continue;
		kvs_buf_fmt(&scope, "%s%s=", scope.len ? "&" : "", parts[i].parameter);
		consul_path_encode(&scope, kvs_s(value));
	}
	config->scope = kvs_buf_failed(&scope) ? NULL : kvs_memdup0(scope.data, scope.len);
	return config->scope ? 0 : kvs_err_oom(err);
}

/* Consul Enterprise takes the place of a transaction's operations from themselves, not from the URL. */
static int read_room(const struct kvs_opts *opts, struct consul_config *config, struct kvs_err *err)
{
	static const struct {
		const char *option, *member;
	} parts[] = {
		{ "namespace", "Namespace" },
		{ "partition", "Partition" },
	};
	struct kvs_buf room KVS_AUTO_BUF = { 0 };

	kvs_buf_init(&room, 512);
	kvs_buf_str(&room, "");
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const char *value = kvs_opts_get(opts, parts[i].option);

		if (!value)
			continue;
		if (consul_json_string_size(kvs_s(value)) > CONSUL_MAX_ROOM)
			return kvs_err_set(err, KVS_E_CONFIG, "option \"%s\": the name is too long",
					   parts[i].option);
		kvs_buf_fmt(&room, ",\"%s\":", parts[i].member);
		consul_json_string(&room, kvs_s(value));
	}
	config->room = kvs_buf_failed(&room) ? NULL : kvs_memdup0(room.data, room.len);
	return config->room ? 0 : kvs_err_oom(err);
}

static int read_times(const struct kvs_opts *opts, struct consul_config *config,
		      struct kvs_err *err)
{
	config->wait_ms = kvs_opts_ms(opts, "wait", DEFAULT_WAIT_MS);
	config->max_stale_ms = kvs_opts_ms(opts, "max-stale", UINT64_MAX);
	config->timeout_ms = kvs_opts_ms(opts, "operation-timeout", DEFAULT_TIMEOUT_MS);
	if (config->wait_ms < MIN_WAIT_MS || config->wait_ms > MAX_WAIT_MS)
		return kvs_err_set(err, KVS_E_CONFIG, "option \"wait\": from 1s to 10m");
	return 0;
}

static int read_secret(const struct kvs_opts *opts, const char *name, const char *file_name,
		       struct kvs_secret *secret, struct kvs_err *err)
{
	const char *value = kvs_opts_get(opts, name);
	const char *file = kvs_opts_get(opts, file_name);

	if (file)
		return kvs_secret_read(secret, file, err);
	return value ? kvs_secret_set(secret, name, value, err) : 0;
}

static int copy(const struct kvs_opts *opts, const char *name, char **member, struct kvs_err *err)
{
	const char *value = kvs_opts_get(opts, name);

	if (!value)
		return 0;
	*member = kvs_strdup(value);
	return *member ? 0 : kvs_err_oom(err);
}

/* A user's name goes into a header. */
static int check_user(const struct consul_config *config, struct kvs_err *err)
{
	for (const char *p = config->user; p && *p; p++)
		if ((unsigned char)*p < 0x20 || *p == ':' || *p == 0x7f)
			return kvs_err_set(err, KVS_E_CONFIG,
					   "option \"user\": no colon and no control bytes");
	return 0;
}

static int read_all(const struct kvs_opts *opts, struct consul_config *config, struct kvs_err *err)
{
	int code = kvs_endpoints_read(opts, PLAIN_PORT, TLS_PORT, &config->servers, err);

	if (!code)
		code = read_reading(opts, config, err);
	if (!code)
		code = read_scope(opts, config, err);
	if (!code)
		code = read_room(opts, config, err);
	if (!code)
		code = read_times(opts, config, err);
	if (!code)
		code = copy(opts, "srv", &config->srv, err);
	if (!code)
		code = copy(opts, "tls-server-name", &config->tls_server_name, err);
	if (!code)
		code = copy(opts, "user", &config->user, err);
	if (!code)
		code = check_user(config, err);
	if (!code)
		code = read_secret(opts, "token", "token-file", &config->token, err);
	if (!code)
		code = read_secret(opts, "password", "password-file", &config->password, err);
	return code;
}

int consul_config_read(const struct kvs_opts *opts, struct consul_config *ret_config,
		       struct kvs_err *err)
{
	struct consul_config config = { .max_stale_ms = UINT64_MAX };
	int code = read_all(opts, &config, err);

	if (code) {
		consul_config_release(&config);
		return code;
	}
	*ret_config = config;
	return 0;
}

void consul_config_release(struct consul_config *config)
{
	kvs_endpoints_release(&config->servers);
	kvsi_free(config->srv);
	kvsi_free(config->scope);
	kvsi_free(config->room);
	kvsi_free(config->tls_server_name);
	kvsi_free(config->user);
	kvs_secret_release(&config->token);
	kvs_secret_release(&config->password);
	*config = (struct consul_config){ 0 };
}
