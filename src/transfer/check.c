/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/check.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"

#include <string.h>

#define PLACE "{}"

/* What all words together may have: the kernel takes less. */
#define WORDS_MAX (1u << 20)

bool kvs_check_names_file(const struct kvs_command *check)
{
	const char *const *word;

	for (word = check->argv; word && *word; word++)
		if (strstr(*word, PLACE))
			return true;
	return false;
}

int kvs_check_before_only(const struct kvs_command *check, const char *remedy, struct kvs_err *err)
{
	if (!check->argv || kvs_check_names_file(check))
		return 0;
	return kvs_err_set(err, KVS_E_ARG,
			   "the check has no {} for the path of the file that it is to judge%s",
			   remedy);
}

/* The word with the path in its places, and a NUL. */
static void put_word(struct kvs_buf *words, const char *word, const char *path)
{
	const char *place;

	for (; (place = strstr(word, PLACE)); word = place + strlen(PLACE)) {
		kvs_buf_add(words, word, (size_t)(place - word));
		kvs_buf_str(words, path);
	}
	kvs_buf_add(words, word, strlen(word) + 1);
}

static size_t count(const char *const *argv)
{
	size_t n = 0;

	while (argv[n])
		n++;
	return n;
}

int kvs_check_run(const struct kvs_command *check, const char *path,
		  const struct kvs_subject *subject, int *ret_signal, struct kvs_err *err)
{
	size_t n = count(check->argv), i;
	KVS_AUTO_FREE const char **argv = kvs_realloc_array(NULL, n + 1, sizeof(*argv));
	struct kvs_command filled = { .argv = argv, .timeout_ms = check->timeout_ms };
	KVS_AUTO_BUF struct kvs_buf words;
	const char *word;
	int rc;

	kvs_buf_init(&words, WORDS_MAX);
	for (i = 0; i < n; i++)
		put_word(&words, check->argv[i], path);
	rc = argv ? kvs_buf_check(&words, "the words of a check", err) : kvs_err_oom(err);
	if (rc)
		return rc;
	for (i = 0, word = words.data; i < n; i++, word += strlen(word) + 1)
		argv[i] = word;
	argv[n] = NULL;
	return kvs_command_run(&filled, "check", subject, ret_signal, err);
}
