/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys a second through libkvsync, by transactions as large as the store takes and by one put each.
 *
 *	keys URL [N [SIZE]]     10000 keys of 100 bytes by default
 *
 * Prints two lines, median of five passes: "txn KEYS_PER_SECOND" and "put KEYS_PER_SECOND" (of a
 * tenth of the keys).
 */
#include <kvsync/kvsync.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PASSES 5

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void die(const char *what, const struct kvs_err *err)
{
	fprintf(stderr, "keys: %s: %s\n", what, err->msg);
	exit(1);
}

/* Values differ from pass to pass, since some stores do nothing for an equal one. */
static void fill(struct kvs_op *ops, char *names, char *values, size_t n, size_t size, int pass)
{
	size_t i;

	memset(values, 'a' + pass, size * n);
	for (i = 0; i < n; i++) {
		(void)snprintf(names + i * 32, 32, "bench/keys/%08zu", i);
		ops[i] = (struct kvs_op)KVS_OP_INIT;
		ops[i].type = KVS_OP_PUT;
		ops[i].key.p = names + i * 32;
		ops[i].key.n = strlen(names + i * 32);
		ops[i].value.p = values + i * size;
		ops[i].value.n = size;
	}
}

static double by_txn(struct kvs_store *store, const struct kvs_op *ops, size_t n)
{
	struct kvs_err err;
	double begin = now_s();

	if (kvs_txn(store, ops, n, KVS_TXN_BATCHED, NULL, &err))
		die("txn", &err);
	return (double)n / (now_s() - begin);
}

static double by_put(struct kvs_store *store, const struct kvs_op *ops, size_t n)
{
	struct kvs_err err;
	double begin = now_s();
	size_t i;

	for (i = 0; i < n; i++)
		if (kvs_put(store, &ops[i], NULL, &err))
			die("put", &err);
	return (double)n / (now_s() - begin);
}

int main(int argc, char **argv)
{
	size_t n = argc > 2 ? strtoul(argv[2], NULL, 10) : 10000;
	size_t size = argc > 3 ? strtoul(argv[3], NULL, 10) : 100;
	struct kvs_op *ops = calloc(n, sizeof(*ops));
	char *names = malloc(n * 32), *values = malloc(n * size);
	double txn[PASSES], put[PASSES];
	struct kvs_store *store;
	struct kvs_err err;
	int pass;

	if (argc < 2 || n < 10 || !ops || !names || !values) {
		fprintf(stderr, "usage: keys URL [N [SIZE]]\n");
		return 2;
	}
	if (kvs_open(argv[1], NULL, &store, &err))
		die(argv[1], &err);
	kvs_set_timeout(store, 120000);
	for (pass = 0; pass < PASSES; pass++) {
		fill(ops, names, values, n, size, 2 * pass);
		txn[pass] = by_txn(store, ops, n);
		fill(ops, names, values, n / 10, size, 2 * pass + 1);
		put[pass] = by_put(store, ops, n / 10);
	}
	qsort(txn, PASSES, sizeof(*txn), by_size);
	qsort(put, PASSES, sizeof(*put), by_size);
	printf("txn %.0f\nput %.0f\n", txn[PASSES / 2], put[PASSES / 2]);
	kvs_close(store);
	free(ops);
	free(names);
	free(values);
	return 0;
}
