/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets: taken from files, read again, refused when they are no secret. */
#include "base/secret.h"

#include "base/str.h"
#include "tests/lib/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/kvs-secret-test-XXXXXX";

static const char *in_dir(const char *name)
{
	static char path[200];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void write_file(const char *name, const char *bytes, size_t n, mode_t mode)
{
	FILE *f;

	(void)unlink(in_dir(name));
	f = fopen(in_dir(name), "we");
	if (!f || fwrite(bytes, 1, n, f) != n || fclose(f) != 0 || chmod(in_dir(name), mode) != 0)
		bail("cannot write %s", in_dir(name));
}

static void write_text(const char *name, const char *text)
{
	write_file(name, text, strlen(text), 0600);
}

static void test_read(void)
{
	static const struct {
		const char *text;
		const char *want;
	} cases[] = {
		{ "s3cret", "s3cret" },		{ "s3cret\n", "s3cret" },
		{ "s3cret\r\n", "s3cret" },	{ " two words ", " two words " },
		{ "tab\there\n", "tab\there" }, { "\xc3\xa9\n", "\xc3\xa9" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		KVS_AUTO_SECRET struct kvs_secret s = { 0 };
		struct kvs_err err;

		write_text("a", cases[i].text);
		is_code(kvs_secret_read(&s, in_dir("a"), &err), 0, &err, "reads, case %zu", i);
		is_str(s.value, cases[i].want, "without the newline at the end");
		is_uint(s.n, strlen(cases[i].want), "its length");
		ok(!s.exposed, "a private file");
	}
}

static void is_refused(const char *words, const char *what)
{
	struct kvs_secret s = { 0 };
	struct kvs_err err;

	is_err(kvs_secret_read(&s, in_dir("a"), &err), KVS_E_CONFIG, &err, words, "%s", what);
	ok(!strstr(err.msg, "s3cret"), "the message does not tell it");
	ok(!s.path && !s.value, "nothing is left");
}

static void test_refused(void)
{
	static char big[KVS_SECRET_MAX + 1];
	KVS_AUTO_SECRET struct kvs_secret s = { 0 };
	struct kvs_err err;

	write_text("a", "");
	is_refused("/a is empty", "an empty file");
	write_text("a", "\n");
	is_refused("/a is empty", "a file with only a newline");
	write_text("a", "s3cret\nX-Evil: 1\n");
	is_refused("more than one line", "two lines");
	write_file("a", "s3cret\0x", 8, 0600);
	is_refused("control byte", "a NUL");
	memset(big, 'x', sizeof(big));
	write_file("a", big, sizeof(big), 0600);
	is_refused("over 16384 bytes", "a file over the cap");
	write_file("a", big, KVS_SECRET_MAX, 0600);
	is_code(kvs_secret_read(&s, in_dir("a"), &err), 0, &err, "a file at the cap");
	is_uint(s.n, KVS_SECRET_MAX, "in full");
	kvs_secret_release(&s);

	is_err(kvs_secret_read(&s, in_dir("none"), &err), KVS_E_SYS, &err, "No such file",
	       "no file");
	is_int(err.sys_errno, ENOENT, "with its errno");
	is_err(kvs_secret_read(&s, dir, &err), KVS_E_SYS, &err, "Is a directory", "a directory");
}

static void test_exposed(void)
{
	KVS_AUTO_SECRET struct kvs_secret s = { 0 };
	struct kvs_err err;

	write_file("a", "x", 1, 0640);
	ok(!kvs_secret_is_exposed(in_dir("a")), "a file of a group");
	write_file("a", "x", 1, 0644);
	ok(kvs_secret_is_exposed(in_dir("a")), "a file that all may read");
	is_code(kvs_secret_read(&s, in_dir("a"), &err), 0, &err, "is read");
	ok(s.exposed, "and known as such");
	ok(!kvs_secret_is_exposed(in_dir("none")), "no file");
}

static void test_refresh(void)
{
	KVS_AUTO_SECRET struct kvs_secret s = { 0 };
	bool changed = true;
	struct kvs_err err;

	write_text("a", "first\n");
	is_code(kvs_secret_read(&s, in_dir("a"), &err), 0, &err, "reads");
	is_code(kvs_secret_refresh(&s, false, &changed, &err), 0, &err, "an unchanged file");
	ok(!changed, "is the same secret");

	write_text("b", "other\n");
	if (rename(in_dir("b"), s.path) != 0)
		bail("cannot rename");
	is_code(kvs_secret_refresh(&s, false, &changed, &err), 0, &err, "a file that was replaced");
	ok(changed, "is told");
	is_str(s.value, "other", "and read");

	is_code(kvs_secret_refresh(&s, true, &changed, &err), 0, &err, "by force");
	ok(!changed, "the same bytes are no change");

	(void)unlink(s.path);
	is_err(kvs_secret_refresh(&s, false, &changed, &err), KVS_E_SYS, &err, "No such file",
	       "a file that went away");
	is_str(s.value, "other", "the old secret stays");
	write_text("a", "");
	is_code(kvs_secret_refresh(&s, false, &changed, &err), KVS_E_CONFIG, &err,
		"a file that is being written");
	is_str(s.value, "other", "the old secret stays");
}

static void test_no_file(void)
{
	KVS_AUTO_SECRET struct kvs_secret s = { 0 }, piped = { 0 };
	bool changed = true;
	struct kvs_err err;
	char path[64];
	int ends[2];

	is_code(kvs_secret_set(&s, "CONSUL_HTTP_TOKEN", "s3cret", &err), 0, &err, "a given value");
	is_code(kvs_secret_refresh(&s, true, &changed, &err), 0, &err, "has nothing to refresh");
	ok(!changed, "and stays");
	kvs_secret_release(&s);
	is_err(kvs_secret_set(&s, "CONSUL_HTTP_TOKEN", "a\nb", &err), KVS_E_CONFIG, &err,
	       "CONSUL_HTTP_TOKEN has more than one line", "a given value with a newline");

	if (pipe(ends) != 0 || write(ends[1], "piped\n", 6) != 6 || close(ends[1]) != 0)
		bail("no pipe");
	(void)snprintf(path, sizeof(path), "/dev/fd/%d", ends[0]);
	is_code(kvs_secret_read(&piped, path, &err), 0, &err, "a pipe");
	is_str(piped.value, "piped", "can be read");
	is_code(kvs_secret_refresh(&piped, true, &changed, &err), 0, &err, "once only");
	is_str(piped.value, "piped", "and stays");
	(void)close(ends[0]);
}

int main(void)
{
	if (!mkdtemp(dir))
		bail("no temporary folder");
	test_read();
	test_refused();
	test_exposed();
	test_refresh();
	test_no_file();
	(void)unlink(in_dir("a"));
	(void)rmdir(dir);
	return tap_end();
}
