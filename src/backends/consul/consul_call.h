/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One exchange with the store: a request is sent to the server that answered last, with the token
 * in force, and to the others if that one cannot be reached; the answer's status becomes a code
 * and words.  Knows nothing of what the answer means for a key.
 */
#ifndef KVS_CONSUL_CALL_H
#define KVS_CONSUL_CALL_H

#include "backends/consul/consul_header.h"
#include "base/buf.h"

#include <kvsync/backend.h>

#include <stdbool.h>

struct consul;
struct consul_call;

struct consul_answer {
	/* 0: status is 200, 404 or 409.  Else UNAVAILABLE, UNCERTAIN (writes), DENIED, TOOBIG, ARG,
	 * NOTFOUND (a session), PROTOCOL, CONFIG, NOMEM. */
	int code;
	int status;
	const struct consul_header *header;
	struct kvs_str text;	   /* the body, unless it was streamed */
	bool streamed;		   /* body() got something */
	const struct kvs_err *err; /* words for code */
};

struct consul_call_spec {
	const char *method;
	const char *what;		  /* for messages: "get" */
	struct kvs_str about;		  /* the key, or empty; copied */
	struct kvs_buf *path;		  /* "/v1/kv/a?recurse"; taken */
	struct kvs_buf *body_text;	  /* what is sent, or NULL; taken */
	bool write;			  /* sent at most once */
	bool reading;			  /* the store's consistency applies */
	uint32_t flags;			  /* KVS_READ_* */
	const struct consul_call *beside; /* asked of that one's server alone, and errors are not
					   * put into context; or NULL */
	uint64_t timeout_ms; /* for one server to answer; 0: as the store's options say */
	/* The body of a 200 as it arrives; nonzero ends the exchange with that code, err filled.
	 * NULL: it is collected for done(). */
	int (*body)(void *arg, const struct consul_header *header, const void *p, size_t n,
		    struct kvs_err *err);
	void (*done)(void *arg, const struct consul_answer *answer);
	void *arg;
};

/* Begins.  The path and the body are taken also on failure.  NOMEM, ARG. */
int consul_call_start(struct consul *c, const struct consul_call_spec *spec,
		      struct consul_call **ret_call, struct kvs_err *err);

/* A write of which no server was sent anything so far? */
bool consul_call_unsent(const struct consul_call *call);

/* done() will not run.  NULL is fine. */
void consul_call_cancel(struct consul_call *call);

/* The servers are known now, or cannot be found (code): goes on with the calls that wait. */
void consul_call_servers_known(struct consul *c, int code, const struct kvs_err *why);

/* The server heeds the store's scope, or why it cannot be asked: goes on with the calls that wait for
 * that. */
void consul_call_scope_known(struct consul *c, size_t server, int code, const struct kvs_err *why);

/* Makes PROTOCOL (reads) or UNCERTAIN (writes) of an answer that makes no sense, with the server's
 * and the key's name. */
int consul_call_nonsense(const struct consul_call *call, struct kvs_err *err);

/* Puts "consul at HOST:PORT: get KEY: " before the words. */
int consul_call_context(const struct consul_call *call, int code, struct kvs_err *err);

#endif
