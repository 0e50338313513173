/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/replyq.h"
#include "base/str.h"
#include "tests/lib/tap.h"

#include <inttypes.h>
#include <poll.h>

/* A core that writes down what it is told, one word a call, and can act from inside a call. */
static struct {
	struct kvs_replyq q;
	char log[512];
	uint64_t stop_tag;   /* entry() and event() of it return nonzero */
	uint64_t cancel_tag; /* cancelled from inside the next call */
	uint64_t ask_tag;    /* opened and done from inside the next call */
	uint64_t stopped_tag;
	struct kvs_reply reply;
	struct kvs_err err;
} t;

static void note(char what, uint64_t tag, struct kvs_str key)
{
	size_t n = strlen(t.log);

	(void)snprintf(t.log + n, sizeof(t.log) - n, "%c%" PRIu64 "%s%.*s ", what, tag,
		       key.n ? ":" : "", (int)key.n, key.n ? (const char *)key.p : "");
	if (t.cancel_tag)
		kvs_replyq_cancel(&t.q, t.cancel_tag);
	if (t.ask_tag && kvs_replyq_open(&t.q, t.ask_tag, NULL) == 0)
		kvs_replyq_done(&t.q, t.ask_tag, 0, NULL, NULL);
	t.cancel_tag = t.ask_tag = 0;
}

static int on_entry(void *core, uint64_t tag, const struct kvs_entry *entry)
{
	note('e', tag, entry->key);
	return tag == t.stop_tag;
}

static int on_event(void *core, uint64_t tag, uint32_t type, const struct kvs_entry *entry,
		    uint64_t index)
{
	note(type == KVS_EV_SYNC ? 's' : 'v', tag, entry ? entry->key : kvs_s(NULL));
	return tag == t.stop_tag;
}

static void on_done(void *core, uint64_t tag, int code, const struct kvs_reply *reply,
		    const struct kvs_err *err)
{
	if (reply)
		t.reply = *reply;
	if (err)
		t.err = *err;
	note(code ? 'x' : 'd', tag, kvs_s(NULL));
}

static const struct kvs_sink sink = {
	.size = sizeof(sink),
	.entry = on_entry,
	.event = on_event,
	.done = on_done,
};

static void on_stopped(void *arg, uint64_t tag)
{
	t.stopped_tag = tag;
}

static void begin(size_t max_bytes)
{
	memset(&t, 0, sizeof(t));
	kvs_replyq_init(&t.q, &sink, NULL, max_bytes);
	t.q.stopped = on_stopped;
}

static int add(uint64_t tag, const char *key, const char *value)
{
	struct kvs_entry e = { .size = sizeof(e), .key = kvs_s(key), .value = kvs_s(value) };

	return kvs_replyq_entry(&t.q, tag, &e, NULL);
}

static void get(uint64_t tag, const char *key)
{
	is_int(kvs_replyq_open(&t.q, tag, NULL), 0, "open %d", (int)tag);
	is_int(add(tag, key, "v"), 0, "entry of %d", (int)tag);
	kvs_replyq_done(&t.q, tag, 0, NULL, NULL);
}

static bool readable(void)
{
	struct pollfd p = { .fd = kvs_replyq_fd(&t.q, NULL), .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

static void test_order(void)
{
	char key[] = "a";
	struct kvs_entry e = { .size = sizeof(e), .key = kvs_s(key), .mod_index = 7 };
	struct kvs_reply reply = { .size = sizeof(reply), .index = 9 };
	struct kvs_err err = { 0 };

	begin(10000);
	ok(!readable(), "nothing at first");
	is_int(kvs_replyq_open(&t.q, 1, NULL), 0, "open");
	is_int(kvs_replyq_open(&t.q, 2, NULL), 0, "open another");
	is_int(kvs_replyq_entry(&t.q, 1, &e, NULL), 0, "an entry");
	key[0] = 'z';
	is_int(kvs_replyq_event(&t.q, 2, KVS_EV_SYNC, NULL, 5, NULL), 0, "an event");
	ok(readable(), "readable when something waits");
	is_str(t.log, "", "nothing is delivered before dispatch");
	err.code = KVS_E_CONFLICT;
	kvs_replyq_done(&t.q, 2, KVS_E_CONFLICT, NULL, &err);
	kvs_replyq_done(&t.q, 1, 0, &reply, NULL);
	kvs_replyq_done(&t.q, 1, 0, &reply, NULL);
	kvs_replyq_dispatch(&t.q);
	is_str(t.log, "e1:a s2 x2 d1 ", "in order, copied, one done each");
	is_uint(t.reply.index, 9, "with the reply");
	is_int(t.err.code, KVS_E_CONFLICT, "and the error");
	ok(!readable() && !kvs_replyq_pending(&t.q), "nothing is left");
	kvs_replyq_release(&t.q);
}

static void test_cancel(void)
{
	begin(10000);
	get(1, "a");
	get(2, "b");
	kvs_replyq_cancel(&t.q, 1);
	kvs_replyq_cancel(&t.q, 99);
	kvs_replyq_dispatch(&t.q);
	is_str(t.log, "e2:b d2 ", "nothing under a cancelled tag");

	begin(10000);
	get(1, "a");
	get(2, "b");
	t.cancel_tag = 1;
	kvs_replyq_dispatch(&t.q);
	is_str(t.log, "e1:a e2:b d2 ", "cancelled from inside its own delivery");

	begin(10000);
	is_int(kvs_replyq_open(&t.q, 1, NULL), 0, "open");
	kvs_replyq_cancel(&t.q, 1);
	kvs_replyq_done(&t.q, 1, 0, NULL, NULL);
	kvs_replyq_dispatch(&t.q);
	is_str(t.log, "", "a done after cancel is dropped");
	kvs_replyq_release(&t.q);
}

static void test_stop(void)
{
	begin(10000);
	get(1, "a");
	get(2, "b");
	t.stop_tag = 1;
	kvs_replyq_dispatch(&t.q);
	is_str(t.log, "e1:a e2:b d2 ", "a sink that wants no more gets no more of that tag");
	is_uint(t.stopped_tag, 1, "and the backend hears of it");
	kvs_replyq_release(&t.q);
}

static void test_reentry(void)
{
	begin(10000);
	is_int(kvs_replyq_fd(&t.q, NULL) >= 0, 1, "a descriptor");
	get(1, "a");
	t.ask_tag = 5;
	kvs_replyq_dispatch(&t.q);
	is_str(t.log, "e1:a d1 ", "what a callback asks waits for the next dispatch");
	ok(readable(), "which is due");
	kvs_replyq_dispatch(&t.q);
	is_str(t.log, "e1:a d1 d5 ", "and brings it");
	ok(!readable(), "that was all");
	kvs_replyq_release(&t.q);
}

static void test_wake(void)
{
	begin(10000);
	kvs_replyq_wake(&t.q);
	ok(readable(), "a wake-up before the descriptor was made is kept");
	kvs_replyq_dispatch(&t.q);
	ok(!readable(), "until dispatch");
	kvs_replyq_wake(&t.q);
	kvs_replyq_wake(&t.q);
	ok(readable(), "two count as one");
	kvs_replyq_dispatch(&t.q);
	ok(!readable(), "until dispatch");
	kvs_replyq_release(&t.q);
}

static void test_cap(void)
{
	char big[2000];
	struct kvs_err err = { 0 };
	struct kvs_entry e = { .size = sizeof(e), .key = kvs_s("k") };

	memset(big, 'x', sizeof(big));
	e.value = kvs_sn(big, sizeof(big));
	begin(5000);
	is_int(kvs_replyq_open(&t.q, 1, NULL), 0, "open");
	is_int(kvs_replyq_entry(&t.q, 1, &e, &err), 0, "within the cap");
	is_err(kvs_replyq_entry(&t.q, 1, &e, &err), KVS_E_TOOBIG, &err, "5000 bytes",
	       "over the cap");
	kvs_replyq_done(&t.q, 1, KVS_E_TOOBIG, NULL, &err);
	kvs_replyq_dispatch(&t.q);
	is_str(t.log, "e1:k x1 ", "done needs no room");
	is_int(kvs_replyq_entry(&t.q, 2, &e, &err), 0, "what was delivered makes room");
	kvs_replyq_release(&t.q);
	kvs_replyq_release(&t.q);
	pass("release drops what waits, and may be called twice");
}

int main(void)
{
	test_order();
	test_cancel();
	test_stop();
	test_reentry();
	test_wake();
	test_cap();
	return tap_end();
}
