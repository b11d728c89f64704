/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/str.h"
#include "core/plan/task_creds.h"

#define SECCOMP_FILTERED "2"

/* --- the text ----------------------------------------------------------------------------------- */

/* The value on the line "FIELD:\t", up to the newline; NULL if there is none. The name is escaped. */
static const char *find_field(const char *text, const char *field)
{
	size_t n = strlen(field);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, field, n) && line[n] == ':')
			return line + n + 1 + strspn(line + n + 1, "\t ");
	}
	return NULL;
}

static bool is_value(const char *value, const char *wanted)
{
	size_t n = strlen(wanted);

	return value && !strncmp(value, wanted, n) && (!value[n] || value[n] == '\n');
}

/* "4711\t12\t7": one number per pid namespace, the innermost last. Before Linux 4.1 there is none. */
static int innermost(const char *text, const char *field, const char *fallback)
{
	const char *value = find_field(text, field);
	size_t n;

	if (!value)
		value = find_field(text, fallback);
	if (!value)
		return 0;
	n = strcspn(value, "\n");
	while (n && value[n - 1] != '\t' && value[n - 1] != ' ')
		n--;
	return atoi(value + n);
}

static int parse_caps(const char *text, struct task_creds *out, struct err *err)
{
	static const char *const fields[SPEC_CAP_SETS] = {
		[SPEC_CAP_BOUNDING] = "CapBnd",	 [SPEC_CAP_EFFECTIVE] = "CapEff",
		[SPEC_CAP_PERMITTED] = "CapPrm", [SPEC_CAP_INHERITABLE] = "CapInh",
		[SPEC_CAP_AMBIENT] = "CapAmb",
	};

	for (size_t i = 0; i < SPEC_CAP_SETS; i++) {
		const char *value = find_field(text, fields[i]);
		char *end = NULL;

		if (value)
			out->caps[i] = strtoull(value, &end, 16);
		if (value && end > value && (!*end || *end == '\n'))
			continue;
		/* Linux 4.3 brought the ambient set */
		if (value || i != SPEC_CAP_AMBIENT)
			return err_set(err, ERR_INVALID, "no %s that can be read", fields[i]);
	}
	return 0;
}

int task_creds_parse(const char *text, struct task_creds *out, struct err *err)
{
	const char *name = find_field(text, "Name"), *state = find_field(text, "State");
	struct task_creds task = { 0 };

	if (!name || !state)
		return err_set(err, ERR_INVALID, "no %s", name ? "State" : "Name");
	if (parse_caps(text, &task, err))
		return -1;
	snprintf(task.name, sizeof(task.name), "%.*s", (int)strcspn(name, "\n"), name);
	task.state = *state;
	task.pid = innermost(text, "NStgid", "Tgid");
	task.tid = innermost(text, "NSpid", "Pid");
	task.no_new_privileges = is_value(find_field(text, "NoNewPrivs"), "1");
	task.is_filtered = is_value(find_field(text, "Seccomp"), SECCOMP_FILTERED);
	*out = task;
	return 0;
}

/* --- the verdict -------------------------------------------------------------------------------- */

bool task_creds_exceed(const struct spec *spec, const struct task_creds *task,
		       struct task_excess *out)
{
	const struct spec_process *p = &spec->process;
	const uint64_t *given = p->capabilities; /* without process.capabilities: none at all */
	/* capset(2) lets a process make inheritable what the bounding set has */
	uint64_t inheritable = given[SPEC_CAP_BOUNDING] | given[SPEC_CAP_INHERITABLE];
	/* execve(2) cuts what root or a file would gain down to what there was */
	uint64_t usable = p->no_new_privileges ? given[SPEC_CAP_PERMITTED] : inheritable;
	struct task_excess excess = { 0 };

	excess.caps = (task->caps[SPEC_CAP_PERMITTED] | task->caps[SPEC_CAP_EFFECTIVE] |
		       task->caps[SPEC_CAP_AMBIENT]) &
		      ~usable;
	excess.caps |= task->caps[SPEC_CAP_INHERITABLE] & ~inheritable;
	excess.bounding = task->caps[SPEC_CAP_BOUNDING] & ~given[SPEC_CAP_BOUNDING] & ~excess.caps;
	excess.lacks_no_new_privileges = p->no_new_privileges && !task->no_new_privileges;
	excess.lacks_seccomp = spec->seccomp && !task->is_filtered;
	*out = excess;
	return excess.caps || excess.bounding || excess.lacks_no_new_privileges ||
	       excess.lacks_seccomp;
}

bool task_creds_has_profile(const char *current, const char *profile)
{
	const char *rest;

	if (!str_starts(current, profile))
		return false;
	rest = current + strlen(profile);
	return !*rest || *rest == '\n' || str_starts(rest, " (") || str_starts(rest, "//");
}
