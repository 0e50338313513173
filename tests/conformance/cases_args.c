/* SPDX-License-Identifier: Apache-2.0 */
/* What a store must refuse, and what it must not stumble over: keys, limits, malformed requests. */
#include "tests/conformance/suite.h"

#include <string.h>

CASE(case_bad_arguments)
{
	struct kvs_op op = op_put(kvs_s(""), "1"), two[2];
	struct kvs_entry *e = NULL;
	struct kvs_store *view = NULL;

	is_err(do_put(t, op), KVS_E_ARG, &t->err, "empty", "put: an empty key");
	is_code(do_delete(t, op_delete(kvs_s(""))), KVS_E_ARG, &t->err, "delete: an empty key");
	is_code(kvs_get(t->store, kvs_s(""), 0, &e, &t->err), KVS_E_ARG, &t->err,
		"get: an empty key");
	op = op_delete(kvs_s(""));
	op.type = KVS_OP_DELETE_PREFIX;
	is_code(do_delete(t, op), KVS_E_ARG, &t->err, "delete: everything, by accident");

	op = op_put(K(t, "a"), "1");
	op.size = 0;
	is_code(do_put(t, op), KVS_E_ARG, &t->err, "an operation without its size");
	op = op_put(K(t, "a"), "1");
	op.type = 99;
	is_code(do_put(t, op), KVS_E_ARG, &t->err, "an unknown operation");
	op = op_put(K(t, "a"), "1");
	op.cond = 99;
	is_code(do_put(t, op), KVS_E_ARG, &t->err, "an unknown condition");
	is_code(do_put(t, op_delete(K(t, "a"))), KVS_E_ARG, &t->err, "put: a deletion");
	is_code(do_delete(t, op_put(K(t, "a"), "1")), KVS_E_ARG, &t->err, "delete: a put");
	is_code(do_put(t, op_check(K(t, "a"))), KVS_E_ARG, &t->err, "put: a check");
	is_code(do_put(t, with_index(op_put(K(t, "a"), "1"), 0)), KVS_E_ARG, &t->err,
		"a condition on index 0");
	is_code(do_delete(t, with_absent(op_delete(K(t, "a")))), KVS_E_ARG, &t->err,
		"deleting what must be absent");
	op = op_delete(K(t, "a"));
	op.type = KVS_OP_DELETE_PREFIX;
	is_code(do_delete(t, with_index(op, 1)), KVS_E_ARG, &t->err,
		"a condition on a prefix's deletion");

	two[0] = op_check(K(t, "a")); /* checks nothing */
	is_code(do_txn(t, two, 1), KVS_E_ARG, &t->err, "a check without a condition");
	is_code(do_txn(t, two, 0), KVS_E_ARG, &t->err, "an empty transaction");
	is_code(kvs_view(t->store, kvs_s(""), &view, &t->err), KVS_E_ARG, &t->err,
		"a view of nothing");
	is_state(t, "", "and nothing was written");
}

static void check_key(struct t *t, struct kvs_str key, const char *what)
{
	struct kvs_request req = list_of(key);
	struct kvs_op op = op_put(key, "1");
	struct kvs_entry *e = NULL;
	struct listing l = { 0 };

	need(t, do_put(t, op));
	if (is_code(kvs_get(t->store, key, 0, &e, &t->err), 0, &t->err, "%s: it is found", what))
		is_slice(e->key, key, "%s: by its name", what);
	kvs_entry_free(e);
	need(t, run_list(t, t->store, &req, &l));
	is_uint(l.n, 1, "%s: it is listed", what);
	need(t, do_delete(t, op_delete(key)));
	is_code(kvs_get(t->store, key, 0, &e, NULL), KVS_E_NOTFOUND, NULL, "%s: it is deleted",
		what);
}

CASE(case_odd_keys)
{
	static const struct {
		const char *name;
		const char *what;
	} cases[] = {
		{ "with space", "a space" },
		{ "100%", "a percent sign" },
		{ "a%2Fb", "what looks like URL escaping" },
		{ "a+b&c=d?e#f;g", "what has a meaning in URLs" },
		{ "a//b", "two slashes" },
		{ "dir/", "a slash at the end" },
		{ "../up", "dots" },
		{ "./here/.", "a dot" },
		{ "\"quoted\" 'twice' \\ back", "quotes and a backslash" },
		{ "new\nline\ttab", "control bytes" },
		{ "\x1b[31m", "an escape sequence" },
		{ "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80", "letters beyond ASCII" },
		{ "%s%n{}*[a-z]?$(id)`id`", "patterns and commands" },
		{ "data", "a word" },
		{ "\xe2\x80\xae", "a direction mark" },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_key(t, K(t, cases[i].name), cases[i].what);
}

/* The case's prefix with bytes behind it that need not be text. */
static struct kvs_str raw_key(struct t *t, const void *p, size_t n)
{
	static char buffer[256];
	size_t ns = strlen(t->ns);

	memcpy(buffer, t->ns, ns);
	memcpy(buffer + ns, p, n);
	return kvs_sn(buffer, ns + n);
}

CASE(case_binary_keys)
{
	check_key(t, raw_key(t, "a\0b", 3), "a NUL in it");
	check_key(t, raw_key(t, "\0", 1), "a NUL at its end");
	check_key(t, raw_key(t, "\xff\xfe", 2), "bytes that are not UTF-8");
	check_key(t, raw_key(t, "\xff\xff\xff", 3), "the highest bytes");
	check_key(t, raw_key(t, "\xed\xa0\x80", 3), "a surrogate");
	need(t, do_put(t, op_put(raw_key(t, "a", 1), "1")));
	is_value(t, "a", "1", "a NUL ends no key: a");
	need(t, do_put(t, op_put(raw_key(t, "a\0", 2), "2")));
	is_value(t, "a", "1", "a NUL ends no key: still a");
}

CASE(case_no_binary_keys)
{
	struct kvs_request req;
	struct listing l = { 0 };
	struct kvs_entry *e = NULL;

	is_code(do_put(t, op_put(raw_key(t, "a\0b", 3), "1")), KVS_E_ARG, &t->err, "put: a NUL");
	is_code(do_put(t, op_put(raw_key(t, "\xff", 1), "1")), KVS_E_ARG, &t->err,
		"put: not UTF-8");
	is_code(do_delete(t, op_delete(raw_key(t, "\xff", 1))), KVS_E_ARG, &t->err,
		"delete: not UTF-8");
	is_code(kvs_get(t->store, raw_key(t, "\xff", 1), 0, &e, &t->err), KVS_E_ARG, &t->err,
		"get: not UTF-8");
	req = list_of(raw_key(t, "\xff", 1));
	is_code(run_list(t, t->store, &req, &l), KVS_E_ARG, &t->err, "list: not UTF-8");
	is_state(t, "", "nothing was written");
}

static struct kvs_str slashed(struct t *t, const char *name)
{
	static char buffer[256];

	(void)snprintf(buffer, sizeof(buffer), "/%s%s", t->ns, name);
	return kvs_s(buffer);
}

CASE(case_leading_slash)
{
	struct kvs_entry *e = NULL;

	set(t, "a", "without");
	need(t, do_put(t, op_put(slashed(t, "a"), "with")));
	is_value(t, "a", "without", "two keys: the one without");
	if (need(t, kvs_get(t->store, slashed(t, "a"), 0, &e, &t->err))) {
		is_slice(e->value, kvs_s("with"), "and the one with a slash in front");
		is_slice(e->key, slashed(t, "a"), "whose name has it");
	}
	kvs_entry_free(e);
	need(t, do_delete(t, op_delete(slashed(t, "a"))));
	is_value(t, "a", "without", "deleting one leaves the other");
}

CASE(case_trimmed_slash)
{
	struct kvs_op twice[2];
	struct kvs_entry *e = NULL;

	need(t, do_put(t, op_put(slashed(t, "a"), "1")));
	is_value(t, "a", "1", "one slash in front is dropped");
	if (need(t, kvs_get(t->store, slashed(t, "a"), 0, &e, &t->err)))
		is_slice(e->key, K(t, "a"), "the name is told without it");
	kvs_entry_free(e);
	twice[0] = op_put(slashed(t, "a"), "2");
	twice[1] = op_put(K(t, "a"), "3");
	is_code(do_txn(t, twice, 2), KVS_E_ARG, &t->err, "with and without is one key");
	need(t, do_delete(t, op_delete(slashed(t, "a"))));
	is_value(t, "a", NULL, "it is deleted under either name");
}

CASE(case_key_limit)
{
	char *key;
	size_t n = t->limits.max_key;
	struct kvs_entry *e = NULL;

	key = malloc(n + 2);
	if (!key)
		bail("no memory");
	memset(key, 'k', n + 2);
	memcpy(key, t->ns, strlen(t->ns));
	need(t, do_put(t, op_put(kvs_sn(key, n), "1")));
	if (need(t, kvs_get(t->store, kvs_sn(key, n), 0, &e, &t->err)))
		is_uint(e->key.n, n, "a key of %zu bytes fits", n);
	kvs_entry_free(e);
	is_code(do_put(t, op_put(kvs_sn(key, n + 1), "1")), KVS_E_TOOBIG, &t->err, "put: one more");
	is_code(do_delete(t, op_delete(kvs_sn(key, n + 1))), KVS_E_TOOBIG, &t->err,
		"delete: one more");
	is_code(kvs_get(t->store, kvs_sn(key, n + 1), 0, &e, &t->err), KVS_E_TOOBIG, &t->err,
		"get: one more");
	free(key);
}

static char *filled(size_t n)
{
	char *p = malloc(n);

	if (!p)
		bail("no memory");
	memset(p, 'v', n);
	return p;
}

CASE(case_value_limit)
{
	struct kvs_op op = op_put(K(t, "a"), "");
	size_t n = t->limits.max_value;
	struct kvs_entry *e;
	char *value = filled(n + 1);

	op.value = kvs_sn(value, n);
	need(t, do_put(t, op));
	e = fetch(t, "a");
	is_uint(e ? e->value.n : 0, n, "a value at the limit fits");
	kvs_entry_free(e);
	set(t, "a", "kept");
	op.value = kvs_sn(value, n + 1);
	is_code(do_put(t, op), KVS_E_TOOBIG, &t->err, "one more byte does not");
	is_value(t, "a", "kept", "and nothing is changed");
	free(value);
}

static struct kvs_op *many_puts(struct t *t, size_t n, struct kvs_str value, char **ret_keys)
{
	struct kvs_op *ops = calloc(n, sizeof(*ops));
	char *keys = malloc(n * 100);
	size_t i;

	if (!ops || !keys)
		bail("no memory");
	for (i = 0; i < n; i++) {
		(void)snprintf(keys + i * 100, 100, "%s%06zu", t->ns, i);
		ops[i] = op_put(kvs_s(keys + i * 100), "");
		ops[i].value = value;
	}
	*ret_keys = keys;
	return ops;
}

static uint64_t count_all(struct t *t)
{
	struct kvs_request req = list_of(kvs_s(t->ns));
	struct listing l = { 0 };

	req.flags = KVS_KEYS_ONLY;
	need(t, run_list(t, t->store, &req, &l));
	return l.n;
}

CASE(case_ops_limit)
{
	size_t n = t->limits.max_ops;
	char *keys;
	struct kvs_op *ops = many_puts(t, n + 1, kvs_s("1"), &keys);

	is_code(do_txn(t, ops, n + 1), KVS_E_TOOBIG, &t->err, "%zu operations are refused", n + 1);
	is_uint(count_all(t), 0, "as a whole");
	is_code(do_txn(t, ops, n), 0, &t->err, "%zu operations fit", n);
	is_uint(count_all(t), n, "all of them");
	is_code(kvs_txn(t->store, ops, n + 1, KVS_TXN_BATCHED, NULL, &t->err), 0, &t->err,
		"one more in batches");
	is_uint(count_all(t), n + 1, "all of them too");
	free(ops);
	free(keys);
}

CASE(case_request_limit)
{
	size_t each = t->limits.max_request / 8 + 1;
	size_t n = 9;
	char *value, *keys;
	struct kvs_op *ops;

	if ((t->limits.max_value && each > t->limits.max_value) ||
	    (t->limits.max_ops && n > t->limits.max_ops)) {
		skip(1, "no transaction within the other limits is that big");
		return;
	}
	value = filled(each);
	ops = many_puts(t, n, kvs_sn(value, each), &keys);
	is_code(do_txn(t, ops, n), KVS_E_TOOBIG, &t->err, "a transaction of too many bytes");
	is_uint(count_all(t), 0, "is refused as a whole");
	is_code(kvs_txn(t->store, ops, n, KVS_TXN_BATCHED, NULL, &t->err), 0, &t->err,
		"but goes in batches");
	is_uint(count_all(t), n, "all of it");
	free(ops);
	free(keys);
	free(value);
}
