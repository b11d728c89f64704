/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/proc.h"
#include "core/cr/restored_creds.h"
#include "core/linux/cgroup.h"
#include "core/linux/creds.h"
#include "core/linux/lsm.h"
#include "core/plan/findings.h"
#include "core/plan/task_creds.h"

#define STATUS_MAX_BYTES (1U << 20)
#define LABEL_MAX_BYTES	 4096U
#define MAX_NAMED	 6

struct check {
	const struct spec *spec;
	bool has_apparmor;
	bool has_selinux;
	struct findings findings;
};

/* --- words -------------------------------------------------------------------------------------- */

/* "process 7 (sh)", "thread 9 of process 7 (sh)" */
static void add_name(struct buf *out, const struct task_creds *task)
{
	if (task->tid != task->pid)
		buf_addf(out, "thread %d of ", task->tid);
	buf_addf(out, "process %d (", task->pid);
	buf_visible(out, task->name);
	buf_str(out, ")");
}

static void add_caps(struct buf *out, uint64_t caps)
{
	size_t n = 0;

	for (unsigned int i = 0; i < 64; i++) {
		const char *name = creds_cap_name(i);

		if (!(caps >> i & 1) || n++ >= MAX_NAMED)
			continue;
		buf_str(out, n > 1 ? ", " : "");
		if (name)
			buf_str(out, name);
		else
			buf_addf(out, "capability %u", i);
	}
	if (n > MAX_NAMED)
		buf_addf(out, " and %zu more", n - MAX_NAMED);
}

static void report(struct check *k, const struct task_creds *task, const struct task_excess *excess)
{
	AUTO(buf_done) struct buf b = { 0 };

	add_name(&b, task);
	buf_str(&b, " has ");
	if (excess->caps || excess->bounding) {
		add_caps(&b, excess->caps ? excess->caps : excess->bounding);
		buf_addf(&b, "%s, which config.json doesn't give",
			 excess->caps ? "" : " in its bounding set");
	}
	if (excess->lacks_no_new_privileges)
		buf_addf(&b, "%sno no_new_privs, which config.json asks for",
			 excess->caps || excess->bounding ? ", and " : "");
	if (excess->lacks_seccomp)
		buf_addf(&b, "%sno seccomp filter, which config.json asks for",
			 excess->caps || excess->bounding || excess->lacks_no_new_privileges
				 ? ", and "
				 : "");
	findings_add(&k->findings, ERR_DENIED, "%s", b.p);
}

/* --- a thread ----------------------------------------------------------------------------------- */

static int check_label(struct check *k, int dirfd, const struct task_creds *task, struct err *err)
{
	const struct spec_process *p = &k->spec->process;
	bool has_profile = k->has_apparmor && p->apparmor_profile && *p->apparmor_profile &&
			   !str_eq(p->apparmor_profile, "unconfined");
	bool has_label = k->has_selinux && p->selinux_label && *p->selinux_label;
	const char *wanted = has_profile ? p->apparmor_profile : p->selinux_label;
	AUTO(buf_done) struct buf label = { 0 }, name = { 0 }, seen = { 0 };

	if (!has_profile && !has_label)
		return 0;
	/* each module has its own directory since Linux 5.1 */
	if ((!has_profile ||
	     fd_read_file(dirfd, "attr/apparmor/current", LABEL_MAX_BYTES, &label, NULL)) &&
	    fd_read_file(dirfd, "attr/current", LABEL_MAX_BYTES, &label, err))
		return -1;
	label.p[strcspn(label.p, "\n")] = '\0';
	if (has_profile ? task_creds_has_profile(label.p, wanted) : str_eq(label.p, wanted))
		return 0;
	add_name(&name, task);
	buf_visible(&seen, label.p);
	findings_add(&k->findings, ERR_DENIED, "%s has the %s \"%s\", config.json says \"%s\"",
		     name.p, has_profile ? "AppArmor profile" : "SELinux label", seen.p, wanted);
	return 0;
}

static int check_thread(struct check *k, int dirfd, struct err *err)
{
	AUTO(buf_done) struct buf text = { 0 };
	struct task_creds task;
	struct task_excess excess;

	if (fd_read_file(dirfd, "status", STATUS_MAX_BYTES, &text, err) ||
	    task_creds_parse(text.p, &task, err))
		return -1;
	if (task.state == 'Z' || task.state == 'X')
		return 0;
	if (task_creds_exceed(k->spec, &task, &excess))
		report(k, &task, &excess);
	return check_label(k, dirfd, &task, err);
}

/* --- a process ---------------------------------------------------------------------------------- */

static int check_threads(struct check *k, pid_t pid, struct err *err)
{
	auto_free char *path = xasprintf("/proc/%d/task", (int)pid);
	DIR *dir = opendir(path);
	struct dirent *entry;
	int ret = 0;

	if (!dir)
		return err_sys(err, "open %s", path);
	while (!ret && (errno = 0, entry = readdir(dir))) {
		auto_fd int fd = -1;

		if (*entry->d_name == '.')
			continue;
		fd = openat(dirfd(dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		ret = fd < 0 ? err_sys(err, "open %s", entry->d_name) : check_thread(k, fd, err);
	}
	if (!ret && errno)
		ret = err_sys(err, "read %s", path);
	closedir(dir);
	return ret ? err_wrap(err, "%s", path) : 0;
}

static bool has_pid(const pid_t *pids, size_t n, pid_t pid)
{
	for (size_t i = 0; i < n; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

static bool is_ours(const struct restored_helpers *ours, pid_t pid)
{
	return pid == ours->criu || (ours->holder && pid == ours->holder);
}

static int check_all(struct check *k, const pid_t *pids, size_t n,
		     const struct restored_helpers *ours, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (!is_ours(ours, pids[i]) && check_threads(k, pids[i], err))
			return -1;
	if (!findings_end(&k->findings))
		return 0;
	return err_hint(err, "if the checkpoint was made that way and may be trusted, give it all "
			     "that in config.json");
}

static void end(pid_t pid)
{
	if (kill(pid, SIGKILL) && errno != ESRCH)
		log_warn("end process %d: %s", (int)pid, strerror(errno));
}

/*
 * Held by CRIU they can't be gone meanwhile. CRIU goes last, as it would let them run, but go it
 * must: it would wait for the first one, which waits for those that CRIU hasn't reaped.
 */
static void end_all(const struct container *c, const pid_t *pids, size_t n,
		    const struct restored_helpers *ours)
{
	if (!n)
		cgroup_signal_all(&c->cgroup, SIGKILL, NULL);
	for (size_t i = 0; i < n; i++)
		if (!is_ours(ours, pids[i]))
			end(pids[i]);
	end(ours->criu);
}

int restored_creds_check(const struct container *c, const struct spec *spec, pid_t root,
			 const struct restored_helpers *ours, struct err *err)
{
	struct check k = { .spec = spec,
			   .has_apparmor = lsm_has_apparmor(),
			   .has_selinux = lsm_has_selinux(),
			   .findings = { .err = err } };
	auto_free pid_t *pids = NULL;
	size_t n = 0;
	int ret = cgroup_pids(&c->cgroup, &pids, &n, err);

	if (!ret && !has_pid(pids, n, root))
		ret = err_set(err, ERR_STATE, "the restored process %d isn't in its cgroup",
			      (int)root);
	if (!ret)
		ret = check_all(&k, pids, n, ours, err);
	if (ret)
		end_all(c, pids, n, ours);
	return ret;
}
