/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench-lib.h - what the programs of hack/bench share
 */
#ifndef KEDGE_HACK_BENCH_LIB_H
#define KEDGE_HACK_BENCH_LIB_H

/* Say what failed, with errno's words if it is set, and exit. */
_Noreturn void die(const char *what);

/* A series of `n` numbers, all 0. Never freed. */
double *numbers(int n);

/* The median of the `n` numbers, which are sorted for it. */
double median(double *v, int n);

/* The median of a[i] / b[i]. */
double median_ratio(const double *a, const double *b, int n);

/* Time that only goes forward. */
double now_ms(void);

/* CPU of everything in the test host so far, by the file $BENCH_CPU (cpuacct.usage). */
double cpu_ms(void);

#endif
