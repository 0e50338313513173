/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stored values of any encoding on any bytes: what comes out is that of the checksum and within the
 * limit, or it is refused with words.
 */
#include "base/cleanup.h"
#include "base/digest.h"
#include "transfer/chunks.h"
#include "transfer/compress.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LIMIT ((size_t)64 * 1024)

/* Of tests/data/encodings/text, so that some inputs are what they should be. */
static const char checksum[] = "bcd47d4f505c31350faedad8ee0b6bd268eca1da04f20c6beb566aeffb01b0c9";

/* A list says no more than its chunks do, and is written as it was read but for leading zeros. */
static void check_chunks(struct kvs_str list)
{
	KVS_AUTO_CHUNKS struct kvs_chunks chunks = { 0 };
	KVS_AUTO_BUF struct kvs_buf again;
	struct kvs_err err;
	uint64_t bytes = 0;

	kvs_buf_init(&again, list.n + 64);
	if (kvs_chunks_parse("value", list, &chunks, &err)) {
		if (err.code != KVS_E_INTEGRITY || chunks.at)
			abort();
		return;
	}
	for (size_t i = 0; i < chunks.n; i++)
		bytes += chunks.at[i].bytes;
	if (bytes != chunks.bytes || kvs_chunks_format(&chunks, &again, &err) || again.len > list.n)
		abort();
}

static void check(struct kvs_str value, uint64_t flags, const char *sum)
{
	KVS_AUTO_BUF struct kvs_buf room;
	struct kvs_decoded got;
	char digest[KVS_SHA256_HEX];
	struct kvs_err err;
	int rc;

	kvs_buf_init(&room, LIMIT);
	rc = kvs_decode("value", value, flags, sum, &room, &got, &err);
	if (rc == 0 && got.encoding == KVS_ENCODING_CHUNKS) {
		check_chunks(got.bytes);
	} else if (rc == 0) {
		kvs_sha256_of(got.bytes, digest);
		if (strcmp(digest, sum) != 0 ||
		    (got.encoding != KVS_ENCODING_PLAIN && got.bytes.n > LIMIT))
			abort();
	} else if ((rc != KVS_E_INTEGRITY && rc != KVS_E_TOOBIG && rc != KVS_E_UNSUPPORTED) ||
		   !err.msg[0]) {
		abort();
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (uint64_t flags = 0; flags < 4; flags++)
		check((struct kvs_str){ data, size }, flags, checksum);
	return 0;
}
