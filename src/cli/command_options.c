/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command_options.h"

#include "base/err.h"

#include <string.h>

void command_words_release(struct command_words *words)
{
	kvs_words_release(&words->words);
}

static uint64_t timeout_of(struct kvs_optnum given)
{
	return given.given && !given.value ? KVS_NO_TIMEOUT : given.value;
}

static int take_shell(const char *text, struct command_words *words, struct kvs_err *err)
{
	if (!text[strspn(text, " \t\n")])
		return kvs_err_set(err, KVS_E_ARG, "--exec-shell: the command is empty");
	words->shell[0] = "/bin/sh";
	words->shell[1] = "-c";
	words->shell[2] = text;
	return 0;
}

static int take_words(const char *line, const char *option, struct command_words *words,
		      struct kvs_command *ret, struct kvs_err *err)
{
	int code = kvs_words_split(line, &words->words, err);

	if (code)
		return kvs_err_context(err, code, "%s", option);
	ret->argv = (const char *const *)words->words.argv;
	return 0;
}

int exec_options_take(const struct exec_options *o, struct command_words *words,
		      struct kvs_command *ret, struct kvs_err *err)
{
	int code = 0;

	if (o->exec && o->exec_shell)
		return kvs_err_set(err, KVS_E_ARG, "give only one of --exec and --exec-shell");
	ret->timeout_ms = timeout_of(o->exec_timeout);
	if (o->exec_shell) {
		code = take_shell(o->exec_shell, words, err);
		ret->argv = words->shell;
	} else if (o->exec) {
		code = take_words(o->exec, "--exec", words, ret, err);
	}
	return code;
}

int check_options_take(const struct check_options *o, struct command_words *words,
		       struct kvs_command *ret, struct kvs_err *err)
{
	ret->timeout_ms = timeout_of(o->check_timeout);
	return o->check ? take_words(o->check, "--check", words, ret, err) : 0;
}
