/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gRPC's completion queue behind a descriptor.  The queue cannot be polled, so a private thread waits
 * on it.  What is finished first it hands over, makes the descriptor readable, and stands aside: the
 * store's thread takes what follows from the queue itself (etcd_cq_take), and when nothing is left
 * gives it back.  So a burst is handed over once.  A store that does not come for half a second gets
 * the rest handed over too, since gRPC's connections live by somebody's waiting on the queue.
 *
 * The thread does nothing else: it knows nothing of calls, and no callback of anybody runs on it.
 * Signals are blocked in it and in every thread that gRPC makes (ETCD_NO_SIGNALS around the calls that
 * may make one).
 */
#ifndef KVS_ETCD_CQ_H
#define KVS_ETCD_CQ_H

#include <kvsync/kvsync.h>

#include "base/cleanup.h"

#include <grpc/grpc.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

/* What a batch of operations is tagged with.  fn runs on the store's thread; ok as gRPC says it. */
struct etcd_event {
	void (*fn)(struct etcd_event *ev, bool ok);

	/* Private: the other thread's from the start of a batch to its end. */
	atomic_bool theirs;
	bool ok;
	struct etcd_event *next;
};

struct etcd_cq;

/* Starts gRPC, the queue and its thread.  SYS, NOMEM. */
int etcd_cq_start(struct etcd_cq **ret_cq, struct kvs_err *err);

/* Readable while something is finished; the queue owns it. */
int etcd_cq_fd(const struct etcd_cq *cq);

grpc_completion_queue *etcd_cq_queue(const struct etcd_cq *cq);

/* Starts a batch; ev->fn runs when it is finished, if this returned 0.  BUG. */
int etcd_cq_begin(grpc_call *rpc, const grpc_op *ops, size_t n, struct etcd_event *ev,
		  struct kvs_err *err);

/* Takes some of what is finished, in order, as a list; the caller runs each fn.  NULL: nothing is, and if
 * the thread stood aside, nothing was within wait_ms. */
struct etcd_event *etcd_cq_take(struct etcd_cq *cq, unsigned int wait_ms);

/* After the last etcd_cq_take() of a dispatch: the descriptor tells of what comes from now on. */
void etcd_cq_give_back(struct etcd_cq *cq);

/*
 * Ends the thread, once every batch is finished: the caller has cancelled all calls before.  Returns
 * what finished meanwhile, for the caller to run; then etcd_cq_free().
 */
struct etcd_event *etcd_cq_stop(struct etcd_cq *cq);

/* Frees; stops gRPC if nobody else in the process uses it. */
void etcd_cq_free(struct etcd_cq *cq);

/* All signals are blocked in this thread while the variable lives. */
sigset_t etcd_block_signals(void);
void etcd_restore_signals(sigset_t *saved);
#define ETCD_NO_SIGNALS                                                                            \
	KVS_CLEANUP(etcd_restore_signals)                                                          \
	sigset_t no_signals_ __attribute__((unused)) = etcd_block_signals()

#endif
