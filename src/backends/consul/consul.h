/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The insides of the Consul backend.
 *
 *	consul_http.c      the vtable: open, close, dispatch; which request goes where
 *	consul_opts.c      options -> struct consul_config
 *	consul_call.c      one exchange with whichever server answers: token, failover
 *	consul_header.c    what the header of an answer says
 *	consul_status.c    what a status means
 *	consul_scope.c     whether a server heeds namespace and partition
 *	consul_path.c      keys as URLs
 *	consul_read.c      get, list, index, status
 *	consul_write.c     put, delete, txn     consul_txn.c   their JSON
 *	consul_session.c   leases
 *	consul_watch.h     watches
 *	consul_json.c      answers decoded as they arrive
 *
 * Invariants.  The core hears from us only through the reply queue, thus only within dispatch.  An
 * exchange calls its done() once, always from within dispatch, unless it was cancelled.
 */
#ifndef KVS_CONSUL_H
#define KVS_CONSUL_H

#include "backends/consul/consul_call.h"
#include "backends/consul/consul_json.h"
#include "base/endpoint.h"
#include "base/replyq.h"
#include "base/secret.h"
#include "base/srv.h"
#include "http/http.h"

#include <kvsync/backend.h>

/* What a value may be in a PUT, and a transaction as JSON, where the server has its defaults. */
#define CONSUL_MAX_VALUE   (512u << 10)
#define CONSUL_MAX_REQUEST (512u << 10)
/* Operations of a transaction on a server before 1.13. */
#define CONSUL_MAX_OPS 64
/* Blocking queries of one store; each holds a connection. */
#define CONSUL_MAX_QUERIES 64
/* Bytes of a namespace's or partition's name in a transaction, quotes included. */
#define CONSUL_MAX_ROOM 80
/* Bytes of an answer that is taken as a whole (one entry, a transaction's results). */
#define CONSUL_MAX_ANSWER (96u << 20)

enum consul_reading {
	CONSUL_READ_DEFAULT,
	CONSUL_READ_STALE,
	CONSUL_READ_CONSISTENT,
};

/* Whether access rules may hide entries from us. */
enum consul_acl {
	CONSUL_ACL_UNKNOWN,
	CONSUL_ACL_NONE, /* they are off, or our token sees everything */
	CONSUL_ACL_SOME,
};

struct consul_config {
	struct kvs_endpoints servers;
	char *srv;   /* the record that names the servers, or NULL */
	char *scope; /* "dc=...&ns=...", percent-encoded, or "" */
	char *room;  /* namespace and partition as members of a transaction's operation, or "" */
	char *tls_server_name;
	struct kvs_secret token;
	char *user; /* basic authentication, for a proxy before the servers */
	struct kvs_secret password;
	enum consul_reading reading;
	uint64_t max_stale_ms; /* UINT64_MAX: any age */
	uint64_t wait_ms;      /* of one blocking query */
	uint64_t timeout_ms;   /* of an operation */
};

struct consul {
	struct consul_config config;
	struct kvs_replyq q;
	struct kvs_http *http;
	size_t at;	       /* the server that answered last */
	struct kvs_srv *srv;   /* a lookup under way */
	bool servers_doubtful; /* those that DNS named failed: look them up again */
	enum consul_acl acl;
	uint64_t scope_known;		/* bits: the servers that heed namespace and partition */
	size_t scope_server;		/* is asked for that */
	struct consul_call *scope_call; /* by this */
	struct consul_call *calls;
	struct consul_request *requests;
	struct consul_query *queries; /* watches */
	struct consul_item *parked;   /* what broken watches had found, the oldest first */
	size_t n_parked;
	uint64_t quiet_until; /* a server asked for a pause of watches: monotonic ms */
	bool no_room;	      /* a server had none for a connection of ours */
	uint64_t relieved_at; /* when watches gave up some for that; 0: never */
	size_t relieved_to;   /* queries then */
	int epoll_fd, timer_fd;
	struct consul *next; /* of those left running */
};

/* One request of the core that is no watch. */
struct consul_request {
	struct consul *c;
	uint64_t tag;
	const struct consul_request_ops *ops;
	struct consul_call *call; /* the exchange under way */
	struct consul_request *prev, *next;
};

/* A kind of request; the struct consul_request stands first in a struct of its own. */
struct consul_request_ops {
	void (*release)(struct consul_request *r); /* frees r's struct */
};

/* Makes a request of `size` bytes, zeroed, under the tag.  NOMEM. */
int consul_request_new(struct consul *c, uint64_t tag, size_t size,
		       const struct consul_request_ops *ops, struct consul_request **ret_r,
		       struct kvs_err *err);
/* Queues done() and frees. */
void consul_request_done(struct consul_request *r, int code, struct kvs_reply *reply,
			 const struct kvs_err *err);
/* Frees without a word. */
void consul_request_drop(struct consul_request *r);

/* consul_opts.c.  CONFIG, SYS, NOMEM. */
int consul_config_read(const struct kvs_opts *opts, struct consul_config *ret_config,
		       struct kvs_err *err);
void consul_config_release(struct consul_config *config);
extern const struct kvs_backend_opt consul_opts[];

/* consul_path.c */

/* Can the key stand in a URL's path?  Servers redirect from "a//b", "a/../b" and the like, and refuse
 * control bytes.  Only the body of a transaction takes every key. */
bool consul_path_ok(struct kvs_str key);
/* The longest part of a prefix that can. */
struct kvs_str consul_path_safe_prefix(struct kvs_str prefix);
/* Appends "/v1/kv/KEY" with what needs it percent-encoded. */
void consul_path_kv(struct kvs_buf *b, struct kvs_str key);
/* Appends bytes percent-encoded for a path's segment or a query. */
void consul_path_encode(struct kvs_buf *b, struct kvs_str s);

/* Arms the timer for what waits; consul_http.c. */
void consul_arm_timer(struct consul *c);

/* Start functions of the vtable. */
kvs_start_fn consul_get, consul_list, consul_index, consul_status;
kvs_start_fn consul_put, consul_delete, consul_txn;
kvs_start_fn consul_lease;
kvs_start_fn consul_watch;

/* consul_acl.c: done() is told what the server says of our token, and hands that to
 * consul_acl_learn(), which sets c->acl. */
int consul_acl_call(struct consul *c, void (*done)(void *arg, const struct consul_answer *answer),
		    void *arg, struct consul_call **ret_call, struct kvs_err *err);
void consul_acl_learn(struct consul *c, const struct consul_answer *answer);

/* consul_scope.c */

/* Need we not ask the server whether it heeds namespace and partition? */
bool consul_scope_known(const struct consul *c, size_t server);
/* Asks the server that the call is for, unless one is being asked; consul_call_scope_known() is told.
 * NOMEM. */
int consul_scope_check(struct consul *c, const struct consul_call *call, size_t server,
		       struct kvs_err *err);
/* That server was away; it may be another one when it is back. */
void consul_scope_forget(struct consul *c, size_t server);
/* Forgets all. */
void consul_scope_reset(struct consul *c);

/* consul_txn.c */

/* Makes a transaction's text.  room as in struct consul_config.  map has CONSUL_MAX_OPS bytes: the op of each of Consul's operations.
 * TOOBIG if there would be more of them. */
int consul_txn_encode(const char *room, const struct kvs_op *ops, uint64_t n, struct kvs_buf *body,
		      uint8_t *map, struct kvs_err *err);
/* Reads the results.  Failure: CONFLICT, DENIED, NOTFOUND (lease), or PROTOCOL (it is no result).
 */
int consul_txn_decode(const struct consul_answer *answer, const uint8_t *map,
		      struct kvs_reply *reply, struct kvs_err *err);
/* Starts a transaction whose text is taken.  NOMEM. */
int consul_txn_call(struct consul *c, struct kvs_buf *body, const struct consul_call_spec *base,
		    struct consul_call **ret_call, struct kvs_err *err);
uint64_t consul_op_size(const struct kvs_op *op);

/* consul_watch.c */
bool consul_watch_cancel(struct consul *c, uint64_t tag);
void consul_watch_free_all(struct consul *c);
/* Starts the queries whose pause is over. */
void consul_watch_wake(struct consul *c, uint64_t now);
/* When the next of them is due; 0: none. */
uint64_t consul_watch_next(const struct consul *c);
/* After c->no_room: holds fewer connections. */
void consul_watch_relieve(struct consul *c);

#endif
