/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_file.h - the container format of CRIU's image files: magics, then messages with lengths
 *
 * In       a file of an image directory, or bytes; they may be hostile
 * Out      one message after the other
 * Effects  reads one file, following no symlink
 * Source   criu's image.c and magic.h (4.1.1); all numbers are little endian
 *
 * All errors are ERR_INVALID and name the file and the place:
 * "mountpoints-12.img: offset 8: the next entry has 4096 bytes, the file only 112 more".
 */
#ifndef KEDGE_CORE_CR_IMAGE_FILE_H
#define KEDGE_CORE_CR_IMAGE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/str.h"

#define IMAGE_MAGIC_COMMON    0x54564319
#define IMAGE_MAGIC_SERVICE   0x55105940
#define IMAGE_MAGIC_INVENTORY 0x58313116
#define IMAGE_MAGIC_PSTREE    0x50273030
#define IMAGE_MAGIC_IDS	      0x54432030
#define IMAGE_MAGIC_MOUNTS    0x55563928
#define IMAGE_MAGIC_STATS     0x57093306
#define IMAGE_MAGIC_NETNS     0x55933752
#define IMAGE_MAGIC_NETDEV    0x57373951

/* Which kind of file it is: one or two magics, the first of which may be 0: none. */
struct image_magics {
	uint32_t first, second;
};

/* Bytes and how far they have been read. */
struct image_file {
	const char *name; /* borrowed, for messages */
	const uint8_t *p; /* the file's bytes, or borrowed ones */
	size_t n;
	size_t at;
	struct buf buf;	 /* owns the bytes of a file */
	struct err *err; /* where errors go; may be NULL */
};

/*
 * Read the file `f->name` below `dirfd` into `f`, of which name and err are set, and check its
 * magics. image_file_done() is due also after a failure.
 */
int image_file_load(int dirfd, struct image_magics magics, struct image_file *f);

/* Check the magics at the place that has been reached. */
int image_file_check(struct image_file *f, struct image_magics magics);

/* Step over the next message; gives where it begins and how long it is. */
int image_file_next(struct image_file *f, const uint8_t **p, size_t *bytes);

/* Say what is wrong at the place that has been reached. Returns -1. */
int image_file_bad(const struct image_file *f, const char *what);

/* Append what a file of that kind begins with. */
void image_file_put_magics(struct buf *out, struct image_magics magics);

/* Append the length of a message; the message itself comes next. */
void image_file_put_length(struct buf *out, size_t bytes);

/* Free the bytes. */
void image_file_done(struct image_file *f);

#endif
