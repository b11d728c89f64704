/* SPDX-License-Identifier: Apache-2.0 */
/*
 * console.h - the terminal of a container: a pty of its own devpts
 *
 * In       an fd on the container's /dev (O_PATH will do)
 * Out      master and slave; the slave as /dev/console and as stdio; the master at the other end of
 *          a socket
 * Effects  opens a pty, mounts on /dev/console, changes the caller's stdio and controlling terminal
 * Source   pty(7), ioctl_tty(2); CVE-2025-52565: a container that can exchange what lies under the
 *          slave's path has any file bound to /dev/console. So the slave comes from the master
 *          (TIOCGPTPEER), never from a path, and is bound by its fd
 */
#ifndef KEDGE_CORE_LINUX_CONSOLE_H
#define KEDGE_CORE_LINUX_CONSOLE_H

#include <stdint.h>

#include "core/base/err.h"

/* Both are owned by whoever has the struct; -1 when empty. */
struct console {
	int master;
	int slave;
};

/*
 * Open a new pty of the devpts that is mounted on "pts" below `dev_fd`. The caller is in the
 * container's mount namespace. Errors: ERR_NOT_FOUND or ERR_INVALID when no devpts is there,
 * ERR_SYS.
 */
int console_new(int dev_fd, struct console *console, struct err *err);

/* Close both ends; they are -1 afterwards. */
void console_done(struct console *console);

/* Set the size of the window in characters. Errors: ERR_SYS. */
int console_resize(int master, uint16_t rows, uint16_t columns, struct err *err);

/*
 * Mount the slave on "console" below `dev_fd`; the file is made if it isn't there. Linux 5.2;
 * before through /proc/self/fd. Errors: ERR_INVALID (a symlink or directory is in its place),
 * ERR_SYS.
 */
int console_bind(int slave, int dev_fd, struct err *err);

/*
 * Make the slave the controlling terminal of the caller, which leads a session without one, and its
 * stdin, stdout and stderr. The slave itself stays open. Errors: ERR_SYS.
 */
int console_attach_stdio(int slave, struct err *err);

/*
 * Connect to the unix stream socket at `socket_path` and send it `fd` in one message, as
 * --console-socket and --pidfd-socket have it; the text of the message is a name for people.
 * Errors: ERR_INVALID (the path is too long for a socket), ERR_NOT_FOUND, ERR_SYS; the path is
 * named.
 */
int console_send(const char *socket_path, int fd, struct err *err);

#endif
