/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>

#include "core/base/fd.h"
#include "shim/task/exit_note.h"
#include "shim/task/task.h"

#define NOTE "kedge.exit"

int exit_note_write(const struct task_process *p, struct err *err)
{
	auto_free char *path = xasprintf("%s/" NOTE, p->task->bundle);
	char text[96];

	snprintf(text, sizeof(text), "%d %u %lld %ld\n", (int)p->pid, p->exit_status,
		 (long long)p->exited_at.tv_sec, p->exited_at.tv_nsec);
	return fd_replace_text(AT_FDCWD, path, text, 0600, err);
}

int exit_note_read(const char *bundle, struct exit_note *note, struct err *err)
{
	auto_free char *path = xasprintf("%s/" NOTE, bundle);
	AUTO(buf_done) struct buf b = { 0 };
	long long seconds;
	int pid;

	if (fd_read_file(AT_FDCWD, path, 96, &b, err))
		return -1;
	if (!b.n ||
	    sscanf(b.p, "%d %u %lld %ld", &pid, &note->status, &seconds, &note->at.tv_nsec) != 4)
		return err_set(err, ERR_INVALID, "%s: unknown format", path);
	note->pid = pid;
	note->at.tv_sec = seconds;
	return 0;
}
