/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a watch hands on, on any bytes: Consul's JSON and Go's quotes.  The value of the key comes out, or it
 * is refused with words; nothing grows.
 */
#include "base/cleanup.h"
#include "base/goquote.h"
#include "base/str.h"
#include "cli/event_consul.h"

#include <stdlib.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int rc, const struct kvs_err *err, const struct kvs_buf *b, size_t size)
{
	if (kvs_buf_failed(b) || b->len > size)
		abort();
	if (rc != 0 && !err->msg[0])
		abort();
}

static void read_consul(struct kvs_str text)
{
	struct kvs_entry entry = { .size = sizeof(entry) };
	KVS_AUTO_BUF struct kvs_buf value;
	struct kvs_err err = { 0 };
	int rc;

	kvs_buf_init(&value, text.n);
	rc = event_consul_find(text, kvs_s("/k"), &value, &entry, &err);
	check(rc, &err, &value, text.n);
	if (rc == 0 && !kvs_str_eq(entry.value, kvs_buf_slice(&value)))
		abort();
	if (rc != 0 && rc != KVS_E_NOTFOUND && rc != KVS_E_PROTOCOL)
		abort();
}

static void unquote(struct kvs_str text)
{
	KVS_AUTO_BUF struct kvs_buf bytes;
	struct kvs_err err = { 0 };
	int rc;

	kvs_buf_init(&bytes, text.n);
	rc = kvs_go_unquote(&bytes, text, &err);
	check(rc, &err, &bytes, text.n);
	if (rc != 0 && rc != KVS_E_ARG)
		abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct kvs_str text = { data, size };

	read_consul(text);
	unquote(text);
	return 0;
}
