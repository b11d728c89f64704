/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench-shim.c - what a step in a task's life costs, with several shims in turn
 *
 * usage: bench-shim measure ROUNDS CONTAINERD-PID DIR NAME...   prints table rows
 *        bench-shim idle SECONDS PID...                         CPU of one of them, us per second
 *
 * DIR/steps has a line "STEP KIND GOAL WORDS" for each step, and DIR/NAME/STEP is the program that takes it.
 * KIND is `quiet` (not measured), `client` or `alone`. CPU is that of everything, as the file
 * $BENCH_CPU (cpuacct.usage) counts it, until a moment after the step's end, as shims end after their client;
 * "own" is that without containerd and the client. Ratios are of the last NAME to each of the others, and
 * GOAL is beside own, or beside all for what runs alone. One round comes first and doesn't count.
 */
#include <errno.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench-lib.h"

#define MAX_NAMES 4
#define MAX_STEPS 16
#define SETTLE_US 60000

extern char **environ;

enum { CPU, OWN, WALL, N_SERIES };

struct step {
	char name[32], kind[16], goal[16], words[64];
	double *v[MAX_NAMES][N_SERIES];
};

/* CPU of a process and of all its threads, also of those that are no more. */
static double process_ms(pid_t pid)
{
	struct timespec t;
	clockid_t clock;

	errno = clock_getcpuclockid(pid, &clock);
	if (errno || clock_gettime(clock, &t))
		die("the clock of a process");
	return 1000.0 * (double)t.tv_sec + (double)t.tv_nsec / 1e6;
}

static double ms(struct timeval t)
{
	return 1000.0 * (double)t.tv_sec + (double)t.tv_usec / 1000.0;
}

/* Run the program and give its own CPU. */
static double run(const char *path, double *wall)
{
	char *argv[] = { (char *)path, NULL };
	double began = now_ms();
	struct rusage usage;
	int status;
	pid_t pid;

	errno = posix_spawn(&pid, path, NULL, NULL, argv, environ);
	if (errno || wait4(pid, &status, 0, &usage) != pid)
		die(path);
	*wall = now_ms() - began;
	if (status) {
		fprintf(stderr, "bench-shim: %s failed\n", path);
		exit(1);
	}
	return ms(usage.ru_utime) + ms(usage.ru_stime);
}

static void take(const struct step *s, const char *dir, const char *name, pid_t containerd,
		 double v[N_SERIES])
{
	double before = cpu_ms(), containerds = process_ms(containerd), client;
	char path[256];

	snprintf(path, sizeof(path), "%s/%s/%s", dir, name, s->name);
	client = run(path, &v[WALL]);
	usleep(SETTLE_US);
	v[CPU] = cpu_ms() - before;
	v[OWN] = v[CPU] - client - (process_ms(containerd) - containerds);
}

static int read_steps(const char *dir, struct step *steps)
{
	char path[256];
	int n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/steps", dir);
	f = fopen(path, "r");
	if (!f)
		die(path);
	while (n < MAX_STEPS && fscanf(f, "%31s %15s %15s %63[^\n]", steps[n].name, steps[n].kind,
				       steps[n].goal, steps[n].words) == 4)
		n++;
	fclose(f);
	return n;
}

/* One row: the series `what` of all runtimes. */
static void print(struct step *s, const char *unit, int what, int n, int rounds)
{
	bool has_goal = what == (strcmp(s->kind, "alone") ? OWN : CPU);
	double ratio[MAX_NAMES];

	for (int k = 0; k < n - 1; k++)
		ratio[k] = median_ratio(s->v[n - 1][what], s->v[k][what], rounds);
	printf("| %s: %s |", s->words, unit);
	for (int k = 0; k < n; k++)
		printf(" %.1f |", median(s->v[k][what], rounds));
	for (int k = 0; k < n - 1; k++)
		printf(" %.2f |", ratio[k]);
	printf(" %s |\n", has_goal && strcmp(s->goal, "-") ? s->goal : "");
}

static int measure(int rounds, pid_t containerd, const char *dir, char **names)
{
	static struct step steps[MAX_STEPS];
	int n_steps = read_steps(dir, steps), n = 0;
	double v[N_SERIES];

	while (names[n])
		n++;
	if (n > MAX_NAMES)
		die("too many names");
	for (int i = 0; i < n_steps * n * N_SERIES; i++)
		steps[i / n / N_SERIES].v[i / N_SERIES % n][i % N_SERIES] = numbers(rounds);
	for (int i = -1; i < rounds; i++)
		for (int k = 0; k < n * n_steps; k++) {
			struct step *s = &steps[k % n_steps];

			take(s, dir, names[k / n_steps], containerd, v);
			for (int what = 0; i >= 0 && what < N_SERIES; what++)
				s->v[k / n_steps][what][i] = v[what];
		}
	for (struct step *s = steps; s < steps + n_steps; s++) {
		if (!strcmp(s->kind, "quiet"))
			continue;
		print(s, "CPU, ms", CPU, n, rounds);
		if (!strcmp(s->kind, "client"))
			print(s, "own CPU, ms", OWN, n, rounds);
		print(s, "wall, ms", WALL, n, rounds);
	}
	return 0;
}

static int idle(int seconds, char **pids)
{
	double before = 0, after = 0;
	int n = 0;

	for (; pids[n]; n++)
		before += process_ms(atoi(pids[n]));
	sleep((unsigned int)seconds);
	for (int i = 0; i < n; i++)
		after += process_ms(atoi(pids[i]));
	printf("%.1f\n", (after - before) * 1000 / n / seconds);
	return 0;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	if (!strcmp(mode, "measure") && argc > 6 && atoi(argv[2]) > 0)
		return measure(atoi(argv[2]), atoi(argv[3]), argv[4], argv + 5);
	if (!strcmp(mode, "idle") && argc > 3 && atoi(argv[2]) > 0)
		return idle(atoi(argv[2]), argv + 3);
	fprintf(stderr, "bench-shim: see the top of hack/bench-shim.c\n");
	return 2;
}
