/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A backend under test: a file NAME.store of "name = value" lines.
 *
 *	backend = mem            the name that the store must give itself
 *	url = mem:conformance    {tmp} is a private folder, {url} what the fixture printed
 *	caps = flags leases      exactly these (kvs_caps)
 *	view = some/prefix/      the suite runs in this view of the store
 *	fixture = tests/...      a program of the source tree with its words: prints "url URL" when
 *	                         it is ready, or "skip REASON", and ends when its stdin closes
 *	flaky = yes              single requests fail on purpose; only what is tried again must work
 *	shared = no              a second handle does not see the same data
 */
#ifndef KVS_TESTS_CONFORMANCE_STORE_FILE_H
#define KVS_TESTS_CONFORMANCE_STORE_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct store_file {
	char backend[64];
	char url[1024];
	char view[256];
	char fixture[512];
	uint64_t caps;
	bool flaky;
	bool shared;
	char tmp[256];
	pid_t fixture_pid;
	int fixture_stdin;
};

/* Reads the file and starts the fixture; what is wrong with it ends the program with words. */
void store_file_open(struct store_file *f, const char *path);
/* Stops the fixture and removes the folder. */
void store_file_close(struct store_file *f);
/* Names of capability bits, "flags leases", in a buffer of the callee's. */
const char *caps_text(uint64_t caps);

#endif
