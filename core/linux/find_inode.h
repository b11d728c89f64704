/* SPDX-License-Identifier: Apache-2.0 */
/*
 * find_inode.h - the name of a file of which only the inode is known
 *
 * In       a directory that somebody else may be changing
 * Out      a path below it
 * Effects  reads directories; follows no link and enters no other file system
 */
#ifndef KEDGE_CORE_LINUX_FIND_INODE_H
#define KEDGE_CORE_LINUX_FIND_INODE_H

#include <stdint.h>

/*
 * Look for inode number `inode`, of which only the lower 32 bits need be right, below the directory `dir_fd`:
 * a few levels deep and through some thousand names, then it gives up. Gives "a/b", the caller
 * frees; or NULL.
 */
char *find_inode(int dir_fd, uint32_t inode);

#endif
