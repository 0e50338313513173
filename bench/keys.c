/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys a second through libkvsync, by transactions as large as the store takes and by one put each.
 *
 *	keys URL [N [SIZE]]     10000 keys of 100 bytes by default
 *
 * Prints two lines, median of five passes: "txn KEYS_PER_SECOND" and "put KEYS_PER_SECOND" (of a
 * tenth of the keys).
 */
#include "bench/bench.h"

#include <kvsync/kvsync.h>

#define PASSES 5

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
	double begin = bench_now_ms();

	if (kvs_txn(store, ops, n, KVS_TXN_BATCHED, NULL, &err))
		bench_die("txn: %s", err.msg);
	return bench_rate(n, begin);
}

static double by_put(struct kvs_store *store, const struct kvs_op *ops, size_t n)
{
	struct kvs_err err;
	double begin = bench_now_ms();
	size_t i;

	for (i = 0; i < n; i++)
		if (kvs_put(store, &ops[i], NULL, &err))
			bench_die("put: %s", err.msg);
	return bench_rate(n, begin);
}

int main(int argc, char **argv)
{
	size_t n = bench_operand(argc, argv, 2, 10000, 1000000);
	size_t size = bench_operand(argc, argv, 3, 100, 1000000);
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
		bench_die("%s: %s", argv[1], err.msg);
	kvs_set_timeout(store, 120000);
	for (pass = 0; pass < PASSES; pass++) {
		fill(ops, names, values, n, size, 2 * pass);
		txn[pass] = by_txn(store, ops, n);
		fill(ops, names, values, n / 10, size, 2 * pass + 1);
		put[pass] = by_put(store, ops, n / 10);
	}
	printf("txn %.0f\nput %.0f\n", bench_median(txn, PASSES), bench_median(put, PASSES));
	kvs_close(store);
	free(ops);
	free(names);
	free(values);
	return 0;
}
