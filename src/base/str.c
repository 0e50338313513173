/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <stdint.h>

int kvs_str_cmp(struct kvs_str a, struct kvs_str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n ? memcmp(a.p, b.p, n) : 0;

	if (c)
		return c;
	return a.n < b.n ? -1 : a.n > b.n;
}

bool kvs_str_fold(struct kvs_str key, size_t prefix_n, struct kvs_str separator,
		  struct kvs_str *ret_name)
{
	const char *hit;

	*ret_name = key;
	if (!separator.n || key.n == prefix_n)
		return false;
	hit = memmem((const char *)key.p + prefix_n, key.n - prefix_n, separator.p, separator.n);
	if (!hit)
		return false;
	ret_name->n = (size_t)(hit - (const char *)key.p) + separator.n;
	return true;
}

size_t kvs_utf8_len(const unsigned char *p, size_t n)
{
	size_t len, i;
	uint32_t cp;

	if (n == 0)
		return 0;
	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xc2 && p[0] <= 0xdf) {
		len = 2;
		cp = p[0] & 0x1f;
	} else if ((p[0] & 0xf0) == 0xe0) {
		len = 3;
		cp = p[0] & 0x0f;
	} else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
		len = 4;
		cp = p[0] & 0x07;
	} else {
		return 0;
	}
	if (n < len)
		return 0;
	for (i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		cp = cp << 6 | (p[i] & 0x3f);
	}
	if (len == 3 && (cp < 0x800 || (cp >= 0xd800 && cp <= 0xdfff)))
		return 0;
	if (len == 4 && (cp < 0x10000 || cp > 0x10ffff))
		return 0;
	return len;
}

bool kvs_str_is_utf8(struct kvs_str s)
{
	const unsigned char *p = s.p;
	size_t i = 0, len;

	while (i < s.n) {
		if (p[i] == 0)
			return false;
		len = kvs_utf8_len(p + i, s.n - i);
		if (!len)
			return false;
		i += len;
	}
	return true;
}

/* May this sequence stand on a terminal as it is? */
static bool is_plain(const unsigned char *p, size_t len)
{
	if (len == 1)
		return p[0] >= 0x20 && p[0] != 0x7f;
	if (len == 2)
		return !(p[0] == 0xc2 && p[1] < 0xa0) && !(p[0] == 0xd8 && p[1] == 0x9c);
	if (len == 3 && p[0] == 0xe2) {
		/* U+200B-200F, 2028-202E, 2060-206F: invisible or direction-changing */
		if (p[1] == 0x80)
			return !((p[2] >= 0x8b && p[2] <= 0x8f) || (p[2] >= 0xa8 && p[2] <= 0xae));
		if (p[1] == 0x81)
			return p[2] < 0xa0 || p[2] > 0xaf;
	}
	if (len == 3 && p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf)
		return false;
	return true;
}

static bool looks_like_escape(const unsigned char *p, size_t n)
{
	return n >= 2 && p[0] == '\\' && p[1] == 'x';
}

/* Returns the bytes written; *ret_used are the source bytes that they stand for. */
static size_t escape(char *dst, size_t size, const void *bytes, size_t n, bool keep_backslash,
		     size_t *ret_used)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *p = bytes;
	size_t out = 0, i = 0;

	while (i < n) {
		size_t len = kvs_utf8_len(p + i, n - i);

		if (len && is_plain(p + i, len) &&
		    (keep_backslash || !looks_like_escape(p + i, n - i))) {
			if (out + len >= size)
				break;
			memcpy(dst + out, p + i, len);
			out += len;
			i += len;
			continue;
		}
		len = len ? len : 1;
		if (out + 4 * len >= size)
			break;
		while (len--) {
			dst[out++] = '\\';
			dst[out++] = 'x';
			dst[out++] = hex[p[i] >> 4];
			dst[out++] = hex[p[i] & 15];
			i++;
		}
	}
	dst[out] = '\0';
	*ret_used = i;
	return out;
}

size_t kvs_escape_into(char *dst, size_t size, const void *p, size_t n)
{
	size_t used;

	return size ? escape(dst, size, p, n, false, &used) : 0;
}

size_t kvs_sanitize_into(char *dst, size_t size, const void *p, size_t n)
{
	size_t used;

	return size ? escape(dst, size, p, n, true, &used) : 0;
}

const char *kvs_quote(struct kvs_quoted *q, struct kvs_str s)
{
	size_t used;
	size_t out = escape(q->s, sizeof(q->s) - 3, s.p, s.n, false, &used);

	if (used < s.n)
		memcpy(q->s + out, "...", 4);
	return q->s;
}
