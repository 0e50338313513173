/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libkvsync: one API over Consul, etcd v3 and an embedded store.
 *
 * What it is for.  Open a store from a URL, then get, list, put, delete, compare-and-set, commit
 * transactions, watch and lease keys, without knowing which store is behind.
 *
 * Words.  "Borrows": the callee reads the argument during the call (or, for callbacks, you may
 * read it during the callback) and keeps nothing.  "Copies": the callee makes its own copy.
 * "Takes": the callee owns it from then on, also when it fails.
 *
 * Results.  Functions return 0 or a negative KVS_E_* code.  On failure the code and one line of
 * words are in *err (err may be NULL); on success *err is left alone.  Outputs are named ret_x and
 * are written only on success.
 *
 * Threads.  A store, with its views and watches, belongs to one thread at a time; different stores
 * may be used by different threads.  The library makes no threads (the etcd backend's transport
 * does; it never calls back on them).
 *
 * Blocking and not.  kvs_get() and the like block up to a deadline.  kvs_start() and kvs_watch()
 * return at once; their callbacks run inside kvs_dispatch(), or inside a blocking call on the same
 * store.  From within a callback kvs_start(), kvs_cancel() and kvs_watch_close() may be called;
 * blocking calls, kvs_dispatch() and kvs_close() on the same store may not (KVS_E_BUG).
 *
 * Units.  Times are milliseconds; sizes are bytes.  Keys and values are bytes, never
 * NUL-terminated unless said so.
 */
#ifndef KVSYNC_KVSYNC_H
#define KVSYNC_KVSYNC_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- errors ---- */

/* Result codes.  The numbers are part of the ABI; new ones are appended. */
enum kvs_code {
	KVS_OK = 0,
	KVS_E_NOMEM = -1,        /* out of memory */
	KVS_E_ARG = -2,          /* the caller's argument is not acceptable */
	KVS_E_CONFIG = -3,       /* a URL, option or configuration file is not acceptable */
	KVS_E_NOTFOUND = -4,     /* no such key (or lease) */
	KVS_E_CONFLICT = -5,     /* a condition did not hold: somebody else wrote */
	KVS_E_DENIED = -6,       /* the store refused us: credentials or access rules */
	KVS_E_UNAVAILABLE = -7,  /* the store was not reached; nothing was written */
	KVS_E_TIMEOUT = -8,      /* the deadline passed; nothing was written */
	KVS_E_UNCERTAIN = -9,    /* a write was sent and its answer was lost */
	KVS_E_COMPACTED = -10,   /* the index asked for is no longer kept */
	KVS_E_TOOBIG = -11,      /* over a limit of the store; the message has the numbers */
	KVS_E_UNSUPPORTED = -12, /* this store cannot do that, or its module is not installed */
	KVS_E_PROTOCOL = -13,    /* the answer was not what the protocol allows */
	KVS_E_CANCELED = -14,    /* kvs_cancel(), kvs_close(), or a callback said stop */
	KVS_E_FROZEN = -15,      /* a stop key or a lock is set */
	KVS_E_GUARD = -16,       /* a guard refused: too short, too big, ... */
	KVS_E_INTEGRITY = -17,   /* a checksum or signature does not match */
	KVS_E_COMMAND = -18,     /* a check or reload command failed */
	KVS_E_SYS = -19,         /* a system call failed; sys_errno says how */
	KVS_E_BUG = -20,         /* a contract was broken by the caller or by kvsync */
};

/*
 * What went wrong, in one line without a period.  By value on the caller's stack: it works when
 * memory is gone and cannot leak.  The message holds no secret and no value, and control bytes in
 * it stand as \xNN.
 */
struct kvs_err {
	int32_t code;        /* enum kvs_code */
	int32_t sys_errno;   /* errno, or 0 */
	int64_t remote;      /* the store's own status (HTTP, gRPC, SQLite), or 0 */
	char msg[440];       /* NUL-terminated */
	uint64_t reserved[7];
};

/* The unique upper-case name of a code, as in JSON output ("NOTFOUND"); "UNKNOWN" for others. */
const char *kvs_code_name(int code);

/* Is it worth trying the same call again later?  UNAVAILABLE and TIMEOUT are; UNCERTAIN is not,
 * since the write may have happened. */
int kvs_code_is_transient(int code);

/* ---- data ---- */

/* A borrowed run of bytes.  p may be NULL when n is 0. */
struct kvs_str {
	const void *p;
	size_t n;
};

/*
 * One key as a store holds it.  Indexes are the store's own numbers: etcd's revision, Consul's
 * ModifyIndex, the embedded store's commit number; they rise with every change and 0 means that
 * the store does not tell.  In a listing folded by a separator, a folded name ends in the
 * separator and has KVS_ENTRY_FOLDED set and nothing but a key.
 */
struct kvs_entry {
	uint32_t size;         /* sizeof(struct kvs_entry) of whoever filled it */
	uint32_t info;         /* KVS_ENTRY_* */
	struct kvs_str key;
	struct kvs_str value;  /* empty with KVS_KEYS_ONLY and for deletions */
	uint64_t mod_index;    /* index of the last change */
	uint64_t create_index; /* index of the creation */
	uint64_t version;      /* changes since the creation, the creation being 1 */
	uint64_t flags;        /* the application's number (stores with KVS_CAP_FLAGS) */
	struct kvs_str lease;  /* the lease that the key hangs on, as text, or empty */
	uint64_t reserved[4];
};

#define KVS_ENTRY_FOLDED 0x1u

/* Frees what kvs_get() and kvs_get_many() returned.  Takes e; NULL is fine. */
void kvs_entry_free(struct kvs_entry *e);

/* When a write may happen.  A condition that does not hold ends in KVS_E_CONFLICT. */
enum kvs_cond {
	KVS_COND_NONE = 0,
	KVS_COND_ABSENT = 1, /* there is no such key */
	KVS_COND_INDEX = 2,  /* the key's mod_index equals op.index (which is not 0) */
	KVS_COND_LEASE = 3,  /* the key hangs on op.lease: the fence of a lock's holder */
};

enum kvs_op_type {
	KVS_OP_PUT = 1,
	KVS_OP_DELETE = 2,        /* deleting what is not there succeeds */
	KVS_OP_DELETE_PREFIX = 3, /* every key that begins with op.key; only KVS_COND_NONE */
	KVS_OP_CHECK = 4,         /* changes nothing; for its condition (kvs_txn only) */
};

/*
 * One write.  Serves kvs_put(), kvs_delete() and each member of kvs_txn(), so that conditions,
 * leases and flags mean the same in all three.  Fill with KVS_OP_INIT, then set members.
 */
struct kvs_op {
	uint32_t size;  /* sizeof(struct kvs_op) */
	uint32_t type;  /* enum kvs_op_type */
	uint32_t cond;  /* enum kvs_cond */
	uint32_t reserved0;
	struct kvs_str key;
	struct kvs_str value; /* KVS_OP_PUT */
	uint64_t index;       /* KVS_COND_INDEX */
	uint64_t flags;       /* KVS_OP_PUT: 0, or any number where the store has KVS_CAP_FLAGS */
	struct kvs_str lease; /* KVS_OP_PUT: hang the key on it; KVS_COND_LEASE: compare with it */
	uint64_t reserved[4];
};

#define KVS_OP_INIT { .size = sizeof(struct kvs_op) }

/* What a finished request says beside its entries. */
struct kvs_reply {
	uint32_t size;
	uint32_t flags;     /* KVS_REPLY_* */
	uint64_t index;     /* reads: the store's index at the reading; writes: the index of the
	                     * write, or 0 where the store does not tell (no KVS_CAP_WRITE_INDEX) */
	uint64_t count;     /* writes: keys deleted where the store tells, else 0; list: entries */
	uint64_t ttl;       /* lease requests: the time to live in force, ms */
	int64_t failed_op;  /* kvs_txn() that ended in CONFLICT: the op's number, or -1 if unknown */
	char lease[64];     /* lease grant: its name, NUL-terminated */
	uint64_t reserved[4];
};

/* Entries may be missing from this reply because access rules hide them: what is absent here must
 * not be taken for absent. */
#define KVS_REPLY_FILTERED 0x1u
/* A list stopped at its limit and more entries exist. */
#define KVS_REPLY_MORE 0x2u

/* ---- opening ---- */

/*
 * Options for kvs_open(): names and values as in a store section of kvsync.yaml (see
 * kvsync.yaml(5)), for example "endpoints" (may be added several times), "ca-file", "token-file",
 * "operation-timeout" ("3s").  kvs_opts_add() copies.  Unknown names are refused by kvs_open().
 */
struct kvs_opts;
int kvs_opts_new(struct kvs_opts **ret_opts, struct kvs_err *err);
int kvs_opts_add(struct kvs_opts *opts, const char *name, const char *value, struct kvs_err *err);
void kvs_opts_free(struct kvs_opts *opts);

struct kvs_store;

/*
 * Opens a store.  url is "local:/path/store.db", "mem:", "consul://host:8500", "etcd://h1,h2:2379"
 * and so on (kvsync(1), "Store URLs"), or NULL when opts name the "backend".  opts may be NULL and
 * is borrowed.  No connection is made yet: a server that is down is found by the first call.
 * Errors: CONFIG (URL, options), UNSUPPORTED (module not installed), SYS, NOMEM; the embedded
 * store is opened at once and may also say DENIED.
 */
int kvs_open(const char *url, const struct kvs_opts *opts, struct kvs_store **ret_store,
	     struct kvs_err *err);

/* Ends every request and watch (KVS_E_CANCELED), and frees the store.  What their callbacks start
 * is refused with KVS_E_CANCELED.  Views of it must be closed before; its watches are still to be
 * freed with kvs_watch_close().  NULL is fine. */
void kvs_close(struct kvs_store *store);

/*
 * A prefixed view: a store whose keys are those of `store` that begin with `prefix`, with the
 * prefix taken off.  It shares the connection.  Views of views work.  Closed with kvs_close(),
 * before its parent.  Copies the prefix, which may not be empty.
 */
int kvs_view(struct kvs_store *store, struct kvs_str prefix, struct kvs_store **ret_view,
	     struct kvs_err *err);

/* Capabilities, as bits of kvs_caps(). */
#define KVS_CAP_FLAGS       0x001u /* entries carry a flags number */
#define KVS_CAP_LEASES      0x002u /* kvs_lease_* work and keys can hang on a lease */
#define KVS_CAP_READ_AT     0x004u /* reads at an earlier index */
#define KVS_CAP_WRITE_INDEX 0x008u /* a write's reply has its index */
#define KVS_CAP_BUMP_EQUAL  0x010u /* putting an equal value makes a new index and an event */
#define KVS_CAP_BINARY_KEYS 0x020u /* keys may hold any byte; else UTF-8 without NUL */
#define KVS_CAP_EVERY_EVENT 0x040u /* watches see each change; else the last of a burst */
#define KVS_CAP_TRIM_SLASH  0x080u /* one leading "/" of a key is dropped */
#define KVS_CAP_DURABLE     0x100u /* acknowledged writes survive the store's restart */
#define KVS_CAP_COMPACT     0x200u /* kvs_compact() works */
#define KVS_CAP_STICKY      0x400u /* a put without a lease leaves the key on the one that it hangs
				    * on; else takes it off */

uint64_t kvs_caps(const struct kvs_store *store);

/* Limits in bytes and operations; 0 means none. */
struct kvs_limits {
	uint32_t size;
	uint32_t max_ops;     /* operations in one transaction */
	uint64_t max_key;     /* bytes of a key */
	uint64_t max_value;   /* bytes of a value in kvs_put() */
	uint64_t max_request; /* bytes of one transaction as the store counts them */
	uint64_t reserved[4];
};

void kvs_store_limits(const struct kvs_store *store, struct kvs_limits *ret_limits);

/* The backend's name ("local"). Borrowed until kvs_close(). */
const char *kvs_store_backend(const struct kvs_store *store);

/* What the store is, without secrets, for messages and as an identity: "local:/path/store.db".
 * Borrowed until kvs_close(). */
const char *kvs_store_name(const struct kvs_store *store);

/* Time allowed for each call that has no timeout of its own (default: the "operation-timeout"
 * option, else 10000). */
void kvs_set_timeout(struct kvs_store *store, uint64_t timeout_ms);

/* A moment after which every call ends in TIMEOUT whatever its own timeout, as
 * milliseconds of CLOCK_MONOTONIC; 0 removes it. */
void kvs_set_deadline(struct kvs_store *store, uint64_t monotonic_ms);

/* ---- requests ---- */

enum kvs_req_kind {
	KVS_REQ_GET = 1,     /* key; at most one entry; NOTFOUND if there is none */
	KVS_REQ_LIST = 2,    /* key is a prefix, may be empty; entries sorted by key bytes; names
			      * that fold to `after` itself are not told again */
	KVS_REQ_PUT = 3,     /* ops[0] */
	KVS_REQ_DELETE = 4,  /* ops[0], KVS_OP_DELETE or KVS_OP_DELETE_PREFIX */
	KVS_REQ_TXN = 5,     /* ops[0 .. n_ops-1] */
	KVS_REQ_INDEX = 6,   /* reply.index is the store's index now */
	KVS_REQ_LEASE = 7,   /* lease_op */
	KVS_REQ_STATUS = 8,  /* entries are name and value pairs in readable text */
	KVS_REQ_COMPACT = 9, /* history up to `index` may be dropped */
	KVS_REQ_WATCH = 10,  /* kvs_watch() only */
};

enum kvs_lease_op {
	KVS_LEASE_GRANT = 1,     /* ttl; reply.lease and reply.ttl */
	KVS_LEASE_KEEPALIVE = 2, /* key is the lease; reply.ttl; NOTFOUND once it is over */
	KVS_LEASE_REVOKE = 3,    /* key is the lease; its keys are deleted */
};

/* Flags of a request. */
#define KVS_KEYS_ONLY       0x01u /* list, watch: entries without values */
#define KVS_PREFIX          0x02u /* watch: key is a prefix */
#define KVS_READ_STALE      0x04u /* any member may answer, perhaps with old data */
#define KVS_READ_CONSISTENT 0x08u /* the answer is certainly the newest, at some cost */
#define KVS_TXN_BATCHED     0x10u /* kvs_txn() only: may be split where it passes the store's
                                   * limits; then it is not atomic, and the reply is the last
                                   * part's */
#define KVS_WATCH_CHANGES   0x20u /* watch: no first snapshot; begin with what changes from now.  If
                                   * that history is lost later, a snapshot comes all the same */

/*
 * One request, for kvs_start() and for a backend.  All memory is borrowed for the call.
 * Fill with KVS_REQUEST_INIT, then set members.
 */
struct kvs_request {
	uint32_t size;        /* sizeof(struct kvs_request) */
	uint32_t kind;        /* enum kvs_req_kind */
	uint32_t flags;
	uint32_t lease_op;    /* enum kvs_lease_op */
	struct kvs_str key;   /* key, prefix or lease */
	struct kvs_str after; /* list: only keys greater than this one */
	struct kvs_str separator; /* list: fold names after the first separator behind the prefix */
	uint64_t limit;       /* list: at most so many entries; 0 = all */
	uint64_t index;       /* get, list: read at it (KVS_CAP_READ_AT); watch: resume behind it;
	                       * compact: up to it; 0 = now */
	uint64_t ttl;         /* lease grant, ms */
	const struct kvs_op *ops;
	uint64_t n_ops;
	uint64_t timeout;     /* ms; 0 = the store's */
	uint64_t reserved[4];
};

#define KVS_REQUEST_INIT { .size = sizeof(struct kvs_request) }

/*
 * Where answers go.  entry: each entry, borrowed; a nonzero return ends the request with
 * KVS_E_CANCELED.  done: exactly once for each request that kvs_start() accepted; code is 0 or
 * KVS_E_*, err has words when it is not 0; both are borrowed.  drop: once, after done, or
 * when kvs_start() failed; for freeing arg.  Each may be NULL.
 */
struct kvs_callback {
	int (*entry)(void *arg, const struct kvs_entry *entry);
	void (*done)(void *arg, int code, const struct kvs_reply *reply,
		     const struct kvs_err *err);
	void (*drop)(void *arg);
	void *arg;
};

/* Starts a request and returns.  Copies req's memory where it needs it later.  *ret_tag names the
 * request for kvs_cancel() and is never 0.  ret_tag may be NULL. */
int kvs_start(struct kvs_store *store, const struct kvs_request *req,
	      const struct kvs_callback *cb, uint64_t *ret_tag, struct kvs_err *err);

/* Ends a request: its done runs with KVS_E_CANCELED inside this call (a write may still happen).
 * An unknown tag is fine. */
void kvs_cancel(struct kvs_store *store, uint64_t tag);

/* A descriptor that is readable whenever kvs_dispatch() has something to do, time-outs included.
 * The store owns it; negative KVS_E_* on failure. */
int kvs_fd(struct kvs_store *store, struct kvs_err *err);

/* Runs the callbacks of everything that is ready; never blocks. */
int kvs_dispatch(struct kvs_store *store, struct kvs_err *err);

/* Waits up to timeout_ms (-1: for ever) until kvs_dispatch() has something to do, then runs it. */
int kvs_poll(struct kvs_store *store, int timeout_ms, struct kvs_err *err);

/* ---- blocking calls: start + poll + dispatch until done or deadline ---- */

/* Reads one key.  flags: KVS_READ_*.  NOTFOUND if there is none.  Free *ret_entry with
 * kvs_entry_free(). */
int kvs_get(struct kvs_store *store, struct kvs_str key, uint32_t flags,
	    struct kvs_entry **ret_entry, struct kvs_err *err);

/* Reads n keys with all requests in flight together (one round trip).  ret_entries[i] is NULL where
 * there is no such key; the readings need not be of one moment.  All or nothing: on failure
 * nothing is returned. */
int kvs_get_many(struct kvs_store *store, const struct kvs_str *keys, size_t n, uint32_t flags,
		 struct kvs_entry **ret_entries, struct kvs_err *err);

/* Lists.  req (kind is ignored) has prefix, after, separator, limit, flags, index; fn gets each
 * entry as it arrives.  Memory stays bounded.  If a connection breaks midway, the list goes
 * on behind the last key delivered. ret_reply may be NULL. */
int kvs_list(struct kvs_store *store, const struct kvs_request *req,
	     int (*fn)(void *arg, const struct kvs_entry *entry), void *arg,
	     struct kvs_reply *ret_reply, struct kvs_err *err);

/* Writes.  A conditional write whose answer was lost is resolved by reading back; one without a
 * condition ends in UNCERTAIN.  ret_reply may be NULL. */
int kvs_put(struct kvs_store *store, const struct kvs_op *op, struct kvs_reply *ret_reply,
	    struct kvs_err *err);
int kvs_delete(struct kvs_store *store, const struct kvs_op *op, struct kvs_reply *ret_reply,
	       struct kvs_err *err);

/* Commits n operations together, or none.  ARG if a key stands in it twice (a KVS_OP_CHECK
 * included), TOOBIG over the store's limits unless flags has KVS_TXN_BATCHED.  After CONFLICT
 * ret_reply->failed_op, and nothing else of it, is written. */
int kvs_txn(struct kvs_store *store, const struct kvs_op *ops, size_t n, uint32_t flags,
	    struct kvs_reply *ret_reply, struct kvs_err *err);

/* The store's index now. */
int kvs_index(struct kvs_store *store, uint64_t *ret_index, struct kvs_err *err);

/* Name and value pairs about the store: version, leader, members, size.  For people and health
 * checks; a store that cannot be reached says UNAVAILABLE. */
int kvs_status(struct kvs_store *store, int (*fn)(void *arg, const struct kvs_entry *pair),
	       void *arg, struct kvs_err *err);

/* Leases.  ret_reply->lease and ->ttl are set by grant and keepalive; the store may raise a TTL.
 * The holder must keep alive well before the ttl is over, on its own monotonic clock. */
int kvs_lease_grant(struct kvs_store *store, uint64_t ttl_ms, struct kvs_reply *ret_reply,
		    struct kvs_err *err);
int kvs_lease_keepalive(struct kvs_store *store, struct kvs_str lease,
			struct kvs_reply *ret_reply, struct kvs_err *err);
int kvs_lease_revoke(struct kvs_store *store, struct kvs_str lease, struct kvs_err *err);

/* Lets the store drop history up to index (KVS_CAP_COMPACT). */
int kvs_compact(struct kvs_store *store, uint64_t index, struct kvs_err *err);

/* ---- watching ---- */

/*
 * Events come in batches.  A snapshot is RESET, PUT..., SYNC; what was known before is void.  Then
 * each consistent batch of changes is PUT and DELETE events closed by SYNC.  SYNC's index is where
 * a later watch may resume.  A connection that breaks is made anew by itself; changes are never
 * lost: when the store no longer has the history, a new snapshot comes.  The index never
 * decreases between two RESETs.
 */
enum kvs_event_type {
	KVS_EV_RESET = 1,
	KVS_EV_PUT = 2,
	KVS_EV_DELETE = 3, /* the entry has key and mod_index (of the deletion, or 0) */
	KVS_EV_SYNC = 4,   /* no entry; index is set */
};

struct kvs_event {
	uint32_t size;
	uint32_t type; /* enum kvs_event_type */
	const struct kvs_entry *entry; /* PUT, DELETE */
	uint64_t index; /* SYNC */
	uint64_t reserved[2];
};

/*
 * event: each event, borrowed.  trouble: (may be NULL) the watch lost its store and tries again in
 * retry_ms; err is borrowed.  done: the watch ended for good: DENIED, ARG, UNSUPPORTED, NOMEM;
 * CANCELED by kvs_watch_close() or kvs_close().  drop as in kvs_callback.
 */
struct kvs_watch_callback {
	void (*event)(void *arg, const struct kvs_event *event);
	void (*trouble)(void *arg, const struct kvs_err *err, uint64_t retry_ms);
	void (*done)(void *arg, int code, const struct kvs_err *err);
	void (*drop)(void *arg);
	void *arg;
};

struct kvs_watch;

/* Watches req->key, or with KVS_PREFIX everything under it.  req->index resumes behind an index
 * that an earlier SYNC had (if history is gone: a snapshot).  Free with kvs_watch_close(). */
int kvs_watch(struct kvs_store *store, const struct kvs_request *req,
	      const struct kvs_watch_callback *cb, struct kvs_watch **ret_watch,
	      struct kvs_err *err);

/* Ends the watch, if it has not ended, and frees it.  No event comes afterwards.  NULL is fine. */
void kvs_watch_close(struct kvs_watch *watch);

/* ---- backends ---- */

/* Calls fn for each backend that is built in or found as a module.  name and description are
 * borrowed; err is NULL when the backend can be used, else says why it cannot. */
int kvs_backends(void (*fn)(void *arg, const char *name, const char *description,
			    const struct kvs_err *err),
		 void *arg, struct kvs_err *err);

/* The library's version ("0.1.0"). */
const char *kvs_version(void);

#ifdef __cplusplus
}
#endif

#endif
