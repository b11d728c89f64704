/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unix_diag.h - the unix sockets of a network namespace, and who is connected to whom
 *
 * In       a network namespace
 * Out      struct unix_socks
 * Effects  asks the kernel by netlink; for that the caller is in the namespace for a moment
 * Source   sock_diag(7), linux/unix_diag.h
 */
#ifndef KEDGE_CORE_LINUX_UNIX_DIAG_H
#define KEDGE_CORE_LINUX_UNIX_DIAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/str.h"

struct unix_sock {
	uint32_t inode;
	uint32_t peer; /* inode of the other end, in whichever namespace that is; 0: none */
	bool is_connected_stream; /* SOCK_STREAM or SOCK_SEQPACKET */
	const char *name;	  /* path that it is bound to, or NULL */
	uint32_t file_inode;	  /* of that path's file, cut to 32 bits; 0: none */
	unsigned int major, minor;
};

/* A zeroed struct is an empty list. */
struct unix_socks {
	struct arena arena;
	struct unix_sock *v; /* sorted by inode */
	size_t n;
};

/*
 * List the sockets of the namespace that `netns_fd` is (-1: the caller's). `socks` is empty on
 * entry and stays so on failure. Errors: ERR_UNSUPPORTED without the kernel's unix_diag, ERR_SYS.
 */
int unix_socks_read(int netns_fd, struct unix_socks *socks, struct err *err);

/* The socket with that inode, or NULL. */
const struct unix_sock *unix_socks_find(const struct unix_socks *socks, uint32_t inode);

/* Give back the memory; the list is empty afterwards. */
void unix_socks_done(struct unix_socks *socks);

#endif
