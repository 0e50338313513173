/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The backend contract: what a store's driver gives to the core, and what it gets.
 *
 * A backend speaks its protocol and nothing else.  Retry, backoff, failover deadlines, diffing of
 * snapshots, prefixed views, splitting of transactions, checks of arguments and ownership of
 * results are the core's.  It must not know of files, checksums or command lines.
 *
 * Stability: second tier.  This header may change in any release that raises KVS_BACKEND_ABI; a
 * module built for another number is refused with words.  Members are only ever appended to
 * structs that begin with their size.
 *
 * How a request lives.  The core calls a start function (get ... compact) with a tag of its own,
 * never 0 and never reused while open.  The start function must not block: it checks, sends or
 * queues, and returns 0, or fails with a code (then no answer may follow under that tag).  Answers go
 * through the sink, and only from inside dispatch(): any number of entry() or event() calls, then
 * exactly one done().  Answers of different requests may interleave.  After cancel(tag) nothing
 * may be delivered under the tag.  The request and all it points to are borrowed for the call.
 *
 * Codes that a backend must keep apart, since the core acts on them:
 *   KVS_E_UNAVAILABLE  a write was certainly not applied (never sent, or the server said so), or a
 *                      read failed in a way that may pass.  The core may try again; not at once
 *                      if sys_errno is EKEYREJECTED: no server's certificate is acceptable.
 *   KVS_E_UNCERTAIN    a write was sent and no answer came.  The core resolves guarded writes.
 *   KVS_E_CONFLICT     a condition did not hold; nothing was changed.
 *   KVS_E_DENIED       credentials or access rules.  What an access rule hides is never NOTFOUND:
 *                      if a backend cannot tell, it says DENIED or sets KVS_REPLY_FILTERED.
 *   KVS_E_COMPACTED    the index asked for is gone (get, list).  A watch sends RESET instead.
 *
 * What the core has checked before a start function runs: kinds and conditions are known, keys are
 * not empty (a list's or watch's prefix may be) and within limits.max_key, a leading "/" is
 * trimmed with KVS_CAP_TRIM_SLASH, keys are UTF-8 without NUL unless KVS_CAP_BINARY_KEYS, values are
 * within limits.max_value, a transaction is within limits and has no key twice, flags and leases
 * stand only where the capabilities allow.  What the core checks of the answers: a list is
 * sorted by key bytes and under its prefix; nothing follows a done().
 *
 * Indexes are never 0, an empty store's included: 0 means "none" everywhere.
 *
 * Threads.  All members are called from the thread that owns the store.  A backend that owns a
 * private thread hands its results over inside dispatch().
 *
 * Memory.  A backend hands none out: what it gives to the sink is borrowed for that call.  Its own
 * memory comes from base/alloc.h so that every failure of it can be tested.
 */
#ifndef KVSYNC_BACKEND_H
#define KVSYNC_BACKEND_H

#include <kvsync/kvsync.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KVS_BACKEND_ABI 1u

/*
 * Events of a watch, from a backend to the core, in order.
 *   KVS_EV_RESET     history was lost (or the watch begins with a snapshot): PUT events of all
 *                    that exists follow, then SYNC.
 *   KVS_BEV_SNAPSHOT (backends without deltas) the same, but history goes on: the core compares it
 *                    with what it knows and tells its user only the difference.
 *   KVS_EV_PUT, KVS_EV_DELETE, KVS_EV_SYNC as in kvsync.h.
 * PUT events of a snapshot come sorted by key.
 */
#define KVS_BEV_SNAPSHOT 16u

/*
 * Where a backend's answers go.  `core` is the value given to open().  A call may re-enter the
 * backend with a start function or cancel(), also for the tag at hand; never with dispatch() or
 * close().
 */
struct kvs_sink {
	uint32_t size;
	uint32_t reserved0;
	/* Nonzero: the core wants no more of this request; the backend stops delivering under the
	 * tag and calls no done() (as if cancelled). */
	int (*entry)(void *core, uint64_t tag, const struct kvs_entry *entry);
	int (*event)(void *core, uint64_t tag, uint32_t type, const struct kvs_entry *entry,
		     uint64_t index);
	/* code 0 or KVS_E_*; err has the words when code is not 0; reply may be NULL then. */
	void (*done)(void *core, uint64_t tag, int code, const struct kvs_reply *reply,
		     const struct kvs_err *err);
};

/* Types of a backend's own option. */
enum kvs_opt_type {
	KVS_OPT_STRING = 1,
	KVS_OPT_BOOL = 2,     /* true, false, yes, no, on, off, 1, 0 */
	KVS_OPT_UINT = 3,
	KVS_OPT_DURATION = 4, /* 1500ms, 3s, 5m, 1h30m */
	KVS_OPT_LIST = 5,     /* may be given several times */
	KVS_OPT_FILE = 6,     /* a path */
	KVS_OPT_BARE_NS = 7,  /* a duration; a bare number is nanoseconds, below 1 ms an error */
	KVS_OPT_BARE_S = 8,   /* a duration; a bare number is seconds */
};

/* One row of an option table; the row with name NULL ends it. */
struct kvs_backend_opt {
	const char *name;
	uint32_t type;
	uint32_t reserved0;
	const char *fallback; /* what applies if it is not given, or NULL */
	const char *help;     /* one line */
};

/* The options in force, checked against the tables.  Names not in the tables never get here. */
const char *kvs_opts_get(const struct kvs_opts *opts, const char *name); /* NULL if absent */
size_t kvs_opts_count(const struct kvs_opts *opts, const char *name);
const char *kvs_opts_at(const struct kvs_opts *opts, const char *name, size_t i);
int kvs_opts_bool(const struct kvs_opts *opts, const char *name, int fallback);
uint64_t kvs_opts_uint(const struct kvs_opts *opts, const char *name, uint64_t fallback);
uint64_t kvs_opts_ms(const struct kvs_opts *opts, const char *name, uint64_t fallback);

/* What open() gets.  All borrowed for the call, except sink and core, which stay. */
struct kvs_open_args {
	uint32_t size;
	uint32_t reserved0;
	const char *scheme;    /* the URL's scheme ("consul+https"), or NULL */
	const char *location;  /* what follows "scheme:", without "//" and without the query; or NULL */
	const struct kvs_opts *opts; /* section, flags and the URL's query, merged */
	const struct kvs_sink *sink;
	void *core;
};

typedef int kvs_start_fn(void *conn, uint64_t tag, const struct kvs_request *req,
			 struct kvs_err *err);

/*
 * The vtable.  `abi` and `size` first; the loader copies min(size) bytes and zero-fills the rest,
 * so a member that an older module does not have is NULL.  open, close, get, list, put, delete,
 * txn, index, watch, status, cancel, fd and dispatch are required; a NULL lease or compact means
 * unsupported (and the capability is absent).
 */
struct kvs_backend {
	uint32_t abi;  /* KVS_BACKEND_ABI */
	uint32_t size; /* sizeof(struct kvs_backend) */
	const char *name;        /* [a-z][a-z0-9-]*, also the module's file and URL scheme */
	const char *description; /* one line for `kvsync backends` */
	const struct kvs_backend_opt *opts; /* own options, beside the common ones; may be NULL */
	uint64_t caps;           /* KVS_CAP_* */
	uint64_t traits;         /* KVS_TRAIT_* */
	struct kvs_limits limits;

	/* Makes a connection object.  Contacts no server.  Writes *ret_name, a store's identity
	 * without secrets, of at most `name_size` bytes with its NUL. */
	int (*open)(const struct kvs_open_args *args, void **ret_conn, char *ret_name,
		    size_t name_size, struct kvs_err *err);
	/* Ends everything without delivering anything more; NULL is never passed. */
	void (*close)(void *conn);

	/* key; req.index with KVS_CAP_READ_AT; KVS_READ_*.  One entry() and done(0), or
	 * done(NOTFOUND).  reply.index. */
	kvs_start_fn *get;
	/* prefix, after, separator, limit, KEYS_ONLY, index, KVS_READ_*.  Entries sorted by key,
	 * pushed as they arrive.  Nothing there: done(0) with count 0. reply.index, .count, .flags. */
	kvs_start_fn *list;
	/* ops[0]. */
	kvs_start_fn *put;
	kvs_start_fn *delete_;
	/* ops[0..n_ops-1], atomic.  Within limits, no key twice. */
	kvs_start_fn *txn;
	/* reply.index = the store's index now. */
	kvs_start_fn *index;
	/* key or prefix (KVS_PREFIX), KEYS_ONLY, index to resume behind (0: send a snapshot first, or
	 * with KVS_WATCH_CHANGES a SYNC at once).  Runs until cancel() or done(); done() with
	 * UNAVAILABLE or UNCERTAIN makes the core start it again behind the last SYNC.  When the
	 * history behind index is gone: RESET and a snapshot.  An index above the store's: the same.
	 * A backend without deltas (KVS_TRAIT_SNAPSHOTS) sends KVS_BEV_SNAPSHOT groups. */
	kvs_start_fn *watch;
	/* lease_op. NULL: unsupported. */
	kvs_start_fn *lease;
	/* entry() for each name and value pair. */
	kvs_start_fn *status;
	/* index.  NULL: unsupported. */
	kvs_start_fn *compact;

	/* The core wants nothing more under this tag; an unknown tag is fine.  A write that was
	 * already sent may still happen. */
	void (*cancel)(void *conn, uint64_t tag);

	/* One descriptor, the same for life, readable whenever dispatch() has something to do (also
	 * for time-outs of the backend's own).  The backend owns it. */
	int (*fd)(void *conn);
	/* Delivers what is ready, without blocking.  A failure here ends the whole store: every
	 * request gets done() with it from the core. */
	int (*dispatch)(void *conn, struct kvs_err *err);

	/* Bytes that this op takes of limits.max_request in a transaction; NULL: key plus value. */
	uint64_t (*op_size)(const struct kvs_op *op);

	/* Nonzero: nothing of the write under this tag was sent so far, so that it cannot have
	 * happened.  Asked right before cancel(), when the write's time is over, and decides between
	 * TIMEOUT and UNCERTAIN.  NULL, or 0: it may have been sent. */
	int (*unsent)(void *conn, uint64_t tag);
};

/* A watch of this backend sends snapshots, not deltas. */
#define KVS_TRAIT_SNAPSHOTS 0x1u

/*
 * How a backend makes itself known.  In its main file, once:
 *
 *	KVS_BACKEND_DEFINE(local) = { .abi = KVS_BACKEND_ABI, .size = sizeof(struct kvs_backend), ... };
 *
 * A module exports it as the one symbol kvs_module; a built-in one is named kvs_backend_NAME and
 * found through a table that configure writes.  The source is the same.
 */
#if defined(KVS_BUILD_MODULE)
#define KVS_BACKEND_DEFINE(name_) \
	__attribute__((visibility("default"))) extern const struct kvs_backend kvs_module; \
	const struct kvs_backend kvs_module
#else
#define KVS_BACKEND_DEFINE(name_) \
	extern const struct kvs_backend kvs_backend_##name_; \
	const struct kvs_backend kvs_backend_##name_
#endif

#ifdef __cplusplus
}
#endif

#endif
