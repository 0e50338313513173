/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connection object of the etcd backend.
 *
 *	etcd_v3.c     the vtable, open, close, dispatch
 *	etcd_read.c   get, list, index          etcd_write.c  put, delete, txn
 *	etcd_watch.c  watchers                  etcd_lease.c  leases
 *	etcd_admin.c  status, compact
 *	    |               |
 *	etcd_scan.c   a range, page by page     etcd_stream.c  Watch streams that watchers share
 *	    |               |
 *	etcd_call.c   one request and its answer: tokens, failover, what a failure means
 *	    |
 *	etcd_gate.c   waiting for the members' names and the token     etcd_auth.c  the token
 *	etcd_link.c   channels to the members   etcd_cq.c  completions behind a descriptor
 *
 * Everything here runs on the store's thread, completions in dispatch().  An answer reaches the
 * sink only from there, since nothing is finished elsewhere.
 */
#ifndef KVS_ETCD_H
#define KVS_ETCD_H

#include "backends/etcd/etcd_cq.h"
#include "backends/etcd/etcd_link.h"
#include "base/backoff.h"
#include "base/map.h"
#include "base/srv.h"

#include <kvsync/backend.h>

struct etcd_waiter;
struct etcd_auth;
struct etcd_stream;

/* What the core knows by a tag; the first member of a request or watcher. */
struct etcd_job {
	uint64_t tag;
	void (*cancel)(struct etcd_job *job); /* frees it, at once or when it can */
	bool (*unsent)(struct etcd_job *job); /* of writes: was no member sent anything? */
	UT_hash_handle hh;
};

struct etcd_conn {
	const struct kvs_sink *sink;
	void *core;
	uint64_t timeout; /* ms, of an operation */

	struct etcd_link link;
	char *srv_record;
	struct kvs_srv *srv;  /* a lookup under way */
	uint64_t srv_started; /* monotonic ms */

	struct etcd_auth *auth;
	struct etcd_waiter *waiting; /* for members or token */
	struct etcd_waiter *going;   /* being let go */

	struct etcd_cq *cq; /* NULL until the first request */
	int epoll_fd;
	int timer_fd; /* the next login */
	bool closing;
	struct etcd_conn *next; /* left running when the process ends */

	struct etcd_job *jobs; /* by tag */
	struct etcd_stream *streams;

	/* A cluster whose id changes was restored: what was seen before proves nothing. */
	uint64_t cluster_id;
	int64_t newest;	  /* the highest revision seen */
	int64_t distrust; /* revisions up to this are of a former cluster */
};

/* Gives the job its tag.  NOMEM. */
int etcd_job_add(struct etcd_conn *conn, struct etcd_job *job, uint64_t tag, struct kvs_err *err);
/* Takes it out; twice is fine. */
void etcd_job_remove(struct etcd_conn *conn, struct etcd_job *job);

/* vtable members */
kvs_start_fn etcd_get, etcd_list, etcd_index, etcd_put, etcd_delete, etcd_txn, etcd_watch,
	etcd_lease, etcd_status, etcd_compact;
uint64_t etcd_op_size(const struct kvs_op *op);

#endif
