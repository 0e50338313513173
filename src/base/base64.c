/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

#include "base/err.h"

#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void kvs_base64_encode(struct kvs_buf *b, struct kvs_str s)
{
	const unsigned char *p = s.p;
	size_t size = (s.n / 3 + (s.n % 3 != 0)) * 4; /* a slice fits memory: no overflow */
	char *out = kvs_buf_reserve(b, size);

	if (!out)
		return;
	for (size_t i = 0; i < s.n; i += 3) {
		size_t left = s.n - i;
		uint32_t bits = (uint32_t)p[i] << 16 | (left > 1 ? (uint32_t)p[i + 1] << 8 : 0) |
				(left > 2 ? p[i + 2] : 0);

		*out++ = alphabet[bits >> 18];
		*out++ = alphabet[bits >> 12 & 63];
		*out++ = left > 1 ? alphabet[bits >> 6 & 63] : '=';
		*out++ = left > 2 ? alphabet[bits & 63] : '=';
	}
	*out = '\0';
	b->len += size;
}

/* The six bits of a character, or -1. */
static int sextet(unsigned char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

int kvs_base64_decode(struct kvs_buf *b, struct kvs_str s, struct kvs_err *err)
{
	const unsigned char *p = s.p;
	size_t pad = 0;
	char *out;

	if (s.n % 4 != 0)
		return kvs_err_set(err, KVS_E_ARG,
				   "base64 text has a length that is not a multiple of 4");
	while (pad < 2 && pad < s.n && p[s.n - 1 - pad] == '=')
		pad++;
	out = kvs_buf_reserve(b, s.n / 4 * 3);
	if (!out)
		return 0;
	for (size_t i = 0; i < s.n; i += 4) {
		size_t n = i + 4 == s.n ? 4 - pad : 4;
		uint32_t bits = 0;

		for (size_t j = 0; j < 4; j++) {
			int six = j < n ? sextet(p[i + j]) : 0;

			if (six < 0)
				return kvs_err_set(err, KVS_E_ARG,
						   "base64 text has a wrong byte at %zu", i + j);
			bits = bits << 6 | (uint32_t)six;
		}
		*out++ = (char)(bits >> 16);
		if (n > 2)
			*out++ = (char)(bits >> 8);
		if (n > 3)
			*out++ = (char)bits;
	}
	b->len += s.n / 4 * 3 - pad;
	b->data[b->len] = '\0';
	return 0;
}
