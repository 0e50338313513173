/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contract of a store as one table of cases: conformance NAME.store [CASE...]
 *
 * A new case is a function and a row here; a new backend is a NAME.store file.
 */
#include "tests/conformance/suite.h"

#include <string.h>

enum {
	STEADY = 1,    /* needs each single request to succeed: not where some fail on purpose */
	SHARED = 2,    /* needs a second handle that sees the same data */
	LIMIT_KEY = 4, /* needs a limit to test */
	LIMIT_VALUE = 8,
	LIMIT_OPS = 16,
	LIMIT_REQUEST = 32,
	WHOLE = 64, /* needs the store itself, not a view of it */
};

struct row {
	const char *name;
	void (*fn)(struct t *t);
	uint64_t caps;	  /* all of these are needed */
	uint64_t caps_no; /* and none of these */
	int needs;
};

static const struct row table[] = {
	{ "identity", case_identity },
	{ "get-absent", case_get_absent },
	{ "put-get", case_put_get },
	{ "put-replaces", case_put_replaces },
	{ "values", case_values },
	{ "delete", case_delete },
	{ "delete-prefix", case_delete_prefix },
	{ "born-again", case_born_again },
	{ "get-many", case_get_many },
	{ "index", case_index },
	{ "bump-equal", case_bump_equal, KVS_CAP_BUMP_EQUAL },
	{ "flags", case_flags, KVS_CAP_FLAGS },
	{ "no-flags", case_no_flags, 0, KVS_CAP_FLAGS },
	{ "read-modes", case_read_modes },
	{ "read-at", case_read_at, KVS_CAP_READ_AT, 0, STEADY },
	{ "no-read-at", case_no_read_at, 0, KVS_CAP_READ_AT },
	{ "compact", case_compact, KVS_CAP_COMPACT },
	{ "no-compact", case_no_compact, 0, KVS_CAP_COMPACT },
	{ "durable", case_durable, KVS_CAP_DURABLE },
	{ "two-handles", case_two_handles, 0, 0, SHARED },
	{ "status", case_status },

	{ "bad-arguments", case_bad_arguments },
	{ "odd-keys", case_odd_keys },
	{ "binary-keys", case_binary_keys, KVS_CAP_BINARY_KEYS },
	{ "no-binary-keys", case_no_binary_keys, 0, KVS_CAP_BINARY_KEYS },
	{ "leading-slash", case_leading_slash, 0, KVS_CAP_TRIM_SLASH },
	{ "trimmed-slash", case_trimmed_slash, KVS_CAP_TRIM_SLASH, 0, WHOLE },
	{ "key-limit", case_key_limit, 0, 0, LIMIT_KEY },
	{ "value-limit", case_value_limit, 0, 0, LIMIT_VALUE },
	{ "ops-limit", case_ops_limit, 0, 0, LIMIT_OPS },
	{ "request-limit", case_request_limit, 0, 0, LIMIT_REQUEST },

	{ "absent", case_absent },
	{ "cas", case_cas },
	{ "cas-delete", case_cas_delete },
	{ "cas-counter", case_cas_counter },
	{ "one-winner", case_one_winner, 0, 0, STEADY },
	{ "txn", case_txn },
	{ "txn-conflict", case_txn_conflict },
	{ "txn-check", case_txn_check },
	{ "txn-delete-prefix", case_txn_delete_prefix },
	{ "txn-same-key", case_txn_same_key },
	{ "txn-batched", case_txn_batched },

	{ "list", case_list },
	{ "list-order", case_list_order },
	{ "list-keys-only", case_list_keys_only },
	{ "list-limit", case_list_limit },
	{ "list-after", case_list_after },
	{ "list-pages", case_list_pages },
	{ "list-fold", case_list_fold },
	{ "list-fold-pages", case_list_fold_pages },
	{ "list-stop", case_list_stop },
	{ "list-many", case_list_many },

	{ "lease", case_lease, KVS_CAP_LEASES, 0, STEADY },
	{ "lease-detach", case_lease_detach, KVS_CAP_LEASES, 0, STEADY },
	{ "lease-unknown", case_lease_unknown, KVS_CAP_LEASES, 0, STEADY },
	{ "lease-expiry", case_lease_expiry, KVS_CAP_LEASES, 0, STEADY },
	{ "lease-keepalive", case_lease_keepalive, KVS_CAP_LEASES, 0, STEADY },
	{ "lease-fence", case_lease_fence, KVS_CAP_LEASES, 0, STEADY },
	{ "no-leases", case_no_leases, 0, KVS_CAP_LEASES },

	{ "watch-empty", case_watch_empty, 0, 0, STEADY },
	{ "watch-key", case_watch_key },
	{ "watch-prefix", case_watch_prefix },
	{ "watch-txn", case_watch_txn },
	{ "watch-resume", case_watch_resume, 0, 0, STEADY },
	{ "watch-unknown-index", case_watch_unknown_index },
	{ "watch-changes", case_watch_changes, 0, 0, STEADY },
	{ "watch-keys-only", case_watch_keys_only },
	{ "watch-two", case_watch_two },
	{ "watch-many", case_watch_many },
	{ "watch-burst", case_watch_burst },
	{ "watch-every-event", case_watch_every_event, KVS_CAP_EVERY_EVENT, 0, STEADY },
	{ "watch-entry", case_watch_entry },
	{ "watch-other-handle", case_watch_other_handle, 0, 0, SHARED },

	{ "watch-close-in-event", case_watch_close_in_event },
	{ "watch-close-other", case_watch_close_other },
	{ "watch-calls-in-event", case_watch_calls_in_event, 0, 0, STEADY },
	{ "watch-refused", case_watch_refused },
	{ "watch-store-closed", case_watch_store_closed },

	{ "many-in-flight", case_many_in_flight, 0, 0, STEADY },
	{ "fd", case_fd, 0, 0, STEADY },
	{ "borrowed-memory", case_borrowed_memory, 0, 0, STEADY },
	{ "cancel", case_cancel, 0, 0, STEADY },
	{ "cancel-in-callback", case_cancel_in_callback, 0, 0, STEADY },
	{ "start-in-callback", case_start_in_callback, 0, 0, STEADY },
	{ "blocking-in-callback", case_blocking_in_callback },
	{ "entry-says-stop", case_entry_says_stop, 0, 0, STEADY },
	{ "start-refused", case_start_refused },
	{ "store-closed", case_store_closed },
	{ "deadline", case_deadline },
	{ "poll-timeout", case_poll_timeout },

	{ "view", case_view },
	{ "view-of-view", case_view_of_view },
	{ "view-list", case_view_list },
	{ "view-txn", case_view_txn },
	{ "view-watch", case_view_watch },
	{ "view-bytes", case_view_bytes },
};

/* Why a case does not apply, or NULL. */
static const char *not_for(const struct row *row, const struct store_file *f,
			   const struct kvs_limits *limits)
{
	static char why[400];
	uint64_t missing = row->caps & ~f->caps, present = row->caps_no & f->caps;

	if (missing || present) {
		(void)snprintf(why, sizeof(why), "the store %s: %s", missing ? "has not" : "has",
			       caps_text(missing ? missing : present));
		return why;
	}
	if (row->needs & STEADY && f->flaky)
		return "single requests fail on purpose here";
	if (row->needs & SHARED && !f->shared)
		return "handles do not share their data here";
	if (row->needs & WHOLE && f->view[0])
		return "not in a view";
	if ((row->needs & LIMIT_KEY && !limits->max_key) ||
	    (row->needs & LIMIT_VALUE && !limits->max_value) ||
	    (row->needs & LIMIT_OPS && !limits->max_ops) ||
	    (row->needs & LIMIT_REQUEST && !limits->max_request))
		return "the store has no such limit";
	return NULL;
}

static bool chosen(const char *name, char *const *names)
{
	if (!*names)
		return true;
	for (; *names; names++)
		if (!strcmp(name, *names))
			return true;
	return false;
}

static void read_limits(const struct store_file *f, struct kvs_limits *ret_limits)
{
	struct kvs_store *store;
	struct kvs_err err;

	if (kvs_open(f->url, NULL, &store, &err))
		bail("cannot open %s: %s", f->url, err.msg);
	kvs_store_limits(store, ret_limits);
	kvs_close(store);
}

int main(int argc, char **argv)
{
	struct kvs_limits limits;
	struct store_file file;
	const char *why;
	size_t i;

	if (argc < 2)
		bail("usage: conformance NAME.store [CASE...]");
	store_file_open(&file, argv[1]);
	read_limits(&file, &limits);
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (!chosen(table[i].name, argv + 2))
			continue;
		why = not_for(&table[i], &file, &limits);
		if (why)
			skip(1, "%s: %s", table[i].name, why);
		else
			t_run(&file, table[i].name, table[i].fn);
	}
	store_file_close(&file);
	return tap_end();
}
