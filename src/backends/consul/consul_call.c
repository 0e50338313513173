/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/consul/consul.h"
#include "backends/consul/consul_status.h"

#include "base/alloc.h"
#include "base/base64.h"
#include "base/err.h"
#include "base/str.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <utlist.h>

#define MAX_PATH_BYTES (16u << 10)
#define MIN_TRY_MS     1000u

struct consul_call {
	struct consul *c;
	struct consul_call_spec spec; /* its buffers and about are ours, below */
	struct kvs_buf path;
	struct kvs_buf body;
	char *about;
	enum consul_reading reading;

	struct kvs_http_transfer *transfer;
	size_t server;	  /* being asked */
	size_t tried;	  /* servers asked in vain */
	bool token_fresh; /* was read again after a 403 */
	bool alone;	  /* asked of one server, and not after its check of the scope */
	bool unchecked;	  /* waits for that check */
	bool due;	  /* waits no longer */
	struct consul_header header;
	struct kvs_buf text;
	bool streamed;
	int body_code; /* what body() said */
	struct kvs_err body_err;
	struct consul_call *prev, *next;
};

/* ---- what arrives ---- */

static void on_header(void *arg, struct kvs_str name, struct kvs_str value)
{
	struct consul_call *call = arg;

	consul_header_take(&call->header, name, value);
}

/* A stale answer that is older than allowed is asked for again, of the leader. */
static bool too_stale(const struct consul_call *call)
{
	return call->reading == CONSUL_READ_STALE && call->c->config.max_stale_ms != UINT64_MAX &&
	       (call->header.no_leader || (call->header.has_contact &&
					   call->header.contact_ms > call->c->config.max_stale_ms));
}

static int on_body(void *arg, int status, const void *p, size_t n)
{
	struct consul_call *call = arg;

	if (status != 200 || !call->spec.body || call->header.is_html) {
		kvs_buf_add(&call->text, p, n);
		return kvs_buf_failed(&call->text);
	}
	if (too_stale(call))
		return 0;
	call->streamed = true;
	call->body_code = call->spec.body(call->spec.arg, &call->header, p, n, &call->body_err);
	return call->body_code;
}

/* ---- words ---- */

/* DNS may have brought another list meanwhile. */
static size_t server_index(const struct consul_call *call)
{
	return call->server % call->c->config.servers.n;
}

static const struct kvs_endpoint *server_of(const struct consul_call *call)
{
	return &call->c->config.servers.all[server_index(call)];
}

int consul_call_context(const struct consul_call *call, int code, struct kvs_err *err)
{
	struct kvs_buf name KVS_AUTO_BUF;

	kvs_buf_init(&name, 1024);
	if (call->c->config.servers.n)
		kvs_endpoint_print(server_of(call), &name);
	return kvs_err_context(err, code, "consul at %s: %s%s%s", name.len ? name.data : "?",
			       call->spec.what, *call->about ? " " : "", KVS_Q(kvs_s(call->about)));
}

int consul_call_nonsense(const struct consul_call *call, struct kvs_err *err)
{
	if (call->spec.write)
		(void)kvs_err_set(err, KVS_E_UNCERTAIN,
				  "the answer is not Consul's; the write may have happened");
	else
		(void)kvs_err_set(err, KVS_E_PROTOCOL,
				  "the answer is not Consul's; is the endpoint right?");
	return consul_call_context(call, err->code, err);
}

/* ---- what became of it ---- */

/* Servers close what is over their limit of connections.  Where TLS negotiates HTTP/2, one is
 * enough, and a connection may end over a certificate. */
static bool turned_away(const struct consul_call *call, const struct kvs_http_result *result)
{
	return result->turned_away && !call->c->config.servers.tls;
}

/* The HTTP request itself failed. */
static int explain_failure(const struct consul_call *call, const struct kvs_http_result *result,
			   struct kvs_err *err)
{
	int code = result->code;

	if (call->body_code)
		return kvs_err_copy(err, call->body_code, &call->body_err);
	if (code == KVS_E_CANCELED) /* our own buffer was full */
		return kvs_buf_check(&call->text, "the answer", err);
	if (code == KVS_E_UNCERTAIN || code == KVS_E_TIMEOUT)
		code = call->spec.write ? KVS_E_UNCERTAIN : KVS_E_UNAVAILABLE;
	if (code == KVS_E_PROTOCOL && call->spec.write)
		code = KVS_E_UNCERTAIN;
	(void)kvs_err_copy(err, code, result->err);
	err->code = code;
	if (turned_away(call, result))
		(void)kvs_err_set(err, code, "%s (a new connection; has the server %s of them?)",
				  result->err->msg, "limits.http_max_conns_per_client");
	return code;
}

/* Newer servers tell it in words, if they are fast enough. */
static bool no_room(const struct consul_call *call, const struct kvs_http_result *result)
{
	static const char words[] = "too many concurrent connections";

	return turned_away(call, result) ||
	       (result->status == 429 && call->text.len &&
		memmem(call->text.data, call->text.len, words, sizeof(words) - 1));
}

/* ---- asking ---- */

static int try_server(struct consul_call *call, struct kvs_err *err);

static void call_free(struct consul_call *call)
{
	DL_DELETE(call->c->calls, call);
	kvs_http_cancel(call->transfer);
	kvs_buf_release(&call->path);
	kvs_buf_release(&call->body);
	kvs_buf_release(&call->text);
	kvsi_free(call->about);
	kvsi_free(call);
}

static void finish(struct consul_call *call, int code, int status, struct kvs_err *err)
{
	struct consul_answer answer = {
		.code = code,
		.status = status,
		.header = &call->header,
		.text = kvs_buf_slice(&call->text),
		.streamed = call->streamed,
		.err = err,
	};

	call->transfer = NULL;
	if (code && !call->alone)
		(void)consul_call_context(call, code, err);
	call->spec.done(call->spec.arg, &answer);
	call_free(call);
}

static void forget_answer(struct consul_call *call)
{
	kvs_buf_reset(&call->text);
	call->header = (struct consul_header){ 0 };
	call->transfer = NULL;
}

static bool ask_again(struct consul_call *call)
{
	struct kvs_err why = { 0 };

	forget_answer(call);
	return try_server(call, &why) == 0;
}

/* Another server may do better with this.  What was sent as a write is not sent again. */
static bool worth_another(const struct consul_call *call, int code)
{
	return (code == KVS_E_UNAVAILABLE || code == KVS_E_CONFIG) && !call->streamed &&
	       !call->alone && call->tried + 1 < call->c->config.servers.n;
}

static bool token_changed(struct consul_call *call)
{
	bool changed = false;

	if (call->token_fresh)
		return false;
	call->token_fresh = true;
	(void)kvs_secret_refresh(&call->c->config.token, true, &changed, NULL);
	if (changed)
		call->c->acl = CONSUL_ACL_UNKNOWN;
	return changed;
}

/* The next call begins with the server that answered, and not with one that is down. */
static void remember_server(struct consul_call *call, int code)
{
	bool failed = code == KVS_E_UNAVAILABLE || code == KVS_E_UNCERTAIN;

	if (call->alone) /* those that wait for it will say */
		return;
	call->c->at = failed ? call->server + 1 : call->server;
	if (failed && call->c->config.srv)
		call->c->servers_doubtful = true;
}

/* The code stands, or another server is asked. */
static void settle(struct consul_call *call, int code, int status, struct kvs_err *err)
{
	if (code && !status)
		consul_scope_forget(call->c, server_index(call));
	if (worth_another(call, code)) {
		call->tried++;
		call->server++;
		if (ask_again(call))
			return;
	}
	remember_server(call, code);
	finish(call, code, status, err);
}

static void on_done(void *arg, const struct kvs_http_result *result)
{
	struct consul_call *call = arg;
	struct kvs_err err = { 0 };
	int code;

	call->transfer = NULL;
	if (!result->code && too_stale(call)) {
		call->reading = CONSUL_READ_DEFAULT;
		if (ask_again(call))
			return;
	}
	code = result->code ? explain_failure(call, result, &err)
			    : consul_status_explain(result->status, call->spec.write, &call->header,
						    kvs_buf_slice(&call->text), &err);
	if (code && no_room(call, result))
		call->c->no_room = true;
	if (code == KVS_E_DENIED && token_changed(call) && ask_again(call))
		return;
	settle(call, code, result->status, &err);
}

static const struct kvs_http_callbacks callbacks = {
	.header = on_header,
	.body = on_body,
	.done = on_done,
};

static void put_url(const struct consul_call *call, const struct kvs_endpoint *server,
		    struct kvs_buf *url)
{
	const struct consul_config *config = &call->c->config;
	static const char *const readings[] = {
		[CONSUL_READ_DEFAULT] = NULL,
		[CONSUL_READ_STALE] = "stale",
		[CONSUL_READ_CONSISTENT] = "consistent",
	};
	const char *reading = call->spec.reading ? readings[call->reading] : NULL;
	char mark = memchr(call->path.data, '?', call->path.len) ? '&' : '?';

	kvs_buf_str(url, config->servers.tls ? "https://" : "http://");
	if (config->servers.tls && config->tls_server_name)
		kvs_buf_fmt(url, "%s:%u", config->tls_server_name, (unsigned)server->port);
	else if (!server->port)
		kvs_buf_str(url, "localhost");
	else
		kvs_endpoint_print(server, url);
	kvs_buf_add(url, call->path.data, call->path.len);
	if (*config->scope) {
		kvs_buf_fmt(url, "%c%s", mark, config->scope);
		mark = '&';
	}
	if (reading)
		kvs_buf_fmt(url, "%c%s", mark, reading);
}

static void wipe(struct kvs_buf *secret)
{
	if (secret->len)
		explicit_bzero(secret->data, secret->len);
}

/* "X-Consul-Token: ..." and the like.  headers has room for 3. */
static void put_credentials(const struct consul_config *config, struct kvs_buf *token,
			    struct kvs_buf *basic, const char **headers)
{
	struct kvs_buf pair KVS_AUTO_BUF = { 0 };

	if (config->token.n) {
		kvs_buf_fmt(token, "X-Consul-Token: %s", config->token.value);
		*headers++ = token->data;
	}
	if (!config->user)
		return;
	kvs_buf_init(&pair, KVS_SECRET_MAX * 2);
	kvs_buf_fmt(&pair, "%s:%s", config->user, config->password.n ? config->password.value : "");
	kvs_buf_str(basic, "Authorization: Basic ");
	kvs_base64_encode(basic, kvs_buf_slice(&pair));
	*headers = basic->data;
	wipe(&pair);
}

/* How long one server may take: with several, none may use up the time of all. */
static uint64_t try_ms(const struct consul_call *call)
{
	const struct consul_config *config = &call->c->config;
	uint64_t share;

	if (call->spec.timeout_ms || call->spec.write || config->servers.n < 2)
		return call->spec.timeout_ms;
	share = config->timeout_ms / config->servers.n;
	return share > MIN_TRY_MS ? share : MIN_TRY_MS;
}

static int send_it(struct consul_call *call, const char *url, const char *connect_to,
		   const char *const *headers, struct kvs_err *err)
{
	const struct kvs_endpoint *server = server_of(call);
	const struct kvs_http_request request = {
		.method = call->spec.method,
		.url = url,
		.unix_path = server->port ? NULL : server->host,
		.connect_to = connect_to,
		.headers = headers,
		.body = kvs_buf_slice(&call->body),
		.repeatable = !call->spec.write,
		.timeout_ms = try_ms(call),
		.callbacks = &callbacks,
		.arg = call,
	};

	return kvs_http_start(call->c->http, &request, &call->transfer, err);
}

static int ask_server(struct consul_call *call, struct kvs_err *err)
{
	struct consul_config *config = &call->c->config;
	const struct kvs_endpoint *server = server_of(call);
	struct kvs_buf url KVS_AUTO_BUF, to KVS_AUTO_BUF, token KVS_AUTO_BUF, basic KVS_AUTO_BUF;
	const char *headers[3] = { NULL };
	bool changed;
	int code;

	kvs_buf_init(&url, MAX_PATH_BYTES * 2);
	kvs_buf_init(&to, 512);
	kvs_buf_init(&token, KVS_SECRET_MAX * 2);
	kvs_buf_init(&basic, KVS_SECRET_MAX * 4);
	(void)kvs_secret_refresh(&config->token, false, &changed, NULL);
	if (changed)
		call->c->acl = CONSUL_ACL_UNKNOWN;
	put_url(call, server, &url);
	put_credentials(config, &token, &basic, headers);
	if (config->servers.tls && config->tls_server_name)
		kvs_endpoint_print(server, &to);
	if (kvs_buf_failed(&url) || kvs_buf_failed(&to) || kvs_buf_failed(&token) ||
	    kvs_buf_failed(&basic))
		return kvs_err_oom(err);
	code = send_it(call, url.data, to.len ? to.data : NULL, headers, err);
	wipe(&token);
	wipe(&basic);
	return code;
}

static int try_server(struct consul_call *call, struct kvs_err *err)
{
	call->unchecked = !call->alone && !consul_scope_known(call->c, server_index(call));
	return call->unchecked ? consul_scope_check(call->c, call, server_index(call), err)
			       : ask_server(call, err);
}

/* ---- what others wait for ---- */

/* Any of those that wait may end when one is told. */
static struct consul_call *next_due(const struct consul *c)
{
	struct consul_call *call;

	DL_SEARCH_SCALAR(c->calls, call, due, true);
	if (call)
		call->due = false;
	return call;
}

static void go_on(struct consul_call *call)
{
	struct kvs_err err = { 0 };

	if (try_server(call, &err))
		finish(call, err.code, 0, &err);
}

void consul_call_scope_known(struct consul *c, size_t server, int code, const struct kvs_err *why)
{
	struct consul_call *call;

	DL_FOREACH (c->calls, call)
		call->due = call->unchecked;
	while ((call = next_due(c))) {
		struct kvs_err err = { 0 };

		if (code && server_index(call) == server)
			settle(call, code, 0, (kvs_err_copy(&err, code, why), &err));
		else
			go_on(call);
	}
}

/* ---- servers by DNS ---- */

static int look_up(struct consul *c, struct kvs_err *err)
{
	c->servers_doubtful = false;
	return c->srv ? 0 : kvs_srv_start(c->config.srv, &c->srv, err);
}

void consul_call_servers_known(struct consul *c, int code, const struct kvs_err *why)
{
	struct consul_call *call;

	c->at = 0;
	if (!code)
		consul_scope_reset(c);
	/* Without new ones, a check of the old ones goes on. */
	DL_FOREACH (c->calls, call)
		call->due = !call->transfer && !(code && call->unchecked);
	while ((call = next_due(c))) {
		struct kvs_err err = { 0 };

		call->server = call->tried = 0;
		if (code)
			finish(call, code, 0, (kvs_err_copy(&err, code, why), &err));
		else
			go_on(call);
	}
}

/* ---- beginning ---- */

static enum consul_reading reading_of(const struct consul *c, uint32_t flags)
{
	if (flags & KVS_READ_CONSISTENT)
		return CONSUL_READ_CONSISTENT;
	return flags & KVS_READ_STALE ? CONSUL_READ_STALE : c->config.reading;
}

static int begin(struct consul_call *call, struct kvs_err *err)
{
	struct consul *c = call->c;

	if (!call->about)
		return kvs_err_oom(err);
	if (kvs_buf_failed(&call->path) || kvs_buf_failed(&call->body))
		return kvs_err_oom(err);
	call->alone = call->spec.beside != NULL;
	call->server = call->alone ? call->spec.beside->server : c->at;
	if (c->config.servers.n == 0)
		return look_up(c, err);
	/* The call itself goes ahead: the record may still name the same servers. */
	if (c->servers_doubtful && !call->alone)
		(void)look_up(c, NULL);
	return try_server(call, err);
}

int consul_call_start(struct consul *c, const struct consul_call_spec *spec,
		      struct consul_call **ret_call, struct kvs_err *err)
{
	struct consul_call *call = kvs_zalloc(sizeof(*call));
	int code;

	if (!call) {
		kvs_buf_release(spec->path);
		if (spec->body_text)
			kvs_buf_release(spec->body_text);
		return kvs_err_oom(err);
	}
	call->c = c;
	call->spec = *spec;
	call->path = *spec->path;
	if (spec->body_text)
		call->body = *spec->body_text;
	call->about = kvs_memdup0(spec->about.p, spec->about.n);
	call->reading = reading_of(c, spec->flags);
	kvs_buf_init(&call->text, CONSUL_MAX_ANSWER);
	DL_APPEND(c->calls, call);
	code = begin(call, err);
	if (code) {
		call_free(call);
		return code;
	}
	*ret_call = call;
	return 0;
}

bool consul_call_unsent(const struct consul_call *call)
{
	return call->spec.write && (!call->transfer || !kvs_http_was_sent(call->transfer));
}

void consul_call_cancel(struct consul_call *call)
{
	if (call)
		call_free(call);
}
