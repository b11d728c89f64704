/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/proc.h"
#include "shim/cli/inspect_text.h"
#include "shim/cli/progress.h"

#define FIRST_MS 1000
#define STEP_MS	 200
#define ERASE	 "\r\x1b[K"

static void sleep_ms(long ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

/* The directory may not be there yet. */
static uint64_t bytes_in(const char *path)
{
	DIR *d = opendir(path);
	const struct dirent *e;
	uint64_t bytes = 0;
	struct stat st;

	while (d && (e = readdir(d)))
		if (!fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) && S_ISREG(st.st_mode))
			bytes += (uint64_t)st.st_size;
	if (d)
		closedir(d);
	return bytes;
}

static void show(const char *what, const char *images, unsigned long long began_us)
{
	AUTO(buf_done) struct buf b = { 0 };

	buf_str(&b, ERASE);
	buf_visible(&b, what);
	buf_addf(&b, ": %llu s", (proc_now_us() - began_us) / 1000000);
	if (images) {
		buf_str(&b, ", ");
		inspect_text_bytes(bytes_in(images), &b);
	}
	/* without a line's end, so that the next one takes its place */
	fd_write_all(STDERR_FILENO, b.p, b.n, NULL);
}

static void run_child(const char *what, const char *images, pid_t parent)
{
	unsigned long long began_us = proc_now_us();
	bool has_ended;

	proc_reset_signals();
	/* ^C ends the parent, which ends us; and a background job's child must not stop */
	signal(SIGINT, SIG_IGN);
	signal(SIGTTOU, SIG_IGN);
	has_ended = prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent;
	sleep_ms(FIRST_MS);
	while (!has_ended) {
		show(what, images, began_us);
		sleep_ms(STEP_MS);
		has_ended = getppid() != parent;
	}
	_exit(0);
}

void progress_begin(struct progress *p, const char *what, const char *images)
{
	pid_t parent = getpid();

	if (!isatty(STDERR_FILENO))
		return;
	p->began_us = proc_now_us();
	p->child = fork();
	if (!p->child)
		run_child(what, images, parent);
	if (p->child < 0)
		p->child = 0;
}

void progress_end(struct progress *p)
{
	if (!p->child)
		return;
	proc_reap(&p->child);
	p->child = 0;
	/* a restored program may have begun a line of its own: leave it, if there is none of ours */
	if (proc_now_us() - p->began_us >= FIRST_MS * 1000ULL)
		fd_write_all(STDERR_FILENO, ERASE, sizeof(ERASE) - 1, NULL);
}
