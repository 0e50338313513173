/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the conformance cases share.  A case gets a store of its own handle and a prefix that
 * nobody else uses, and says what must hold of every backend; what only some can is asked for by
 * capability in the table (conformance.c).  Only <kvsync/kvsync.h> is used: the suite stands where
 * a user of the library stands.
 */
#ifndef KVS_TESTS_CONFORMANCE_SUITE_H
#define KVS_TESTS_CONFORMANCE_SUITE_H

#include <kvsync/kvsync.h>

#include "base/str.h"
#include "tests/conformance/store_file.h"
#include "tests/lib/tap.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* How long anything may take to come true, ms. */
#define PATIENCE 15000

struct t {
	const struct store_file *file;
	struct kvs_store *store;
	uint64_t caps;
	struct kvs_limits limits;
	char ns[64]; /* every key of the case begins with it */
	struct kvs_err err;
	struct handle *handles; /* what t_open() gave, closed behind the case */
};

/* ---- the case's surroundings (suite.c) ---- */

/* Runs one case between two clean-ups of its prefix. */
void t_run(const struct store_file *file, const char *name, void (*fn)(struct t *t));
/* One more handle of the same store (with the view of the .store file); closed behind the case. */
struct kvs_store *t_open(struct t *t);
/* Closes every handle and opens t->store anew. */
void t_reopen(struct t *t);
uint64_t now_ms(void);
/* A step that every case takes for granted: on failure the case says so. */
#define need(t_, call_) is_code((call_), 0, &(t_)->err, "%s", #call_)

/* ---- keys and operations ---- */

/* The case's prefix + name, in one of 64 buffers used in turn. */
struct kvs_str K(const struct t *t, const char *name);
/* A key as the case knows it: without the case's prefix. */
struct kvs_str bare(const struct t *t, struct kvs_str key);

struct kvs_op op_put(struct kvs_str key, const char *value);
struct kvs_op op_delete(struct kvs_str key);
struct kvs_op op_check(struct kvs_str key);
struct kvs_op with_absent(struct kvs_op op);
struct kvs_op with_index(struct kvs_op op, uint64_t index);
struct kvs_op with_lease_fence(struct kvs_op op, const char *lease);

/* Blocking calls on t->store with t->err. */
int do_put(struct t *t, struct kvs_op op);
int do_delete(struct t *t, struct kvs_op op);
int do_txn(struct t *t, const struct kvs_op *ops, size_t n);
/* Puts that must succeed. */
void set(struct t *t, const char *name, const char *value);
void set_on(struct t *t, struct kvs_store *store, const char *name, const char *value);
/* Deletions that must succeed. */
void unset(struct t *t, const char *name);
/* The entry, which must be there (else NULL after a failed assertion). */
struct kvs_entry *fetch(struct t *t, const char *name);
/* mod_index of a key, 0 if it is not there. */
uint64_t mod_of(struct t *t, const char *name);
/* The key has the value; NULL: there is no such key. */
#define is_value(t_, name_, want_, ...)                                                            \
	check_value(TAP_HERE, (t_), (t_)->store, (name_), (want_), __VA_ARGS__)
bool check_value(struct tap_at at, struct t *t, struct kvs_store *store, const char *name,
		 const char *want, const char *what);
/* Everything under the case's prefix, as "a=1 b=2" in order. */
#define is_state(t_, want_, what_) check_state(TAP_HERE, (t_), (want_), (what_))
bool check_state(struct tap_at at, struct t *t, const char *want, const char *what);

/* ---- lists ---- */

struct listing {
	struct t *t;
	char text[8192]; /* names in order with a space behind each; "=value" if any; a folded
			  * name stands in brackets */
	size_t len;
	char last[300]; /* the last key, as the store tells it */
	uint64_t n;
	uint64_t stop_after; /* 0: never */
	struct kvs_reply reply;
};
int run_list(struct t *t, struct kvs_store *store, struct kvs_request *req, struct listing *l);
struct kvs_request list_of(struct kvs_str prefix);

/* ---- requests in flight (flight.c) ---- */

struct flight {
	struct t *t;
	uint64_t tag;
	int entries, dones, drops;
	int code;
	struct kvs_reply reply;
	bool worded; /* a failure came with words */
	char value[64];
	int stop;			   /* what entry returns */
	void (*on_done)(struct flight *f); /* runs inside done */
	void *arg;
};
int take_off(struct t *t, struct kvs_store *store, struct flight *f, const struct kvs_request *req);
struct kvs_request get_request(struct kvs_str key);
struct kvs_request put_request(const struct kvs_op *op);
/* Dispatches until all n are done, within PATIENCE. */
bool land_all(struct t *t, struct kvs_store *store, struct flight *flights, size_t n);

/* ---- watches (rec.c) ---- */

/* A watch whose events are checked for their grammar and applied to a model. */
struct rec {
	struct t *t;
	struct kvs_store *store;
	struct kvs_watch *watch;
	struct rec_item *items; /* what the watch says is there */
	int resets, puts, deletes, syncs, troubles, dones, drops, done_code;
	uint64_t index;	  /* of the last SYNC */
	bool in_snapshot; /* RESET seen, its SYNC not yet */
	bool open_batch;  /* events since the last SYNC */
	bool keys_only;
	bool values_wanted;
	char wrong[200]; /* the first breach of the grammar */
	char last_key[200];
	void (*on_event)(struct rec *r, const struct kvs_event *ev); /* runs behind the model */
	void *arg;
};
struct kvs_request watch_of(struct kvs_str key, uint32_t flags);
/* Opens the watch; on failure says so. */
bool rec_open(struct t *t, struct kvs_store *store, struct rec *r, struct kvs_request req);
/* Waits for a SYNC at which the model is `want` ("a=1 b=2"). */
#define rec_becomes(r_, want_, what_) rec_check(TAP_HERE, (r_), (want_), (what_))
bool rec_check(struct tap_at at, struct rec *r, const char *want, const char *what);
bool rec_wait_syncs(struct rec *r, int n);
/* The model as text. */
void rec_text(const struct rec *r, char *text, size_t size);
/* Closes the watch and says whether its events were well-formed and its end was told once. */
void rec_close(struct rec *r);

/* ---- the cases, by subject ---- */

#define CASE(name_) void name_(struct t *t)
/* cases_basic.c */
CASE(case_identity);
CASE(case_get_absent);
CASE(case_put_get);
CASE(case_put_replaces);
CASE(case_values);
CASE(case_delete);
CASE(case_delete_prefix);
CASE(case_born_again);
CASE(case_get_many);
CASE(case_index);
CASE(case_bump_equal);
CASE(case_flags);
CASE(case_no_flags);
CASE(case_read_modes);
CASE(case_read_at);
CASE(case_no_read_at);
CASE(case_compact);
CASE(case_no_compact);
CASE(case_durable);
CASE(case_two_handles);
CASE(case_status);
/* cases_args.c */
CASE(case_bad_arguments);
CASE(case_odd_keys);
CASE(case_binary_keys);
CASE(case_no_binary_keys);
CASE(case_leading_slash);
CASE(case_trimmed_slash);
CASE(case_key_limit);
CASE(case_value_limit);
CASE(case_ops_limit);
CASE(case_request_limit);
/* cases_cond.c */
CASE(case_absent);
CASE(case_cas);
CASE(case_cas_delete);
CASE(case_cas_counter);
CASE(case_one_winner);
CASE(case_txn);
CASE(case_txn_conflict);
CASE(case_txn_check);
CASE(case_txn_delete_prefix);
CASE(case_txn_same_key);
CASE(case_txn_batched);
/* cases_list.c */
CASE(case_list);
CASE(case_list_order);
CASE(case_list_keys_only);
CASE(case_list_limit);
CASE(case_list_after);
CASE(case_list_pages);
CASE(case_list_fold);
CASE(case_list_fold_pages);
CASE(case_list_stop);
CASE(case_list_many);
/* cases_lease.c */
CASE(case_lease);
CASE(case_lease_detach);
CASE(case_lease_unknown);
CASE(case_lease_expiry);
CASE(case_lease_keepalive);
CASE(case_lease_fence);
CASE(case_no_leases);
/* cases_watch.c */
CASE(case_watch_empty);
CASE(case_watch_key);
CASE(case_watch_prefix);
CASE(case_watch_txn);
CASE(case_watch_resume);
CASE(case_watch_unknown_index);
CASE(case_watch_changes);
CASE(case_watch_keys_only);
CASE(case_watch_two);
CASE(case_watch_many);
CASE(case_watch_burst);
CASE(case_watch_every_event);
CASE(case_watch_entry);
CASE(case_watch_other_handle);
/* cases_watch_end.c */
CASE(case_watch_close_in_event);
CASE(case_watch_close_other);
CASE(case_watch_calls_in_event);
CASE(case_watch_refused);
CASE(case_watch_store_closed);
/* cases_async.c */
CASE(case_many_in_flight);
CASE(case_fd);
CASE(case_borrowed_memory);
CASE(case_cancel);
CASE(case_cancel_in_callback);
CASE(case_start_in_callback);
CASE(case_blocking_in_callback);
CASE(case_entry_says_stop);
CASE(case_start_refused);
CASE(case_store_closed);
CASE(case_deadline);
CASE(case_poll_timeout);
/* cases_view.c */
CASE(case_view);
CASE(case_view_of_view);
CASE(case_view_list);
CASE(case_view_txn);
CASE(case_view_watch);
CASE(case_view_bytes);

#endif
