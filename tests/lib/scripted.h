/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server that says what the test wants, on a free port of the loopback, on a thread of its own.
 * It takes one connection after the other and keeps each until told to close it.
 */
#ifndef KVS_TESTS_SCRIPTED_H
#define KVS_TESTS_SCRIPTED_H

#include <stdbool.h>
#include <stddef.h>

/* What comes after an answer. */
enum scripted_end {
	SCRIPTED_KEEP,	/* the next request on the same connection */
	SCRIPTED_CLOSE, /* the connection is closed */
	SCRIPTED_HANG,	/* nothing, until the client closes */
};

struct scripted_answer {
	const char *bytes;
	size_t n;
	enum scripted_end end;
};

struct scripted;

/* Answers a request, whose text is NUL-terminated.  Runs on the server's thread. */
typedef void scripted_fn(void *arg, const char *request, struct scripted_answer *ret_answer);

/* Starts; ends the program with words if that cannot be. */
struct scripted *scripted_start(scripted_fn *fn, void *arg);
/* Stops and frees. */
void scripted_stop(struct scripted *s);
unsigned int scripted_port(const struct scripted *s);
/* Requests that came so far. */
int scripted_count(struct scripted *s);

#endif
