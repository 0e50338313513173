/* SPDX-License-Identifier: Apache-2.0 */
/* Listings: sorted, paged, folded, bounded. */
#include "tests/conformance/suite.h"

#include <string.h>

CASE(case_list)
{
	struct kvs_request req = list_of(K(t, "d/"));
	struct listing l = { 0 };

	need(t, run_list(t, t->store, &req, &l));
	is_str(l.text, "", "nothing there: no entry and no error");
	is_uint(l.reply.count, 0, "and a count of 0");
	set(t, "d/b", "2");
	set(t, "d/a", "1");
	set(t, "d", "x");
	set(t, "d0", "x");
	set(t, "d/sub/c", "3");
	need(t, run_list(t, t->store, &req, &l));
	is_str(l.text, "d/a=1 d/b=2 d/sub/c=3", "what begins with the prefix, all levels");
	is_uint(l.reply.count, 3, "counted");
	ok(!(l.reply.flags & KVS_REPLY_MORE), "and no more");
	req.key = K(t, "d");
	need(t, run_list(t, t->store, &req, &l));
	is_str(l.text, "d=x d/a=1 d/b=2 d/sub/c=3 d0=x", "a prefix is bytes, not a folder");
	req.key = K(t, "d/a");
	need(t, run_list(t, t->store, &req, &l));
	is_str(l.text, "d/a=1", "a whole key is its own prefix");
}

CASE(case_list_order)
{
	static const char *const names[] = { "b", "B",	"a/b", "a.b", "a",   "a\xc3\xa4", "10",
					     "9", "ab", "~",   "_",   "a b", "aa",	  "A" };
	struct kvs_request req = list_of(kvs_s(t->ns));
	struct listing l = { 0 };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		set(t, names[i], "");
	need(t, run_list(t, t->store, &req, &l));
	is_str(l.text, "10 9 A B _ a a b a.b a/b aa ab a\xc3\xa4 b ~", "by bytes, in no locale");
}

static int no_values(void *arg, const struct kvs_entry *e)
{
	int *counts = arg;

	counts[0] += e->value.n != 0;
	counts[1] += e->mod_index == 0;
	return 0;
}

CASE(case_list_keys_only)
{
	struct kvs_request req = list_of(kvs_s(t->ns));
	struct listing l = { 0 };
	int counts[2] = { 0 };

	set(t, "a", "1");
	set(t, "b/c", "2");
	req.flags = KVS_KEYS_ONLY;
	need(t, run_list(t, t->store, &req, &l));
	is_str(l.text, "a b/c", "the names");
	need(t, kvs_list(t->store, &req, no_values, counts, NULL, &t->err));
	is_int(counts[0], 0, "no value comes with them");
}

static void fill(struct t *t, int n)
{
	char name[16];
	int i;

	for (i = 0; i < n; i++) {
		(void)snprintf(name, sizeof(name), "k%02d", i);
		set(t, name, "");
	}
}

CASE(case_list_limit)
{
	struct kvs_request req = list_of(kvs_s(t->ns));
	struct listing l = { 0 };

	fill(t, 5);
	req.limit = 2;
	need(t, run_list(t, t->store, &req, &l));
	is_str(l.text, "k00 k01", "the first two");
	is_uint(l.reply.count, 2, "counted");
	ok(l.reply.flags & KVS_REPLY_MORE, "and more exist");
	req.limit = 5;
	need(t, run_list(t, t->store, &req, &l));
	is_uint(l.n, 5, "a limit that just fits");
	ok(!(l.reply.flags & KVS_REPLY_MORE), "no more exist");
	req.limit = 6;
	need(t, run_list(t, t->store, &req, &l));
	is_uint(l.n, 5, "a limit beyond");
	ok(!(l.reply.flags & KVS_REPLY_MORE), "no more exist");
	set(t, "l", "");
	req.key = K(t, "k");
	req.limit = 5;
	need(t, run_list(t, t->store, &req, &l));
	ok(!(l.reply.flags & KVS_REPLY_MORE), "what is outside of the prefix is not more");
}

CASE(case_list_after)
{
	struct kvs_request req = list_of(kvs_s(t->ns));
	struct listing l = { 0 };

	fill(t, 5);
	req.after = K(t, "k02");
	need(t, run_list(t, t->store, &req, &l));
	is_str(l.text, "k03 k04", "behind a key");
	req.after = K(t, "k02x");
	need(t, run_list(t, t->store, &req, &l));
	is_str(l.text, "k03 k04", "behind a key that is not there");
	req.after = K(t, "k04");
	need(t, run_list(t, t->store, &req, &l));
	is_str(l.text, "", "behind the last");
	req.after = K(t, "z");
	need(t, run_list(t, t->store, &req, &l));
	is_str(l.text, "", "behind all");
	req.after = K(t, "a");
	need(t, run_list(t, t->store, &req, &l));
	is_uint(l.n, 5, "before all");
	req.key = K(t, "k03");
	req.after = K(t, "k01");
	need(t, run_list(t, t->store, &req, &l));
	is_str(l.text, "k03", "before the prefix");
	req.key = K(t, "k03");
	req.after = K(t, "k04");
	need(t, run_list(t, t->store, &req, &l));
	is_str(l.text, "", "behind the prefix");
}

/* Page by page through everything: the names as one text, the pages counted. */
static int turn_pages(struct t *t, struct kvs_request *req, char *text, size_t size)
{
	struct listing l = { 0 };
	int pages = 0;
	size_t len = 0;
	char last[300];

	text[0] = '\0';
	do {
		if (!need(t, run_list(t, t->store, req, &l)))
			break;
		len += (size_t)snprintf(text + len, size - len, "%s%s", len ? " " : "", l.text);
		memcpy(last, l.last, sizeof(last));
		req->after = kvs_s(last);
		pages++;
	} while (l.reply.flags & KVS_REPLY_MORE && pages < 50 && len < size);
	return pages;
}

CASE(case_list_pages)
{
	struct kvs_request req = list_of(kvs_s(t->ns));
	char text[1000];

	fill(t, 10);
	req.limit = 3;
	is_int(turn_pages(t, &req, text, sizeof(text)), 4, "10 keys are 4 pages of 3");
	is_str(text, "k00 k01 k02 k03 k04 k05 k06 k07 k08 k09", "each key once");
}

static void plant(struct t *t)
{
	set(t, "a", "1");
	set(t, "b/", "2");
	set(t, "b/1", "3");
	set(t, "b/2", "4");
	set(t, "b0", "5");
	set(t, "c//x", "6");
	set(t, "d/e/f", "7");
}

CASE(case_list_fold)
{
	struct kvs_request req = list_of(kvs_s(t->ns));
	struct listing l = { 0 };

	plant(t);
	req.separator = kvs_s("/");
	need(t, run_list(t, t->store, &req, &l));
	is_str(l.text, "a=1 b/[] b0=5 c/[] d/[]", "names behind a separator are folded to one");
	is_uint(l.reply.count, 5, "each counts as one");
	req.key = K(t, "b/");
	need(t, run_list(t, t->store, &req, &l));
	is_str(l.text, "b/=2 b/1=3 b/2=4", "the separator must stand behind the prefix");
	req.key = K(t, "d");
	need(t, run_list(t, t->store, &req, &l));
	is_str(l.text, "d/[]", "even right behind it");
	req.key = kvs_s(t->ns);
	req.flags = KVS_KEYS_ONLY;
	need(t, run_list(t, t->store, &req, &l));
	is_str(l.text, "a b/[] b0 c/[] d/[]", "without values");
	req.separator = kvs_s("//");
	need(t, run_list(t, t->store, &req, &l));
	is_str(l.text, "a b/ b/1 b/2 b0 c//[] d/e/f", "a separator of two bytes");
	req.separator = kvs_s("#");
	need(t, run_list(t, t->store, &req, &l));
	is_uint(l.n, 7, "a separator that is nowhere");
}

CASE(case_list_fold_pages)
{
	struct kvs_request req = list_of(kvs_s(t->ns));
	struct listing l = { 0 };
	char text[1000];

	plant(t);
	req.separator = kvs_s("/");
	req.limit = 2;
	need(t, run_list(t, t->store, &req, &l));
	is_str(l.text, "a=1 b/[]", "a folded name counts as one entry");
	ok(l.reply.flags & KVS_REPLY_MORE, "more exist");
	req.flags = KVS_KEYS_ONLY;
	is_int(turn_pages(t, &req, text, sizeof(text)), 3, "5 names are 3 pages of 2");
	is_str(text, "a b/[] b0 c/[] d/[]", "each once: what was folded is not told again");
}

CASE(case_list_stop)
{
	struct kvs_request req = list_of(kvs_s(t->ns));
	struct listing l = { .stop_after = 2 };

	fill(t, 5);
	is_code(run_list(t, t->store, &req, &l), KVS_E_CANCELED, &t->err,
		"a callback that says stop ends the list");
	is_uint(l.n, 2, "at once");
	is_str(l.text, "k00 k01", "after what it saw");
	l.stop_after = 0;
	need(t, run_list(t, t->store, &req, &l));
	is_uint(l.n, 5, "the store goes on working");
}

struct walk {
	struct t *t;
	uint64_t n, out_of_order;
	char last[300];
};

static int step(void *arg, const struct kvs_entry *e)
{
	struct walk *w = arg;
	struct kvs_str name = bare(w->t, e->key);
	char now[300];

	(void)snprintf(now, sizeof(now), "%.*s", (int)name.n, (const char *)name.p);
	w->out_of_order += strcmp(w->last, now) >= 0;
	strcpy(w->last, now);
	w->n++;
	return 0;
}

CASE(case_list_many)
{
	enum { N = 2000 };
	struct kvs_request req = list_of(kvs_s(t->ns));
	struct kvs_op *ops = calloc(N, sizeof(*ops));
	char *keys = malloc((size_t)N * 100);
	struct walk w = { .t = t };
	int i;

	if (!ops || !keys)
		bail("no memory");
	for (i = 0; i < N; i++) {
		(void)snprintf(keys + i * 100, 100, "%skey/%d", t->ns, i);
		ops[i] = op_put(kvs_s(keys + i * 100), "some value of no great length");
	}
	need(t, kvs_txn(t->store, ops, N, KVS_TXN_BATCHED, NULL, &t->err));
	need(t, kvs_list(t->store, &req, step, &w, NULL, &t->err));
	is_uint(w.n, N, "%d entries", N);
	is_uint(w.out_of_order, 0, "in order");
	free(ops);
	free(keys);
}
