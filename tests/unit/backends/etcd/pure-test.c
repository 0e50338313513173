/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the etcd backend that need no connection: ends of ranges, names of leases, what words of
 * servers mean, kept tokens. */
#include "backends/etcd/etcd_range.h"
#include "backends/etcd/etcd_token.h"
#include "backends/etcd/etcd_words.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/secret.h"
#include "base/str.h"
#include "tests/lib/scratch.h"
#include "tests/lib/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- ranges ---- */

static void test_range_end(void)
{
	static const struct {
		const char *name;
		const char *prefix;
		size_t n;
		const char *end;
		size_t end_n;
	} rows[] = {
		{ "a letter", "a", 1, "b", 1 },
		{ "a folder", "a/", 2, "a0", 2 },
		{ "the last byte is the largest", "a\xff", 2, "b", 1 },
		{ "the largest bytes only", "\xff\xff", 2, "\0", 1 },
		{ "nothing", "", 0, "\0", 1 },
		{ "a NUL", "a\0", 2, "a\1", 2 },
		{ "a byte below the largest", "\xfe\xff\xff", 3, "\xff", 1 },
		{ "a byte of the upper half", "\x7f", 1, "\x80", 1 },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		KVS_AUTO_BUF struct kvs_buf end;

		kvs_buf_init(&end, 100);
		etcd_range_end(&end, kvs_sn(rows[i].prefix, rows[i].n));
		is_slice(kvs_buf_slice(&end), kvs_sn(rows[i].end, rows[i].end_n),
			 "the end of a range: %s", rows[i].name);
	}
}

static void test_range_end_sticks(void)
{
	KVS_AUTO_BUF struct kvs_buf end;

	kvs_buf_init(&end, 3);
	etcd_range_end(&end, kvs_s("abcd"));
	ok(kvs_buf_failed(&end), "a prefix that is too long fails");
}

/* ---- leases ---- */

static void test_lease_names(void)
{
	static const struct {
		const char *name;
		int64_t id; /* 0: not a lease's name */
	} rows[] = {
		{ "1", 1 },
		{ "694d7a2b9c0e1f35", 0x694d7a2b9c0e1f35 },
		{ "ffffffffffffffff", -1 },
		{ "0", 0 },
		{ "", 0 },
		{ "10000000000000000", 0 },
		{ "ABC", 0 },
		{ "0x1", 0 },
		{ "1 ", 0 },
		{ "-1", 0 },
	};
	char name[ETCD_LEASE_SIZE];
	int64_t id;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		id = 7;
		if (!etcd_lease_parse(kvs_s(rows[i].name), &id)) {
			is_int(0, rows[i].id, "\"%s\" is no lease", rows[i].name);
			continue;
		}
		is_int(id, rows[i].id, "the lease \"%s\"", rows[i].name);
		etcd_lease_print(name, id);
		is_str(name, rows[i].name, "and back");
	}
	ok(!etcd_lease_parse(kvs_sn("1\0", 2), &id), "a NUL is no digit");
}

static void test_entry(void)
{
	Etcdpb__KeyValue kv = ETCDPB__KEY_VALUE__INIT;
	char lease[ETCD_LEASE_SIZE];
	struct kvs_entry e = etcd_entry(&kv, lease);

	is_uint(e.key.n + e.value.n + e.lease.n + e.mod_index, 0, "an entry of nothing");
	kv.mod_revision = 9;
	kv.create_revision = 8;
	kv.version = 2;
	kv.lease = 0x1f;
	e = etcd_entry(&kv, lease);
	is_uint(e.mod_index, 9, "its revision");
	is_uint(e.create_index, 8, "that of its creation");
	is_uint(e.version, 2, "its version");
	is_slice(e.lease, kvs_s("1f"), "its lease");
}

/* ---- words ---- */

static void test_fates(void)
{
	static const struct {
		grpc_status_code status;
		const char *words;
		bool sent;
		enum etcd_fate fate;
		int code; /* of a write */
	} rows[] = {
		{ GRPC_STATUS_UNAVAILABLE, "etcdserver: no leader", true, ETCD_ELSEWHERE,
		  KVS_E_UNAVAILABLE },
		{ GRPC_STATUS_UNAVAILABLE, "etcdserver: leader changed", true, ETCD_LOST,
		  KVS_E_UNCERTAIN },
		{ GRPC_STATUS_UNAVAILABLE, "Socket closed", true, ETCD_LOST, KVS_E_UNCERTAIN },
		{ GRPC_STATUS_UNAVAILABLE, "Socket closed", false, ETCD_ELSEWHERE,
		  KVS_E_UNAVAILABLE },
		{ GRPC_STATUS_DEADLINE_EXCEEDED, "", true, ETCD_LOST, KVS_E_UNCERTAIN },
		{ GRPC_STATUS_DEADLINE_EXCEEDED, "", false, ETCD_ELSEWHERE, KVS_E_UNAVAILABLE },
		{ GRPC_STATUS_CANCELLED, "", true, ETCD_LOST, KVS_E_UNCERTAIN },
		{ GRPC_STATUS_INTERNAL, "anything", true, ETCD_LOST, KVS_E_UNCERTAIN },
		{ GRPC_STATUS_UNKNOWN, "anything", true, ETCD_LOST, KVS_E_UNCERTAIN },
		{ (grpc_status_code)77, "", true, ETCD_LOST, KVS_E_UNCERTAIN },
		{ GRPC_STATUS_UNAUTHENTICATED, "etcdserver: invalid auth token", true, ETCD_LOGIN,
		  KVS_E_DENIED },
		{ GRPC_STATUS_INVALID_ARGUMENT, "etcdserver: user name is empty", true, ETCD_LOGIN,
		  KVS_E_DENIED },
		{ GRPC_STATUS_INVALID_ARGUMENT,
		  "etcdserver: authentication failed, invalid user ID or password", true,
		  ETCD_FINAL, KVS_E_DENIED },
		{ GRPC_STATUS_PERMISSION_DENIED, "etcdserver: permission denied", true, ETCD_FINAL,
		  KVS_E_DENIED },
		{ GRPC_STATUS_INVALID_ARGUMENT, "etcdserver: request is too large", true,
		  ETCD_FINAL, KVS_E_TOOBIG },
		{ GRPC_STATUS_INVALID_ARGUMENT, "etcdserver: too many operations in txn request",
		  true, ETCD_FINAL, KVS_E_TOOBIG },
		{ GRPC_STATUS_RESOURCE_EXHAUSTED,
		  "grpc: received message larger than max (2 vs. 1)", true, ETCD_FINAL,
		  KVS_E_TOOBIG },
		{ GRPC_STATUS_RESOURCE_EXHAUSTED, "etcdserver: mvcc: database space exceeded", true,
		  ETCD_FINAL, KVS_E_SYS },
		{ GRPC_STATUS_RESOURCE_EXHAUSTED, "etcdserver: too many requests", true,
		  ETCD_ELSEWHERE, KVS_E_UNAVAILABLE },
		{ GRPC_STATUS_OUT_OF_RANGE,
		  "etcdserver: mvcc: required revision has been compacted", true, ETCD_FINAL,
		  KVS_E_COMPACTED },
		{ GRPC_STATUS_OUT_OF_RANGE,
		  "etcdserver: mvcc: required revision is a future revision", true, ETCD_FINAL,
		  KVS_E_ARG },
		{ GRPC_STATUS_NOT_FOUND, "etcdserver: requested lease not found", true, ETCD_FINAL,
		  KVS_E_NOTFOUND },
		{ GRPC_STATUS_UNIMPLEMENTED, "unknown method", true, ETCD_FINAL,
		  KVS_E_UNSUPPORTED },
		{ GRPC_STATUS_UNIMPLEMENTED, "Received http2 header with status: 404", true,
		  ETCD_FINAL, KVS_E_PROTOCOL },
	};
	struct kvs_err err;
	enum etcd_fate fate;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fate = etcd_fate_of(rows[i].status, kvs_s(rows[i].words), rows[i].sent);
		is_int(fate, rows[i].fate, "what becomes of %d \"%s\"%s", (int)rows[i].status,
		       rows[i].words, rows[i].sent ? "" : ", not sent");
		is_err(etcd_fail(&err, rows[i].status, kvs_s(rows[i].words), fate, true, "m:1"),
		       rows[i].code, &err, "etcd at m:1: ", "its code");
		is_int(err.remote, rows[i].status, "with the status");
	}
	is_int(etcd_fate_of(GRPC_STATUS_OK, kvs_s(""), true), ETCD_DONE, "an answer");
}

static const char *said(const char *words, enum etcd_fate fate, bool write)
{
	static struct kvs_err err;

	(void)etcd_fail(&err, GRPC_STATUS_UNAVAILABLE, kvs_s(words), fate, write, "m:1");
	return err.msg;
}

static void test_messages(void)
{
	is_str(said("failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:1: "
		    "Failed to connect to remote host: Connection refused",
		    ETCD_ELSEWHERE, true),
	       "etcd at m:1: Failed to connect to remote host: Connection refused",
	       "of gRPC's words those that say something");
	is_str(said("DNS resolution failed for no:1: C-ares status is not ARES_SUCCESS qtype=A "
		    "name=no is_balancer=0: Domain name not found",
		    ETCD_ELSEWHERE, false),
	       "etcd at m:1: Domain name not found", "of those of names, too");
	is_str(said("Socket closed", ETCD_LOST, false), "etcd at m:1: Socket closed",
	       "a reading that was lost");
	is_str(said("Socket closed", ETCD_LOST, true),
	       "etcd at m:1: Socket closed; the write may have happened", "a writing");
	has_str(said("Socket closed", ETCD_ELSEWHERE, true), "do both sides speak TLS",
		"a connection that was none");
	is_str(said("", ETCD_LOST, false), "etcd at m:1: no words", "a server without words");
	is_str(said("a\x1b[31m\nb\xff", ETCD_LOST, false), "etcd at m:1: a\\x1b[31m\\x0ab\\xff",
	       "a server that paints on terminals");
	is_str(said("last error: ", ETCD_LOST, false), "etcd at m:1: no words", "cut words");
	is_str(said("last error: UNKNOWN: ipv4:1", ETCD_LOST, false), "etcd at m:1: ipv4:1",
	       "cut in an address");
}

static void test_rejected(void)
{
	ok(etcd_is_rejected(GRPC_STATUS_UNAVAILABLE,
			    kvs_s("Ssl handshake failed: certificate verify failed")),
	   "a certificate that does not verify");
	ok(etcd_is_rejected(GRPC_STATUS_UNAVAILABLE,
			    kvs_s("Peer name a is not in peer certificate")),
	   "one of another name");
	ok(!etcd_is_rejected(GRPC_STATUS_UNAVAILABLE, kvs_s("Socket closed")),
	   "a broken connection may be mended");
	ok(!etcd_is_rejected(GRPC_STATUS_OK, kvs_s("")), "an answer");
}

static void test_no_space(void)
{
	struct kvs_err err;

	(void)etcd_fail(&err, GRPC_STATUS_RESOURCE_EXHAUSTED, kvs_s("database space exceeded"),
			ETCD_FINAL, true, "m:1");
	is_int(err.sys_errno, ENOSPC, "a full database is a full disk");
	has_str(err.msg, "disarm the alarm", "and there is something to do");
}

/* ---- tokens ---- */

static void write_file(const char *path, const char *text, size_t n, mode_t mode)
{
	FILE *f = fopen(path, "w");

	if (!f || fwrite(text, 1, n, f) != n || fclose(f) || chmod(path, mode))
		bail("cannot write %s", path);
}

static const char *loaded(const char *path)
{
	static char copy[64];
	char *token = etcd_token_load(path);

	if (!token)
		return NULL;
	(void)snprintf(copy, sizeof(copy), "%s", token);
	kvs_wipe_free(token, strlen(token));
	return copy;
}

static void test_token_file(void)
{
	KVS_AUTO_FREE char *path = etcd_token_path("etcd://a:1", "me");
	KVS_AUTO_FREE char *other = etcd_token_path("etcd://a:1", "me2");
	KVS_AUTO_FREE char *swapped = etcd_token_path("etcd://a:1m", "e");
	struct stat st;

	ok(path && strcmp(path, other) && strcmp(path, swapped),
	   "a file for each store and user: %s", path);
	is_str(loaded(path), NULL, "there is none");
	etcd_token_save(path, "first.1");
	is_str(loaded(path), "first.1", "one that is kept");
	is_int(stat(path, &st) ? -1 : (int)(st.st_mode & 0777), 0600, "for us alone");
	etcd_token_save(path, "second.2");
	is_str(loaded(path), "second.2", "another one in its place");
	(void)chmod(path, 0640);
	is_str(loaded(path), NULL, "one that a group may read");
	write_file(path, "", 0, 0600);
	is_str(loaded(path), NULL, "an empty file");
	write_file(path, "a\nb", 3, 0600);
	is_str(loaded(path), NULL, "a control byte, which no header can have");
	write_file(path, "a\0b", 3, 0600);
	is_str(loaded(path), NULL, "a NUL");
	write_file(path, "\xc3\xa4", 2, 0600);
	is_str(loaded(path), NULL, "a letter beyond ASCII");
	(void)unlink(path);
	if (symlink(scratch_path("elsewhere"), path) == 0)
		etcd_token_save(path, "third.3");
	ok(stat(scratch_path("elsewhere"), &st) != 0, "nothing is written through a link");
	etcd_token_forget(path);
	is_str(loaded(path), NULL, "forgotten");
}

static void test_token_too_big(void)
{
	KVS_AUTO_FREE char *path = etcd_token_path("etcd://big:1", "me");
	char *big = malloc(20001);

	if (!big)
		bail("no memory");
	memset(big, 'a', 20000);
	big[20000] = '\0';
	ok(!etcd_token_is_sound(big), "a token of 20,000 bytes");
	write_file(path, big, 20000, 0600);
	is_str(loaded(path), NULL, "in a file");
	free(big);
	ok(!etcd_token_is_sound(""), "no bytes are no token");
	ok(etcd_token_is_sound("AbC.12~ "), "printable bytes are");
}

static void test_no_folder(void)
{
	char *path;

	(void)setenv("XDG_RUNTIME_DIR", "relative", 1);
	path = etcd_token_path("etcd://a:1", "me");
	is_int(path && !strncmp(path, "/run/kvsync/", 12), geteuid() == 0,
	       "without a folder for such files only root keeps tokens");
	free(path);
}

int main(void)
{
	(void)setenv("XDG_RUNTIME_DIR", scratch_make(), 1);
	test_range_end();
	test_range_end_sticks();
	test_lease_names();
	test_entry();
	test_fates();
	test_messages();
	test_rejected();
	test_no_space();
	test_token_file();
	test_token_too_big();
	test_no_folder();
	return tap_end();
}
