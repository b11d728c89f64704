/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/ioprio.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/str.h"
#include "core/linux/limits.h"

static const char *const rlimit_names[RLIM_NLIMITS] = {
	[RLIMIT_AS] = "RLIMIT_AS",
	[RLIMIT_CORE] = "RLIMIT_CORE",
	[RLIMIT_CPU] = "RLIMIT_CPU",
	[RLIMIT_DATA] = "RLIMIT_DATA",
	[RLIMIT_FSIZE] = "RLIMIT_FSIZE",
	[RLIMIT_LOCKS] = "RLIMIT_LOCKS",
	[RLIMIT_MEMLOCK] = "RLIMIT_MEMLOCK",
	[RLIMIT_MSGQUEUE] = "RLIMIT_MSGQUEUE",
	[RLIMIT_NICE] = "RLIMIT_NICE",
	[RLIMIT_NOFILE] = "RLIMIT_NOFILE",
	[RLIMIT_NPROC] = "RLIMIT_NPROC",
	[RLIMIT_RSS] = "RLIMIT_RSS",
	[RLIMIT_RTPRIO] = "RLIMIT_RTPRIO",
	[RLIMIT_RTTIME] = "RLIMIT_RTTIME",
	[RLIMIT_SIGPENDING] = "RLIMIT_SIGPENDING",
	[RLIMIT_STACK] = "RLIMIT_STACK",
};

/* sched_setattr(2): the first version of the struct, which every kernel takes (Linux 3.14). */
struct sched_attributes {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime_ns;
	uint64_t deadline_ns;
	uint64_t period_ns;
};

static const char *rlimit_name(int resource)
{
	bool is_known = resource >= 0 && resource < RLIM_NLIMITS && rlimit_names[resource];

	return is_known ? rlimit_names[resource] : "rlimit";
}

/* The limit can't be raised above the hard one that is there: take as much of it as that allows. */
static int set_what_is_possible(pid_t pid, const struct spec_rlimit *want, struct err *err)
{
	const char *name = rlimit_name(want->resource);
	struct rlimit have, next;

	if (prlimit(pid, (enum __rlimit_resource)want->resource, NULL, &have))
		return err_sys(err, "read %s", name);
	next.rlim_max = want->hard < have.rlim_max ? want->hard : have.rlim_max;
	next.rlim_cur = want->soft < next.rlim_max ? want->soft : next.rlim_max;
	if (prlimit(pid, (enum __rlimit_resource)want->resource, &next, NULL))
		return err_sys(err, "set %s to %llu:%llu", name, (unsigned long long)want->soft,
			       (unsigned long long)want->hard);
	log_warn("%s %llu:%llu is more than this host allows: it is %llu:%llu", name,
		 (unsigned long long)want->soft, (unsigned long long)want->hard,
		 (unsigned long long)next.rlim_cur, (unsigned long long)next.rlim_max);
	return 0;
}

static int set_rlimit(pid_t pid, const struct spec_rlimit *want, struct err *err)
{
	const struct rlimit limit = { .rlim_cur = want->soft, .rlim_max = want->hard };

	if (!prlimit(pid, (enum __rlimit_resource)want->resource, &limit, NULL))
		return 0;
	if (errno == EPERM)
		return set_what_is_possible(pid, want, err);
	err_sys(err, "set %s to %llu:%llu", rlimit_name(want->resource),
		(unsigned long long)want->soft, (unsigned long long)want->hard);
	if (err && err->sys == EINVAL)
		err->kind = ERR_INVALID;
	return -1;
}

static int set_oom_score_adj(pid_t pid, int value, struct err *err)
{
	struct err why = { 0 };
	char path[64], text[16];

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int)pid);
	else
		snprintf(path, sizeof(path), "/proc/self/oom_score_adj");
	snprintf(text, sizeof(text), "%d", value);
	if (!fd_write_file(AT_FDCWD, path, text, &why))
		return 0;
	if (why.kind != ERR_DENIED) {
		if (err)
			*err = why;
		return -1;
	}
	log_warn("oomScoreAdj %d is lower than this host allows: it stays as it is", value);
	return 0;
}

int limits_apply(pid_t pid, const struct spec_process *process, struct err *err)
{
	for (size_t i = 0; i < process->n_rlimits; i++)
		if (set_rlimit(pid, &process->rlimits[i], err))
			return -1;
	if (process->has_oom_score_adj)
		return set_oom_score_adj(pid, process->oom_score_adj, err);
	return 0;
}

static int set_io_priority(int class, int level, struct err *err)
{
	int value = IOPRIO_PRIO_VALUE(class, level);

	if (syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, value))
		return err_sys(err, "set process.ioPriority to class %d, priority %d", class,
			       level);
	return 0;
}

static int set_scheduler(const struct spec_process *process, struct err *err)
{
	const struct sched_attributes a = {
		.size = sizeof(a),
		.policy = process->scheduler.policy,
		.flags = process->scheduler.flags,
		.nice = process->scheduler.nice,
		.priority = process->scheduler.priority,
		.runtime_ns = process->scheduler.runtime_ns,
		.deadline_ns = process->scheduler.deadline_ns,
		.period_ns = process->scheduler.period_ns,
	};

	if (!syscall(SYS_sched_setattr, 0, &a, 0))
		return 0;
	err_sys(err, "set process.scheduler to policy %u", a.policy);
	if (errno == EPERM && (a.policy == SCHED_FIFO || a.policy == SCHED_RR))
		err_hint(err, "real-time policies need CAP_SYS_NICE, and cpu.rt_runtime_us in the "
			      "container's cgroup on kernels with RT group scheduling");
	return -1;
}

int limits_apply_inside(const struct spec_process *process, struct err *err)
{
	if (process->has_io_priority &&
	    set_io_priority(process->io_priority_class, process->io_priority, err))
		return -1;
	return process->has_scheduler ? set_scheduler(process, err) : 0;
}

/* Digits up to the next character that isn't one; gives what is behind, or NULL. */
static const char *parse_cpu(const char *p, unsigned int *cpu)
{
	unsigned int v = 0;

	if (*p < '0' || *p > '9')
		return NULL;
	for (; *p >= '0' && *p <= '9'; p++) {
		v = v * 10 + (unsigned int)(*p - '0');
		if (v >= LIMITS_MAX_CPUS)
			return NULL;
	}
	*cpu = v;
	return p;
}

/* "N" or "N-M"; gives what is behind, or NULL. */
static const char *parse_range(const char *p, struct limits_cpus *cpus)
{
	const unsigned int word = 8 * sizeof(cpus->bits[0]);
	unsigned int first, last;

	p = parse_cpu(p, &first);
	if (!p)
		return NULL;
	last = first;
	if (*p == '-')
		p = parse_cpu(p + 1, &last);
	if (!p || last < first)
		return NULL;
	for (unsigned int cpu = first; cpu <= last; cpu++)
		cpus->bits[cpu / word] |= 1UL << cpu % word;
	return p;
}

int limits_parse_cpus(const char *list, struct limits_cpus *cpus, struct err *err)
{
	struct limits_cpus got = { 0 };
	const char *p = list;

	do {
		p = parse_range(p, &got);
	} while (p && *p == ',' && p++);
	if (!p || *p)
		return err_set(err, ERR_INVALID, "\"%s\" isn't a list of CPUs such as \"0-3,5\"",
			       list);
	*cpus = got;
	return 0;
}

int limits_pin(pid_t pid, const char *list, struct err *err)
{
	struct limits_cpus cpus;

	if (!list)
		return 0;
	if (limits_parse_cpus(list, &cpus, err))
		return err_wrap(err, "process.execCPUAffinity");
	if (!syscall(SYS_sched_setaffinity, pid, sizeof(cpus), &cpus))
		return 0;
	if (errno == EINVAL)
		return err_set(
			err, ERR_INVALID,
			"process.execCPUAffinity: the process may use none of the CPUs \"%s\"",
			list);
	return err_sys(err, "process.execCPUAffinity: pin to the CPUs \"%s\"", list);
}

int limits_personality(unsigned long persona, struct err *err)
{
	return personality(persona) < 0 ? err_sys(err, "set personality %#lx", persona) : 0;
}
