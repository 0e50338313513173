/* SPDX-License-Identifier: Apache-2.0 */
/* Prefixed views: a store within a store. */
#include "tests/conformance/suite.h"

#include <string.h>

static struct kvs_store *open_view(struct t *t, struct kvs_store *parent, struct kvs_str prefix)
{
	struct kvs_store *view = NULL;

	if (!need(t, kvs_view(parent, prefix, &view, &t->err)))
		bail("a case cannot go on without its view");
	return view;
}

static int put_bare(struct t *t, struct kvs_store *view, const char *key, const char *value)
{
	struct kvs_op op = op_put(kvs_s(key), value);

	return kvs_put(view, &op, NULL, &t->err);
}

CASE(case_view)
{
	struct kvs_store *view = open_view(t, t->store, K(t, "v/"));
	struct kvs_entry *e = NULL;
	struct kvs_op op;

	need(t, put_bare(t, view, "a", "1"));
	is_state(t, "v/a=1", "what a view writes stands under its prefix");
	set(t, "a", "outside");
	set(t, "v/b", "2");
	if (need(t, kvs_get(view, kvs_s("b"), 0, &e, &t->err))) {
		is_slice(e->key, kvs_s("b"), "it reads without the prefix");
		is_slice(e->value, kvs_s("2"), "what is under it");
	}
	kvs_entry_free(e);
	is_err(kvs_get(view, K(t, "a"), 0, &e, &t->err), KVS_E_NOTFOUND, &t->err, "",
	       "and nothing outside");
	op = op_delete(kvs_s("a"));
	need(t, kvs_delete(view, &op, NULL, &t->err));
	is_state(t, "a=outside v/b=2", "it deletes its own");
	op = op_delete(kvs_s(""));
	op.type = KVS_OP_DELETE_PREFIX;
	is_code(kvs_delete(view, &op, NULL, &t->err), KVS_E_ARG, &t->err,
		"deleting everything by accident is refused in a view too");
	is_uint(kvs_caps(view), kvs_caps(t->store), "it can what its store can");
	kvs_close(view);
	is_value(t, "v/b", "2", "closing it leaves the store open");
}

CASE(case_view_of_view)
{
	struct kvs_store *outer = open_view(t, t->store, K(t, "v/"));
	struct kvs_store *inner = open_view(t, outer, kvs_s("w/"));
	struct kvs_limits limits, inner_limits;

	need(t, put_bare(t, inner, "a", "1"));
	is_state(t, "v/w/a=1", "views of views add their prefixes");
	kvs_store_limits(t->store, &limits);
	kvs_store_limits(inner, &inner_limits);
	ok(!limits.max_key || inner_limits.max_key < limits.max_key,
	   "the prefix counts against the limit of keys");
	is_uint(inner_limits.max_value, limits.max_value, "other limits are the store's");
	kvs_close(inner);
	kvs_close(outer);
}

CASE(case_view_list)
{
	struct kvs_store *view = open_view(t, t->store, K(t, "v/"));
	struct kvs_request req = list_of(kvs_s(""));
	struct listing l = { 0 };

	set(t, "a", "outside");
	set(t, "v/a", "1");
	set(t, "v/d/x", "2");
	set(t, "v/d/y", "3");
	set(t, "w", "outside");
	need(t, run_list(t, view, &req, &l));
	is_str(l.text, "a=1 d/x=2 d/y=3", "the empty prefix lists the view");
	req.separator = kvs_s("/");
	need(t, run_list(t, view, &req, &l));
	is_str(l.text, "a=1 d/[]", "folded");
	req.separator = kvs_s("");
	req.after = kvs_s("d/x");
	need(t, run_list(t, view, &req, &l));
	is_str(l.text, "d/y=3", "behind a key of the view");
	req.after = kvs_s("");
	req.key = kvs_s("d/");
	req.limit = 1;
	need(t, run_list(t, view, &req, &l));
	is_str(l.text, "d/x=2", "under a prefix of the view, with a limit");
	ok(l.reply.flags & KVS_REPLY_MORE, "more exist");
	kvs_close(view);
}

CASE(case_view_txn)
{
	struct kvs_store *view = open_view(t, t->store, K(t, "v/"));
	struct kvs_op ops[3];
	struct kvs_entry *e = NULL;

	set(t, "v/old", "x");
	set(t, "guard", "outside");
	ops[0] = op_put(kvs_s("a"), "1");
	ops[1] = op_delete(kvs_s("old"));
	ops[2] = with_absent(op_check(kvs_s("guard")));
	need(t, kvs_txn(view, ops, 3, 0, NULL, &t->err));
	is_state(t, "guard=outside v/a=1", "keys and conditions are the view's");
	need(t, kvs_get(view, kvs_s("a"), 0, &e, &t->err));
	ops[0] = with_index(op_put(kvs_s("a"), "2"), e ? e->mod_index : 1);
	kvs_entry_free(e);
	need(t, kvs_txn(view, ops, 1, 0, NULL, &t->err));
	is_value(t, "v/a", "2", "indexes are the store's");
	kvs_close(view);
}

CASE(case_view_watch)
{
	struct kvs_store *view = open_view(t, t->store, K(t, "v/"));
	struct rec r = { 0 };

	set(t, "v/a", "1");
	set(t, "a", "outside");
	if (!rec_open(t, view, &r, watch_of(kvs_s(""), KVS_PREFIX)))
		return;
	rec_becomes(&r, "a=1", "the empty prefix watches the view");
	set(t, "w", "outside");
	set(t, "v/b", "2");
	rec_becomes(&r, "a=1 b=2", "changes without the prefix");
	unset(t, "v/a");
	rec_becomes(&r, "b=2", "deletions too");
	rec_close(&r);
	kvs_close(view);
}

CASE(case_view_bytes)
{
	struct kvs_store *view = open_view(t, t->store, K(t, "pre"));
	struct kvs_request req = list_of(kvs_s(""));
	struct listing l = { 0 };

	set(t, "prefix", "1");
	set(t, "pre/b", "2");
	set(t, "prf", "outside");
	need(t, run_list(t, view, &req, &l));
	is_str(l.text, "/b=2 fix=1", "a prefix is bytes, not a folder");
	kvs_close(view);
}
