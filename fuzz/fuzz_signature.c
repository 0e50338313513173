/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures on any bytes: one spelling of each is taken, everything else is refused with words.
 */
#include "base/base64.h"
#include "base/sign.h"
#include "base/str.h"

#include <stdlib.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Is it what the parts make together again? */
static bool is_spelled(struct kvs_str line, const struct kvs_signature *s)
{
	KVS_AUTO_BUF struct kvs_buf text;

	kvs_buf_init(&text, KVS_SIGNATURE_LINE);
	kvs_buf_fmt(&text, "v1 ed25519 %s %s ", s->key_id, s->time);
	kvs_base64_encode(&text, (struct kvs_str){ s->bytes, sizeof(s->bytes) });
	return kvs_str_eq(kvs_buf_slice(&text), line);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct kvs_str line = { data, size };
	struct kvs_signature s;
	struct kvs_err err;
	int rc = kvs_signature_parse(line, &s, &err);

	if (rc == 0 && !is_spelled(line, &s))
		abort();
	if (rc != 0 && (rc != KVS_E_INTEGRITY || !err.msg[0]))
		abort();
	return 0;
}
