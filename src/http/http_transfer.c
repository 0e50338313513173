/* SPDX-License-Identifier: Apache-2.0 */
/* One request: what curl is told, and what came of it. */
#include "http/http_internal.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"

#include <poll.h>
#include <string.h>
#include <strings.h>
#include <utlist.h>

/* A connection that says nothing is asked whether it lives. */
#define KEEPALIVE_IDLE_S     15L
#define KEEPALIVE_INTERVAL_S 5L
/* Certificates of authorities are read anew this often, so that they can be renewed. */
#define CA_CACHE_S 60L
/* A connection that lived no longer was turned away. */
#define AT_ONCE_US 1000000

/* ---- what curl tells ---- */

void http_transfer_waits(CURL *easy, int fd, bool still)
{
	struct kvs_http_transfer *t = NULL;

	(void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &t);
	if (t && (still || t->socket == fd))
		t->socket = still ? fd : -1;
}

/* Has the server closed the connection? */
static bool is_closed(const struct kvs_http_transfer *t)
{
	struct pollfd pfd = { .fd = t->socket, .events = POLLRDHUP };

	return poll(&pfd, 1, 0) > 0 && (pfd.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

/* Called before each sending; curl by itself sends again when a connection that it had kept turns
 * out to be dead.  What is not sent into a dead one is certain not to have been read. */
static int on_sending(void *arg, char *ip, char *local_ip, int port, int local_port)
{
	struct kvs_http_transfer *t = arg;

	(void)ip, (void)local_ip, (void)port, (void)local_port;
	t->refused_repeat = t->sendings && !t->repeatable;
	t->closed_before = !t->sendings && !t->repeatable && is_closed(t);
	if (t->refused_repeat || t->closed_before)
		return CURL_PREREQFUNC_ABORT;
	t->sendings++;
	return CURL_PREREQFUNC_OK;
}

bool kvs_http_was_sent(const struct kvs_http_transfer *transfer)
{
	return transfer->sendings > 0;
}

static int status_of(const struct kvs_http_transfer *t)
{
	long status = 0;

	(void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	return (int)status;
}

static struct kvs_str trim(struct kvs_str s)
{
	const char *p = s.p;

	while (s.n && (p[s.n - 1] == '\r' || p[s.n - 1] == '\n' || p[s.n - 1] == ' '))
		s.n--;
	while (s.n && (*p == ' ' || *p == '\t'))
		p++, s.n--;
	return kvs_sn(p, s.n);
}

static size_t on_header(char *line, size_t size, size_t n, void *arg)
{
	struct kvs_http_transfer *t = arg;
	const char *colon = memchr(line, ':', n);

	(void)size; /* always 1 */
	if (n >= 5 && memcmp(line, "HTTP/", 5) == 0)
		t->header_whole = false;
	else if (trim(kvs_sn(line, n)).n == 0)
		t->header_whole = t->header_whole || status_of(t) >= 200;
	else if (colon && t->callbacks->header)
		t->callbacks->header(t->arg, kvs_sn(line, (size_t)(colon - line)),
				     trim(kvs_sn(colon + 1, n - (size_t)(colon + 1 - line))));
	return n;
}

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
	struct kvs_http_transfer *t = arg;

	(void)size; /* always 1 */
	if (n > t->left) {
		t->too_big = true;
		return 0;
	}
	t->left -= n;
	if (t->callbacks->body && t->callbacks->body(t->arg, status_of(t), p, n)) {
		t->stopped = true;
		return 0;
	}
	return n;
}

/* ---- starting ---- */

static void set_always(CURL *easy, struct kvs_http_transfer *t)
{
	(void)curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
	(void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->words);
	(void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
	(void)curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
	(void)curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
	(void)curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_sending);
	(void)curl_easy_setopt(easy, CURLOPT_PREREQDATA, t);
#if LIBCURL_VERSION_NUM >= 0x075700
	/* A name server that does not answer does not hold up the end. */
	(void)curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
	(void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	(void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
}

static CURLcode set_tls(CURL *easy, const struct kvs_http *http)
{
	CURLcode rc = CURLE_OK;

	(void)curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	(void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, http->skip_verify ? 0L : 1L);
	(void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, http->skip_verify ? 0L : 2L);
#if LIBCURL_VERSION_NUM >= 0x075700
	(void)curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, CA_CACHE_S);
#endif
	/* One connection carries many requests where the server speaks HTTP/2. */
	(void)curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
	if (http->ca_file)
		rc = curl_easy_setopt(easy, CURLOPT_CAINFO, http->ca_file);
	if (!rc && http->cert_file)
		rc = curl_easy_setopt(easy, CURLOPT_SSLCERT, http->cert_file);
	if (!rc && http->key_file)
		rc = curl_easy_setopt(easy, CURLOPT_SSLKEY, http->key_file);
	if (!rc && http->key_password)
		rc = curl_easy_setopt(easy, CURLOPT_KEYPASSWD, http->key_password);
	return rc;
}

/* NULL: no memory.  The list stays the transfer's. */
static struct curl_slist *append(struct curl_slist **list, const char *word)
{
	struct curl_slist *longer = curl_slist_append(*list, word);

	if (longer)
		*list = longer;
	return longer;
}

static CURLcode set_headers(struct kvs_http_transfer *t, const struct kvs_http_request *req)
{
	/* No waiting for a "100 Continue", and no type that is not so. */
	if (!append(&t->headers, "Expect:") || !append(&t->headers, "Content-Type:"))
		return CURLE_OUT_OF_MEMORY;
	for (const char *const *h = req->headers; h && *h; h++)
		if (!append(&t->headers, *h))
			return CURLE_OUT_OF_MEMORY;
	return curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
}

static CURLcode set_target(struct kvs_http_transfer *t, const struct kvs_http_request *req)
{
	KVS_AUTO_FREE char *rule = NULL;
	CURLcode rc = curl_easy_setopt(t->easy, CURLOPT_URL, req->url);

	if (!rc && req->unix_path)
		rc = curl_easy_setopt(t->easy, CURLOPT_UNIX_SOCKET_PATH, req->unix_path);
	if (rc || !req->connect_to)
		return rc;
	rule = kvs_asprintf("::%s", req->connect_to);
	if (!rule || !append(&t->connect_to, rule))
		return CURLE_OUT_OF_MEMORY;
	return curl_easy_setopt(t->easy, CURLOPT_CONNECT_TO, t->connect_to);
}

static void set_redirects(CURL *easy, const struct kvs_http_request *req)
{
	bool tls = strncasecmp(req->url, "https:", 6) == 0;

	(void)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, req->max_redirects ? 1L : 0L);
	(void)curl_easy_setopt(easy, CURLOPT_MAXREDIRS, (long)req->max_redirects);
	(void)curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, tls ? "https" : "http,https");
}

static CURLcode set_method(CURL *easy, const struct kvs_http_request *req)
{
	if (req->body.n || strcmp(req->method, "PUT") == 0 || strcmp(req->method, "POST") == 0) {
		(void)curl_easy_setopt(easy, CURLOPT_POST, 1L);
		(void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)req->body.n);
		(void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, req->body.n ? req->body.p : "");
	}
	return curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, req->method);
}

static CURLcode set_up(struct kvs_http_transfer *t, const struct kvs_http_request *req)
{
	const struct kvs_http *http = t->http;
	CURLcode rc;

	set_always(t->easy, t);
	(void)curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)http->connect_ms);
	(void)curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, (long)req->timeout_ms);
	set_redirects(t->easy, req);
	rc = set_target(t, req);
	if (!rc)
		rc = set_method(t->easy, req);
	if (!rc)
		rc = set_headers(t, req);
	if (!rc && http->user_agent)
		rc = curl_easy_setopt(t->easy, CURLOPT_USERAGENT, http->user_agent);
	if (!rc && (req->max_redirects || strncasecmp(req->url, "https:", 6) == 0))
		rc = set_tls(t->easy, http);
	return rc;
}

void http_transfer_free(struct kvs_http_transfer *t)
{
	DL_DELETE(t->http->transfers, t);
	if (t->easy) {
		(void)curl_multi_remove_handle(t->http->multi, t->easy);
		curl_easy_cleanup(t->easy);
	}
	curl_slist_free_all(t->headers);
	curl_slist_free_all(t->connect_to);
	kvsi_free(t);
}

int kvs_http_start(struct kvs_http *http, const struct kvs_http_request *request,
		   struct kvs_http_transfer **ret_transfer, struct kvs_err *err)
{
	struct kvs_http_transfer *t = kvs_zalloc(sizeof(*t));
	CURLcode rc;

	if (!t)
		return kvs_err_oom(err);
	t->http = http;
	t->callbacks = request->callbacks;
	t->arg = request->arg;
	t->socket = -1;
	t->repeatable = request->repeatable;
	t->left = request->max_answer ? request->max_answer : UINT64_MAX;
	DL_APPEND(http->transfers, t);
	t->easy = curl_easy_init();
	rc = t->easy ? set_up(t, request) : CURLE_OUT_OF_MEMORY;
	if (!rc && curl_multi_add_handle(http->multi, t->easy) != CURLM_OK)
		rc = CURLE_OUT_OF_MEMORY;
	if (rc) {
		http_transfer_free(t);
		return rc == CURLE_OUT_OF_MEMORY
			       ? kvs_err_oom(err)
			       : kvs_err_set(err, KVS_E_ARG, "%s", curl_easy_strerror(rc));
	}
	*ret_transfer = t;
	return 0;
}

void kvs_http_cancel(struct kvs_http_transfer *transfer)
{
	if (transfer)
		http_transfer_free(transfer);
}

/* ---- the end ---- */

/* The server ended the handshake over the certificate that we showed, or did not show.  With TLS 1.3
 * that comes when the request is already on its way; it is not looked at. */
static bool is_certificate_alert(const struct kvs_http_transfer *t)
{
	static const char *const words[] = { "certificate", "unknown ca", "access denied" };
	const char *alert = strstr(t->words, " alert ");

	for (size_t i = 0; alert && i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(alert, words[i]))
			return true;
	return false;
}

static int code_of(const struct kvs_http_transfer *t, CURLcode rc)
{
	switch (rc) {
	case CURLE_OUT_OF_MEMORY:
		return KVS_E_NOMEM;
	case CURLE_OPERATION_TIMEDOUT:
		return t->sendings ? KVS_E_TIMEOUT : KVS_E_UNAVAILABLE;
	case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9: something that speaks another language */
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_TOO_MANY_REDIRECTS:
	case CURLE_BAD_CONTENT_ENCODING:
		return KVS_E_PROTOCOL;
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_PEER_FAILED_VERIFICATION:
		return KVS_E_CONFIG;
	default:
		if (is_certificate_alert(t))
			return KVS_E_DENIED;
		return t->sendings ? KVS_E_UNCERTAIN : KVS_E_UNAVAILABLE;
	}
}

static const char *words_before(CURLcode rc, int code)
{
	if (rc == CURLE_PEER_FAILED_VERIFICATION)
		return "the server's certificate is not accepted: ";
	return code == KVS_E_DENIED ? "the server does not accept our certificate: " : "";
}

/* Curl finds a connection that was closed at once by what it cannot learn of it. */
static const char *words_of(const struct kvs_http_transfer *t, CURLcode rc)
{
	if (strncmp(t->words, "getpeername()", 13) == 0)
		return "the server closed the connection";
	return *t->words ? t->words : curl_easy_strerror(rc);
}

/* Servers that limit the connections of an address do that. */
static bool was_turned_away(const struct kvs_http_transfer *t, CURLcode rc)
{
	curl_off_t took = 0;
	long connections = 0;

	if ((rc != CURLE_GOT_NOTHING && rc != CURLE_RECV_ERROR && rc != CURLE_SEND_ERROR &&
	     !t->closed_before) ||
	    status_of(t) || is_certificate_alert(t))
		return false;
	(void)curl_easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &connections);
	(void)curl_easy_getinfo(t->easy, CURLINFO_TOTAL_TIME_T, &took);
	return connections > 0 && took < AT_ONCE_US;
}

void http_transfer_result(struct kvs_http_transfer *t, CURLcode rc,
			  struct kvs_http_result *ret_result, struct kvs_err *why)
{
	*ret_result = (struct kvs_http_result){
		.status = status_of(t),
		.sent = t->sendings > 0,
		.turned_away = was_turned_away(t, rc),
		.err = why,
	};
	if (t->too_big)
		ret_result->code = kvs_err_set(why, KVS_E_TOOBIG, "the answer is too big");
	else if (t->stopped)
		ret_result->code = kvs_err_set(why, KVS_E_CANCELED, "stopped");
	else if (t->closed_before)
		ret_result->code = kvs_err_set(
			why, KVS_E_UNAVAILABLE,
			"the server closed the connection before the request");
	else if (t->refused_repeat)
		ret_result->code = kvs_err_set(why, KVS_E_UNCERTAIN,
					       "the connection was closed without an answer");
	else if (rc)
		ret_result->code = kvs_err_set(why, code_of(t, rc), "%s%s",
					       words_before(rc, code_of(t, rc)), words_of(t, rc));
	else if (!t->header_whole)
		ret_result->code = kvs_err_set(why, KVS_E_UNCERTAIN,
					       "the answer ended within its header");
}
