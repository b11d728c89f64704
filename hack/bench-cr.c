/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench-cr.c - how long a program stands still for a checkpoint, with several runtimes in turn
 *
 * usage: bench-cr beat FILE PROCESSES MIB          the program in the container
 *        bench-cr measure ROUNDS ROW DIR NAME...   prints table rows; ratios are to the first NAME
 *        bench-cr cycles ROUNDS DIR NAME           checkpoint and restore again and again
 *        bench-cr own FILE COMMAND [ARG...]        runs it; a line of FILE is its own CPU in ms
 *
 * `beat` maps FILE, which is bind-mounted, and notes each millisecond that it is there; the gap is
 * the longest time that it wasn't. PROCESSES - 1 children sleep, MIB of memory are in use.
 * DIR/NAME holds the FILE as `beat`, and three programs: `live` makes a checkpoint that leaves the container
 * running, `dump` one that ends it, `restore` brings it back. CPU is that of everything, as the
 * file $BENCH_CPU (cpuacct.usage) counts it. One round comes first and doesn't count.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench-lib.h"

#define MAX_RUNTIMES 8
#define PAGE_BYTES   4096
#define PAUSE_US     50000    /* for what the kernel still has to clean up */
#define PATIENCE_US  60000000 /* until the program must be running again */

extern char **environ;

struct beat {
	volatile int64_t last_us, gap_us;
};

enum { LIVE, COLD, LIVE_CPU, DUMP_CPU, RESTORE_CPU, FREEZING, N_SERIES };

struct runtime {
	const char *name;
	char path[3][256];
	char stats[256];
	struct beat *beat;
	double *v[N_SERIES], ratio[2];
};

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

static struct beat *map_beat(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	struct beat *b = mmap(NULL, sizeof(*b), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (fd < 0 || b == MAP_FAILED)
		die(path);
	close(fd);
	return b;
}

/* --- in the container ----------------------------------------------------------------------------- */

static void use_memory(size_t mib)
{
	size_t bytes = mib << 20;
	char *p = malloc(bytes);

	if (!p)
		die("malloc");
	for (size_t i = 0; i < bytes; i += PAGE_BYTES)
		memset(p + i, (int)(i / PAGE_BYTES % 255) + 1, PAGE_BYTES);
}

static _Noreturn void beat(const char *file, int processes, size_t mib)
{
	const struct timespec ms = { .tv_nsec = 1000000 };
	struct beat *b = map_beat(file);

	while (--processes > 0)
		if (fork() == 0)
			for (;;)
				pause();
	use_memory(mib);
	for (int64_t last = now_us();;) {
		int64_t now = now_us();

		if (now - last > b->gap_us)
			b->gap_us = now - last;
		last = now;
		b->last_us = now;
		nanosleep(&ms, NULL);
	}
}

/* --- outside -------------------------------------------------------------------------------------- */

static double run(const char *path)
{
	char *argv[] = { (char *)path, NULL };
	double before = cpu_ms();
	int status;
	pid_t pid;

	if (posix_spawn(&pid, path, NULL, NULL, argv, environ) || waitpid(pid, &status, 0) != pid)
		die(path);
	if (status) {
		fprintf(stderr, "bench-cr: %s failed\n", path);
		exit(1);
	}
	return cpu_ms() - before;
}

/* Wait until the program has been there again since now; gives the gap. */
static double gap_ms(const struct beat *b)
{
	int64_t now = now_us();

	while (b->last_us <= now) {
		if (now_us() - now > PATIENCE_US) {
			fprintf(stderr, "bench-cr: the program doesn't run any more\n");
			exit(1);
		}
		usleep(500);
	}
	return (double)b->gap_us / 1000;
}

/* A varint's value; its field's number and type come before it. */
static uint64_t varint(const unsigned char **p)
{
	uint64_t v = 0;
	int shift = 0;

	for (; **p & 0x80; shift += 7)
		v |= (uint64_t)(*(*p)++ & 0x7f) << shift;
	return v | (uint64_t) * (*p)++ << shift;
}

/* The freezing time of CRIU's stats-dump: magics, length, field 1 (a message), its field 1. */
static double freezing_ms(const char *path)
{
	unsigned char bytes[64] = { 0 };
	const unsigned char *p = bytes + 12;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return 0; /* Docker keeps none */
	if (fd < 0 || read(fd, bytes, sizeof(bytes) - 16) < 20 || *p++ != 0x0a)
		die(path);
	close(fd);
	varint(&p);
	p++;
	return (double)varint(&p) / 1000;
}

static void measure_round(struct runtime *r, int round)
{
	double v[N_SERIES];

	usleep(PAUSE_US);
	r->beat->gap_us = 0;
	v[LIVE_CPU] = run(r->path[0]);
	v[LIVE] = gap_ms(r->beat);
	usleep(PAUSE_US);
	r->beat->gap_us = 0;
	v[DUMP_CPU] = run(r->path[1]);
	v[FREEZING] = freezing_ms(r->stats);
	v[RESTORE_CPU] = run(r->path[2]);
	v[COLD] = gap_ms(r->beat);
	for (int i = 0; round >= 0 && i < N_SERIES; i++)
		r->v[i][round] = v[i];
}

static void open_runtime(struct runtime *r, const char *dir, const char *name, int rounds)
{
	static const char *const steps[] = { "live", "dump", "restore" };
	char file[256];

	r->name = name;
	for (int i = 0; i < 3; i++)
		snprintf(r->path[i], sizeof(r->path[i]), "%s/%s/%s", dir, name, steps[i]);
	snprintf(r->stats, sizeof(r->stats), "%s/%s/images/stats-dump", dir, name);
	snprintf(file, sizeof(file), "%s/%s/beat", dir, name);
	r->beat = map_beat(file);
	for (int i = 0; i < N_SERIES; i++)
		r->v[i] = numbers(rounds);
}

static int measure(int rounds, const char *row, const char *dir, char **names)
{
	static struct runtime r[MAX_RUNTIMES];
	int n = 0;

	for (; names[n] && n < MAX_RUNTIMES; n++)
		open_runtime(&r[n], dir, names[n], rounds);
	for (int i = -1; i < rounds; i++)
		for (int k = 0; k < n; k++)
			measure_round(&r[k], i);
	/* before the medians sort them */
	for (int k = 0; k < n; k++)
		for (int s = LIVE; s <= COLD; s++)
			r[k].ratio[s] = median_ratio(r[k].v[s], r[0].v[s], rounds);
	for (int k = 0; k < n; k++)
		printf("| %s | %s | %.0f | %.2f | %.0f | %.2f | %.0f | %.0f | %.0f | %.1f |\n", row,
		       r[k].name, median(r[k].v[LIVE], rounds), r[k].ratio[LIVE],
		       median(r[k].v[COLD], rounds), r[k].ratio[COLD],
		       median(r[k].v[LIVE_CPU], rounds), median(r[k].v[DUMP_CPU], rounds),
		       median(r[k].v[RESTORE_CPU], rounds), median(r[k].v[FREEZING], rounds));
	return 0;
}

static int cycles(int rounds, const char *dir, const char *name)
{
	struct runtime r;
	int slow = 0;

	open_runtime(&r, dir, name, rounds);
	for (int i = -1; i < rounds; i++)
		measure_round(&r, i);
	for (int i = 0; i < rounds; i++)
		slow += r.v[FREEZING][i] > 5;
	printf("| %d | %.0f | %.0f | %.0f | %.0f | %d of %d |\n", rounds, r.v[COLD][0],
	       r.v[COLD][rounds - 1], median(r.v[COLD], rounds / 2),
	       median(r.v[COLD] + rounds / 2, rounds - rounds / 2), rounds - slow, rounds);
	return 0;
}

/* What its children take (CRIU) isn't counted, also before they are CRIU. */
static int own(const char *file, char **argv)
{
	char path[64];
	siginfo_t ended;
	double ns;
	int status;
	FILE *f;
	pid_t pid;

	if (posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ) ||
	    waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOWAIT))
		die(argv[0]);
	snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)pid);
	f = fopen(path, "r");
	if (!f || fscanf(f, "%lf", &ns) != 1)
		die(path);
	fclose(f);
	f = fopen(file, "a");
	if (!f || fprintf(f, "%.3f\n", ns / 1e6) < 0 || fclose(f))
		die(file);
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	if (!strcmp(mode, "beat") && argc == 5)
		beat(argv[2], atoi(argv[3]), (size_t)atoi(argv[4]));
	if (!strcmp(mode, "measure") && argc > 5 && atoi(argv[2]) > 0)
		return measure(atoi(argv[2]), argv[3], argv[4], argv + 5);
	if (!strcmp(mode, "own") && argc > 3)
		return own(argv[2], argv + 3);
	if (!strcmp(mode, "cycles") && argc == 5 && atoi(argv[2]) > 1)
		return cycles(atoi(argv[2]), argv[3], argv[4]);
	fprintf(stderr, "bench-cr: see the top of hack/bench-cr.c\n");
	return 2;
}
