/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/watch_batch.h"

#include "base/err.h"
#include "cli/output.h"

#define GATHER_MAX ((size_t)256 << 20)

static const char *const event_names[] = {
	[KVS_EV_RESET] = "reset",
	[KVS_EV_PUT] = "put",
	[KVS_EV_DELETE] = "delete",
	[KVS_EV_SYNC] = "sync",
};

void watch_batch_init(struct watch_batch *b, enum watch_form form, bool keys_only)
{
	*b = (struct watch_batch){ .form = form, .keys_only = keys_only };
	kvs_buf_init(&b->lines, GATHER_MAX);
}

void watch_batch_release(struct watch_batch *b)
{
	kvs_buf_release(&b->lines);
}

void watch_batch_begin(struct watch_batch *b)
{
	kvs_buf_reset(&b->lines);
	b->changes = 0;
	b->snapshot = false;
	watch_batch_keep(b);
}

void watch_batch_keep(struct watch_batch *b)
{
	b->news = false;
	b->complete = false;
}

static void show_text(const struct watch_batch *b, const struct kvs_event *event)
{
	const struct kvs_entry *entry = event->entry;

	out_text("%s", event_names[event->type]);
	if (event->type == KVS_EV_SYNC)
		out_text("\t%llu", (unsigned long long)event->index);
	if (entry) {
		out_text("\t%llu\t", (unsigned long long)entry->mod_index);
		out_escaped(entry->key);
	}
	if (event->type == KVS_EV_PUT && !b->keys_only) {
		out_text("\t");
		out_escaped(entry->value);
	}
	out_text("\n");
}

static void build_json(const struct watch_batch *b, const struct kvs_event *event,
		       struct kvs_json *j)
{
	kvs_json_init(j);
	kvs_json_text(j, "event", event_names[event->type]);
	if (event->type == KVS_EV_SYNC) {
		kvs_json_uint(j, "index", event->index);
	} else if (event->type == KVS_EV_PUT) {
		out_json_entry(j, event->entry, b->keys_only);
	} else if (event->type == KVS_EV_DELETE) {
		kvs_json_bytes(j, "key", event->entry->key);
		kvs_json_uint(j, "index", event->entry->mod_index);
	}
}

static int gather(struct watch_batch *b, struct kvs_json *j, struct kvs_err *err)
{
	const char *line = kvs_json_line(j);

	if (!line)
		return kvs_err_oom(err);
	kvs_buf_str(&b->lines, line);
	kvs_buf_char(&b->lines, '\n');
	return kvs_buf_check(&b->lines, "a batch of changes", err);
}

static int show(struct watch_batch *b, const struct kvs_event *event, struct kvs_err *err)
{
	struct kvs_json j KVS_AUTO_JSON = { 0 };

	if (b->form == WATCH_TEXT) {
		show_text(b, event);
		return 0;
	}
	build_json(b, event, &j);
	return b->form == WATCH_GATHER ? gather(b, &j, err) : out_json(&j, err);
}

static void count(struct watch_batch *b, const struct kvs_event *event)
{
	if (event->type == KVS_EV_SYNC) {
		b->index = event->index;
		return;
	}
	b->news = true;
	if (event->type == KVS_EV_RESET)
		b->snapshot = true;
	else
		b->changes++;
}

int watch_batch_event(struct watch_batch *b, const struct kvs_event *event, struct kvs_err *err)
{
	int code;

	/* All that came before is void. */
	if (event->type == KVS_EV_RESET)
		watch_batch_begin(b);
	count(b, event);
	code = show(b, event, err);
	if (code || event->type != KVS_EV_SYNC)
		return code;
	b->complete = b->complete || b->news;
	return b->form == WATCH_GATHER ? 0 : out_finish(err);
}
