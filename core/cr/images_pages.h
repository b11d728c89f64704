/* SPDX-License-Identifier: Apache-2.0 */
/*
 * images_pages.h - whether the tasks and the memory that the images speak of are there
 *
 * In       an open directory of images; its content may be broken or hostile
 * Effects  reads files below the directory, following no symlink
 * Source   proto/pagemap.proto; measured: CRIU 4.1.1 reads a pages image that is too short for ever,
 *          and writes a line of log for each attempt until the disk is full
 */
#ifndef KEDGE_CORE_CR_IMAGES_PAGES_H
#define KEDGE_CORE_CR_IMAGES_PAGES_H

#include "core/base/err.h"

/*
 * See that each pages-M.img is as long as the pagemap-N.img of its pages says. Errors: ERR_INVALID
 * naming both files, ERR_SYS.
 */
int images_check_pages(int dirfd, struct err *err);

/*
 * See that the images of every task that pstree.img lists are there: CRIU reads a missing one as an
 * empty one, and its error names no file. Errors: ERR_INVALID naming the file.
 */
int images_check_tasks(int dirfd, struct err *err);

#endif
