/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The insides of libkvsync.  Only src/core includes this.
 *
 *	public calls    blocking.c (kvs_get ...)   request.c (kvs_start ...)   watch.c (kvs_watch)
 *	                       \                        |                        /
 *	checks and views        check.c   view.c   ->  store.c: the one file that calls a backend
 *	                                                |
 *	answers              request.c: the sink -> callbacks, or watch.c -> diff.c -> callbacks
 *
 * Invariants.  A tag is in conn->pending from its start until its done has begun to run.  Whoever
 * runs a user's callback looks the tag up again afterwards, since the callback may have ended it.
 */
#ifndef KVS_CORE_CORE_H
#define KVS_CORE_CORE_H

#include <kvsync/backend.h>

#include "base/backoff.h"
#include "base/map.h"

#include <stdbool.h>

/* One open backend; shared by a store and its views. */
struct conn {
	struct kvs_backend be; /* completed copy of the backend's table */
	void *handle;	       /* what be.open() made */
	char name[1024];       /* identity without secrets */
	struct kvs_store *root;
	struct pending *pending; /* by tag */
	struct pending *found;	 /* the one found last: answers come in runs; NULL: it has gone */
	struct kvs_watch *watches;
	uint64_t last_tag;
	uint64_t next_deadline; /* no request's deadline is earlier; 0: none has one */
	uint64_t next_retry;	/* no watch's next try is earlier; 0: none waits for one */
	uint64_t armed;		/* what timer_fd is set to; 0: to nothing */
	int epoll_fd;		/* made by kvs_fd(): backend's fd and timer_fd */
	int timer_fd;
	unsigned int depth; /* inside how many callbacks */
};

/* A store as the user holds it: the whole of a conn, or a view into it. */
struct kvs_store {
	struct conn *conn;
	struct kvs_store *parent; /* NULL for the root */
	char *prefix;		  /* of a view, in full, as it was given; NULL for the root */
	size_t prefix_n;
	size_t strip; /* bytes to take off the keys that the backend tells */
	uint64_t timeout;
	uint64_t deadline;
	uint64_t retries; /* of blocking calls */
	bool closing;	  /* nothing new starts: callbacks that begin again would never end */
};

/* A request under way. */
struct pending {
	uint64_t tag;
	struct kvs_store *store; /* through which it was asked */
	uint32_t kind;
	char about[80];	   /* the key, for messages; escaped, and cut if it is long */
	uint64_t deadline; /* monotonic ms; 0: none */
	uint64_t started;
	struct kvs_callback cb;
	struct kvs_watch *watch; /* KVS_REQ_WATCH */
	char *prefix;		 /* KVS_REQ_LIST: answers must be under it ... */
	size_t prefix_n;
	char *last; /* ... and come in this order; has room for last_size bytes */
	size_t last_n;
	size_t last_size;
	UT_hash_handle hh;
};

/* store.c: every call of a backend */
int conn_open(const struct kvs_backend *be, const struct kvs_open_args *args,
	      struct conn **ret_conn, struct kvs_err *err);
void conn_close(struct conn *conn);
int conn_start(struct conn *conn, uint64_t tag, const struct kvs_request *req, struct kvs_err *err);
void conn_cancel(struct conn *conn, uint64_t tag);
bool conn_unsent(const struct conn *conn, uint64_t tag);
uint64_t conn_op_size(const struct conn *conn, const struct kvs_op *op);
int conn_not_in_callback(const struct conn *conn, const char *what, struct kvs_err *err);
/* Milliseconds until a deadline or a retry is due; -1: nothing is. */
int conn_wait_ms(const struct conn *conn);
/* Sets the timer of kvs_fd() to that, if there is one. */
int conn_arm_timer(struct conn *conn, struct kvs_err *err);

/* request.c */
extern const struct kvs_sink core_sink;
int request_start(struct kvs_store *store, const struct kvs_request *req,
		  const struct kvs_callback *cb, struct kvs_watch *watch, uint64_t *ret_tag,
		  struct kvs_err *err);
struct pending *request_find(struct conn *conn, uint64_t tag);
/* Ends a request towards its user: done, drop, memory.  The backend must know already. */
void request_finish(struct conn *conn, struct pending *p, int code, const struct kvs_reply *reply,
		    const struct kvs_err *err);
/* Drops a request without a word to its user; the backend must know already. */
void request_forget(struct conn *conn, struct pending *p);
/* Ends everything asked through `store` (NULL: everything) with CANCELED. */
void request_cancel_all(struct conn *conn, const struct kvs_store *store);
void request_expire(struct conn *conn, uint64_t now);
/* The dispatch of the backend failed: everything ends with that. */
void request_fail_all(struct conn *conn, int code, const struct kvs_err *err);

/* check.c: what a backend may rely on */
int check_request(const struct conn *conn, const struct kvs_request *req, struct kvs_err *err);

/* view.c: the request as the backend must see it */
struct mapped {
	struct kvs_request req;
	struct kvs_op *ops;
	char *bytes;
};
int view_map(const struct kvs_store *store, const struct kvs_request *req, struct mapped *ret_m,
	     struct kvs_err *err);
void mapped_release(struct mapped *m);
/* A key as the backend tells it, as the store's user must see it.  False: not under the prefix. */
bool view_strip(const struct kvs_store *store, struct kvs_str *key);

/* watch.c */
int watch_event(struct kvs_watch *w, uint32_t type, const struct kvs_entry *entry, uint64_t index);
void watch_done(struct kvs_watch *w, int code, const struct kvs_err *err);
void watch_retry_due(struct conn *conn, uint64_t now);
void watch_cancel_all(struct conn *conn, const struct kvs_store *store);

/* diff.c: what a watch without deltas knew before */
struct diff;
int diff_new(struct diff **ret_diff, struct kvs_err *err);
void diff_free(struct diff *d);
void diff_begin(struct diff *d);
/* Is this entry new or changed?  1 yes, 0 no, or NOMEM. */
int diff_put(struct diff *d, const struct kvs_entry *entry, struct kvs_err *err);
/* Takes out the keys that the snapshot did not have, as a list for known_next(), which the caller
 * frees with known_free_list(): a callback may free the diff meanwhile. */
struct known;
struct known *diff_end(struct diff *d);
struct known *known_next(struct known *k, struct kvs_str *ret_key);
void known_free_list(struct known *k);

/* entry.c */
int entry_copy(const struct kvs_entry *from, struct kvs_entry **ret_entry, struct kvs_err *err);

/* registry.c, loader.c */
int registry_get(const char *name, const struct kvs_backend **ret_be, struct kvs_err *err);
int loader_load(const char *name, struct kvs_backend *ret_be, struct kvs_err *err);
const char *loader_dir(void);
bool loader_name_ok(const char *name);
int loader_adopt(const struct kvs_backend *from, const char *name, const char *where,
		 struct kvs_backend *ret_be, struct kvs_err *err);

/* opts.c */
struct kvs_opt {
	char *name;
	char *value;
};
struct kvs_opts {
	struct kvs_opt *all;
	size_t n;
};
int opts_copy(const struct kvs_opts *from, struct kvs_opts **ret_opts, struct kvs_err *err);
int opts_check(const struct kvs_opts *opts, const struct kvs_backend *be, struct kvs_err *err);

/* url.c */
struct store_url {
	char *backend;
	char *scheme;
	char *location; /* of a URL without "//" */
};
int url_parse(const char *url, struct kvs_opts *opts, struct store_url *ret_url,
	      struct kvs_err *err);
void url_release(struct store_url *url);

#endif
