/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole processes against each other: runs each command in turn, round after round, so that what else
 * the machine does falls on all alike, and prints medians as ratios to the first.
 *
 *	measure ROUNDS NAME COMMAND ... -- NAME COMMAND ... [-- ...]
 *
 * One line a command: name, median wall ms, ratio to the first one's median, median CPU ms (user and
 * system), peak resident KiB; tabs between.  Output of the commands goes to /dev/null.  A command
 * that fails (status other than 0) ends the run: a failure is not a fast success.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#define MAX_COMMANDS 16
#define MAX_ROUNDS   2000

extern char **environ;

struct command {
	const char *name;
	char **argv;
	double wall[MAX_ROUNDS];
	double cpu[MAX_ROUNDS];
	long peak_kib;
};

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static double ms(struct timeval tv)
{
	return (double)tv.tv_sec * 1e3 + (double)tv.tv_usec / 1e3;
}

static int run_once(struct command *c, int round)
{
	posix_spawn_file_actions_t quiet;
	struct rusage used;
	double begin;
	pid_t pid;
	int status, rc;

	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
	begin = now_ms();
	rc = posix_spawnp(&pid, c->argv[0], &quiet, NULL, c->argv, environ);
	posix_spawn_file_actions_destroy(&quiet);
	if (rc) {
		fprintf(stderr, "measure: %s: %s\n", c->argv[0], strerror(rc));
		return -1;
	}
	if (wait4(pid, &status, 0, &used) != pid)
		return -1;
	c->wall[round] = now_ms() - begin;
	c->cpu[round] = ms(used.ru_utime) + ms(used.ru_stime);
	if (used.ru_maxrss > c->peak_kib)
		c->peak_kib = used.ru_maxrss;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		fprintf(stderr, "measure: %s failed (wait status %d)\n", c->name, status);
		return -1;
	}
	return 0;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *values, int n)
{
	qsort(values, (size_t)n, sizeof(*values), by_size);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static int parse(char **argv, struct command *all)
{
	int n = 0;

	while (*argv) {
		if (n == MAX_COMMANDS || !argv[1])
			return 0;
		all[n].name = *argv++;
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
		if (run_once(&all[i], 0))
			return 1;
	for (round = 0; round < rounds; round++)
		for (i = 0; i < n; i++)
			if (run_once(&all[i], round))
				return 1;
	for (i = 0; i < n; i++) {
		wall = median(all[i].wall, rounds);
		if (i == 0)
			base = wall;
		printf("%s\t%.2f\t%.2f\t%.2f\t%ld\n", all[i].name, wall, wall / base,
		       median(all[i].cpu, rounds), all[i].peak_kib);
	}
	return 0;
}
