/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>

#include "core/plan/external_problem.h"

/* A message has to hold several of them. */
#define MAX_TEXT 800

static void join(struct external_plan *plan, const char **to, const char *text)
{
	*to = *to ? arena_printf(&plan->arena, "%s; %s", *to, text)
		  : arena_strdup(&plan->arena, text);
}

void external_problem(const struct external_judge *judge, size_t i, enum err_kind kind,
		      const char *fmt, ...)
{
	struct external_mount *m = &judge->plan->v[i];
	char text[MAX_TEXT];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	join(judge->plan, &m->problem, text);
	findings_add(judge->findings, kind, "%.512s: %s", m->mountpoint, text);
}

void external_note(struct external_plan *plan, size_t i, const char *fmt, ...)
{
	char text[MAX_TEXT];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	join(plan, &plan->v[i].note, text);
}
