/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sign.h"

#include "base/base64.h"
#include "base/err.h"
#include "base/stamp.h"
#include "base/str.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define MAGIC	       "kvsync-sig-v1"
#define LEAD	       "v1 ed25519 "
#define BASE64_N       88 /* of 64 bytes */
#define NAME_MAX_BYTES ((size_t)64 * 1024)

/* ---- time ---- */

static int format_time(uint64_t ms, char ret_text[KVS_SIGNATURE_TIME], struct kvs_err *err)
{
	if (kvs_stamp(ms, ret_text))
		return 0;
	return kvs_err_set(err, KVS_E_ARG,
			   "%" PRIu64 " ms since 1970 is no time to sign at: see to the clock", ms);
}

/* n digits as a number, or -1. */
static int number(const char *p, size_t n)
{
	int value = 0;

	for (; n > 0; n--, p++) {
		if (*p < '0' || *p > '9')
			return -1;
		value = value * 10 + (*p - '0');
	}
	return value;
}

/* Does the text look like the pattern, where 0 stands for any digit? */
static bool matches(struct kvs_str text, const char *pattern)
{
	const char *p = text.p;
	size_t i;

	if (text.n != strlen(pattern))
		return false;
	for (i = 0; i < text.n; i++)
		if (pattern[i] == '0' ? p[i] < '0' || p[i] > '9' : p[i] != pattern[i])
			return false;
	return true;
}

static bool parse_time(struct kvs_str text, uint64_t *ret_ms)
{
	const char *p = text.p;
	bool fraction = matches(text, "0000-00-00T00:00:00.000Z");
	struct tm given, found;
	time_t seconds;

	if (!fraction && !matches(text, "0000-00-00T00:00:00Z"))
		return false;
	given = (struct tm){ .tm_year = number(p, 4) - 1900,
			     .tm_mon = number(p + 5, 2) - 1,
			     .tm_mday = number(p + 8, 2),
			     .tm_hour = number(p + 11, 2),
			     .tm_min = number(p + 14, 2),
			     .tm_sec = number(p + 17, 2) };
	found = given;
	/* a date that there is not comes back as another one */
	seconds = timegm(&found);
	if (seconds < 0 || found.tm_mon != given.tm_mon || found.tm_mday != given.tm_mday ||
	    found.tm_hour != given.tm_hour || found.tm_min != given.tm_min ||
	    found.tm_sec != given.tm_sec)
		return false;
	*ret_ms = (uint64_t)seconds * 1000 + (fraction ? (uint64_t)number(p + 20, 3) : 0);
	return true;
}

/* ---- what is signed ---- */

static int make_message(struct kvs_buf *message, struct kvs_str name, const char *checksum,
			const char *time, struct kvs_err *err)
{
	kvs_buf_init(message, NAME_MAX_BYTES);
	if (name.n && memchr(name.p, '\0', name.n))
		return kvs_err_set(err, KVS_E_ARG, "%s has a NUL in it and cannot be signed",
				   KVS_Q(name));
	kvs_buf_add(message, MAGIC, sizeof(MAGIC));
	kvs_buf_add(message, name.p, name.n);
	kvs_buf_char(message, '\0');
	kvs_buf_add(message, checksum, strlen(checksum) + 1);
	kvs_buf_add(message, time, strlen(time) + 1);
	return kvs_buf_check(message, "the name to sign", err);
}

int kvs_sign(const struct kvs_signkey *key, struct kvs_str name, const char *checksum,
	     uint64_t time_ms, char ret_line[KVS_SIGNATURE_LINE], struct kvs_err *err)
{
	unsigned char signature[KVS_SIGNATURE_BYTES];
	KVS_AUTO_BUF struct kvs_buf message = { 0 };
	KVS_AUTO_BUF struct kvs_buf base64;
	char time[KVS_SIGNATURE_TIME];
	int rc;

	kvs_buf_init(&base64, BASE64_N);
	rc = format_time(time_ms, time, err);
	rc = rc ? rc : make_message(&message, name, checksum, time, err);
	rc = rc ? rc : kvs_signkey_sign(key, kvs_buf_slice(&message), signature, err);
	if (rc)
		return rc;
	kvs_base64_encode(&base64, kvs_sn(signature, sizeof(signature)));
	rc = kvs_buf_check(&base64, "a signature", err);
	if (rc == 0)
		(void)snprintf(ret_line, KVS_SIGNATURE_LINE, LEAD "%s %s %s", kvs_signkey_id(key),
			       time, base64.data);
	return rc;
}

/* ---- reading ---- */

/* Cuts the next word off, at a space, or at the end for the last one. */
static struct kvs_str next_word(struct kvs_str *rest)
{
	const char *space = rest->n ? memchr(rest->p, ' ', rest->n) : NULL;
	struct kvs_str word = *rest;

	if (space)
		word.n = (size_t)(space - (const char *)rest->p);
	*rest = kvs_str_skip(*rest, space ? word.n + 1 : rest->n);
	return word;
}

static bool parse_id(struct kvs_str word, char ret_id[KVS_SIGNKEY_ID])
{
	const char *p = word.p;
	size_t i;

	if (word.n != KVS_SIGNKEY_ID - 1)
		return false;
	for (i = 0; i < word.n; i++)
		if (!memchr("0123456789abcdef", p[i], 16))
			return false;
	memcpy(ret_id, word.p, word.n);
	ret_id[word.n] = '\0';
	return true;
}

/* Base64 has more than one spelling for the same bytes where bits are left over; one is ours. */
static int parse_bytes(struct kvs_str word, unsigned char ret_bytes[KVS_SIGNATURE_BYTES],
		       struct kvs_err *err)
{
	KVS_AUTO_BUF struct kvs_buf bytes;
	KVS_AUTO_BUF struct kvs_buf back;
	bool good;

	kvs_buf_init(&bytes, BASE64_N);
	kvs_buf_init(&back, BASE64_N);
	good = word.n == BASE64_N && kvs_base64_decode(&bytes, word, NULL) == 0;
	kvs_base64_encode(&back, kvs_buf_slice(&bytes));
	if (kvs_buf_failed(&bytes) || kvs_buf_failed(&back))
		return kvs_err_oom(err);
	if (!good || bytes.len != KVS_SIGNATURE_BYTES || !kvs_str_eq(kvs_buf_slice(&back), word))
		return kvs_err_set(err, KVS_E_INTEGRITY,
				   "the signature is damaged: 64 bytes in base64 were expected");
	memcpy(ret_bytes, bytes.data, bytes.len);
	return 0;
}

int kvs_signature_parse(struct kvs_str line, struct kvs_signature *ret, struct kvs_err *err)
{
	struct kvs_signature s = { 0 };
	struct kvs_str rest, time;
	int rc;

	if (!kvs_str_starts(line, kvs_s(LEAD)))
		return kvs_err_set(err, KVS_E_INTEGRITY,
				   "the signature does not begin with \"" LEAD
				   "\": it is damaged, or of a later version of kvsync");
	rest = kvs_str_skip(line, strlen(LEAD));
	if (!parse_id(next_word(&rest), s.key_id))
		return kvs_err_set(err, KVS_E_INTEGRITY,
				   "the signature is damaged: a key's id of 16 hex digits was "
				   "expected");
	time = next_word(&rest);
	if (!parse_time(time, &s.time_ms))
		return kvs_err_set(err, KVS_E_INTEGRITY,
				   "the signature is damaged: a time like 2026-01-02T03:04:05.678Z "
				   "was expected");
	memcpy(s.time, time.p, time.n);
	rc = parse_bytes(rest, s.bytes, err);
	if (rc == 0)
		*ret = s;
	return rc;
}

int kvs_signature_verify(const struct kvs_signature *signature,
			 const struct kvs_signkey *const *keys, size_t n_keys, struct kvs_str name,
			 const char *checksum, struct kvs_err *err)
{
	KVS_AUTO_BUF struct kvs_buf message = { 0 };
	bool known = false, good = false;
	size_t i;
	int rc = make_message(&message, name, checksum, signature->time, err);

	for (i = 0; rc == 0 && !good && i < n_keys; i++) {
		if (strcmp(kvs_signkey_id(keys[i]), signature->key_id) != 0)
			continue;
		known = true;
		rc = kvs_signkey_verify(keys[i], kvs_buf_slice(&message), signature->bytes, &good,
					err);
	}
	if (rc || good)
		return rc;
	if (!known)
		return kvs_err_set(err, KVS_E_INTEGRITY,
				   "%s is signed with the key %s, which is none of the keys to "
				   "verify with",
				   KVS_Q(name), signature->key_id);
	return kvs_err_set(err, KVS_E_INTEGRITY,
			   "the signature of %s by the key %s is not that of this content under "
			   "this name",
			   KVS_Q(name), signature->key_id);
}
