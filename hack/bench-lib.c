/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench-lib.h"

void die(const char *what)
{
	fprintf(stderr, "%s%s%s\n", what, errno ? ": " : "", errno ? strerror(errno) : "");
	exit(1);
}

double *numbers(int n)
{
	double *v = calloc((size_t)n, sizeof(*v));

	if (!v)
		die("calloc");
	return v;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double median(double *v, int n)
{
	qsort(v, (size_t)n, sizeof(*v), by_value);
	return (v[n / 2] + v[(n - 1) / 2]) / 2;
}

double median_ratio(const double *a, const double *b, int n)
{
	double *ratio = numbers(n), m;

	for (int i = 0; i < n; i++)
		ratio[i] = a[i] / b[i];
	m = median(ratio, n);
	free(ratio);
	return m;
}

double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return 1000.0 * (double)t.tv_sec + (double)t.tv_nsec / 1e6;
}

double cpu_ms(void)
{
	const char *path = getenv("BENCH_CPU");
	FILE *f = fopen(path ? path : "", "r");
	double ns;

	if (!f || fscanf(f, "%lf", &ns) != 1)
		die("BENCH_CPU");
	fclose(f);
	return ns / 1e6;
}
