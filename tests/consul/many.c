/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many watches through one store: many URL [TOKEN-FILE] <ITEMS.  An item is a line, "key NAME" or
 * "prefix NAME".  Prints, with tabs, until it is ended:
 *
 *	ready                            each watch has had a first SYNC, or has ended
 *	reset ITEM
 *	put ITEM KEY VALUE
 *	delete ITEM KEY
 *	trouble ITEM MESSAGE             it will be tried again
 *	done ITEM CODE MESSAGE           it ended
 */
#include "base/str.h"
#include "tests/lib/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct item {
	char name[256];
	struct kvs_watch *watch;
	bool begun;
};

static size_t waiting;

static void has_begun(struct item *item)
{
	if (item->begun)
		return;
	item->begun = true;
	if (--waiting == 0)
		(void)puts("ready");
}

static void on_event(void *arg, const struct kvs_event *event)
{
	struct item *item = arg;
	const struct kvs_entry *e = event->entry;

	if (event->type == KVS_EV_RESET)
		(void)printf("reset\t%s\n", item->name);
	else if (event->type == KVS_EV_PUT)
		(void)printf("put\t%s\t%.*s\t%.*s\n", item->name, (int)e->key.n,
			     (const char *)e->key.p, (int)e->value.n, (const char *)e->value.p);
	else if (event->type == KVS_EV_DELETE)
		(void)printf("delete\t%s\t%.*s\n", item->name, (int)e->key.n,
			     (const char *)e->key.p);
	else
		has_begun(item);
}

static void on_trouble(void *arg, const struct kvs_err *err, uint64_t retry_ms)
{
	struct item *item = arg;

	(void)retry_ms;
	(void)printf("trouble\t%s\t%s\n", item->name, err->msg);
}

static void on_done(void *arg, int code, const struct kvs_err *err)
{
	struct item *item = arg;

	(void)printf("done\t%s\t%s\t%s\n", item->name, kvs_code_name(code), err->msg);
	has_begun(item);
}

static void begin(struct kvs_store *store, char *line)
{
	struct kvs_request req = KVS_REQUEST_INIT;
	struct item *item = calloc(1, sizeof(*item));
	const struct kvs_watch_callback cb = {
		.event = on_event,
		.trouble = on_trouble,
		.done = on_done,
		.arg = item,
	};
	struct kvs_err err = { 0 };

	line[strcspn(line, "\n")] = '\0';
	if (!item || !strchr(line, ' '))
		bail("no item: %s", line);
	(void)snprintf(item->name, sizeof(item->name), "%s", strchr(line, ' ') + 1);
	req.kind = KVS_REQ_WATCH;
	req.key = kvs_s(item->name);
	req.flags = *line == 'p' ? KVS_PREFIX : 0;
	waiting++;
	if (kvs_watch(store, &req, &cb, &item->watch, &err))
		bail("%s: %s", item->name, err.msg);
}

int main(int argc, char **argv)
{
	struct kvs_opts *opts = NULL;
	struct kvs_store *store = NULL;
	struct kvs_err err = { 0 };
	char line[300];

	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 2 || kvs_opts_new(&opts, &err) ||
	    (argc > 2 && kvs_opts_add(opts, "token-file", argv[2], &err)) ||
	    kvs_open(argv[1], opts, &store, &err))
		bail("usage: many URL [TOKEN-FILE] <ITEMS: %s", err.msg);
	kvs_opts_free(opts);
	while (fgets(line, sizeof(line), stdin))
		begin(store, line);
	while (!kvs_poll(store, -1, &err))
		;
	bail("%s", err.msg);
}
