/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One HTTP request, waited for: for programs that seldom make one.  It loads a module that holds
 * libcurl (doc/decisions/0023), so that a run that makes none does not pay for it.
 *
 * As everywhere (http/http.h) certificates are verified, no proxy is taken from the environment,
 * and an answer that ends early is a failure.  What a status means is the caller's matter.
 */
#ifndef KVS_FETCH_FETCH_H
#define KVS_FETCH_FETCH_H

#include "base/buf.h"

#include <kvsync/kvsync.h>

#include <stdbool.h>
#include <stdint.h>

/* Everything is borrowed for the call; strings may be NULL where no default is named. */
struct kvs_fetch_request {
	const char *method;	    /* "GET" if NULL */
	const char *url;	    /* http:// or https:// */
	const char *const *headers; /* "Name: value", NULL-terminated; or NULL */
	struct kvs_str body;
	bool repeatable;     /* harmless to send twice */
	const char *ca_file; /* else the system's authorities */
	uint64_t timeout_ms; /* for all of it; 0: none */
	uint64_t max_answer; /* bytes of the answer's body */
	unsigned
		max_redirects; /* followed; 0: a redirect is an answer like others.  Headers go along, so
				 * none with a secret in it may stand beside it.  From https only
				 * to https. */
	/* Gets the body of an answer piece by piece, borrowed; a code that is not 0 ends it and is
	 * returned.  NULL: the body is of no interest. */
	int (*body_sink)(void *arg, int status, const void *p, size_t n, struct kvs_err *err);
	void *arg;
};

/*
 * Returns 0 with *ret_status when a whole answer came, whatever it says.  ARG (not a URL, another
 * scheme), UNAVAILABLE (not reached; or a repeatable request had no whole answer), UNCERTAIN (it was sent and
 * no whole answer came), TIMEOUT, TOOBIG, PROTOCOL, UNSUPPORTED (the module is not installed), NOMEM,
 * and what the sink returned.
 */
int kvs_fetch(const struct kvs_fetch_request *request, int *ret_status, struct kvs_err *err);

/* Is it a URL for that?  ARG. */
int kvs_fetch_check(const char *url, struct kvs_err *err);

/* Appends the URL for a message: without user, password, query and fragment, which may be secret,
 * and escaped. */
void kvs_fetch_show(const char *url, struct kvs_buf *buf);

#endif
