/* SPDX-License-Identifier: Apache-2.0 */
/* What the programs of the benchmarks share. */
#ifndef KVS_BENCH_H
#define KVS_BENCH_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static inline double bench_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static inline int bench_by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Sorts them. */
static inline double bench_median(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), bench_by_size);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

/* Keys a second. */
static inline double bench_rate(size_t keys, double begin_ms)
{
	return (double)keys * 1e3 / (bench_now_ms() - begin_ms);
}

/* The operand at i as a number from 1 to max, or what stands for it when there is none. */
static inline size_t bench_operand(int argc, char **argv, int i, size_t fallback, size_t max)
{
	unsigned long n = i < argc ? strtoul(argv[i], NULL, 10) : fallback;

	if (n < 1 || n > max) {
		fprintf(stderr, "operand %d: from 1 to %zu\n", i, max);
		exit(2);
	}
	return n;
}

/* A failure is not a fast success: it ends the benchmark. */
__attribute__((noreturn, format(printf, 1, 2))) static inline void bench_die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
	exit(1);
}

#endif
