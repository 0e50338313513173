/* SPDX-License-Identifier: Apache-2.0 */
/* From a backend's events to a user's: snapshots compared, broken watches, closing inside. */
#include "base/err.h"
#include "base/str.h"
#include "tests/lib/tap.h"
#include "tests/unit/core/fake.h"

#include <inttypes.h>
#include <stdio.h>

/* What the user saw, as "RESET +a +b =5 -a =6 !UNAVAILABLE done:DENIED drop". */
struct seen {
	char text[512];
	struct kvs_watch *close_at; /* closed by the event that brings ... */
	const char *close_key;	    /* ... this key */
	uint64_t pause;		    /* of the last trouble, ms */
};

static void note(struct seen *s, const char *mark, const char *word)
{
	size_t len = strlen(s->text);

	(void)snprintf(s->text + len, sizeof(s->text) - len, "%s%s%s", len ? " " : "", mark, word);
}

static void note_index(struct seen *s, uint64_t index)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRIu64, index);
	note(s, "=", text);
}

static void on_event(void *arg, const struct kvs_event *ev)
{
	struct seen *s = arg;
	char key[64] = "";

	if (ev->entry)
		(void)kvs_escape_into(key, sizeof(key), ev->entry->key.p, ev->entry->key.n);
	if (ev->type == KVS_EV_RESET)
		note(s, "RESET", "");
	else if (ev->type == KVS_EV_PUT)
		note(s, "+", key);
	else if (ev->type == KVS_EV_DELETE)
		note(s, "-", key);
	else
		note_index(s, ev->index);
	if (s->close_key && !strcmp(s->close_key, key))
		kvs_watch_close(s->close_at);
}

static void on_trouble(void *arg, const struct kvs_err *err, uint64_t retry_ms)
{
	struct seen *s = arg;

	s->pause = retry_ms;
	note(s, "!", kvs_code_name(err->code));
}

static void on_done(void *arg, int code, const struct kvs_err *err)
{
	note(arg, "done:", kvs_code_name(code));
}

static void on_drop(void *arg)
{
	note(arg, "drop", "");
}

static struct kvs_watch *watch(struct kvs_store *store, const char *prefix, uint32_t flags,
			       uint64_t index, struct seen *s)
{
	struct kvs_request req = KVS_REQUEST_INIT;
	const struct kvs_watch_callback cb = { on_event, on_trouble, on_done, on_drop, s };
	struct kvs_watch *w = NULL;
	struct kvs_err err;

	req.key = kvs_s(prefix);
	req.flags = KVS_PREFIX | flags;
	req.index = index;
	if (kvs_watch(store, &req, &cb, &w, &err))
		bail("%s", err.msg);
	return w;
}

static void saw(struct fake *f, struct seen *s, const char *want, const char *name)
{
	(void)kvs_dispatch(f->store, NULL);
	is_str(s->text, want, "%s", name);
	s->text[0] = '\0';
}

static void test_deltas(void)
{
	struct fake f;
	struct seen s = { "" };
	struct kvs_watch *w;

	fake_open(&f, 0, 0);
	w = watch(f.store, "", 0, 0, &s);
	fake_event(&f, f.tag, KVS_EV_RESET, NULL, 0);
	fake_event(&f, f.tag, KVS_EV_PUT, "a", 3);
	fake_event(&f, f.tag, KVS_EV_SYNC, NULL, 3);
	saw(&f, &s, "RESET +a =3", "a snapshot");
	fake_event(&f, f.tag, KVS_EV_DELETE, "a", 4);
	fake_event(&f, f.tag, KVS_EV_SYNC, NULL, 4);
	saw(&f, &s, "-a =4", "a change");
	fake_event(&f, f.tag, KVS_EV_SYNC, NULL, 9);
	saw(&f, &s, "", "progress without a change is not told");
	fake_done(&f, f.tag, KVS_E_UNAVAILABLE);
	saw(&f, &s, "!UNAVAILABLE", "a break is trouble, not an end");
	fake_clock_move(60000);
	saw(&f, &s, "", "after the pause it starts again");
	is_uint(f.started, 2, "once");
	is_uint(f.index, 9, "behind the last SYNC, the silent one included");
	fake_event(&f, f.tag, KVS_EV_SYNC, NULL, 8);
	saw(&f, &s, "!PROTOCOL", "an index that falls without RESET is the backend's fault");
	fake_clock_move(60000);
	saw(&f, &s, "", "and after the pause");
	is_uint(f.index, 0, "a new snapshot is asked for");
	fake_done(&f, f.tag, KVS_E_DENIED);
	saw(&f, &s, "done:DENIED drop", "a denial ends it");
	kvs_watch_close(w);
	saw(&f, &s, "", "closing an ended watch is silent");
	fake_close(&f);
}

static void test_snapshots(void)
{
	struct fake f;
	struct seen s = { "" };
	struct kvs_watch *w;

	fake_open(&f, KVS_TRAIT_SNAPSHOTS, 0);
	w = watch(f.store, "", 0, 0, &s);
	fake_event(&f, f.tag, KVS_BEV_SNAPSHOT, NULL, 0);
	fake_event(&f, f.tag, KVS_EV_PUT, "a", 1);
	fake_event(&f, f.tag, KVS_EV_PUT, "b", 2);
	fake_event(&f, f.tag, KVS_EV_SYNC, NULL, 2);
	saw(&f, &s, "RESET +a +b =2", "the first snapshot is told whole");
	fake_event(&f, f.tag, KVS_BEV_SNAPSHOT, NULL, 0);
	fake_event(&f, f.tag, KVS_EV_PUT, "b", 5);
	fake_event(&f, f.tag, KVS_EV_PUT, "c", 6);
	fake_event(&f, f.tag, KVS_EV_SYNC, NULL, 6);
	saw(&f, &s, "+b +c -a =6", "of the next only the difference");
	fake_event(&f, f.tag, KVS_BEV_SNAPSHOT, NULL, 0);
	fake_event(&f, f.tag, KVS_EV_PUT, "b", 5);
	fake_event(&f, f.tag, KVS_EV_PUT, "c", 6);
	fake_event(&f, f.tag, KVS_EV_SYNC, NULL, 8);
	saw(&f, &s, "", "an equal one is not told");
	fake_event(&f, f.tag, KVS_BEV_SNAPSHOT, NULL, 0);
	fake_event(&f, f.tag, KVS_EV_PUT, "c", 6);
	fake_done(&f, f.tag, KVS_E_UNAVAILABLE);
	saw(&f, &s, "!UNAVAILABLE", "one that breaks midway deletes nothing");
	fake_clock_move(60000);
	saw(&f, &s, "", "again");
	is_uint(f.index, 8, "behind the last whole one");
	fake_event(&f, f.tag, KVS_BEV_SNAPSHOT, NULL, 0);
	fake_event(&f, f.tag, KVS_EV_PUT, "b", 9);
	fake_event(&f, f.tag, KVS_EV_SYNC, NULL, 9);
	saw(&f, &s, "+b -c =9", "what changed during the break is told");
	fake_event(&f, f.tag, KVS_EV_RESET, NULL, 0);
	fake_event(&f, f.tag, KVS_EV_PUT, "b", 2);
	fake_event(&f, f.tag, KVS_EV_SYNC, NULL, 2);
	saw(&f, &s, "RESET +b =2", "lost history is a new snapshot");
	kvs_watch_close(w);
	saw(&f, &s, "done:CANCELED drop", "closed");
	is_uint(f.cancelled, 1, "the backend was told");
	fake_close(&f);
}

static void test_changes_only(void)
{
	struct fake f;
	struct seen s = { "" };
	struct kvs_watch *w;

	fake_open(&f, KVS_TRAIT_SNAPSHOTS, 0);
	w = watch(f.store, "", KVS_WATCH_CHANGES, 0, &s);
	fake_event(&f, f.tag, KVS_BEV_SNAPSHOT, NULL, 0);
	fake_event(&f, f.tag, KVS_EV_PUT, "a", 1);
	fake_event(&f, f.tag, KVS_EV_SYNC, NULL, 1);
	saw(&f, &s, "=1", "the first state is not told");
	fake_event(&f, f.tag, KVS_BEV_SNAPSHOT, NULL, 0);
	fake_event(&f, f.tag, KVS_EV_SYNC, NULL, 2);
	saw(&f, &s, "-a =2", "but what changes in it is");
	kvs_watch_close(w);
	s.text[0] = '\0';
	w = watch(f.store, "", 0, 2, &s);
	is_uint(f.index, 0, "no memory of index 2: a snapshot is asked for");
	fake_event(&f, f.tag, KVS_BEV_SNAPSHOT, NULL, 0);
	fake_event(&f, f.tag, KVS_EV_PUT, "z", 2);
	fake_event(&f, f.tag, KVS_EV_SYNC, NULL, 2);
	saw(&f, &s, "RESET +z =2", "and told as such");
	kvs_watch_close(w);
	fake_close(&f);
}

/* A watch of changes that cannot go on where it was may have missed some. */
static void test_changes_lost(uint64_t traits, uint32_t first, const char *name)
{
	struct fake f;
	struct seen s = { "" };
	struct kvs_watch *w;

	fake_open(&f, traits, 0);
	w = watch(f.store, "", KVS_WATCH_CHANGES, 0, &s);
	if (traits)
		fake_event(&f, f.tag, first, NULL, 0);
	fake_event(&f, f.tag, KVS_EV_SYNC, NULL, 5);
	saw(&f, &s, "=5", name);
	if (traits)
		fake_event(&f, f.tag, first, NULL, 0);
	fake_event(&f, f.tag, KVS_EV_SYNC, NULL, 3);
	saw(&f, &s, "!PROTOCOL", "the index fell");
	fake_clock_move(60000);
	saw(&f, &s, "", "after the pause");
	is_uint(f.index, 0, "the history is lost");
	is_uint(f.flags & KVS_WATCH_CHANGES, 0, "so a snapshot is asked for");
	fake_event(&f, f.tag, traits ? first : KVS_EV_RESET, NULL, 0);
	fake_event(&f, f.tag, KVS_EV_PUT, "a", 2);
	fake_event(&f, f.tag, KVS_EV_SYNC, NULL, 3);
	saw(&f, &s, "RESET +a =3", "and told whole");
	kvs_watch_close(w);
	fake_close(&f);
}

static void test_view(void)
{
	struct fake f;
	struct seen s = { "" };
	struct kvs_store *view;
	struct kvs_watch *w;

	fake_open(&f, KVS_TRAIT_SNAPSHOTS, KVS_CAP_TRIM_SLASH);
	if (kvs_view(f.store, kvs_s("/app/"), &view, NULL))
		bail("no view");
	w = watch(view, "x", 0, 0, &s);
	is_str(f.key, "app/x", "the backend sees the whole key, less its slash");
	fake_event(&f, f.tag, KVS_BEV_SNAPSHOT, NULL, 0);
	fake_event(&f, f.tag, KVS_EV_PUT, "app/x1", 1);
	fake_event(&f, f.tag, KVS_EV_SYNC, NULL, 1);
	saw(&f, &s, "RESET +x1 =1", "the user sees the view's key");
	fake_event(&f, f.tag, KVS_BEV_SNAPSHOT, NULL, 0);
	fake_event(&f, f.tag, KVS_EV_SYNC, NULL, 2);
	saw(&f, &s, "-x1 =2", "of a deletion too");
	kvs_close(view);
	is_str(s.text, "done:CANCELED drop", "closing the view ends its watch");
	kvs_watch_close(w);
	fake_close(&f);
}

static void test_close_inside(void)
{
	struct fake f;
	struct seen s = { "" };

	fake_open(&f, KVS_TRAIT_SNAPSHOTS, 0);
	s.close_at = watch(f.store, "", 0, 0, &s);
	fake_event(&f, f.tag, KVS_BEV_SNAPSHOT, NULL, 0);
	fake_event(&f, f.tag, KVS_EV_PUT, "a", 1);
	fake_event(&f, f.tag, KVS_EV_PUT, "b", 1);
	fake_event(&f, f.tag, KVS_EV_PUT, "c", 1);
	fake_event(&f, f.tag, KVS_EV_SYNC, NULL, 1);
	(void)kvs_dispatch(f.store, NULL);
	s.text[0] = '\0';
	s.close_key = "b";
	fake_event(&f, f.tag, KVS_BEV_SNAPSHOT, NULL, 0);
	fake_event(&f, f.tag, KVS_EV_SYNC, NULL, 2);
	(void)kvs_dispatch(f.store, NULL);
	ok(strstr(s.text, "-b done:CANCELED drop") != NULL, "closed inside a batch: %s", s.text);
	ok(!strstr(s.text, "="), "nothing comes afterwards");
	fake_close(&f);
}

/* Each of several broken watches begins again in its own millisecond. */
static void test_retries(void)
{
	struct fake f;
	struct seen s[3] = { 0 };
	struct kvs_watch *w[3];
	uint64_t tags[3], ms;
	unsigned int due, i, started = 3, late = 0;

	fake_open(&f, 0, 0);
	for (i = 0; i < 3; i++) {
		w[i] = watch(f.store, "", 0, 0, &s[i]);
		tags[i] = f.tag;
	}
	for (i = 0; i < 3; i++)
		fake_done(&f, tags[i], KVS_E_UNAVAILABLE);
	(void)kvs_dispatch(f.store, NULL);
	kvs_watch_close(w[2]);
	for (ms = 1; ms <= s[0].pause || ms <= s[1].pause; ms++) {
		fake_clock_move(1);
		(void)kvs_dispatch(f.store, NULL);
		due = 3 + (s[0].pause <= ms) + (s[1].pause <= ms);
		late += f.started != due;
		started = f.started;
	}
	is_uint(started, 5, "watches that broke begin again, a closed one does not");
	is_uint(late, 0, "each when its pause is over");
	fake_close(&f);
	kvs_watch_close(w[0]);
	kvs_watch_close(w[1]);
}

int main(void)
{
	fake_clock();
	test_deltas();
	test_snapshots();
	test_changes_only();
	test_changes_lost(0, 0, "changes of a store with deltas");
	test_changes_lost(KVS_TRAIT_SNAPSHOTS, KVS_BEV_SNAPSHOT, "changes of a store without");
	test_view();
	test_close_inside();
	test_retries();
	return tap_end();
}
