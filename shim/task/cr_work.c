/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/version.h"
#include "core/cr/packed.h"
#include "core/cr/restore.h"
#include "core/run/control.h"
#include "core/run/holder.h"
#include "oci/stored.h"
#include "shim/task/cr_words.h"
#include "shim/task/cr_work.h"

#define OPTIONS_MAX_BYTES (1U << 20)

/* What holds on this host for a namespace's tasks, whoever made them: ETC/NAMESPACE.toml */
#define ETC "/etc/kedge"

/* After a failed restore containerd removes the bundle, and nobody could read a log in there. */
#define LOGS "/var/log/kedge"

static int take_file(struct cr_settings *settings, const char *path, struct err *err)
{
	AUTO(buf_done) struct buf file = { 0 };

	if (fd_read_file(AT_FDCWD, path, OPTIONS_MAX_BYTES, &file, err))
		return -1;
	return cr_settings_take_body(settings, file.p, file.n, err) ? err_wrap(err, "%s", path) : 0;
}

int cr_work_settings(const struct task *task, const struct spec *spec, struct cr_settings *settings,
		     struct err *err)
{
	auto_free char *of_host = xasprintf(ETC "/%s.toml", task->shim->namespace);
	const struct task_options *o = &task->options;

	if (!access(of_host, F_OK) && take_file(settings, of_host, err))
		return err_wrap(err, "the host's options");
	if (o->criu_path)
		settings->cr.criu = o->criu_path;
	if ((o->config_path && take_file(settings, o->config_path, err)) ||
	    cr_settings_take_body(settings, o->config_body.p, o->config_body.n, err))
		return err_wrap(err, "the runtime's options");
	return cr_settings_take_annotations(settings, &spec->annotations, err);
}

static int restore(const struct task *task, struct stored *s, struct cr_settings *settings,
		   struct worker_answer *answer, struct err *err)
{
	auto_free char *work = xasprintf(LOGS "/%s/%s", task->shim->namespace, task->id);
	struct restore_outcome out = { .master = -1 };
	struct cr_options *o = &settings->cr;
	struct create_request req = {
		.seed = { &s->store, task->id, &s->spec, s->config.p },
		.no_pivot = task->options.no_pivot,
		.wants_master = task->init.terminal,
	};
	bool has_own_work;

	s->spec.process.terminal = req.wants_master; /* what the client asked for counts */
	o->image_path = task->checkpoint;
	o->engine = version_engine();
	if (!o->work_path)
		o->work_path = task->options.criu_work_path;
	has_own_work = !o->work_path;
	if (has_own_work)
		o->work_path = work;
	if (restore_held(&req, o, &s->c, &out, err)) {
		cr_words_for_clients(CR_RESTORE, err);
		return -1;
	}
	answer->fd = out.master;
	answer->pid = s->c.pid;
	if (has_own_work)
		fd_remove_tree(AT_FDCWD, work, NULL);
	return 0;
}

static int begin(const struct task *task, struct stored *s, struct cr_settings *settings,
		 struct err *err)
{
	if (cr_work_settings(task, &s->spec, settings, err))
		return -1;
	return holder_take_stdio(&s->c, err);
}

int cr_work_restore(const struct task *task, struct worker_answer *answer, struct err *err)
{
	AUTO(stored_done) struct stored s = STORED_EMPTY;
	AUTO(cr_settings_done) struct cr_settings settings = { .way = CR_RESTORE };
	int ret;

	if (stored_open(task->root, task->id, &s, err) || container_lock(&s.c, err) ||
	    stored_read_spec(&s, err))
		return -1;
	if (begin(task, &s, &settings, err)) {
		control_abandon(&s.c, &s.spec, NULL);
		return -1;
	}
	ret = restore(task, &s, &settings, answer, err);
	/* containerd has unpacked it there, and never removes it */
	if (packed_is_temporary(task->checkpoint) && !settings.cr.lazy_pages)
		fd_remove_tree(AT_FDCWD, task->checkpoint, NULL);
	return ret;
}
