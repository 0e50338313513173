/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/event.h"

#include "base/err.h"
#include "base/goquote.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/str.h"
#include "cli/event_consul.h"
#include "cli/event_pipe.h"
#include "cli/store_select.h"

#include <stdlib.h>
#include <unistd.h>

/* What Consul stores in one key at most, as it sends it, fits well. */
#define EVENT_MAX ((size_t)1 << 20)
/* The agent writes all that it has at once. */
#define WAIT_MS 1000

static const char *const variables[] = {
	"CONSUL_INDEX",	  "ETCD_WATCH_REVISION", "ETCD_WATCH_EVENT_TYPE",
	"ETCD_WATCH_KEY", "ETCD_WATCH_VALUE",
};

/* ---- Consul's agent: JSON on standard input ---- */

static int read_consul(struct kvs_str key, struct event *event, struct kvs_err *err)
{
	struct kvs_buf text KVS_AUTO_BUF;
	int rc;

	kvs_buf_init(&text, EVENT_MAX);
	/* an object, an array, or null */
	rc = event_pipe_read(STDIN_FILENO, "{[n", WAIT_MS, &text, err);
	return rc ? rc
		  : event_consul_find(kvs_buf_slice(&text), key, &event->bytes, &event->entry, err);
}

/* ---- etcdctl: all in the environment ---- */

/* Replaces what is in the buffer. */
static int unquote(const char *name, struct kvs_buf *b, struct kvs_err *err)
{
	const char *quoted = getenv(name);
	int rc;

	kvs_buf_reset(b);
	rc = kvs_go_unquote(b, kvs_s(quoted), err);
	rc = rc ? rc : kvs_buf_check(b, "it", err);
	return rc ? kvs_err_context(err, rc, "%s", name) : 0;
}

static bool is_text(const struct kvs_buf *b, struct kvs_str text)
{
	return kvs_str_eq(kvs_buf_slice(b), text);
}

static int read_etcd(struct kvs_str key, struct event *event, struct kvs_err *err)
{
	struct kvs_buf *b = &event->bytes;
	int rc = kvs_parse_uint(getenv("ETCD_WATCH_REVISION"), 1, UINT64_MAX,
				&event->entry.mod_index, err);

	rc = rc ? rc : unquote("ETCD_WATCH_EVENT_TYPE", b, err);
	if (rc == 0 && !is_text(b, kvs_s("PUT")))
		rc = kvs_err_set(err, KVS_E_NOTFOUND, "it is not a put");
	rc = rc ? rc : unquote("ETCD_WATCH_KEY", b, err);
	if (rc == 0 && !is_text(b, key))
		rc = kvs_err_set(err, KVS_E_NOTFOUND, "it is about another key");
	rc = rc ? rc : unquote("ETCD_WATCH_VALUE", b, err);
	event->entry.value = kvs_buf_slice(b);
	return rc;
}

/* ---- */

static const struct messenger {
	const char *backend;
	const char *mark; /* is in the environment of whom it runs */
	int (*read)(struct kvs_str key, struct event *event, struct kvs_err *err);
} messengers[] = {
	{ "consul", "CONSUL_INDEX", read_consul },
	{ "etcd", "ETCD_WATCH_REVISION", read_etcd },
};

#define N_MESSENGERS (sizeof(messengers) / sizeof(messengers[0]))

static bool is_there(const struct messenger *m)
{
	const char *mark = getenv(m->mark);

	return mark && *mark;
}

bool event_is_there(void)
{
	for (size_t i = 0; i < N_MESSENGERS; i++)
		if (is_there(&messengers[i]))
			return true;
	return false;
}

/* Which of those who may have run us watches a store of the command's kind?  NULL: none. */
static const struct messenger *messenger_of(const struct cli *cli)
{
	const struct messenger *found = NULL;
	struct store_choice choice;

	if (store_choose(cli, &choice, NULL))
		return NULL; /* the command itself will say so */
	for (size_t i = 0; i < N_MESSENGERS; i++)
		if (is_there(&messengers[i]) && store_choice_is(&choice, messengers[i].backend))
			found = &messengers[i];
	store_choice_release(&choice);
	return found;
}

bool event_take(const struct cli *cli, struct kvs_str key, struct event *ret)
{
	const struct messenger *from = messenger_of(cli);
	struct kvs_err why;
	int rc = KVS_E_NOTFOUND;

	*ret = (struct event){ .entry = { .size = sizeof(ret->entry), .key = key } };
	kvs_buf_init(&ret->bytes, EVENT_MAX);
	if (from) {
		rc = from->read(key, ret, &why);
		if (rc)
			kvs_log(KVS_LOG_DEBUG, "what %s's watch tells is of no use here: %s",
				from->backend, why.msg);
	}
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		(void)unsetenv(variables[i]);
	return rc == 0;
}

void event_release(struct event *event)
{
	kvs_buf_release(&event->bytes);
}
