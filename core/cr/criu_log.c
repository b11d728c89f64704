/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "core/base/fd.h"
#include "core/cr/criu_log.h"

#define MAX_CAUSES	3
#define MAX_CAUSE_BYTES 300
#define MAX_LOG_BYTES	(64 << 20)

/* CRIU goes on after these, or says them after every failure. */
static const char *const noise[] = {
	"rlimit: Can't setup RLIMIT_NOFILE for self",
	"exited, status=",
	"Dump files (pid: ",
	"Dumping FAILED.",
	"Pre-dumping FAILED.",
	"Restoring FAILED.",
	"RPC client reported script error",
	"mnt: Can't remove the directory",
	"cg: cgroupd: recv req error",
};

/*
 * The container's process could not pass a file descriptor to CRIU: ETOOMANYREFS. The kernel counts
 * those on their way per user, over all processes of the host, and compares with the sender's
 * RLIMIT_NOFILE (unix(7)). CRIU itself keeps a restore's mounts so while it works.
 */
#define ON_ITS_WAY "Can't retrieve FD"

/* What CRIU's words mean to the user of a container, and the way out. */
static const struct {
	const char *words;
	const char *advice;
} known[] = {
	{ "path=/dev/pts/",
	  "it runs on the caller's terminal: give --shell-job, here and on the restore" },
	{ "Can't lookup mount=",
	  "a process has this file of the host open, which no image can hold; when it is stdin, stdout "
	  "or stderr, start the container with /dev/null, pipes or a terminal there" },
	{ "tcp-established", "give --tcp-established, here and on the restore" },
	{ "TCP socket", "give --tcp-established, here and on the restore" },
	{ "--file-locks", "give --file-locks, here and on the restore" },
	{ "without peer", "give --ext-unix-sk, here and on the restore" },
	{ "ext-unix-sk", "give --ext-unix-sk, here and on the restore" },
	{ "shell-job", "give --shell-job, here and on the restore" },
	{ "dangling tty", "give --shell-job, here and on the restore" },
	{ "link-remap", "give --link-remap" },
	{ "has bad size", "the file isn't as it was at the checkpoint; bring its content back" },
	{ "has bad mode", "the file isn't as it was at the checkpoint; bring its mode back" },
	{ "Can't open file", "the container had it open; bring it back, with the content it had" },
	{ "bytes while",
	  "an image is cut short or damaged; `kedge inspect` shows what can be read" },
	{ "stopped by signal",
	  "CRIU has crashed, which damaged or incomplete images make it do; `kedge "
	  "inspect` shows what can be read" },
	{ "Can't get 1:16 opt",
	  "kernels of today don't answer this for such a socket; a newer CRIU "
	  "doesn't ask" },
	{ "doesn't have a proper root mount",
	  "nothing in the container leads to what is mounted there: give it a key with --external "
	  "'mnt[MOUNTPOINT]:KEY', or unmount it first" },
	{ "No mapping for",
	  "say where it comes from with --external 'mnt[KEY]:HOSTPATH'; `kedge plan restore` shows the "
	  "keys" },
	{ "unreachable sharing",
	  "it is a slave of a mount of the host: give --external 'mnt[]:m' on the checkpoint, or make "
	  "it private in config.json" },
	{ "Failed to copy sharing",
	  "it was a slave of a mount of the host, and its source here is private: make the source "
	  "shared (mount --make-shared), or the mount private in config.json" },
	{ "Can't stat mountpoint",
	  "make what is missing, in the root file system or in the source of the mount above it" },
	{ "half of stream unix connection",
	  "a process is connected to a unix socket of the host; close the connection first" },
	{ "Open files on overmounted",
	  "a process has a file open that another mount hides; close it, or take that mount away" },
	{ "Bad format in mountinfo",
	  "a line of the container's mountinfo is longer than CRIU reads; use shorter paths" },
	{ ON_ITS_WAY,
	  "root's processes on this host have more file descriptors on their way in unix sockets than "
	  "the container may have open (RLIMIT_NOFILE): a CRIU that restores a thousand mounts, for "
	  "one; try again when it is done" },
	{ "of that type [",
	  "a process has a device open that CRIU can't dump, a GPU's say; `ls -l /dev` in the "
	  "container has its numbers: close it, or install CRIU's plugin for it" },
	{ "No space left on device", "free some space, or give another --image-path" },
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

const char *criu_log_advice(const struct criu_causes *causes)
{
	for (size_t i = 0; causes->n && i < ARRAY_LEN(known); i++)
		if (strstr(causes->text.p, known[i].words))
			return known[i].advice;
	return NULL;
}

bool criu_log_is_passing(const char *causes)
{
	return strstr(causes, ON_ITS_WAY) != NULL;
}

void criu_log_read(int dirfd, const char *name, struct criu_causes *causes)
{
	int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "re");
	auto_free char *line = NULL;
	ssize_t n, read = 0;
	size_t size = 0;

	if (!f) {
		fd_close(&fd);
		return;
	}
	/* a CRIU that runs wild can have filled the disk with its log */
	while (read < MAX_LOG_BYTES && (n = getline(&line, &size, f)) > 0) {
		criu_log_add(causes, line);
		read += n;
	}
	fclose(f);
}

void criu_log_done(struct criu_causes *causes)
{
	buf_done(&causes->text);
	*causes = (struct criu_causes){ 0 };
}
