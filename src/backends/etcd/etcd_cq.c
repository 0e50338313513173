/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/etcd/etcd_cq.h"

#include "base/alloc.h"
#include "base/err.h"

#include <errno.h>
#include <grpc/support/log.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>

/* How long the thread stands aside for a store that does not dispatch. */
#define ASIDE_MS 500
/* So many at a time are taken out of the queue before their functions run. */
#define BATCH 64

/* Who may take from the queue: one at a time, so that what finishes is told in its order. */
enum owner {
	THREAD,
	NOBODY, /* the thread has handed something over, and leaves the rest to the store's */
	STORE,	/* until the end of its dispatch */
};

struct etcd_cq {
	grpc_completion_queue *queue;
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	enum owner owner;
	bool stopping;
	struct etcd_event *first, **end; /* handed over */
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

static struct etcd_event *finished(const grpc_event *done)
{
	struct etcd_event *ev = done->tag;

	(void)atomic_load_explicit(&ev->theirs, memory_order_acquire);
	ev->ok = done->success;
	ev->next = NULL;
	return ev;
}

/* ---- the private thread ---- */

static struct timespec in_ms(long ms)
{
	struct timespec at;

	(void)clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += ms / 1000;
	at.tv_nsec += ms % 1000 * 1000000L;
	if (at.tv_nsec >= 1000000000L) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000L;
	}
	return at;
}

/* With the lock. */
static void stand_aside(struct etcd_cq *cq)
{
	struct timespec until = in_ms(ASIDE_MS);
	int late = 0;

	cq->owner = NOBODY;
	while (cq->owner == STORE || (cq->owner == NOBODY && !late && !cq->stopping)) {
		if (cq->owner == STORE)
			(void)pthread_cond_wait(&cq->changed, &cq->lock);
		else
			late = pthread_cond_timedwait(&cq->changed, &cq->lock, &until);
	}
	cq->owner = THREAD;
}

static void hand_over(struct etcd_cq *cq, struct etcd_event *ev)
{
	bool was_empty;

	(void)pthread_mutex_lock(&cq->lock);
	was_empty = !cq->first;
	*cq->end = ev;
	cq->end = &ev->next;
	if (was_empty)
		(void)eventfd_write(cq->fd, 1);
	/* A store that has not come for what it has is busy elsewhere: the connection goes on. */
	if (was_empty)
		stand_aside(cq);
	(void)pthread_mutex_unlock(&cq->lock);
}

static void *run(void *arg)
{
	struct etcd_cq *cq = arg;
	grpc_event done;

	for (;;) {
		done = grpc_completion_queue_next(cq->queue, gpr_inf_future(GPR_CLOCK_REALTIME),
						  NULL);
		if (done.type == GRPC_QUEUE_SHUTDOWN)
			return NULL;
		if (done.type == GRPC_OP_COMPLETE)
			hand_over(cq, finished(&done));
	}
}

/* ---- the store's thread ---- */

/* gRPC writes its troubles to stderr by itself; what matters of them comes with each call's status.
 * Who asks for its log by GRPC_VERBOSITY gets it. */
static void no_log(gpr_log_func_args *args)
{
	(void)args;
}

static void init_locks(struct etcd_cq *cq)
{
	pthread_condattr_t attr;

	(void)pthread_mutex_init(&cq->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&cq->changed, &attr);
	(void)pthread_condattr_destroy(&attr);
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
	init_locks(cq);
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

/* What the thread has handed over, and where its list ends.  True: the queue is the store's now. */
static bool take_over(struct etcd_cq *cq, struct etcd_event **list, struct etcd_event ***ret_end)
{
	eventfd_t ignored;
	bool ours;

	(void)pthread_mutex_lock(&cq->lock);
	if (cq->first)
		(void)eventfd_read(cq->fd, &ignored);
	*list = cq->first;
	*ret_end = cq->first ? cq->end : list;
	cq->first = NULL;
	cq->end = &cq->first;
	if (cq->owner == NOBODY)
		cq->owner = STORE;
	ours = cq->owner == STORE;
	(void)pthread_mutex_unlock(&cq->lock);
	return ours;
}

static gpr_timespec until(unsigned int wait_ms)
{
	if (!wait_ms)
		return gpr_inf_past(GPR_CLOCK_MONOTONIC);
	return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
			    gpr_time_from_millis(wait_ms, GPR_TIMESPAN));
}

struct etcd_event *etcd_cq_take(struct etcd_cq *cq, unsigned int wait_ms)
{
	ETCD_NO_SIGNALS;
	struct etcd_event *list, **end;
	grpc_event done;
	size_t n;

	if (!take_over(cq, &list, &end))
		return list;
	for (n = 0; n < BATCH; n++) {
		done = grpc_completion_queue_next(cq->queue, until(list ? 0 : wait_ms), NULL);
		if (done.type != GRPC_OP_COMPLETE)
			break;
		*end = finished(&done);
		end = &(*end)->next;
	}
	return list;
}

void etcd_cq_give_back(struct etcd_cq *cq)
{
	(void)pthread_mutex_lock(&cq->lock);
	if (cq->owner == STORE) {
		cq->owner = THREAD;
		(void)pthread_cond_signal(&cq->changed);
	}
	(void)pthread_mutex_unlock(&cq->lock);
}

struct etcd_event *etcd_cq_stop(struct etcd_cq *cq)
{
	struct etcd_event *list, **end;

	grpc_completion_queue_shutdown(cq->queue);
	(void)pthread_mutex_lock(&cq->lock);
	cq->stopping = true;
	(void)pthread_cond_signal(&cq->changed);
	(void)pthread_mutex_unlock(&cq->lock);
	(void)pthread_join(cq->thread, NULL);
	(void)take_over(cq, &list, &end);
	return list;
}

void etcd_cq_free(struct etcd_cq *cq)
{
	grpc_completion_queue_destroy(cq->queue);
	grpc_shutdown();
	(void)pthread_cond_destroy(&cq->changed);
	(void)pthread_mutex_destroy(&cq->lock);
	kvs_cleanup_fd(&cq->fd);
	kvsi_free(cq);
}
