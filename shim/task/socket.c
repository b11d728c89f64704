/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/base/sha256.h"
#include "shim/task/socket.h"

#define BACKLOG 256
#define POLL_MS 5

char *socket_path(const char *dir, const char *address, const char *namespace, const char *id)
{
	auto_free char *text = xasprintf("%s/%s/%s", address, namespace, id);
	auto_free char *clean = path_normalize(text);
	uint8_t digest[SHA256_BYTES];
	char hex[2 * SHA256_BYTES + 1];
	struct sha256 h;

	sha256_init(&h);
	sha256_add(&h, clean, strlen(clean));
	sha256_end(&h, digest);
	sha256_hex(digest, hex);
	return xasprintf("%s/%s", dir ? dir : SOCKET_DIR, hex);
}

/* The directory, made if need be, and locked: one by one shims take and leave names in it. */
static int lock_dir(const char *path, bool make, int flags, struct err *err)
{
	auto_free char *dir = xstrdup(path);
	auto_fd int fd = -1;

	*strrchr(dir, '/') = '\0';
	if (make && path_make_parents(dir, 0711, err))
		return -1;
	if (make && mkdir(dir, 0700) && errno != EEXIST)
		return err_sys(err, "create %s", dir);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || flock(fd, LOCK_EX | flags))
		return err_sys(err, "lock %s", dir);
	return take_fd(&fd);
}

static int set_address(const char *path, struct sockaddr_un *sa, struct err *err)
{
	if (strlen(path) >= sizeof(sa->sun_path))
		return err_set(err, ERR_LIMIT, "socket path %s is too long", path);
	*sa = (struct sockaddr_un){ .sun_family = AF_UNIX };
	strcpy(sa->sun_path, path);
	return 0;
}

static bool is_alive(const char *path)
{
	auto_fd int fd = fd_connect_unix(path, NULL);

	return fd >= 0;
}

int socket_listen(const char *path, struct err *err)
{
	auto_fd int lock = lock_dir(path, true, 0, err);
	auto_fd int fd = -1;
	struct sockaddr_un sa;

	if (lock < 0 || set_address(path, &sa, err))
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* the mode of a socket is that of its file, from the first moment on */
	if (fd < 0 || fchmod(fd, 0600))
		return err_sys(err, "make a socket");
	if (is_alive(path))
		return -2;
	unlink(path);
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) || listen(fd, BACKLOG))
		return err_sys(err, "listen on %s", path);
	return take_fd(&fd);
}

/*
 * Whether a socket of any kind is there, without a connection, by which `start` tells a shim that a
 * task is to come: one of another type is refused, but not as a dead one is.
 */
static bool is_bound(const char *path)
{
	auto_fd int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un sa;

	if (fd < 0 || set_address(path, &sa, NULL))
		return false;
	return connect(fd, (struct sockaddr *)&sa, sizeof(sa)) && errno == EPROTOTYPE;
}

/* Whether there is nothing left to do. */
static bool try_to_remove(const char *path)
{
	auto_fd int lock = lock_dir(path, false, 0, NULL);

	if (lock >= 0 && is_bound(path))
		return false;
	if (lock >= 0)
		unlink(path);
	return true;
}

void socket_remove_dead(const char *path, unsigned int patience_ms)
{
	const struct timespec pause = { .tv_nsec = POLL_MS * 1000000L };

	for (unsigned int ms = 0; !try_to_remove(path) && ms < patience_ms; ms += POLL_MS)
		nanosleep(&pause, NULL);
}

bool socket_retire(int fd)
{
	struct pollfd waiting = { .fd = fd, .events = POLLIN };
	struct sockaddr_un sa = { 0 };
	socklen_t bytes = sizeof(sa) - 1;
	auto_fd int lock = -1;

	if (getsockname(fd, (struct sockaddr *)&sa, &bytes) || sa.sun_path[0] != '/')
		return true;
	lock = lock_dir(sa.sun_path, false, LOCK_NB, NULL);
	if (lock < 0 || poll(&waiting, 1, 0) > 0)
		return false;
	unlink(sa.sun_path);
	return true;
}
