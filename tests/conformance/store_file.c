/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/conformance/store_file.h"

#include <kvsync/kvsync.h>

#include "tests/lib/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
	const char *name;
	uint64_t bit;
} cap_names[] = {
	{ "flags", KVS_CAP_FLAGS },
	{ "leases", KVS_CAP_LEASES },
	{ "read-at", KVS_CAP_READ_AT },
	{ "write-index", KVS_CAP_WRITE_INDEX },
	{ "bump-equal", KVS_CAP_BUMP_EQUAL },
	{ "binary-keys", KVS_CAP_BINARY_KEYS },
	{ "every-event", KVS_CAP_EVERY_EVENT },
	{ "trim-slash", KVS_CAP_TRIM_SLASH },
	{ "durable", KVS_CAP_DURABLE },
	{ "compact", KVS_CAP_COMPACT },
	{ "sticky", KVS_CAP_STICKY },
};
#define N_CAPS (sizeof(cap_names) / sizeof(cap_names[0]))

const char *caps_text(uint64_t caps)
{
	static char text[300];
	size_t i, len = 0;

	text[0] = '\0';
	for (i = 0; i < N_CAPS; i++)
		if (caps & cap_names[i].bit)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s",
						len ? " " : "", cap_names[i].name);
	return text;
}

/* ---- reading ---- */

static uint64_t parse_caps(const char *path, char *words)
{
	uint64_t caps = 0;
	char *save = NULL, *word;
	size_t i;

	for (word = strtok_r(words, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		for (i = 0; i < N_CAPS && strcmp(word, cap_names[i].name) != 0; i++)
			;
		if (i == N_CAPS)
			bail("%s: no capability is named %s", path, word);
		caps |= cap_names[i].bit;
	}
	return caps;
}

static void copy(const char *path, char *dst, size_t size, const char *value)
{
	if (strlen(value) >= size)
		bail("%s: a value is too long", path);
	strcpy(dst, value);
}

static void take(struct store_file *f, const char *path, const char *name, char *value)
{
	if (!strcmp(name, "backend"))
		copy(path, f->backend, sizeof(f->backend), value);
	else if (!strcmp(name, "url"))
		copy(path, f->url, sizeof(f->url), value);
	else if (!strcmp(name, "view"))
		copy(path, f->view, sizeof(f->view), value);
	else if (!strcmp(name, "fixture"))
		copy(path, f->fixture, sizeof(f->fixture), value);
	else if (!strcmp(name, "caps"))
		f->caps = parse_caps(path, value);
	else if (!strcmp(name, "flaky"))
		f->flaky = !strcmp(value, "yes");
	else if (!strcmp(name, "shared"))
		f->shared = !strcmp(value, "yes");
	else
		bail("%s: unknown name %s", path, name);
}

static void read_lines(struct store_file *f, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[1200], name[32], value[1100];

	if (!file)
		bail("cannot open %s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (!line[0] || line[0] == '#')
			continue;
		value[0] = '\0';
		if (sscanf(line, "%31[a-z] = %1099[^\n]", name, value) < 1)
			bail("%s: not \"name = value\": %s", path, line);
		take(f, path, name, value);
	}
	(void)fclose(file);
	if (!f->backend[0] || !f->url[0])
		bail("%s: backend and url are needed", path);
}

/* Puts `with` in the place of `mark` in the URL. */
static void fill_in(struct store_file *f, const char *path, const char *mark, const char *with)
{
	char full[sizeof(f->url)];
	char *at = strstr(f->url, mark);
	int n;

	if (!at)
		return;
	n = snprintf(full, sizeof(full), "%.*s%s%s", (int)(at - f->url), f->url, with,
		     at + strlen(mark));
	if (n < 0 || (size_t)n >= sizeof(full))
		bail("%s: the URL is too long", path);
	strcpy(f->url, full);
}

/* ---- the fixture ---- */

static void run_fixture(const struct store_file *f, int in, int out)
{
	char words[sizeof(f->fixture)], program[2048];
	const char *srcdir = getenv("srcdir");
	char *argv[32], *save = NULL;
	int n = 0;

	strcpy(words, f->fixture);
	argv[n] = strtok_r(words, " ", &save);
	while (argv[n] && n < 30)
		argv[++n] = strtok_r(NULL, " ", &save);
	argv[n] = NULL;
	(void)snprintf(program, sizeof(program), "%s/%s", srcdir ? srcdir : ".", argv[0]);
	argv[0] = program;
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || setenv("KVS_FIXTURE_TMP", f->tmp, 1))
		_exit(126);
	execv(program, argv);
	_exit(127);
}

static FILE *start_fixture(struct store_file *f)
{
	int in[2], out[2];

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		bail("pipe: %s", strerror(errno));
	f->fixture_pid = fork();
	if (f->fixture_pid < 0)
		bail("fork: %s", strerror(errno));
	if (f->fixture_pid == 0)
		run_fixture(f, in[0], out[1]);
	(void)close(in[0]);
	(void)close(out[1]);
	f->fixture_stdin = in[1];
	return fdopen(out[0], "r");
}

/* Reads up to the line that counts.  The pipe stays open: the fixture may go on talking. */
static void wait_for_fixture(struct store_file *f, const char *path, FILE *file)
{
	char line[1200], word[16], rest[1100];

	while (file && fgets(line, sizeof(line), file)) {
		rest[0] = '\0';
		if (sscanf(line, "%15[a-z] %1099[^\n]", word, rest) == 2) {
			if (!strcmp(word, "url")) {
				fill_in(f, path, "{url}", rest);
				return;
			}
			if (!strcmp(word, "skip")) {
				store_file_close(f);
				lacking("%s", rest);
			}
		}
		line[strcspn(line, "\n")] = '\0';
		diag("%s", line);
	}
	store_file_close(f);
	bail("%s: the fixture ended before it was ready", path);
}

/* ---- opening, closing ---- */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

void store_file_open(struct store_file *f, const char *path)
{
	const char *base = getenv("TMPDIR");

	*f = (struct store_file){ .shared = true, .fixture_stdin = -1 };
	(void)snprintf(f->tmp, sizeof(f->tmp), "%s/kvsync-test.XXXXXX", base ? base : "/tmp");
	if (!mkdtemp(f->tmp))
		bail("no temporary folder: %s", strerror(errno));
	read_lines(f, path);
	fill_in(f, path, "{tmp}", f->tmp);
	if (f->fixture[0])
		wait_for_fixture(f, path, start_fixture(f));
}

void store_file_close(struct store_file *f)
{
	if (f->fixture_stdin >= 0)
		(void)close(f->fixture_stdin);
	f->fixture_stdin = -1;
	if (f->fixture_pid > 0)
		(void)waitpid(f->fixture_pid, NULL, 0);
	f->fixture_pid = 0;
	if (f->tmp[0])
		(void)nftw(f->tmp, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	f->tmp[0] = '\0';
}
