/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP requests without blocking: the one wrapper of libcurl.  Many may be in flight; connections
 * are kept alive and shared; everything happens inside kvs_http_dispatch() when the one descriptor
 * is readable.  Knows nothing of keys, stores or the meaning of an answer: a whole answer of any
 * status is a success here.
 *
 * Always: certificates are verified unless told otherwise, redirects are followed only when asked for, no
 * proxy is taken from the environment, no signal is touched, an answer that ends early is a failure.
 *
 * A request whose second sending would not be harmless is sent at most once, whatever happens to
 * the connection.
 */
#ifndef KVS_HTTP_HTTP_H
#define KVS_HTTP_HTTP_H

#include "base/cleanup.h"

#include <kvsync/kvsync.h>

#include <stdbool.h>
#include <stdint.h>

struct kvs_http;

/* All copied; strings may be NULL. */
struct kvs_http_opts {
	const char *user_agent;
	const char *ca_file;
	const char *cert_file;
	const char *key_file;
	const char *key_password;
	bool skip_verify;
	uint64_t connect_ms;  /* for one connection to be made, TLS included; 0: 10 s */
	long max_connections; /* to one server at a time, the rest waits; 0: no limit */
};

int kvs_http_new(const struct kvs_http_opts *opts, struct kvs_http **ret_http, struct kvs_err *err);

/* Ends everything without calling anybody back.  NULL is fine. */
void kvs_http_free(struct kvs_http *http);

/* Readable whenever kvs_http_dispatch() has something to do; owned by http. */
int kvs_http_fd(const struct kvs_http *http);

/* Does what is ready and runs callbacks.  SYS, BUG: nothing works any more. */
int kvs_http_dispatch(struct kvs_http *http, struct kvs_err *err);

/*
 * How a request ended.
 *	0             the whole answer came
 *	UNAVAILABLE   not sent: no connection could be made, or it was closed at once
 *	UNCERTAIN     it was sent, at least in part, and no whole answer came
 *	TIMEOUT       the same, for want of time (timeout_ms)
 *	TOOBIG        the answer's body passed max_answer
 *	PROTOCOL      the answer was not HTTP
 *	CONFIG        a certificate or key file cannot be used, or the server's certificate does not
 *	              verify; not sent
 *	DENIED        the server does not take our certificate; the request was not seen
 *	CANCELED      body() wanted no more
 *	NOMEM
 */
struct kvs_http_result {
	int code;
	int status;		   /* of the answer; 0: none came */
	bool sent;		   /* the server may have seen the request */
	bool turned_away;	   /* a connection made for it was closed at once, without a word */
	const struct kvs_err *err; /* words when code is not 0; borrowed */
};

/* header() and body() must not start or cancel anything; done() may.  header and body may be NULL.
 */
struct kvs_http_callbacks {
	void (*header)(void *arg, struct kvs_str name, struct kvs_str value);
	/* status as in the result; nonzero: enough. */
	int (*body)(void *arg, int status, const void *p, size_t n);
	/* Exactly once for each request that was started and not cancelled.  The transfer is gone
	 * when it returns. */
	void (*done)(void *arg, const struct kvs_http_result *result);
};

struct kvs_http_request {
	const char *method;
	const char *url;	/* copied */
	const char *unix_path;	/* copied; connect to this socket, whatever the URL says; or NULL */
	const char *connect_to; /* copied; HOST:PORT to connect to, whatever the URL says (its name
				 * is then only what the certificate must have); or NULL */
	const char *const *headers; /* "Name: value", NULL-terminated, copied; or NULL */
	struct kvs_str body;	    /* borrowed until the end */
	bool repeatable;	    /* harmless to send twice */
	unsigned
		max_redirects; /* followed, headers and all: for repeatable requests; from https only
				 * to https.  0: a redirect is an answer like others. */
	uint64_t timeout_ms;   /* for all of it; 0: none */
	uint64_t max_answer;   /* bytes of the answer's body; 0: no limit */
	const struct kvs_http_callbacks *callbacks; /* borrowed until the end */
	void *arg;
};

struct kvs_http_transfer;

/* Was any of the request handed to a connection? */
bool kvs_http_was_sent(const struct kvs_http_transfer *transfer);

/* Begins; *ret_transfer is for kvs_http_cancel() and lives until done().  ARG (URL), NOMEM. */
int kvs_http_start(struct kvs_http *http, const struct kvs_http_request *request,
		   struct kvs_http_transfer **ret_transfer, struct kvs_err *err);

/* No callback runs any more; what was sent was sent.  NULL is fine. */
void kvs_http_cancel(struct kvs_http_transfer *transfer);

#endif
