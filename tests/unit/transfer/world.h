/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A world for the tests of the transfer engine: a mem store, a working directory, and calls of the
 * library that can be made to fail or to let somebody else come between.  Programs that use it are
 * linked with --wrap for kvs_get, kvs_get_many, kvs_put, kvs_txn and kvs_delete.
 */
#ifndef KVS_TESTS_TRANSFER_WORLD_H
#define KVS_TESTS_TRANSFER_WORLD_H

#include "tests/lib/tap.h"
#include "transfer/transfer.h"

#include <sys/stat.h>

enum call {
	CALL_GET,
	CALL_GET_MANY,
	CALL_PUT,
	CALL_TXN,
	CALL_DELETE,
	N_CALLS,
};

/* What happens to calls of one kind; zeroed by world_calm(). */
struct trouble {
	unsigned skip;	      /* leaves so many calls alone first */
	unsigned times;	      /* then meets so many */
	int code;	      /* they fail with this ... */
	bool after;	      /* ... but only after they were done */
	void (*before)(void); /* runs first; its own calls are left alone */
	unsigned calls;	      /* how many there were */
};

struct world {
	struct kvs_transfer t;
	struct trouble trouble[N_CALLS];
	unsigned warnings;
	char warning[1024]; /* the last one */
};

extern struct world world;

/* Makes it and goes there; world_end() closes the store and returns tap_end(). */
void world_begin(void);
int world_end(void);
void world_calm(void);

/* Keys as they stand in the store, past all trouble. */
void store_put(const char *key, const char *value);
void store_delete(const char *key);
void is_stored(const char *key, const char *value, const char *name); /* NULL: no such key */

/* The pair of "kvexpress/KEY": this text and its checksum. */
void put_pair(const char *key, const char *text);
void is_pair(const char *key, const char *text, const char *name);

/* Files of the working directory. */
void file_put(const char *path, const char *text, mode_t mode);
void is_file(const char *path, const char *text, const char *name); /* NULL: no such file */
void is_mode(const char *path, mode_t mode, const char *name);

#endif
