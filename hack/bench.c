/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench.c - run the same command with several runtimes in turn, print medians as table rows
 *
 * usage: bench ROUNDS ROW NAME=RUNTIME... -- ARGS...
 *
 * "{}" in an argument becomes NAME, "{i}" the number of the round. The first NAME is what the ratios are
 * to. CPU is user + system of the runtime and of all that it and its children waited for
 * (getrusage(2)); RSS is the largest of any one process. Two rounds come first and don't count.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench-lib.h"

#define MAX_RUNTIMES 8
#define MAX_ARGS     32
#define WARM_UP	     2

extern char **environ;

struct runtime {
	char *name, *path;
	double *cpu, *wall, *rss, ratio;
};

/* A copy of `arg` with the first "{}" or "{i}" replaced, and again until there is none. */
static char *fill(const char *arg, const char *name, int round)
{
	const char *at = strstr(arg, "{}"), *number = strstr(arg, "{i}");
	char *once, *all;

	if (!at && !number)
		return strdup(arg);
	if (at && asprintf(&once, "%.*s%s%s", (int)(at - arg), arg, name, at + 2) < 0)
		die("no memory");
	if (!at && asprintf(&once, "%.*s%d%s", (int)(number - arg), arg, round, number + 3) < 0)
		die("no memory");
	all = fill(once, name, round);
	free(once);
	return all;
}

static double ms(struct timeval t)
{
	return 1000.0 * (double)t.tv_sec + (double)t.tv_usec / 1000.0;
}

static void run_once(struct runtime *r, char **args, int round)
{
	posix_spawn_file_actions_t null;
	char *argv[MAX_ARGS + 2] = { r->path };
	double began = now_ms();
	struct rusage usage;
	int status, n = 1;
	pid_t pid;

	for (; *args && n <= MAX_ARGS; args++)
		argv[n++] = fill(*args, r->name, round);
	posix_spawn_file_actions_init(&null);
	posix_spawn_file_actions_addopen(&null, 0, "/dev/null", O_RDWR, 0);
	posix_spawn_file_actions_adddup2(&null, 0, 1);
	if (posix_spawn(&pid, r->path, &null, NULL, argv, environ))
		die(r->path);
	if (wait4(pid, &status, 0, &usage) != pid || status)
		die(r->path);
	posix_spawn_file_actions_destroy(&null);
	while (--n)
		free(argv[n]);
	if (round < 0)
		return;
	r->cpu[round] = ms(usage.ru_utime) + ms(usage.ru_stime);
	r->wall[round] = now_ms() - began;
	r->rss[round] = (double)usage.ru_maxrss;
}

int main(int argc, char **argv)
{
	struct runtime r[MAX_RUNTIMES];
	int rounds = argc > 4 ? atoi(argv[1]) : 0, n = 0;
	char **arg = argv + 3;

	if (rounds < 1)
		die("usage: bench ROUNDS ROW NAME=RUNTIME... -- ARGS...");
	for (; *arg && strcmp(*arg, "--") && n < MAX_RUNTIMES; arg++, n++) {
		r[n].name = *arg;
		r[n].path = strchr(*arg, '=');
		if (!r[n].path)
			die(*arg);
		*r[n].path++ = '\0';
		r[n].cpu = numbers(rounds);
		r[n].wall = numbers(rounds);
		r[n].rss = numbers(rounds);
	}
	for (int i = -WARM_UP; i < rounds; i++)
		for (int k = 0; k < n; k++)
			run_once(&r[k], arg + 1, i);
	/* before the medians sort them */
	for (int k = 0; k < n; k++)
		r[k].ratio = median_ratio(r[k].cpu, r[0].cpu, rounds);
	for (int k = 0; k < n; k++)
		printf("| %s | %s | %.2f | %.2f | %.1f | %.0f |\n", argv[2], r[k].name,
		       median(r[k].cpu, rounds), r[k].ratio, median(r[k].wall, rounds),
		       median(r[k].rss, rounds));
	return 0;
}
