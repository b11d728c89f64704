/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "core/base/fd.h"
#include "core/cr/criu_log.h"

#define MAX_CAUSES	3
#define MAX_CAUSE_BYTES 300

/* CRIU goes on after these, or says them after every failure. */
static const char *const noise[] = {
	"rlimit: Can't setup RLIMIT_NOFILE for self",
	"exited, status=",
	"Dumping FAILED.",
	"Pre-dumping FAILED.",
	"Restoring FAILED.",
	"RPC client reported script error",
	"mnt: Can't remove the directory",
	"cg: cgroupd: recv req error",
};

/* "kerndat_vdso_fill_symtable failed when initializing kerndat." */
static const char kernel_gave_up[] = " failed when initializing kerndat";

const char *criu_log_cause(const char *line)
{
	const char *cause = strstr(line, "Error (");

	if (!cause)
		return NULL;
	cause = strstr(cause, "): ");
	if (!cause)
		return NULL;
	cause += strlen("): ");
	for (size_t i = 0; i < ARRAY_LEN(noise); i++)
		if (str_starts(cause, noise[i]))
			return NULL;
	return cause;
}

void criu_log_add(struct criu_causes *causes, const char *line)
{
	const char *cause = criu_log_cause(line);
	size_t n;

	if (!cause)
		return;
	if (strstr(cause, kernel_gave_up))
		causes->is_kernel_incompatible = true;
	n = strcspn(cause, "\n");
	if (!n || causes->n == MAX_CAUSES)
		return;
	buf_addf(&causes->text, "%s%.*s", causes->n ? "; " : "",
		 (int)(n < MAX_CAUSE_BYTES ? n : MAX_CAUSE_BYTES), cause);
	causes->n++;
}

void criu_log_read(int dirfd, const char *name, struct criu_causes *causes)
{
	int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "re");
	auto_free char *line = NULL;
	size_t size = 0;

	if (!f) {
		fd_close(&fd);
		return;
	}
	while (getline(&line, &size, f) > 0)
		criu_log_add(causes, line);
	fclose(f);
}

void criu_log_done(struct criu_causes *causes)
{
	buf_done(&causes->text);
	*causes = (struct criu_causes){ 0 };
}
