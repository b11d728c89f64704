/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tty_relay.h - between a container's terminal and our own stdin and stdout
 *
 * In       the master of a pty; two fds of ours, terminals or not
 * Out      what is typed goes in, what is printed comes out, and the window's size follows
 * Effects  reads and writes the three fds; puts our terminal into raw mode until it is stopped
 * Source   termios(3), pty(7), ioctl_tty(2)
 *
 * One poll(2) serves this and whatever else the caller waits for: it lets the relay fill in its
 * entries, polls, and lets the relay take a step. Nothing blocks the caller for long: it reads and
 * writes what poll() reports, in pieces that a pipe takes whole. SIGPIPE is the caller's to block.
 */
#ifndef KEDGE_CORE_LINUX_TTY_RELAY_H
#define KEDGE_CORE_LINUX_TTY_RELAY_H

#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "core/base/err.h"

/* The relay's entries in the caller's array of struct pollfd. */
enum { TTY_RELAY_IN, TTY_RELAY_OUT, TTY_RELAY_MASTER, TTY_RELAY_FDS };

/* What was read and isn't written yet. */
struct tty_relay_buffer {
	char data[PIPE_BUF];
	size_t at, n;
};

struct tty_relay {
	int in;	    /* borrowed; -1 once it has ended */
	int out;    /* borrowed; -1 once nobody reads it: what comes is thrown away */
	int master; /* borrowed; -1 once no process has the terminal open */
	struct tty_relay_buffer to_master, to_out;
	bool is_raw;	      /* `terminal` is in raw mode */
	int terminal;	      /* what `in` was, if that is a terminal */
	struct termios saved; /* how it was before */
};

/*
 * Begin. If `in` is a terminal it goes into raw mode, so that every key reaches the container; the
 * container's terminal gets the size of ours. Where ours isn't in raw mode or `out` is none, the
 * container's terminal stops turning "\n" into "\r\n". All fds stay the caller's and must outlive
 * the relay; the master becomes non-blocking. Errors: ERR_SYS.
 */
int tty_relay_start(struct tty_relay *r, int in, int out, int master, struct err *err);

/* The size of the window that `out`, or else `in`, is. False if neither is a terminal that knows. */
bool tty_relay_size(int in, int out, struct winsize *size);

/* Copy our window's size to the container's terminal, if we have one: for SIGWINCH. */
void tty_relay_resize(const struct tty_relay *r);

/* Fill in what the relay waits for now; entries without interest have fd -1. */
void tty_relay_poll(const struct tty_relay *r, struct pollfd fds[TTY_RELAY_FDS]);

/*
 * Do what `fds`, filled in by tty_relay_poll() and answered by poll(2), allows. Gives 1 when it
 * goes on, 0 when no process has the terminal open any more and all that was printed is out. At the
 * end of an `in` that isn't a terminal the container's terminal gets its end-of-file character.
 * Errors: ERR_SYS.
 */
int tty_relay_step(struct tty_relay *r, const struct pollfd fds[TTY_RELAY_FDS], struct err *err);

/*
 * After the process has ended: write what its terminal still holds, at most TTY_RELAY_DRAIN_BYTES
 * (somebody else may have the terminal open and print on). Waits for `out` to take it. Errors:
 * ERR_SYS.
 */
int tty_relay_drain(struct tty_relay *r, struct err *err);
#define TTY_RELAY_DRAIN_BYTES (1 << 20)

/* End: put our terminal back as it was. Safe on a relay that was not started, and twice. */
void tty_relay_stop(struct tty_relay *r);

#endif
