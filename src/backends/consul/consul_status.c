/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/consul/consul_status.h"

#include "base/err.h"
#include "base/str.h"

static struct kvs_str first_line(struct kvs_str text)
{
	const char *newline = text.n ? memchr(text.p, '\n', text.n) : NULL;

	if (newline)
		text.n = (size_t)(newline - (const char *)text.p);
	return text;
}

/* The words of the error itself, behind those of the servers that passed it on. */
static struct kvs_str innermost(struct kvs_str text)
{
	static const char *const frames[] = {
		"rpc error making call: ",
		"rpc error getting client: ",
		"rpc error: ",
		"raft apply failed: ",
		"apply failed: ",
	};
	size_t i = 0;

	while (i < sizeof(frames) / sizeof(frames[0])) {
		if (kvs_str_starts(text, kvs_s(frames[i]))) {
			text = kvs_str_skip(text, strlen(frames[i]));
			i = 0;
		} else {
			i++;
		}
	}
	return text;
}

/* What follows these words may be anybody's, a key for example. */
int consul_status_of_words(struct kvs_str text)
{
	static const struct {
		const char *words;
		int code;
	} known[] = {
		{ "No cluster leader", KVS_E_UNAVAILABLE },
		{ "Raft leader not found in server lookup mapping", KVS_E_UNAVAILABLE },
		{ "No known Consul servers", KVS_E_UNAVAILABLE },
		{ "No path to datacenter", KVS_E_UNAVAILABLE },
		{ "Remote DC has no server currently reachable", KVS_E_UNAVAILABLE },
		{ "node is not the leader", KVS_E_UNAVAILABLE },
		{ "timed out enqueuing operation", KVS_E_UNAVAILABLE },
		{ "failed to get conn: ", KVS_E_UNAVAILABLE },
		{ "lead thread didn't get connection", KVS_E_UNAVAILABLE },
		{ "rate limit exceeded", KVS_E_UNAVAILABLE },
		{ "Missing node registration", KVS_E_UNAVAILABLE },
		{ "Permission denied", KVS_E_DENIED },
		{ "ACL not found", KVS_E_DENIED },
		{ "invalid session ", KVS_E_NOTFOUND },
		{ "invalid key name", KVS_E_ARG },
	};

	text = innermost(text);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (kvs_str_starts(text, kvs_s(known[i].words)))
			return known[i].code;
	return 0;
}

/* Also one that a proxy makes of its own, behind which anything may have happened. */
static int server_error(bool write, struct kvs_str text)
{
	int code = consul_status_of_words(text);

	if (code)
		return code;
	return write ? KVS_E_UNCERTAIN : KVS_E_UNAVAILABLE;
}

static int code_of(int status, bool write, struct kvs_str text)
{
	switch (status) {
	case 200:
	case 404:
	case 409:
		return 0;
	case 401:
	case 403:
		return KVS_E_DENIED;
	case 400:
		return KVS_E_ARG;
	case 413:
		return KVS_E_TOOBIG;
	case 429:
		return KVS_E_UNAVAILABLE;
	default:
		return status >= 500 ? server_error(write, text) : KVS_E_PROTOCOL;
	}
}

int consul_status_explain(int status, bool write, const struct consul_header *header,
			  struct kvs_str text, struct kvs_err *err)
{
	int code = code_of(status, write, text);

	if (!code)
		return 0;
	if (status >= 300 && status < 400)
		(void)kvs_err_set(err, code,
				  "HTTP %d leads to \"%s\"; redirects are not followed, is the "
				  "endpoint right?",
				  status, header->location);
	else if (header->is_html)
		(void)kvs_err_set(err, code,
				  "HTTP %d with HTML; is something else than Consul there?",
				  status);
	else
		(void)kvs_err_set(err, code, "HTTP %d: %s", status, KVS_Q(first_line(text)));
	err->remote = status;
	return code;
}
