/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TAP for C tests.  A test is a program: plan() (or none), assertions, return tap_end().
 *
 *	int main(void)
 *	{
 *		is_int(add(1, 2), 3, "small numbers");
 *		return tap_end();
 *	}
 *
 * Each assertion prints one line and, on failure, where it stands, what it got and what it
 * expected; it returns whether it held, so that a test can stop where going on makes no sense.  The
 * last arguments are the name in printf's manner.  It must not know of the code under test beyond
 * struct kvs_err: it has its own escaping.
 */
#ifndef KVS_TESTS_TAP_H
#define KVS_TESTS_TAP_H

#include <kvsync/kvsync.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Announces n assertions.  Without it tap_end() prints how many there were. */
void plan(int n);
/* The whole program is left out; exits. */
void skip_all(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
/* n assertions in a row are left out. */
void skip(int n, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Something that this test needs is missing: skip_all(), or a failure with KVS_NO_SKIP=1; exits. */
void lacking(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
/* Nothing more can be tested; exits. */
void bail(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
/* A line for people. */
void diag(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Names from now on begin with "WHERE: "; NULL ends that. */
void tap_in(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Checks the plan and returns the exit status for main(). */
int tap_end(void) __attribute__((warn_unused_result));
/* Assertions that failed so far. */
int tap_failures(void);

struct tap_at {
	const char *file;
	int line;
};
#define TAP_HERE ((struct tap_at){ __FILE__, __LINE__ })

#define ok(cond_, ...)		  tap_ok(TAP_HERE, (cond_), #cond_, __VA_ARGS__)
#define pass(...)		  tap_ok(TAP_HERE, true, "", __VA_ARGS__)
#define fail(...)		  tap_ok(TAP_HERE, false, "fail", __VA_ARGS__)
#define is_int(got_, want_, ...)  tap_is_int(TAP_HERE, (got_), (want_), __VA_ARGS__)
#define is_uint(got_, want_, ...) tap_is_uint(TAP_HERE, (got_), (want_), __VA_ARGS__)
/* C strings; NULL equals only NULL. */
#define is_str(got_, want_, ...) tap_is_str(TAP_HERE, (got_), (want_), __VA_ARGS__)
/* got contains the words. */
#define has_str(got_, words_, ...) tap_has_str(TAP_HERE, (got_), (words_), __VA_ARGS__)
#define is_slice(got_, want_, ...) tap_is_slice(TAP_HERE, (got_), (want_), __VA_ARGS__)
/* A code by its name: on failure the message of err (or NULL) is shown. */
#define is_code(got_, want_, err_, ...) tap_is_code(TAP_HERE, (got_), (want_), (err_), __VA_ARGS__)
/* The code was returned, stands in err, and the message has the words and is one line
 * without a period at its end. */
#define is_err(got_, want_, err_, words_, ...)                                                     \
	tap_is_err(TAP_HERE, (got_), (want_), (err_), (words_), __VA_ARGS__)

#define TAP_NAMED(n_) __attribute__((format(printf, n_, (n_) + 1)))

TAP_NAMED(4) bool tap_ok(struct tap_at at, bool cond, const char *text, const char *name, ...);
TAP_NAMED(4) bool tap_is_int(struct tap_at at, int64_t got, int64_t want, const char *name, ...);
TAP_NAMED(4) bool tap_is_uint(struct tap_at at, uint64_t got, uint64_t want, const char *name, ...);
TAP_NAMED(4)
bool tap_is_str(struct tap_at at, const char *got, const char *want, const char *name, ...);
TAP_NAMED(4)
bool tap_has_str(struct tap_at at, const char *got, const char *words, const char *name, ...);
TAP_NAMED(4)
bool tap_is_slice(struct tap_at at, struct kvs_str got, struct kvs_str want, const char *name, ...);
TAP_NAMED(5)
bool tap_is_code(struct tap_at at, int got, int want, const struct kvs_err *err, const char *name,
		 ...);
TAP_NAMED(6)
bool tap_is_err(struct tap_at at, int got, int want, const struct kvs_err *err, const char *words,
		const char *name, ...);

#endif
