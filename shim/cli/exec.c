/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "core/base/fd.h"
#include "core/base/proc.h"
#include "core/linux/creds.h"
#include "core/run/exec.h"
#include "oci/config.h"
#include "shim/cli/commands.h"
#include "shim/cli/exec.h"
#include "shim/cli/launch.h"

#define ID_MAX 4294967294U /* 2^32-1 is the kernel's "no id" */

#define AT(field) CLI_AT(struct exec_values, field)

static const struct cli_option exec_options[] = {
	{ AT(detach), 'd', "detach", NULL, "return when the program has been started" },
	{ AT(tty), 't', "tty", NULL, "give it a terminal" },
	{ AT(console_socket), 0, "console-socket", "PATH",
	  "unix socket that is sent the terminal's master end" },
	{ AT(user), 'u', "user", "UID[:GID]", "run as these ids (default: the container's)" },
	{ AT(additional_gids), 'g', "additional-gids", "GID", "one more group (repeatable)" },
	{ AT(cwd), 0, "cwd", "DIR", "working directory in the container" },
	{ AT(env), 'e', "env", "NAME=VALUE", "set a variable (repeatable)" },
	{ AT(caps), 'c', "cap", "CAP_NAME", "give it one more capability (repeatable)" },
	{ AT(no_new_privs), 0, "no-new-privs", NULL, "set no_new_privs" },
	{ AT(process_label), 0, "process-label", "LABEL", "SELinux label" },
	{ AT(apparmor), 0, "apparmor", "PROFILE", "AppArmor profile" },
	{ AT(process), 'p', "process", "FILE",
	  "take the process from this process.json; the flags above and COMMAND do not "
	  "count then" },
	{ AT(cgroup), 0, "cgroup", "[CTRL,...:]PATH", "run in this cgroup below the container's" },
	{ AT(ignore_paused), 0, "ignore-paused", NULL, "also into a paused container" },
	{ AT(pid_file), 0, "pid-file", "FILE", "write the program's pid to FILE" },
	{ AT(pidfd_socket), 0, "pidfd-socket", "PATH",
	  "unix socket that is sent a pidfd on the program" },
	{ AT(preserve_fds), 0, "preserve-fds", "N", "pass on N fds, from 3 on" },
	{ 0 },
};

int exec_parse_user(const char *text, uint32_t *uid, uint32_t *gid, struct err *err)
{
	auto_free char *user = xstrdup(text);
	char *group = strchr(user, ':');
	unsigned long long u, g = *gid;

	if (group)
		*group++ = '\0';
	if (str_to_u64(user, ID_MAX, &u) || (group && str_to_u64(group, ID_MAX, &g))) {
		err_set(err, ERR_INVALID, "--user %s: it is not UID or UID:GID in decimal digits",
			text);
		return err_hint(err, "names are not looked up in the container: give numbers");
	}
	*uid = (uint32_t)u;
	*gid = (uint32_t)g;
	return 0;
}

/* One variable, in place of the config's of the same name: getenv() finds the first. */
static int set_env(struct spec_strings *env, char *text, struct err *err)
{
	size_t name = strcspn(text, "=");
	size_t i = 0;

	if (!name || !text[name])
		return err_set(err, ERR_INVALID, "--env %s: it is not NAME=VALUE", text);
	while (i < env->n && strncmp(env->v[i], text, name + 1))
		i++;
	env->v[i] = text;
	env->n += i == env->n;
	return 0;
}

static int add_env(const struct strv *add, struct arena *arena, struct spec_strings *env,
		   struct err *err)
{
	char **v;

	if (!add->n)
		return 0;
	v = arena_array(arena, env->n + add->n + 1, sizeof(*v));
	if (env->n)
		memcpy(v, env->v, env->n * sizeof(*v));
	env->v = v;
	for (size_t i = 0; i < add->n; i++) {
		if (set_env(env, add->v[i], err))
			return -1;
	}
	return 0;
}

static int add_groups(const struct strv *add, struct arena *arena, struct spec_process *p,
		      struct err *err)
{
	size_t n = p->user.n_additional_gids;
	uint32_t *gids;

	if (!add->n)
		return 0;
	gids = arena_array(arena, n + add->n, sizeof(*gids));
	if (n)
		memcpy(gids, p->user.additional_gids, n * sizeof(*gids));
	for (size_t i = 0; i < add->n; i++, n++) {
		unsigned long long gid;

		if (str_to_u64(add->v[i], ID_MAX, &gid))
			return err_set(err, ERR_INVALID,
				       "--additional-gids %s: it is not a group id", add->v[i]);
		gids[n] = (uint32_t)gid;
	}
	p->user.additional_gids = gids;
	p->user.n_additional_gids = n;
	return 0;
}

/*
 * As runc: never inheritable (CVE-2022-29162), and ambient only where the config has inheritable
 * ones, as the kernel wants both.
 */
static int add_caps(const struct strv *add, struct spec_process *p, struct err *err)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < add->n; i++) {
		int number = creds_cap_from_name(add->v[i]);

		if (number < 0)
			return err_set(err, ERR_INVALID,
				       "--cap %s: it is not a capability (like CAP_NET_ADMIN)",
				       add->v[i]);
		bits |= 1ULL << number;
	}
	if (!bits)
		return 0;
	p->has_capabilities = true;
	p->capabilities[SPEC_CAP_BOUNDING] |= bits;
	p->capabilities[SPEC_CAP_PERMITTED] |= bits;
	p->capabilities[SPEC_CAP_EFFECTIVE] |= bits;
	if (p->capabilities[SPEC_CAP_INHERITABLE])
		p->capabilities[SPEC_CAP_AMBIENT] |= bits & p->capabilities[SPEC_CAP_INHERITABLE];
	return 0;
}

int exec_build_process(const struct exec_values *v, char **args, struct arena *arena,
		       struct spec_process *process, struct err *err)
{
	struct spec_process p = *process;

	p.args = (struct spec_strings){ .v = args };
	while (args[p.args.n])
		p.args.n++;
	if (!p.args.n) {
		err_set(err, ERR_INVALID, "process args cannot be empty");
		return err_hint(err, "usage: kedge exec [OPTIONS] ID COMMAND [ARG...]");
	}
	p.terminal = v->tty;
	if (v->cwd)
		p.cwd = arena_strdup(arena, v->cwd);
	if (p.cwd[0] != '/')
		return err_set(err, ERR_INVALID, "--cwd %s: it must be an absolute path", p.cwd);
	if (v->apparmor)
		p.apparmor_profile = arena_strdup(arena, v->apparmor);
	if (v->process_label)
		p.selinux_label = arena_strdup(arena, v->process_label);
	if (v->no_new_privs.given)
		p.no_new_privileges = v->no_new_privs.on;
	if (v->user && exec_parse_user(v->user, &p.user.uid, &p.user.gid, err))
		return -1;
	if (add_groups(&v->additional_gids, arena, &p, err) || add_caps(&v->caps, &p, err) ||
	    add_env(&v->env, arena, &p.env, err))
		return -1;
	*process = p;
	return 0;
}

/* What to run, from process.json or from the flags. */
static int find_process(const struct cli *cli, struct stored *l, struct spec_process *p,
			struct err *err)
{
	const struct exec_values *v = cli->values;
	char **args = cli->args + 1;

	if (v->process)
		return oci_process_load(v->process, &l->spec.arena, p, err);
	if (!l->spec.has_process)
		return err_set(err, ERR_INVALID, "container %s has no process in its config",
			       l->c.id);
	*p = l->spec.process;
	if (*args && !strcmp(*args, "--"))
		args++;
	return exec_build_process(v, args, &l->spec.arena, p, err);
}

/* The program runs: see to the pidfd, and in the foreground to the program itself. */
static int finish(const struct exec_values *v, struct attach *attach, pid_t pid, int master,
		  struct err *err)
{
	auto_fd int owned = master;
	auto_pid pid_t doomed = pid;
	int status = 0;

	if (launch_send_pidfd(pid, v->pidfd_socket, err))
		return -1;
	doomed = -1;
	if (!v->detach && attach_wait(attach, pid, take_fd(&owned), &status, err))
		return -1;
	return status;
}

static int run_exec(const struct cli *cli, struct err *err)
{
	const struct exec_values *v = cli->values;
	AUTO(stored_done) struct stored l = STORED_EMPTY;
	AUTO(attach_done) struct attach attach = { .signal_fd = -1 };
	struct spec_process process = { 0 };
	struct launch launch = {
		.detach = v->detach,
		.no_subreaper = true,
		.console_socket = v->console_socket,
		.preserve_fds = v->preserve_fds,
	};
	struct exec_request req = {
		.spec = &l.spec,
		.process = &process,
		.console_socket = v->console_socket,
		.pid_file = v->pid_file,
		.cgroup = v->cgroup,
		.preserve_fds = v->preserve_fds,
		.ignore_paused = v->ignore_paused,
	};
	int master = -1;
	pid_t pid;

	if (load_container_spec(cli, &l, err) || find_process(cli, &l, &process, err) ||
	    launch_check(&launch, process.terminal, err) || launch_begin(&launch, &attach, err))
		return -1;
	if (!v->detach)
		attach_take_size(&process);
	req.wants_master = process.terminal && !v->detach;
	if (exec_process(&l.c, &req, &pid, &master, err))
		return -1;
	return finish(v, &attach, pid, master, err);
}

const struct cli_command command_exec = {
	.name = "exec",
	.group = "Running containers",
	.summary = "run another program in a container",
	.args = "ID COMMAND [ARG...]",
	.details = "The program gets the environment, capabilities, limits and profiles of the\n"
		   "container's own. The exit status is the program's, or 255 if it could not be\n"
		   "started.\n\n"
		   "Examples:\n"
		   "  kedge exec web ps -ef\n"
		   "  kedge exec -t -u 1000:1000 web sh\n",
	.min_args = 1,
	.max_args = CLI_ANY_ARGS,
	.options = exec_options,
	.values_bytes = sizeof(struct exec_values),
	.in_order = true,
	.is_sealed = true,
	.failure_status = 255,
	.run = run_exec,
};
