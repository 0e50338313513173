/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole processes against each other: runs each command in turn, round after round, so that what else
 * the machine does falls on all alike, and prints medians as ratios to the first.
 *
 *	measure ROUNDS NAME [VARIABLE=VALUE ...] [<FILE] COMMAND ... -- NAME ... [-- ...]
 *
 * <FILE: its bytes are in a pipe that is the command's standard input, which is else /dev/null.
 * One line a command: name, median wall ms, ratio to the first one's median, median CPU ms (user and
 * system), peak resident KiB; tabs between.  Output of the commands goes to /dev/null.  A command
 * that fails (status other than 0) ends the run: a failure is not a fast success.
 */
#include "bench/bench.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_COMMANDS 16
#define MAX_ROUNDS   2000
/* What a pipe takes without a reader. */
#define MAX_INPUT 65536

extern char **environ;

struct command {
	const char *name;
	char **variables; /* n_variables of "NAME=VALUE" */
	size_t n_variables;
	const char *input; /* a file, or NULL */
	char **argv;
	double wall[MAX_ROUNDS];
	double cpu[MAX_ROUNDS];
	long peak_kib;
};

static double ms(struct timeval tv)
{
	return (double)tv.tv_sec * 1e3 + (double)tv.tv_usec / 1e3;
}

/* A descriptor to read the file's bytes from. */
static int open_input(const char *file)
{
	char bytes[MAX_INPUT];
	int fd = open(file ? file : "/dev/null", O_RDONLY | O_CLOEXEC);
	int ends[2];
	ssize_t n;

	if (fd < 0)
		bench_die("%s: %s", file, strerror(errno));
	if (!file)
		return fd;
	n = read(fd, bytes, sizeof(bytes));
	close(fd);
	if (n < 0 || pipe2(ends, O_CLOEXEC) || write(ends[1], bytes, (size_t)n) != n)
		bench_die("%s: %s", file, strerror(errno));
	close(ends[1]);
	return ends[0];
}

static void set_variables(const struct command *c)
{
	for (size_t i = 0; i < c->n_variables; i++)
		(void)putenv(c->variables[i]);
}

static void unset_variables(const struct command *c)
{
	for (size_t i = 0; i < c->n_variables; i++) {
		char *name = strndup(c->variables[i], strcspn(c->variables[i], "="));

		(void)unsetenv(name);
		free(name);
	}
}

static pid_t spawn(const struct command *c, int input)
{
	posix_spawn_file_actions_t quiet;
	pid_t pid;
	int rc;

	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_adddup2(&quiet, input, 0);
	posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
	rc = posix_spawnp(&pid, c->argv[0], &quiet, NULL, c->argv, environ);
	posix_spawn_file_actions_destroy(&quiet);
	if (rc)
		bench_die("%s: %s", c->argv[0], strerror(rc));
	return pid;
}

static void run_once(struct command *c, int round)
{
	int input = open_input(c->input), status;
	struct rusage used;
	double begin;
	pid_t pid;

	set_variables(c);
	begin = bench_now_ms();
	pid = spawn(c, input);
	if (wait4(pid, &status, 0, &used) != pid)
		bench_die("%s: wait: %s", c->name, strerror(errno));
	c->wall[round] = bench_now_ms() - begin;
	c->cpu[round] = ms(used.ru_utime) + ms(used.ru_stime);
	if (used.ru_maxrss > c->peak_kib)
		c->peak_kib = used.ru_maxrss;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		bench_die("%s failed (wait status %d)", c->name, status);
	unset_variables(c);
	close(input);
}

/* What stands before the command itself. */
static char **parse_settings(char **argv, struct command *c)
{
	c->variables = argv;
	while (*argv && strchr(*argv, '=')) {
		c->n_variables++;
		argv++;
	}
	if (*argv && **argv == '<')
		c->input = *argv++ + 1;
	return argv;
}

static int parse(char **argv, struct command *all)
{
	int n = 0;

	while (*argv) {
		if (n == MAX_COMMANDS || !argv[1])
			return 0;
		all[n].name = *argv++;
		argv = parse_settings(argv, &all[n]);
		if (!*argv)
			return 0;
		all[n++].argv = argv;
		while (*argv && strcmp(*argv, "--") != 0)
			argv++;
		if (*argv)
			*argv++ = NULL;
	}
	return n;
}

int main(int argc, char **argv)
{
	static struct command all[MAX_COMMANDS];
	int rounds = argc > 1 ? atoi(argv[1]) : 0;
	int n = argc > 2 ? parse(argv + 2, all) : 0;
	int round, i;
	double wall, base = 0;

	if (n == 0 || rounds < 1 || rounds > MAX_ROUNDS) {
		fprintf(stderr, "usage: measure ROUNDS NAME COMMAND ... -- NAME COMMAND ...\n");
		return 2;
	}
	for (i = 0; i < n; i++) /* warm caches; not counted */
		run_once(&all[i], 0);
	for (round = 0; round < rounds; round++)
		for (i = 0; i < n; i++)
			run_once(&all[i], round);
	for (i = 0; i < n; i++) {
		wall = bench_median(all[i].wall, (size_t)rounds);
		if (i == 0)
			base = wall;
		printf("%s\t%.2f\t%.2f\t%.2f\t%ld\n", all[i].name, wall, wall / base,
		       bench_median(all[i].cpu, (size_t)rounds), all[i].peak_kib);
	}
	return 0;
}
