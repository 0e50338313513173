/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a bare program does with the gRPC C core, one call after the other: the floor of what kvsync
 * can do through it.
 *
 *	bare_etcd get HOST:PORT KEY ...            reads each in turn
 *	bare_etcd keys HOST:PORT [N [SIZE]]        N keys of SIZE bytes by transactions of 128, a tenth of
 *	                                           them by puts; 10000 of 100 bytes by default
 *
 * keys prints what bench/keys prints.
 */
#include "bench/bare_grpc.h"
#include "bench/bench.h"

#include "backends/etcd/rpc.pb-c.h"

#include <unistd.h>

#define PASSES 5
#define BATCH  128

static void call(const struct bare_grpc *g, const char *method, const void *request)
{
	struct bare_unary u;

	bare_unary_start(g, &u, method, request);
	(void)bare_next(g);
	bare_unary_end(&u);
}

static ProtobufCBinaryData bytes_of(char *s)
{
	return (ProtobufCBinaryData){ strlen(s), (uint8_t *)s };
}

static void get_all(const struct bare_grpc *g, char **keys)
{
	Etcdpb__RangeRequest range = ETCDPB__RANGE_REQUEST__INIT;

	for (; *keys; keys++) {
		range.key = bytes_of(*keys);
		call(g, "/etcdserverpb.KV/Range", &range);
	}
}

/* One transaction's worth of puts. */
struct batch {
	Etcdpb__PutRequest puts[BATCH];
	Etcdpb__RequestOp ops[BATCH];
	Etcdpb__RequestOp *list[BATCH];
	char names[BATCH][32];
};

static void fill(struct batch *b, size_t first, size_t n, char *value)
{
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(b->names[i], sizeof(b->names[i]), "bench/keys/%08zu", first + i);
		etcdpb__put_request__init(&b->puts[i]);
		etcdpb__request_op__init(&b->ops[i]);
		b->puts[i].key = bytes_of(b->names[i]);
		b->puts[i].value = bytes_of(value);
		b->ops[i].request_case = ETCDPB__REQUEST_OP__REQUEST_PUT;
		b->ops[i].put = &b->puts[i];
		b->list[i] = &b->ops[i];
	}
}

static double txn_pass(const struct bare_grpc *g, struct batch *b, size_t n, char *value)
{
	Etcdpb__TxnRequest txn = ETCDPB__TXN_REQUEST__INIT;
	double begin = bench_now_ms();

	for (size_t first = 0; first < n; first += BATCH) {
		txn.n_success = n - first < BATCH ? n - first : BATCH;
		txn.success = b->list;
		fill(b, first, txn.n_success, value);
		call(g, "/etcdserverpb.KV/Txn", &txn);
	}
	return bench_rate(n, begin);
}

static double put_pass(const struct bare_grpc *g, struct batch *b, size_t n, char *value)
{
	double begin = bench_now_ms();

	for (size_t i = 0; i < n; i++) {
		fill(b, i, 1, value);
		call(g, "/etcdserverpb.KV/Put", &b->puts[0]);
	}
	return bench_rate(n, begin);
}

static void keys(const struct bare_grpc *g, size_t n, size_t size)
{
	struct batch *b = malloc(sizeof(*b));
	char *value = malloc(size + 1);
	double txn[PASSES], put[PASSES];

	if (!b || !value)
		bench_die("no memory");
	memset(value, 'v', size);
	value[size] = '\0';
	for (int pass = 0; pass < PASSES; pass++) {
		txn[pass] = txn_pass(g, b, n, value);
		put[pass] = put_pass(g, b, n > 10 ? n / 10 : 1, value);
	}
	printf("txn %.0f\nput %.0f\n", bench_median(txn, PASSES), bench_median(put, PASSES));
	free(value);
	free(b);
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";
	struct bare_grpc g;

	if (strcmp(what, "get") != 0 && strcmp(what, "keys") != 0) {
		fprintf(stderr,
			"usage: bare_etcd get HOST:PORT KEY ... | keys HOST:PORT [N [SIZE]]\n");
		return 2;
	}
	bare_grpc_open(&g, argv[2]);
	if (*what == 'g')
		get_all(&g, argv + 3);
	else
		keys(&g, bench_operand(argc, argv, 3, 10000, 1000000),
		     bench_operand(argc, argv, 4, 100, 1000000));
	(void)fflush(stdout);
	_exit(0); /* taking gRPC down would cost more than the calls */
}
