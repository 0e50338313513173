/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one seam through which kvsync allocates.  kvsi_realloc() lives in libkvsync.so once per process;
 * tests preload another one that fails the nth call.  Nothing here exits: NULL means no memory,
 * and the caller says so with kvs_err_oom().
 */
#ifndef KVS_BASE_ALLOC_H
#define KVS_BASE_ALLOC_H

#include <stddef.h>

/* realloc(3), except that n == 0 is served as 1.  Exported under the private version node. */
void *kvsi_realloc(void *p, size_t n) __attribute__((warn_unused_result));
void kvsi_free(void *p);

void *kvs_alloc(size_t n) __attribute__((malloc, warn_unused_result));
/* Zeroed. */
void *kvs_zalloc(size_t n) __attribute__((malloc, warn_unused_result));
/* An array of n elements; NULL also when n * size overflows. */
void *kvs_realloc_array(void *p, size_t n, size_t size) __attribute__((warn_unused_result));
char *kvs_strdup(const char *s) __attribute__((malloc, warn_unused_result));
/* Copies n bytes and puts a NUL behind them. */
char *kvs_memdup0(const void *p, size_t n) __attribute__((malloc, warn_unused_result));
/* printf into fresh memory; NULL when there is none. */
char *kvs_asprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2), malloc));

#endif
