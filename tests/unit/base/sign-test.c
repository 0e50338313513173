/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"
#include "base/fsio.h"
#include "base/sign.h"
#include "base/str.h"
#include "tests/lib/scratch.h"
#include "tests/lib/tap.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME	 "kvexpress/hosts"
#define CHECKSUM "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define OTHER	 "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
#define WHEN	 UINT64_C(1767323045678) /* 2026-01-02T03:04:05.678Z */

/* Two pairs, as `kvsync keygen` makes them. */
static struct kvs_signkey *secret[2], *open_key[2];

static void make_pair(int i, const char *file, const char *public_file)
{
	char id[KVS_SIGNKEY_ID];
	struct kvs_err err;

	if (!is_code(kvs_signkey_generate(file, public_file, id, &err), 0, &err, "make a pair") ||
	    !is_code(kvs_signkey_read_private(file, &secret[i], &err), 0, &err, "read one half") ||
	    !is_code(kvs_signkey_read_public(public_file, &open_key[i], &err), 0, &err,
		     "and the other"))
		bail("no keys");
	is_str(kvs_signkey_id(secret[i]), id, "the private key's id");
	is_str(kvs_signkey_id(open_key[i]), id, "is the public key's");
}

static void make_line(int i, char line[KVS_SIGNATURE_LINE])
{
	struct kvs_err err;

	is_code(kvs_sign(secret[i], kvs_s(NAME), CHECKSUM, WHEN, line, &err), 0, &err, "sign");
}

/* Parses and verifies. */
static int check(struct kvs_str line, const struct kvs_signkey *const *keys, size_t n,
		 const char *name, const char *checksum, struct kvs_err *err)
{
	struct kvs_signature s;
	int rc = kvs_signature_parse(line, &s, err);

	return rc ? rc : kvs_signature_verify(&s, keys, n, kvs_s(name), checksum, err);
}

static const struct kvs_signkey *const *keys_from(int i)
{
	return (const struct kvs_signkey *const *)&open_key[i];
}

static void test_good(void)
{
	char line[KVS_SIGNATURE_LINE], lead[64];
	struct kvs_signature s;
	struct kvs_err err;

	make_line(0, line);
	(void)snprintf(lead, sizeof(lead), "v1 ed25519 %s 2026-01-02T03:04:05.678Z ",
		       kvs_signkey_id(secret[0]));
	ok(strncmp(line, lead, strlen(lead)) == 0, "the line: %s", line);
	is_uint(strlen(line), KVS_SIGNATURE_LINE - 1, "its length");
	is_code(kvs_signature_parse(kvs_s(line), &s, &err), 0, &err, "parse");
	is_uint(s.time_ms, WHEN, "its time");
	is_str(s.key_id, kvs_signkey_id(secret[0]), "its key");
	is_code(check(kvs_s(line), keys_from(0), 1, NAME, CHECKSUM, &err), 0, &err, "verify");
	is_code(check(kvs_s(line), keys_from(0), 2, NAME, CHECKSUM, &err), 0, &err,
		"with more keys than one");
	make_line(1, line);
	is_code(check(kvs_s(line), keys_from(0), 2, NAME, CHECKSUM, &err), 0, &err,
		"and by the other of them");
}

static void test_wrong(void)
{
	char line[KVS_SIGNATURE_LINE];
	struct kvs_err err;

	make_line(0, line);
	is_err(check(kvs_s(line), keys_from(0), 1, NAME, OTHER, &err), KVS_E_INTEGRITY, &err,
	       "is not that of this content under this name", "other content");
	is_err(check(kvs_s(line), keys_from(0), 1, "kvexpress/hosts2", CHECKSUM, &err),
	       KVS_E_INTEGRITY, &err, "kvexpress/hosts2", "moved to another key");
	is_err(check(kvs_s(line), keys_from(1), 1, NAME, CHECKSUM, &err), KVS_E_INTEGRITY, &err,
	       "which is none of the keys to verify with", "by a key that is not ours");
	is_err(check(kvs_s(line), keys_from(0), 0, NAME, CHECKSUM, &err), KVS_E_INTEGRITY, &err,
	       "which is none of the keys", "without keys");
	is_err(kvs_sign(open_key[0], kvs_s(NAME), CHECKSUM, WHEN, line, &err), KVS_E_SYS, &err,
	       "sign: OpenSSL says", "a public key signs nothing");
	is_err(kvs_sign(secret[0], kvs_sn("a\0b", 3), CHECKSUM, WHEN, line, &err), KVS_E_ARG, &err,
	       "NUL", "parts cannot be shifted by a NUL");
	is_err(kvs_sign(secret[0], kvs_s(NAME), CHECKSUM, UINT64_MAX, line, &err), KVS_E_ARG, &err,
	       "no time to sign at", "a clock beyond reason");
}

/* Another key's id in the line, and its signature: each alone does not do. */
static void test_swapped_keys(void)
{
	char a[KVS_SIGNATURE_LINE], b[KVS_SIGNATURE_LINE];
	size_t at = strlen("v1 ed25519 ");
	struct kvs_err err;

	make_line(0, a);
	make_line(1, b);
	memcpy(a + at, kvs_signkey_id(secret[1]), KVS_SIGNKEY_ID - 1);
	is_err(check(kvs_s(a), keys_from(0), 2, NAME, CHECKSUM, &err), KVS_E_INTEGRITY, &err,
	       "is not that of this content", "the id of another key");
	memcpy(b + at, kvs_signkey_id(secret[0]), KVS_SIGNKEY_ID - 1);
	is_err(check(kvs_s(b), keys_from(0), 2, NAME, CHECKSUM, &err), KVS_E_INTEGRITY, &err,
	       "is not that of this content", "the signature of another key");
}

static void test_every_byte(void)
{
	char line[KVS_SIGNATURE_LINE];
	size_t i, n, bad = 0;
	int c;

	make_line(0, line);
	n = strlen(line);
	for (i = 0; i < n; i++) {
		char was = line[i];

		for (c = 0; c < 256; c++) {
			line[i] = (char)c;
			if (line[i] != was && check(kvs_sn(line, n), keys_from(0), 2, NAME,
						    CHECKSUM, NULL) != KVS_E_INTEGRITY) {
				diag("byte %zu as %02x", i, (unsigned)c);
				bad++;
			}
		}
		line[i] = was;
	}
	is_uint(bad, 0, "no byte can be another one");
	for (i = 0, bad = 0; i < n; i++)
		bad += check(kvs_sn(line, i), keys_from(0), 2, NAME, CHECKSUM, NULL) !=
		       KVS_E_INTEGRITY;
	is_uint(bad, 0, "nor be missing at the end");
}

static void refused(const char *line, const char *words)
{
	struct kvs_signature s;
	struct kvs_err err;

	is_err(kvs_signature_parse(kvs_s(line), &s, &err), KVS_E_INTEGRITY, &err, words, "%s",
	       line);
}

#define SIG                                                                                        \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"     \
	"AA=="
#define ID "0123456789abcdef"

static void test_strict(void)
{
	struct kvs_signature s;
	struct kvs_err err;

	is_code(kvs_signature_parse(kvs_s("v1 ed25519 " ID " 2024-02-29T23:59:59Z " SIG), &s, &err),
		0, &err, "whole seconds, a leap day");
	is_uint(s.time_ms, UINT64_C(1709251199000), "its time");
	refused("", "does not begin with");
	refused("v2 ed25519 " ID " 2026-01-02T03:04:05Z " SIG, "of a later version");
	refused("v1 rsa " ID " 2026-01-02T03:04:05Z " SIG, "does not begin with");
	refused(" v1 ed25519 " ID " 2026-01-02T03:04:05Z " SIG, "does not begin with");
	refused("v1 ed25519 0123456789ABCDEF 2026-01-02T03:04:05Z " SIG, "16 hex digits");
	refused("v1 ed25519 0123 2026-01-02T03:04:05Z " SIG, "16 hex digits");
	refused("v1 ed25519  " ID " 2026-01-02T03:04:05Z " SIG, "16 hex digits");
	refused("v1 ed25519 " ID " 2026-02-29T03:04:05Z " SIG, "a time like");
	refused("v1 ed25519 " ID " 2026-13-01T03:04:05Z " SIG, "a time like");
	refused("v1 ed25519 " ID " 2026-01-01T24:00:00Z " SIG, "a time like");
	refused("v1 ed25519 " ID " 2026-01-01T23:59:60Z " SIG, "a time like");
	refused("v1 ed25519 " ID " 1969-12-31T23:59:58Z " SIG, "a time like");
	refused("v1 ed25519 " ID " 2026-01-02T03:04:05+00:00 " SIG, "a time like");
	refused("v1 ed25519 " ID " 2026-01-02T03:04:05.5Z " SIG, "a time like");
	refused("v1 ed25519 " ID " 2026-01-02 03:04:05Z " SIG, "a time like");
	refused("v1 ed25519 " ID " " SIG, "a time like");
	refused("v1 ed25519 " ID " 2026-01-02T03:04:05Z", "64 bytes in base64");
	refused("v1 ed25519 " ID " 2026-01-02T03:04:05Z " SIG "\n", "64 bytes in base64");
	refused("v1 ed25519 " ID " 2026-01-02T03:04:05Z  " SIG, "64 bytes in base64");
	refused("v1 ed25519 " ID " 2026-01-02T03:04:05Z " SIG " ", "64 bytes in base64");
	refused("v1 ed25519 " ID " 2026-01-02T03:04:05Z AAAA", "64 bytes in base64");
}

/* ---- files ---- */

static void write_file(const char *path, mode_t mode, const char *text)
{
	FILE *f = fopen(path, "w");

	if (!f || fputs(text, f) < 0 || fclose(f) || chmod(path, mode))
		bail("%s cannot be written", path);
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_mode & 07777 : 0;
}

static void refused_file(const char *path, bool private, int code, const char *words)
{
	struct kvs_signkey *key = NULL;
	struct kvs_err err;
	int rc = private ? kvs_signkey_read_private(path, &key, &err)
			 : kvs_signkey_read_public(path, &key, &err);

	is_err(rc, code, &err, words, "%s: %s", private ? "private" : "public", words);
	has_str(err.msg, path, "the file is named");
}

static void test_files(const char *file, const char *public_file)
{
	const char *junk = scratch_path("junk");
	char id[KVS_SIGNKEY_ID];
	struct kvs_err err;

	is_uint(mode_of(file), 0600, "the private key's mode");
	is_uint(mode_of(public_file), 0644, "the public key's mode");
	is_err(kvs_signkey_generate(file, scratch_path("new"), id, &err), KVS_E_ARG, &err,
	       "is there already", "a key is not overwritten");
	is_err(kvs_signkey_generate(scratch_path("new"), public_file, id, &err), KVS_E_ARG, &err,
	       "is there already", "nor is a public one");
	is_int(access(scratch_path("new"), F_OK), -1, "and nothing was made");
	refused_file(scratch_path("none"), true, KVS_E_SYS, "No such file");
	refused_file(public_file, true, KVS_E_CONFIG, "(mode 0644): chmod 600 it");
	(void)chmod(public_file, 0600);
	refused_file(public_file, true, KVS_E_CONFIG, "holds no Ed25519 private key");
	(void)chmod(public_file, 0664);
	refused_file(public_file, false, KVS_E_CONFIG, "others may change (mode 0664)");
	refused_file(file, false, KVS_E_CONFIG, "holds no Ed25519 public key");
	(void)chmod(file, 0640);
	refused_file(file, true, KVS_E_CONFIG, "others may read or change (mode 0640)");
	write_file(junk, 0600, "no key\n");
	refused_file(junk, true, KVS_E_CONFIG, "holds no Ed25519 private key");
	refused_file(junk, false, KVS_E_CONFIG, "holds no Ed25519 public key");
	refused_file(scratch_path("."), true, KVS_E_SYS, "");
}

int main(void)
{
	const char *file, *public_file;

	(void)scratch_make();
	file = scratch_path("a.key");
	public_file = scratch_path("a.pub");
	make_pair(0, file, public_file);
	make_pair(1, scratch_path("b.key"), scratch_path("b.pub"));
	test_good();
	test_wrong();
	test_swapped_keys();
	test_every_byte();
	test_strict();
	file = scratch_path("a.key");
	public_file = scratch_path("a.pub");
	test_files(file, public_file);
	for (int i = 0; i < 2; i++) {
		kvs_signkey_free(secret[i]);
		kvs_signkey_free(open_key[i]);
	}
	return tap_end();
}
