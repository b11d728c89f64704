/* SPDX-License-Identifier: Apache-2.0 */
/*
 * external_problem.h - what is wrong with a row of the plan, or worth a word
 *
 * In       a plan, the row, a text without the mountpoint
 * Out      the row's `problem` or `note`, in the plan's arena; a finding that names the mountpoint
 * Effects  none
 */
#ifndef KEDGE_CORE_PLAN_EXTERNAL_PROBLEM_H
#define KEDGE_CORE_PLAN_EXTERNAL_PROBLEM_H

#include "core/plan/external.h"
#include "core/plan/findings.h"

/* The plan, and where its problems are collected. */
struct external_judge {
	struct external_plan *plan;
	struct findings *findings;
};

#define EXTERNAL_JUDGE(plan, findings) (&(const struct external_judge){ (plan), (findings) })

/* Say why row `i` is refused. Several texts are joined by "; ". */
void external_problem(const struct external_judge *judge, size_t i, enum err_kind kind,
		      const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Say what the user may want to know of row `i`. Several texts are joined by "; ". */
void external_note(struct external_plan *plan, size_t i, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
