/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/etcd/etcd_scan.h"

#include "backends/etcd/etcd_range.h"
#include "base/err.h"
#include "base/str.h"

#include <inttypes.h>
#include <string.h>

#define FIRST_PAGE 32
#define SAFE_PAGE  256 /* 384 MiB at worst, by what etcd takes for a value by itself */
#define MAX_PAGE   2000
#define MAX_GROWTH 8 /* from page to page */
#define PAGE_BYTES (1u << 20)
#define MAX_NAME   (2u << 20)
/* A store in which even a page of all that it has is no harm. */
#define SMALL_STORE (128 << 20)

#define scan_of(call_) ((struct etcd_scan *)((char *)(call_)-offsetof(struct etcd_scan, call)))

static void set(struct kvs_buf *b, struct kvs_str s)
{
	kvs_buf_reset(b);
	kvs_buf_add(b, s.p, s.n);
}

/* ---- one page ---- */

static bool folds(const struct etcd_scan *s)
{
	return s->separator.len > 0;
}

static int send_page(struct etcd_scan *s, struct kvs_err *err)
{
	Etcdpb__RangeRequest request = ETCDPB__RANGE_REQUEST__INIT;
	uint64_t left = s->limit - s->count;

	request.key = etcd_borrow(kvs_buf_slice(&s->start));
	request.range_end = etcd_borrow(kvs_buf_slice(&s->end));
	request.revision = s->revision;
	request.serializable = s->stale;
	request.keys_only = s->keys_only;
	request.limit = s->single ? 0 : (int64_t)s->page;
	/* One more than wanted tells whether there is more. */
	if (s->limit && !folds(s) && left < s->page)
		request.limit = (int64_t)left + 1;
	s->call.member_only = s->stale;
	return etcd_call_start(&s->call, "/etcdserverpb.KV/Range", (ProtobufCMessage *)&request,
			       ETCD_READ, s->timeout, err);
}

/* ---- the size of the store ---- */

static int ask_size(struct etcd_scan *s, struct kvs_err *err)
{
	Etcdpb__StatusRequest request = ETCDPB__STATUS_REQUEST__INIT;
	int code;

	s->call.member_only = true;
	code = etcd_call_start(&s->call, "/etcdserverpb.Maintenance/Status",
			       (ProtobufCMessage *)&request, ETCD_READ, s->timeout, err);
	s->sizing = !code;
	return code;
}

/* A server that does not tell is taken for a large one. */
static void take_size(struct etcd_scan *s, int code)
{
	Etcdpb__StatusResponse *status = NULL;
	int64_t size = 0;

	s->sizing = false;
	if (!code)
		status = etcd_call_answer(&s->call, &etcdpb__status_response__descriptor, NULL);
	if (status)
		size = status->db_size_in_use ? status->db_size_in_use : status->db_size;
	etcd_message_free(status);
	s->max_page = size > 0 && size <= SMALL_STORE ? MAX_PAGE : SAFE_PAGE;
}

/* All of it has one revision, so that a store that grows meanwhile does no harm. */
static int send_next(struct etcd_scan *s, struct kvs_err *err)
{
	if (s->page > SAFE_PAGE && s->left > SAFE_PAGE && !s->max_page)
		return ask_size(s, err);
	if (s->page > SAFE_PAGE && s->page > s->max_page)
		s->page = s->max_page ? s->max_page : SAFE_PAGE;
	return send_page(s, err);
}

/* ---- the next page ---- */

static uint64_t keys_left(const struct etcd_scan *s, const Etcdpb__RangeResponse *page)
{
	uint64_t wanted = s->limit && !folds(s) ? s->limit - s->count : UINT64_MAX;
	uint64_t there = page->count > 0 ? (uint64_t)page->count : 0;

	there = there > page->n_kvs ? there - page->n_kvs : 0;
	return there < wanted ? there : wanted;
}

static void next_page_size(struct etcd_scan *s, uint64_t entries, uint64_t bytes)
{
	uint64_t fit = bytes ? entries * PAGE_BYTES / bytes : MAX_PAGE;

	if (fit > s->page * MAX_GROWTH)
		fit = s->page * MAX_GROWTH;
	if (fit > MAX_PAGE)
		fit = MAX_PAGE;
	s->page = fit ? fit : 1;
}

/* ---- entries ---- */

/* Nonzero: the scan is over. */
static int tell(struct etcd_scan *s, const struct kvs_entry *e)
{
	if (s->limit && s->count == s->limit) {
		s->more = true;
		return 1;
	}
	s->count++;
	if (s->entry(s, e))
		s->stopped = true;
	return s->stopped;
}

/* Does the key show under a name that others may share? */
static bool fold(const struct etcd_scan *s, struct kvs_str key, struct kvs_str *ret_name)
{
	return kvs_str_fold(key, s->prefix.len, kvs_buf_slice(&s->separator), ret_name);
}

static int tell_one(struct etcd_scan *s, const Etcdpb__KeyValue *kv)
{
	char lease[ETCD_LEASE_SIZE];
	struct kvs_entry e = etcd_entry(kv, lease);
	struct kvs_str name;

	if (!fold(s, e.key, &name))
		return tell(s, &e);
	if (kvs_str_eq(name, kvs_buf_slice(&s->last)))
		return 0;
	set(&s->last, name);
	e = (struct kvs_entry){ .size = sizeof(e), .info = KVS_ENTRY_FOLDED, .key = name };
	return tell(s, &e);
}

/* The next page begins behind this key, or behind all that show under the same name. */
static void move_start(struct etcd_scan *s, struct kvs_str key)
{
	struct kvs_str name;

	kvs_buf_reset(&s->start);
	if (fold(s, key, &name)) {
		etcd_range_end(&s->start, name);
	} else {
		kvs_buf_add(&s->start, key.p, key.n);
		kvs_buf_char(&s->start, '\0');
	}
}

/* Is anything left between start and end?  An end of NUL is behind everything. */
static bool exhausted(const struct etcd_scan *s)
{
	if (s->start.len == 1 && !s->start.data[0])
		return true;
	if (s->end.len == 1 && !s->end.data[0])
		return false;
	return kvs_str_cmp(kvs_buf_slice(&s->start), kvs_buf_slice(&s->end)) >= 0;
}

/* A server whose pages do not advance would be asked for ever. */
static int check_progress(const struct etcd_scan *s, const Etcdpb__RangeResponse *page,
			  struct kvs_err *err)
{
	struct kvs_str last = etcd_bytes(page->kvs[page->n_kvs - 1]->key);

	if (kvs_str_cmp(last, kvs_buf_slice(&s->start)) >= 0)
		return 0;
	return kvs_err_set(err, KVS_E_PROTOCOL, "etcd's list goes back to %s", KVS_Q(last));
}

/* 1: go on with another page; 0: the scan is over; or NOMEM, PROTOCOL. */
static int take_page(struct etcd_scan *s, const Etcdpb__RangeResponse *page, struct kvs_err *err)
{
	uint64_t bytes = 0;
	size_t i;
	int code;

	s->index = etcd_header(s->conn, page->header);
	if (!s->revision && page->header)
		s->revision = page->header->revision;
	for (i = 0; i < page->n_kvs; i++) {
		bytes += page->kvs[i]->key.len + page->kvs[i]->value.len;
		if (tell_one(s, page->kvs[i]))
			return 0;
	}
	if (s->single || !page->more || !page->n_kvs)
		return 0;
	code = check_progress(s, page, err);
	if (code)
		return code;
	next_page_size(s, page->n_kvs, bytes);
	s->left = keys_left(s, page);
	move_start(s, etcd_bytes(page->kvs[page->n_kvs - 1]->key));
	code = kvs_buf_check(&s->start, "a key", err);
	if (!code)
		code = kvs_buf_check(&s->last, "a name", err);
	return code ? code : !exhausted(s);
}

/* History that went while its pages were read: the reader may begin anew behind what he has. */
static int explain(const struct etcd_scan *s, int code, struct kvs_err *why)
{
	if (code == KVS_E_COMPACTED && !s->pinned)
		why->code = code = KVS_E_UNAVAILABLE;
	return code;
}

static void end_scan(struct etcd_scan *s, int code, struct kvs_err *why)
{
	s->busy = false;
	if (s->stopped)
		s->drop(s);
	else
		s->done(s, explain(s, code, why), why);
}

static int read_page(struct etcd_scan *s, struct kvs_err *err)
{
	Etcdpb__RangeResponse *page = etcd_call_answer(&s->call,
						       &etcdpb__range_response__descriptor, err);
	int more;

	if (!page)
		return err->code;
	s->telling = true;
	more = take_page(s, page, err);
	s->telling = false;
	etcd_message_free(page);
	return more;
}

/* As read_page(). */
static int take_answer(struct etcd_scan *s, int code, struct kvs_err *err)
{
	if (s->sizing) {
		take_size(s, code);
		return 1;
	}
	return code ? code : read_page(s, err);
}

static void page_done(struct etcd_call *call, int code, const struct kvs_err *err)
{
	struct etcd_scan *s = scan_of(call);
	struct kvs_err why = *err;

	code = take_answer(s, code, &why);
	if (code > 0) {
		code = send_next(s, &why);
		if (!code)
			return;
	}
	end_scan(s, code, &why);
}

static void page_dropped(struct etcd_call *call)
{
	struct etcd_scan *s = scan_of(call);

	s->busy = false;
	s->drop(s);
}

/* ---- for owners ---- */

static bool is_single(const struct kvs_request *req)
{
	return req->kind == KVS_REQ_GET ||
	       (req->kind == KVS_REQ_WATCH && !(req->flags & KVS_PREFIX));
}

static void init_buffers(struct etcd_scan *s)
{
	struct kvs_buf *all[] = { &s->prefix, &s->separator, &s->start, &s->end, &s->last };
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		kvs_buf_init(all[i], MAX_NAME);
}

/* Names that fold to `after` itself were told, but what merely folds as it does was not. */
static void start_behind(struct etcd_scan *s, struct kvs_str after)
{
	struct kvs_str name;

	if (fold(s, after, &name) && name.n == after.n) {
		move_start(s, after);
		return;
	}
	set(&s->start, after);
	kvs_buf_char(&s->start, '\0');
}

static int set_range(struct etcd_scan *s, const struct kvs_request *req, struct kvs_err *err)
{
	kvs_buf_add(&s->prefix, req->key.p, req->key.n);
	kvs_buf_add(&s->separator, req->separator.p, req->separator.n);
	kvs_buf_add(&s->start, req->key.p, req->key.n);
	if (!s->single) {
		etcd_range_end(&s->end, req->key);
		kvs_buf_add(&s->last, req->after.p, req->after.n);
		if (req->after.n && kvs_str_cmp(req->after, req->key) >= 0)
			start_behind(s, req->after);
		if (!s->start.len) /* etcd takes an empty key for none */
			kvs_buf_char(&s->start, '\0');
	}
	return kvs_buf_failed(&s->prefix) || kvs_buf_failed(&s->separator) ||
			       kvs_buf_failed(&s->start) || kvs_buf_failed(&s->end) ||
			       kvs_buf_failed(&s->last)
		       ? kvs_err_set(err, KVS_E_TOOBIG, "key %s is too long for etcd",
				     KVS_Q(req->key))
		       : 0;
}

/* A range without keys still tells the index. */
static void ask_for_nothing(struct etcd_scan *s)
{
	set(&s->start, kvs_s("\1"));
	set(&s->end, kvs_s("\1"));
}

int etcd_scan_start(struct etcd_scan *s, const struct kvs_request *req, struct kvs_err *err)
{
	int code;

	init_buffers(s);
	s->call = (struct etcd_call){ .conn = s->conn, .done = page_done, .drop = page_dropped };
	s->single = is_single(req);
	s->keys_only = req->flags & KVS_KEYS_ONLY;
	s->stale = req->flags & KVS_READ_STALE;
	s->revision = req->kind == KVS_REQ_WATCH ? 0 : (int64_t)req->index;
	s->pinned = s->revision != 0;
	s->limit = req->kind == KVS_REQ_LIST ? req->limit : 0;
	s->timeout = req->timeout;
	s->page = FIRST_PAGE;
	s->max_page = s->left = 0;
	s->index = s->count = 0;
	s->more = s->stopped = s->telling = s->sizing = false;
	code = set_range(s, req, err);
	if (!code && !s->single && req->after.n && exhausted(s))
		ask_for_nothing(s);
	if (!code)
		code = send_page(s, err);
	s->busy = !code;
	if (code)
		etcd_scan_release(s);
	return code;
}

void etcd_scan_abandon(struct etcd_scan *s)
{
	if (s->telling)
		s->stopped = true;
	else if (s->busy)
		etcd_call_abandon(&s->call);
	else
		s->drop(s);
}

void etcd_scan_release(struct etcd_scan *s)
{
	kvs_buf_release(&s->prefix);
	kvs_buf_release(&s->separator);
	kvs_buf_release(&s->start);
	kvs_buf_release(&s->end);
	kvs_buf_release(&s->last);
}
