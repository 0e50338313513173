/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watches on a server that fails: each answer cut at every byte, wrong answers, pauses that it asks
 * for, an index that goes back, and names that rules hide while nobody looks.
 */
#include "base/clock.h"
#include "base/str.h"
#include "tests/lib/scripted.h"
#include "tests/lib/tap.h"

#include <kvsync/kvsync.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#define PATIENCE_MS 15000

/* ---- time: the system's, and what the test skips ---- */

static uint64_t skipped;

static uint64_t real_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static uint64_t now_ms(void)
{
	return real_ms() + skipped;
}

/* ---- a server that answers by a list ---- */

struct play {
	const struct scripted_answer *answers; /* one after the other; then it says nothing */
	size_t n;
	size_t at;
	char last[1024]; /* request */
};

static void next_answer(void *arg, const char *request, struct scripted_answer *ret)
{
	struct play *p = arg;

	(void)snprintf(p->last, sizeof(p->last), "%s", request);
	*ret = (struct scripted_answer){ .end = SCRIPTED_HANG };
	if (p->at < p->n)
		*ret = p->answers[p->at++];
}

/* ---- a watch, and what it said ---- */

struct seen {
	struct scripted *server;
	struct kvs_store *store;
	struct kvs_watch *watch;
	char text[512]; /* "reset put:k=v sync" */
	int troubles, dones, code, syncs;
	uint64_t retry_ms;
	struct kvs_err err;
};

static void note(struct seen *s, const char *what, const struct kvs_entry *e)
{
	size_t n = strlen(s->text);

	(void)snprintf(s->text + n, sizeof(s->text) - n, "%s%s", n ? " " : "", what);
	n = strlen(s->text);
	if (e)
		(void)snprintf(s->text + n, sizeof(s->text) - n, ":%.*s%s%.*s", (int)e->key.n,
			       (const char *)e->key.p, e->value.n ? "=" : "", (int)e->value.n,
			       (const char *)e->value.p);
}

static void on_event(void *arg, const struct kvs_event *event)
{
	static const char *const names[] = {
		[KVS_EV_RESET] = "reset",
		[KVS_EV_PUT] = "put",
		[KVS_EV_DELETE] = "delete",
		[KVS_EV_SYNC] = "sync",
	};
	struct seen *s = arg;

	s->syncs += event->type == KVS_EV_SYNC;
	note(s, names[event->type], event->entry);
}

static void on_trouble(void *arg, const struct kvs_err *err, uint64_t retry_ms)
{
	struct seen *s = arg;

	s->troubles++;
	s->err = *err;
	s->retry_ms = retry_ms;
	skipped += retry_ms;
}

static void on_done(void *arg, int code, const struct kvs_err *err)
{
	struct seen *s = arg;

	s->dones++;
	s->code = code;
	s->err = *err;
}

static void begin_with(struct seen *s, scripted_fn *fn, void *arg, const char *key, uint32_t flags)
{
	const struct kvs_watch_callback cb = {
		.event = on_event,
		.trouble = on_trouble,
		.done = on_done,
		.arg = s,
	};
	struct kvs_request req = KVS_REQUEST_INIT;
	char url[64];

	*s = (struct seen){ .server = scripted_start(fn, arg) };
	(void)snprintf(url, sizeof(url), "consul://127.0.0.1:%u", scripted_port(s->server));
	if (kvs_open(url, NULL, &s->store, &s->err))
		lacking("%s", s->err.msg);
	req.kind = KVS_REQ_WATCH;
	req.key = kvs_s(key);
	req.flags = flags;
	if (kvs_watch(s->store, &req, &cb, &s->watch, &s->err))
		bail("%s", s->err.msg);
}

static void begin(struct seen *s, struct play *play, const char *key, uint32_t flags)
{
	begin_with(s, next_answer, play, key, flags);
}

static void end(struct seen *s)
{
	kvs_watch_close(s->watch);
	kvs_close(s->store);
	scripted_stop(s->server);
}

/* Until it has said n SYNCs, or has ended. */
static bool until_syncs(struct seen *s, int n)
{
	uint64_t limit = real_ms() + PATIENCE_MS;
	struct kvs_err err = { 0 };

	while (s->syncs < n && !s->dones && real_ms() < limit)
		if (kvs_poll(s->store, 20, &err))
			bail("%s", err.msg);
	return s->syncs >= n;
}

/* ---- what the server says ---- */

#define HEAD(index_, length_)                                                                      \
	"HTTP/1.1 200 OK\r\nX-Consul-Index: " index_                                               \
	"\r\nX-Consul-Query-Backend: blocking-query\r\nContent-Length: " length_ "\r\n\r\n"
#define HEAD_OF_OLD(index_, length_)                                                               \
	"HTTP/1.1 200 OK\r\nX-Consul-Index: " index_ "\r\nContent-Length: " length_ "\r\n\r\n"
#define ENTRY(key_, value_, index_)                                                                \
	"{\"LockIndex\":0,\"Key\":\"" key_ "\",\"Flags\":0,\"Value\":\"" value_                    \
	"\",\"CreateIndex\":5,\"ModifyIndex\":" index_ "}"
#define KEEP(text_)                                                                                \
	{                                                                                          \
		.bytes = (text_), .n = sizeof(text_) - 1, .end = SCRIPTED_KEEP                     \
	}
#define CLOSED(text_)                                                                              \
	{                                                                                          \
		.bytes = (text_), .n = sizeof(text_) - 1, .end = SCRIPTED_CLOSE                    \
	}
#define STATUS(line_, text_) "HTTP/1.1 " line_ "\r\nConnection: close\r\n\r\n" text_

static const char first[] = HEAD("7", "84") "[" ENTRY("k", "dg==", "7") "]";  /* v */
static const char second[] = HEAD("8", "84") "[" ENTRY("k", "dw==", "8") "]"; /* w */
static const char gone[] =
	"HTTP/1.1 404 Not Found\r\nX-Consul-Index: 9\r\nContent-Length: 0\r\n\r\n";

/* ---- cut at every byte ---- */

static bool names_both(const struct kvs_err *err)
{
	return strstr(err->msg, "consul at 127.0.0.1:") && strstr(err->msg, "watch of k");
}

/* One answer of three is cut behind n bytes and comes whole the next time. */
static bool survives(size_t which, size_t n)
{
	const struct scripted_answer whole[] = { KEEP(first), KEEP(second), KEEP(gone) };
	struct scripted_answer answers[4];
	struct play play = { .answers = answers, .n = 4 };
	struct seen s;
	bool right;

	for (size_t i = 0; i < 4; i++)
		answers[i] = whole[i > which ? i - 1 : i];
	answers[which].n = n;
	answers[which].end = SCRIPTED_CLOSE;
	begin(&s, &play, "k", 0);
	/* Behind a kept connection that is found dead, the request is repeated without a trouble. */
	right = until_syncs(&s, 3) && (s.troubles == 1 ? names_both(&s.err) : which > 0) &&
		strcmp(s.text, "reset put:k=v sync put:k=w sync delete:k sync") == 0;
	if (!right)
		diag("answer %zu cut at %zu: %s; %d: %s", which, n, s.text, s.troubles, s.err.msg);
	end(&s);
	return right;
}

static void test_cuts(void)
{
	static const struct {
		const char *name;
		size_t whole;
	} answers[] = {
		{ "the first answer", sizeof(first) - 1 },
		{ "a change", sizeof(second) - 1 },
		{ "a deletion", sizeof(gone) - 1 },
	};

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		size_t n = 0;

		while (n < answers[i].whole && survives(i, n))
			n++;
		is_uint(n, answers[i].whole, "%s, cut at any byte, is told once, when it is whole",
			answers[i].name);
	}
}

/* ---- wrong answers ---- */

static const struct {
	struct scripted_answer answer;
	int code; /* it ends with; 0: it goes on */
	const char *words;
} wrong[] = {
	{ CLOSED(STATUS("403 Forbidden", "Permission denied")), KVS_E_DENIED, "Permission denied" },
	{ CLOSED(STATUS("400 Bad Request", "Bad request: no")), KVS_E_ARG, "Bad request" },
	{ CLOSED(STATUS("500 Error", "No cluster leader")), 0, "No cluster leader" },
	{ CLOSED(STATUS("502 Bad Gateway\r\nContent-Type: text/html", "<html>")), 0, "HTML" },
	{ CLOSED(STATUS("200 OK\r\nContent-Type: text/html", "<html>")), 0, "not Consul's" },
	{ CLOSED(STATUS("301 Moved\r\nLocation: /ui/", "")), 0, "redirects" },
	{ CLOSED(STATUS("404 Not Found", "404 page not found")), 0, "not Consul's" },
	{ CLOSED(STATUS("200 OK\r\nX-Consul-Index: 8", "[{\"Key\":\"k\",\"Fl")), 0, "too early" },
	{ CLOSED(STATUS("200 OK\r\nX-Consul-Index: 8", "{\"Key\":\"k\"}")), 0, "not the JSON" },
	{ CLOSED("SSH-2.0-OpenSSH_9.2\r\n"), 0, "" },
};

static void test_wrong(void)
{
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const struct scripted_answer answers[] = { KEEP(first), wrong[i].answer,
							   KEEP(second) };
		struct play play = { .answers = answers, .n = 3 };
		struct seen s;

		begin(&s, &play, "k", 0);
		(void)until_syncs(&s, 2);
		if (wrong[i].code)
			is_code(s.code, wrong[i].code, &s.err, "%zu: it ends", i);
		else
			ok(s.syncs == 2 && s.troubles == 1, "%zu: it goes on behind a trouble", i);
		has_str(s.err.msg, wrong[i].words, "the words");
		ok(names_both(&s.err), "with server and key");
		ok(!strstr(s.text, "delete"), "nothing is told deleted");
		end(&s);
	}
}

/* ---- a server that asks for a pause ---- */

static void test_pause(void)
{
	static const struct scripted_answer answers[] = {
		KEEP(first),
		CLOSED(STATUS("429 Too Many Requests\r\nRetry-After: 40", "slow down")),
		KEEP(second),
	};
	struct play play = { .answers = answers, .n = 3 };
	struct seen s;

	begin(&s, &play, "k", 0);
	for (uint64_t limit = real_ms() + PATIENCE_MS; !s.troubles && real_ms() < limit;)
		(void)kvs_poll(s.store, 20, NULL);
	has_str(s.err.msg, "429", "a pause is asked for");
	skipped += 30000;
	for (int i = 0; i < 10; i++)
		(void)kvs_poll(s.store, 5, NULL);
	is_int(scripted_count(s.server), 2, "and kept");
	skipped += 13000; /* and some jitter */
	ok(until_syncs(&s, 2), "then it goes on");
	end(&s);
}

/* ---- one that does not hold its answer ---- */

static void say_first(void *arg, const char *request, struct scripted_answer *ret)
{
	(void)arg, (void)request;
	*ret = (struct scripted_answer)KEEP(first);
}

static void test_too_fast(void)
{
	uint64_t began = real_ms(), limit = began + PATIENCE_MS;
	struct seen s;

	begin_with(&s, say_first, NULL, "k", 0);
	while (scripted_count(s.server) < 4 && real_ms() < limit)
		(void)kvs_poll(s.store, 20, NULL);
	/* behind the snapshot it rests 100 ms at least, then 200 */
	ok(real_ms() - began >= 300, "a server that answers without news is asked less and less");
	is_str(s.text, "reset put:k=v sync", "and nothing is told twice");
	end(&s);
}

/* ---- an index that goes back ---- */

static const char older[] = HEAD("4", "84") "[" ENTRY("k", "dw==", "4") "]";

static void test_back(void)
{
	static const struct scripted_answer answers[] = { KEEP(first), KEEP(older), KEEP(older) };
	struct play play = { .answers = answers, .n = 3 };
	struct seen s;

	begin(&s, &play, "k", 0);
	(void)until_syncs(&s, 2);
	is_str(s.text, "reset put:k=v sync reset put:k=w sync", "history that was lost is a reset");
	end(&s);
	is_uint(play.at, 3, "once a leader that knows to be one has said so, too");
}

/* A leader that was just elected answers before it has caught up. */
static void test_behind(void)
{
	static const struct scripted_answer answers[] = { KEEP(first), KEEP(older), KEEP(second) };
	struct play play = { .answers = answers, .n = 3 };
	struct seen s;

	begin(&s, &play, "k", 0);
	(void)until_syncs(&s, 2);
	is_str(s.text, "reset put:k=v sync put:k=w sync", "what is older for a moment is not told");
	is_int(s.troubles, 0, "nor is it a trouble");
	end(&s);
}

static void test_back_consistent(void)
{
	static const struct scripted_answer answers[] = { KEEP(first), KEEP(older) };
	struct play play = { .answers = answers, .n = 2 };
	struct seen s;

	begin(&s, &play, "k", KVS_READ_CONSISTENT);
	(void)until_syncs(&s, 2);
	is_str(s.text, "reset put:k=v sync reset put:k=w sync", "a consistent reading is sure");
	end(&s);
	has_str(play.last, "consistent", "it was one");
}

/* ---- rules that come while the connection is broken ---- */

#define FILTERED(value_) "X-Consul-Results-Filtered-By-ACLs: " value_ "\r\n"
#define TOLD(index_, length_)                                                                      \
	"HTTP/1.1 200 OK\r\nX-Consul-Query-Backend: x\r\nX-Consul-Index: " index_                  \
	"\r\nContent-Length: " length_ "\r\n"

static const char both[] = TOLD("8", "169") "\r\n[" ENTRY("k1", "dg==", "7") "," ENTRY(
	"k2", "dw==", "8") "]";
static const char one_filtered[] = TOLD("9", "85")
	FILTERED("true") "\r\n[" ENTRY("k1", "dg==", "7") "]";
static const char one[] = TOLD("9", "85") "\r\n[" ENTRY("k1", "dg==", "7") "]";
static const char one_of_old[] = HEAD_OF_OLD("9", "85") "[" ENTRY("k1", "dg==", "7") "]";
static const char forbidden[] =
	"HTTP/1.1 403 Forbidden\r\nContent-Length: 17\r\n\r\nPermission denied";
static const char acl_off[] =
	"HTTP/1.1 401 Unauthorized\r\nContent-Length: 20\r\n\r\nACL support disabled";
static const char acl_some[] = "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"Policies\": []}";

/* Both keys are seen, the connection breaks, then these answers come. */
static const struct {
	const char *name;
	struct scripted_answer answers[4];
	int code;	  /* 0: it goes on ... */
	const char *text; /* ... with */
} returns[] = {
	{ "hidden, and a new server says so",
	  { KEEP(one_filtered), KEEP(forbidden) },
	  KVS_E_DENIED,
	  NULL },
	{ "hidden, and an old one tells its rules",
	  { KEEP(one_of_old), KEEP(acl_some), KEEP(forbidden) },
	  KVS_E_DENIED,
	  NULL },
	{ "gone, with rules", { KEEP(one_filtered), KEEP(gone) }, 0, "delete:k2 sync" },
	{ "gone, of a new server", { KEEP(one) }, 0, "delete:k2 sync" },
	{ "gone, of an old one without rules",
	  { KEEP(one_of_old), KEEP(acl_off) },
	  0,
	  "delete:k2 sync" },
	{ "gone, of an old one with rules",
	  { KEEP(one_of_old), KEEP(acl_some), KEEP(gone) },
	  0,
	  "delete:k2 sync" },
};

static void test_returns(void)
{
	for (size_t i = 0; i < sizeof(returns) / sizeof(returns[0]); i++) {
		struct scripted_answer answers[7] = { KEEP(both), CLOSED("HTTP/1.1 200 OK\r\nX-") };
		struct play play = { .answers = answers, .n = 2 };
		struct seen s;

		for (size_t n = 0; returns[i].answers[n].n; n++)
			answers[play.n++] = returns[i].answers[n];
		begin(&s, &play, "k", KVS_PREFIX);
		(void)until_syncs(&s, 2);
		is_code(s.code, returns[i].code, &s.err, "%s", returns[i].name);
		is_int(s.troubles, 1, "behind a broken connection");
		if (returns[i].code)
			ok(!strstr(s.text, "delete"), "it is not told deleted: %s", s.text);
		else
			has_str(s.text, returns[i].text, "it is told deleted");
		end(&s);
	}
}

int main(void)
{
	static const struct kvs_clock clock = { now_ms, now_ms };

	kvsi_clock_set(&clock);
	test_cuts();
	test_wrong();
	test_pause();
	test_too_fast();
	test_back();
	test_behind();
	test_back_consistent();
	test_returns();
	return tap_end();
}
