/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "oci/stored.h"
#include "proto/task.pb-c.h"
#include "shim/task/cleanup.h"
#include "shim/task/exit_note.h"
#include "shim/task/group.h"
#include "shim/task/mounts.h"
#include "shim/task/remove.h"
#include "shim/task/root.h"
#include "shim/task/socket.h"

#define KILLED (128 + SIGKILL)

/* How long a server that was killed may need to be gone. */
#define DYING_MS 200

/* Where the task's server listens: `start` has noted it, unless it didn't get that far. The caller frees. */
static char *find_socket(const struct args *args, const char *bundle, const char *address)
{
	auto_free char *note = xasprintf("%s/address", bundle);
	auto_free char *group = NULL;
	AUTO(buf_done) struct buf text = { 0 };

	if (!fd_read_file(AT_FDCWD, note, PATH_MAX, &text, NULL) && text.n &&
	    str_starts(text.p, "unix:///"))
		return xstrdup(text.p + strlen("unix://"));
	group = group_of(bundle, args->id);
	return socket_path(NULL, address, args->namespace, group);
}

/* A pod's other tasks may use it: only the end of a server of this task's own is waited for. */
static void remove_socket(const struct args *args, const char *bundle)
{
	const char *address = args->address ? args->address : "";
	auto_free char *path = find_socket(args, bundle, address);
	auto_free char *own = socket_path(NULL, address, args->namespace, args->id);
	bool is_own = str_eq(str_last_part(path), str_last_part(own));

	socket_remove_dead(path, is_own ? DYING_MS : 0);
}

static int answer(const struct exit_note *end, struct err *err)
{
	Task__DeleteResponse response = TASK__DELETE_RESPONSE__INIT;
	Wkt__Timestamp at = WKT__TIMESTAMP__INIT;
	uint8_t wire[128];

	at.seconds = end->at.tv_sec;
	at.nanos = (int32_t)end->at.tv_nsec;
	response.pid = (uint32_t)end->pid;
	response.exit_status = end->status;
	response.exited_at = &at;
	return fd_write_all(STDOUT_FILENO, wire, task__delete_response__pack(&response, wire), err);
}

int cleanup_delete(const struct args *args, struct err *err)
{
	auto_free char *cwd = args->bundle ? NULL : getcwd(NULL, 0);
	const char *bundle = args->bundle ? args->bundle : cwd;
	auto_free char *root = NULL;
	struct exit_note end = { .status = KILLED };
	struct err unmount = { 0 };
	int ret;

	if (!args->namespace || !args->id || !bundle)
		return err_set(err, ERR_INVALID, "delete needs -namespace, -id and -bundle");
	root = root_noted(bundle, args->namespace);
	ret = access(root, F_OK) ? 0 : remove_container(root, args->id, &end.pid, err);
	if (mounts_remove(bundle, &unmount))
		log_error("%s", unmount.msg);
	remove_socket(args, bundle);
	clock_gettime(CLOCK_REALTIME, &end.at);
	exit_note_read(bundle, &end, NULL);
	return answer(&end, ret ? NULL : err) || ret ? -1 : 0;
}
