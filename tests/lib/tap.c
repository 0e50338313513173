/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/tap.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
	int planned; /* 0: not announced */
	int run;
	int failed;
	bool started;
	char where[100]; /* "WHERE: ", in front of names */
} tap;

static void start(void)
{
	if (tap.started)
		return;
	tap.started = true;
	/* A test that crashes must not take its last lines with it. */
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
}

/* Words on one line: a newline or a "#" in a name would change what TAP's reader sees. */
__attribute__((format(printf, 1, 0))) static void put_words(const char *fmt, va_list ap,
							    bool is_name)
{
	char words[1024];
	const char *p;

	(void)vsnprintf(words, sizeof(words), fmt, ap);
	for (p = words; *p; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			printf("\\x%02x", (unsigned char)*p);
		else if (is_name && *p == '#')
			printf("\\#");
		else
			putchar(*p);
	}
}

#define PUT_WORDS(fmt_, is_name_)                                                                  \
	do {                                                                                       \
		va_list ap_;                                                                       \
		va_start(ap_, fmt_);                                                               \
		put_words(fmt_, ap_, is_name_);                                                    \
		va_end(ap_);                                                                       \
		putchar('\n');                                                                     \
	} while (0)

void plan(int n)
{
	start();
	tap.planned = n;
	printf("1..%d\n", n);
}

void skip_all(const char *fmt, ...)
{
	start();
	printf("1..0 # SKIP ");
	PUT_WORDS(fmt, false);
	exit(0);
}

void skip(int n, const char *fmt, ...)
{
	start();
	while (n-- > 0) {
		printf("ok %d # SKIP %s", ++tap.run, tap.where);
		PUT_WORDS(fmt, false);
	}
}

void lacking(const char *fmt, ...)
{
	const char *strict = getenv("KVS_NO_SKIP");
	bool must = strict && strcmp(strict, "1") == 0;

	start();
	printf(must ? "Bail out! missing: " : "1..0 # SKIP ");
	PUT_WORDS(fmt, false);
	exit(must ? 1 : 0);
}

void bail(const char *fmt, ...)
{
	start();
	printf("Bail out! ");
	PUT_WORDS(fmt, false);
	exit(1);
}

void diag(const char *fmt, ...)
{
	start();
	printf("# ");
	PUT_WORDS(fmt, false);
}

void tap_in(const char *fmt, ...)
{
	va_list ap;

	tap.where[0] = '\0';
	if (!fmt)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(tap.where, sizeof(tap.where) - 2, fmt, ap);
	va_end(ap);
	strcat(tap.where, ": ");
}

int tap_failures(void)
{
	return tap.failed;
}

int tap_end(void)
{
	start();
	if (!tap.planned)
		printf("1..%d\n", tap.run);
	else if (tap.planned != tap.run)
		printf("# planned %d assertions, ran %d\n", tap.planned, tap.run);
	return tap.failed || !tap.run || (tap.planned && tap.planned != tap.run);
}

__attribute__((format(printf, 3, 0))) static bool result(struct tap_at at, bool held,
							 const char *name, va_list ap)
{
	start();
	printf("%s %d - %s", held ? "ok" : "not ok", ++tap.run, tap.where);
	put_words(name, ap, true);
	putchar('\n');
	if (!held) {
		tap.failed++;
		printf("#   at %s:%d\n", at.file, at.line);
	}
	return held;
}

#define RESULT(held_)                                                                              \
	({                                                                                         \
		va_list ap_;                                                                       \
		bool held_was_;                                                                    \
		va_start(ap_, name);                                                               \
		held_was_ = result(at, (held_), name, ap_);                                        \
		va_end(ap_);                                                                       \
		held_was_;                                                                         \
	})

static void show_bytes(const char *label, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;
	size_t i;

	printf("#   %s: ", label);
	if (!p && n == 0) {
		printf("(none)\n");
		return;
	}
	putchar('"');
	for (i = 0; i < n && i < 1000; i++) {
		if (p[i] < 0x20 || p[i] > 0x7e || p[i] == '"' || p[i] == '\\')
			printf("\\x%02x", p[i]);
		else
			putchar(p[i]);
	}
	printf(i < n ? "\"... (%zu bytes)\n" : "\" (%zu bytes)\n", n);
}

static void show_str(const char *label, const char *s)
{
	show_bytes(label, s, s ? strlen(s) : 0);
}

bool tap_ok(struct tap_at at, bool cond, const char *text, const char *name, ...)
{
	if (!RESULT(cond))
		printf("#   false: %s\n", text);
	return cond;
}

bool tap_is_int(struct tap_at at, int64_t got, int64_t want, const char *name, ...)
{
	bool held = RESULT(got == want);

	if (!held)
		printf("#   got: %" PRId64 "\n#   expected: %" PRId64 "\n", got, want);
	return held;
}

bool tap_is_uint(struct tap_at at, uint64_t got, uint64_t want, const char *name, ...)
{
	bool held = RESULT(got == want);

	if (!held)
		printf("#   got: %" PRIu64 "\n#   expected: %" PRIu64 "\n", got, want);
	return held;
}

bool tap_is_str(struct tap_at at, const char *got, const char *want, const char *name, ...)
{
	bool held = RESULT(got && want ? strcmp(got, want) == 0 : got == want);

	if (!held) {
		show_str("got", got);
		show_str("expected", want);
	}
	return held;
}

bool tap_has_str(struct tap_at at, const char *got, const char *words, const char *name, ...)
{
	bool held = RESULT(got && strstr(got, words));

	if (!held) {
		show_str("got", got);
		show_str("expected within", words);
	}
	return held;
}

bool tap_is_slice(struct tap_at at, struct kvs_str got, struct kvs_str want, const char *name, ...)
{
	bool held = RESULT(got.n == want.n && (got.n == 0 || memcmp(got.p, want.p, got.n) == 0));

	if (!held) {
		show_bytes("got", got.p, got.n);
		show_bytes("expected", want.p, want.n);
	}
	return held;
}

static void show_code(const char *label, int code)
{
	printf("#   %s: %d", label, code);
	switch (code) {
#define CODE(name_)                                                                                \
	case KVS_E_##name_:                                                                        \
		printf(" (" #name_ ")");                                                           \
		break
		CODE(NOMEM);
		CODE(ARG);
		CODE(CONFIG);
		CODE(NOTFOUND);
		CODE(CONFLICT);
		CODE(DENIED);
		CODE(UNAVAILABLE);
		CODE(TIMEOUT);
		CODE(UNCERTAIN);
		CODE(COMPACTED);
		CODE(TOOBIG);
		CODE(UNSUPPORTED);
		CODE(PROTOCOL);
		CODE(CANCELED);
		CODE(FROZEN);
		CODE(GUARD);
		CODE(INTEGRITY);
		CODE(COMMAND);
		CODE(SYS);
		CODE(BUG);
#undef CODE
	default:
		break;
	}
	putchar('\n');
}

bool tap_is_code(struct tap_at at, int got, int want, const struct kvs_err *err, const char *name,
		 ...)
{
	bool held = RESULT(got == want);

	if (!held) {
		show_code("got", got);
		show_code("expected", want);
		if (got && err)
			show_str("message", err->msg);
	}
	return held;
}

/* Is a message in the form that all have: one line of words without a period? */
static bool is_well_formed(const char *msg)
{
	size_t len = strnlen(msg, sizeof(((struct kvs_err *)0)->msg));

	return len > 0 && len < sizeof(((struct kvs_err *)0)->msg) && msg[len - 1] != '.' &&
	       !memchr(msg, '\n', len);
}

bool tap_is_err(struct tap_at at, int got, int want, const struct kvs_err *err, const char *words,
		const char *name, ...)
{
	bool held = RESULT(got == want && err->code == want && is_well_formed(err->msg) &&
			   strstr(err->msg, words));

	if (!held) {
		show_code("returned", got);
		show_code("err.code", err->code);
		show_code("expected", want);
		show_str("message", err->msg);
		show_str("expected within", words);
	}
	return held;
}
