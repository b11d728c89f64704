/* SPDX-License-Identifier: Apache-2.0 */
/*
 * images_trust.h - whether others could have written what CRIU is about to make processes of
 *
 * In       an open image directory
 * Effects  reads the directory, and those that it names as parents
 *
 * Images are memory and registers of processes that will be root's: who may write to them may run
 * what he likes.
 */
#ifndef KEDGE_CORE_CR_IMAGES_TRUST_H
#define KEDGE_CORE_CR_IMAGES_TRUST_H

#include "core/base/err.h"

/*
 * Directory and files must belong to root or to us, and nobody else may write to them. `path` is the
 * directory's, for messages. Errors: ERR_DENIED naming the first that isn't so, with a hint.
 */
int images_trust_check(int dirfd, const char *path, struct err *err);

#endif
