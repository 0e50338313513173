/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"
#include "base/str.h"
#include "tests/lib/tap.h"

#include <errno.h>
#include <string.h>

static void test_set(void)
{
	struct kvs_err err;

	memset(&err, 0xff, sizeof(err));
	is_err(kvs_err_set(&err, KVS_E_ARG, "key %s is empty", "x"), KVS_E_ARG, &err,
	       "key x is empty", "an error is set in one statement");
	is_int(err.sys_errno, 0, "no errno");
	is_int(err.remote, 0, "no remote status");
	is_uint(err.reserved[6], 0, "the reserved words are 0");
	is_code(kvs_err_set(NULL, KVS_E_ARG, "nobody listens"), KVS_E_ARG, NULL,
		"without an error object the code is returned");
	is_uint(sizeof(struct kvs_err), 512, "the object's size is part of the ABI");

	is_err(kvs_err_oom(&err), KVS_E_NOMEM, &err, "out of memory", "no memory");
}

static void test_words(void)
{
	struct kvs_err err;
	char words[1000];

	kvs_err_set(&err, KVS_E_ARG, "a\nb\x1b[0m\xc2\x9b\xff");
	is_str(err.msg, "a\\x0ab\\x1b[0m\\xc2\\x9b\\xff", "control bytes cannot reach a terminal");
	kvs_err_set(&err, KVS_E_ARG, "key %s", KVS_Q(kvs_s("\\x41\n")));
	is_str(err.msg, "key \\x5cx41\\x0a", "what was escaped is not escaped again");

	memset(words, 'w', sizeof(words) - 1);
	words[sizeof(words) - 1] = '\0';
	kvs_err_set(&err, KVS_E_ARG, "%s", words);
	is_uint(strlen(err.msg), sizeof(err.msg) - 1, "long words fill the room");
	memset(words, '\n', sizeof(words) - 1);
	kvs_err_set(&err, KVS_E_ARG, "%s", words);
	is_uint(strlen(err.msg), 436, "and are cut between escapes");
}

static void test_sys(void)
{
	struct kvs_err err;
	char words[1000];

	errno = ENOENT;
	is_err(kvs_err_sys(&err, "cannot open %s", "/x"), KVS_E_SYS, &err,
	       "cannot open /x: No such file or directory", "errno's words stand behind");
	is_int(err.sys_errno, ENOENT, "the number is kept");
	is_int(errno, ENOENT, "errno is left alone");
	errno = EIO;
	is_code(kvs_err_sys(NULL, "nobody listens"), KVS_E_SYS, NULL, "without an object");
	errno = 4095;
	is_err(kvs_err_sys(&err, "x"), KVS_E_SYS, &err, "x: unknown error", "an unknown errno");
	memset(words, 'w', sizeof(words) - 1);
	words[sizeof(words) - 1] = '\0';
	errno = EIO;
	kvs_err_sys(&err, "%s", words);
	is_uint(strlen(err.msg), sizeof(err.msg) - 1, "long words are cut");
}

static void test_context(void)
{
	struct kvs_err err, copy;
	char words[1000];

	errno = EACCES;
	kvs_err_sys(&err, "rename");
	err.remote = 403;
	is_err(kvs_err_context(&err, KVS_E_BUG, "writing %s", "/etc/hosts"), KVS_E_SYS, &err,
	       "writing /etc/hosts: rename: Permission denied", "context goes in front");
	is_int(err.sys_errno, EACCES, "errno stays");
	is_int(err.remote, 403, "the remote status stays");
	is_code(kvs_err_context(NULL, KVS_E_SYS, "nobody"), KVS_E_SYS, NULL, "without an object");

	memset(words, 'w', sizeof(words) - 1);
	words[sizeof(words) - 1] = '\0';
	kvs_err_context(&err, KVS_E_SYS, "%s", words);
	is_uint(strlen(err.msg), sizeof(err.msg) - 1, "a long chain is cut, not overrun");

	memset(&copy, 0, sizeof(copy));
	is_code(kvs_err_copy(&copy, KVS_E_SYS, &err), KVS_E_SYS, NULL, "a copy returns the code");
	is_str(copy.msg, err.msg, "and has the words");
	is_code(kvs_err_copy(NULL, KVS_E_SYS, &err), KVS_E_SYS, NULL, "to nobody");
	is_code(kvs_err_copy(&copy, KVS_E_SYS, NULL), KVS_E_SYS, NULL, "from nobody");

	/* odd and even, so that one of the cuts would fall into a character */
	for (size_t odd = 0; odd < 2; odd++) {
		for (size_t i = 0; i < 200; i++)
			memcpy(words + 2 * i, "\xc3\xa9", 3);
		kvs_err_set(&err, KVS_E_SYS, "%s", words);
		kvs_err_context(&err, KVS_E_SYS,
				odd ? "a context of odd length %s" : "of even length %s",
				"that leaves no room for all of the words");
		ok(kvs_str_is_utf8(kvs_s(err.msg)), "cut between characters");
	}
}

int main(void)
{
	test_set();
	test_words();
	test_sys();
	test_context();
	return tap_end();
}
