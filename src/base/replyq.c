/* SPDX-License-Identifier: Apache-2.0 */
#include "base/replyq.h"

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"

#include <sys/eventfd.h>
#include <utlist.h>

enum item_kind {
	ITEM_ENTRY,
	ITEM_EVENT,
	ITEM_DONE,
};

struct kvs_replyq_item {
	struct kvs_replyq_item *prev, *next;
	uint64_t tag;
	uint64_t seq;
	enum item_kind kind;
	size_t bytes; /* counted against max_bytes */
	union {
		struct {
			uint32_t type; /* events */
			bool has_entry;
			uint64_t index;
			struct kvs_entry entry; /* its bytes stand behind the item */
		} data;
		struct {
			int code;
			bool has_reply;
			struct kvs_reply reply;
			struct kvs_err err;
		} done;
	};
};

void kvs_replyq_init(struct kvs_replyq *q, const struct kvs_sink *sink, void *core,
		     size_t max_bytes)
{
	*q = (struct kvs_replyq){ .sink = sink, .core = core, .max_bytes = max_bytes, .fd = -1 };
}

static void drop(struct kvs_replyq *q, struct kvs_replyq_item **head, struct kvs_replyq_item *item)
{
	DL_DELETE(*head, item);
	q->bytes -= item->bytes;
	kvsi_free(item);
}

static void drop_all(struct kvs_replyq *q, struct kvs_replyq_item **head)
{
	while (*head)
		drop(q, head, *head);
}

static void drop_tag(struct kvs_replyq *q, struct kvs_replyq_item **head, uint64_t tag)
{
	struct kvs_replyq_item *item, *next;

	DL_FOREACH_SAFE (*head, item, next) {
		if (item->tag == tag)
			drop(q, head, item);
	}
}

void kvs_replyq_release(struct kvs_replyq *q)
{
	drop_all(q, &q->queue);
	drop_all(q, &q->open);
	kvs_cleanup_fd(&q->fd);
	q->fd = -1;
}

void kvs_replyq_cancel(struct kvs_replyq *q, uint64_t tag)
{
	drop_tag(q, &q->queue, tag);
	drop_tag(q, &q->open, tag);
}

static void signal_fd(struct kvs_replyq *q)
{
	if (q->fd >= 0 && !q->readable)
		q->readable = eventfd_write(q->fd, 1) == 0;
}

void kvs_replyq_wake(struct kvs_replyq *q)
{
	q->woken = true;
	signal_fd(q);
}

static void enqueue(struct kvs_replyq *q, struct kvs_replyq_item *item)
{
	item->seq = ++q->last_seq;
	DL_APPEND(q->queue, item);
	signal_fd(q);
}

int kvs_replyq_open(struct kvs_replyq *q, uint64_t tag, struct kvs_err *err)
{
	struct kvs_replyq_item *item = kvs_zalloc(sizeof(*item));

	if (!item)
		return kvs_err_oom(err);
	item->kind = ITEM_DONE;
	item->tag = tag;
	DL_PREPEND(q->open, item);
	return 0;
}

static int enqueue_copy(struct kvs_replyq *q, const struct kvs_replyq_item *model,
			const struct kvs_entry *entry, struct kvs_err *err)
{
	struct kvs_replyq_item *item;
	size_t bytes = sizeof(*item);
	char *room;

	if (entry)
		bytes += entry->key.n + entry->value.n + entry->lease.n;
	if (bytes > q->max_bytes || q->bytes > q->max_bytes - bytes)
		return kvs_err_set(err, KVS_E_TOOBIG,
				   "answers that wait for dispatch would take more than %zu bytes",
				   q->max_bytes);
	item = kvs_alloc(bytes);
	if (!item)
		return kvs_err_oom(err);
	*item = *model;
	item->bytes = bytes;
	if (entry) {
		room = (char *)(item + 1);
		item->data.has_entry = true;
		item->data.entry = *entry;
		item->data.entry.key = kvs_str_place(&room, entry->key);
		item->data.entry.value = kvs_str_place(&room, entry->value);
		item->data.entry.lease = kvs_str_place(&room, entry->lease);
	}
	q->bytes += bytes;
	enqueue(q, item);
	return 0;
}

int kvs_replyq_entry(struct kvs_replyq *q, uint64_t tag, const struct kvs_entry *entry,
		     struct kvs_err *err)
{
	const struct kvs_replyq_item model = { .tag = tag, .kind = ITEM_ENTRY };

	return enqueue_copy(q, &model, entry, err);
}

int kvs_replyq_event(struct kvs_replyq *q, uint64_t tag, uint32_t type,
		     const struct kvs_entry *entry, uint64_t index, struct kvs_err *err)
{
	const struct kvs_replyq_item model = {
		.tag = tag,
		.kind = ITEM_EVENT,
		.data = { .type = type, .index = index },
	};

	return enqueue_copy(q, &model, entry, err);
}

void kvs_replyq_done(struct kvs_replyq *q, uint64_t tag, int code, const struct kvs_reply *reply,
		     const struct kvs_err *err)
{
	struct kvs_replyq_item *item;

	DL_SEARCH_SCALAR(q->open, item, tag, tag);
	if (!item)
		return;
	DL_DELETE(q->open, item);
	item->done.code = code;
	if (reply) {
		item->done.has_reply = true;
		item->done.reply = *reply;
	}
	item->done.err.code = code;
	if (code && err)
		item->done.err = *err;
	enqueue(q, item);
}

/* Nonzero: the sink wants no more. */
static int deliver(const struct kvs_replyq *q, const struct kvs_replyq_item *item)
{
	switch (item->kind) {
	case ITEM_ENTRY:
		return q->sink->entry(q->core, item->tag, &item->data.entry);
	case ITEM_EVENT:
		return q->sink->event(q->core, item->tag, item->data.type,
				      item->data.has_entry ? &item->data.entry : NULL,
				      item->data.index);
	case ITEM_DONE:
		q->sink->done(q->core, item->tag, item->done.code,
			      item->done.has_reply ? &item->done.reply : NULL,
			      item->done.code ? &item->done.err : NULL);
	}
	return 0;
}

static void deliver_first(struct kvs_replyq *q)
{
	/* Off the queue before the callback, which may cancel the tag. */
	KVS_AUTO_FREE struct kvs_replyq_item *item = q->queue;
	uint64_t tag = item->tag;

	DL_DELETE(q->queue, item);
	q->bytes -= item->bytes;
	if (deliver(q, item) == 0)
		return;
	kvs_replyq_cancel(q, tag);
	if (q->stopped)
		q->stopped(q->stopped_arg, tag);
}

void kvs_replyq_dispatch(struct kvs_replyq *q)
{
	uint64_t last = q->last_seq;
	eventfd_t ignored;

	q->woken = false;
	if (q->readable) {
		(void)eventfd_read(q->fd, &ignored);
		q->readable = false;
	}
	while (q->queue && q->queue->seq <= last)
		deliver_first(q);
	if (q->queue)
		signal_fd(q);
}

int kvs_replyq_fd(struct kvs_replyq *q, struct kvs_err *err)
{
	if (q->fd >= 0)
		return q->fd;
	q->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (q->fd < 0)
		return kvs_err_sys(err, "cannot make an eventfd");
	if (q->queue || q->woken)
		signal_fd(q);
	return q->fd;
}
