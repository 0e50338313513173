/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/etcd/etcd_cq.h"

#include "base/alloc.h"
#include "base/err.h"

#include <errno.h>
#include <grpc/support/log.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>

struct etcd_cq {
	grpc_completion_queue *queue;
	pthread_t thread;
	pthread_mutex_t lock; /* of the list */
	struct etcd_event *first, **end;
	int fd;
};

sigset_t etcd_block_signals(void)
{
	sigset_t all, saved;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, &saved);
	return saved;
}

void etcd_restore_signals(sigset_t *saved)
{
	(void)pthread_sigmask(SIG_SETMASK, saved, NULL);
}

/* ---- batches ---- */

int etcd_cq_begin(grpc_call *rpc, const grpc_op *ops, size_t n, struct etcd_event *ev,
		  struct kvs_err *err)
{
	grpc_call_error failure;

	/* gRPC's own locks order the two threads as well, but no tool sees them. */
	atomic_store_explicit(&ev->theirs, true, memory_order_release);
	failure = grpc_call_start_batch(rpc, ops, n, ev, NULL);
	if (failure != GRPC_CALL_OK)
		return kvs_err_set(err, KVS_E_BUG, "gRPC refused a batch (%d)", (int)failure);
	return 0;
}

/* ---- the private thread ---- */

static void hand_over(struct etcd_cq *cq, struct etcd_event *ev)
{
	bool was_empty;

	ev->next = NULL;
	(void)pthread_mutex_lock(&cq->lock);
	was_empty = !cq->first;
	*cq->end = ev;
	cq->end = &ev->next;
	(void)pthread_mutex_unlock(&cq->lock);
	if (was_empty)
		(void)eventfd_write(cq->fd, 1);
}

static void *run(void *arg)
{
	struct etcd_cq *cq = arg;
	struct etcd_event *ev;
	grpc_event done;

	for (;;) {
		done = grpc_completion_queue_next(cq->queue, gpr_inf_future(GPR_CLOCK_REALTIME),
						  NULL);
		if (done.type == GRPC_QUEUE_SHUTDOWN)
			return NULL;
		if (done.type != GRPC_OP_COMPLETE)
			continue;
		ev = done.tag;
		(void)atomic_load_explicit(&ev->theirs, memory_order_acquire);
		ev->ok = done.success;
		hand_over(cq, ev);
	}
}

/* ---- the store's thread ---- */

/* gRPC writes its troubles to stderr by itself; what matters of them comes with each call's status.
 * Who asks for its log by GRPC_VERBOSITY gets it. */
static void no_log(gpr_log_func_args *args)
{
	(void)args;
}

static int start_thread(struct etcd_cq *cq, struct kvs_err *err)
{
	int failure = pthread_create(&cq->thread, NULL, run, cq);

	if (!failure)
		return 0;
	errno = failure;
	return kvs_err_sys(err, "cannot start the thread of the etcd connection");
}

int etcd_cq_start(struct etcd_cq **ret_cq, struct kvs_err *err)
{
	ETCD_NO_SIGNALS;
	struct etcd_cq *cq = kvs_zalloc(sizeof(*cq));
	int code;

	if (!cq)
		return kvs_err_oom(err);
	cq->end = &cq->first;
	cq->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (cq->fd < 0) {
		kvsi_free(cq);
		return kvs_err_sys(err, "cannot make an eventfd");
	}
	if (!getenv("GRPC_VERBOSITY"))
		gpr_set_log_function(no_log);
	(void)pthread_mutex_init(&cq->lock, NULL);
	grpc_init();
	cq->queue = grpc_completion_queue_create_for_next(NULL);
	code = start_thread(cq, err);
	if (code) {
		grpc_completion_queue_shutdown(cq->queue);
		etcd_cq_free(cq);
		return code;
	}
	*ret_cq = cq;
	return 0;
}

int etcd_cq_fd(const struct etcd_cq *cq)
{
	return cq->fd;
}

grpc_completion_queue *etcd_cq_queue(const struct etcd_cq *cq)
{
	return cq->queue;
}

struct etcd_event *etcd_cq_take(struct etcd_cq *cq)
{
	struct etcd_event *list;
	eventfd_t ignored;

	/* Before the list, so that what comes in between makes it readable again. */
	(void)eventfd_read(cq->fd, &ignored);
	(void)pthread_mutex_lock(&cq->lock);
	list = cq->first;
	cq->first = NULL;
	cq->end = &cq->first;
	(void)pthread_mutex_unlock(&cq->lock);
	return list;
}

struct etcd_event *etcd_cq_stop(struct etcd_cq *cq)
{
	grpc_completion_queue_shutdown(cq->queue);
	(void)pthread_join(cq->thread, NULL);
	return etcd_cq_take(cq);
}

void etcd_cq_free(struct etcd_cq *cq)
{
	grpc_completion_queue_destroy(cq->queue);
	grpc_shutdown();
	(void)pthread_mutex_destroy(&cq->lock);
	kvs_cleanup_fd(&cq->fd);
	kvsi_free(cq);
}
