/* SPDX-License-Identifier: Apache-2.0 */
/*
 * images_view.h - the image directory as the root of a user namespace may read it
 *
 * In       an open image directory, the spec's user namespace
 * Out      a directory of links in CRIU's mount namespace
 * Effects  images_view_open: opens and clones, a child process while the mapping is made; nobody
 *          sees anything of it. images_view_enter: mounts, and makes files. The images stay as they
 *          are
 * Source   mount_setattr(2) MOUNT_ATTR_IDMAP (Linux 5.12); CRIU 4.1.1
 *
 * CRIU opens most images in the restored tasks, which are in the new user namespace then: its root
 * is nobody to directories and files that are the host root's alone. An idmapped clone makes it
 * their owner. But CRIU opens timens-N.img, or finds it missing, between the namespace's making and
 * its mapping, while the task is still the host's root without any right over others' files. So
 * what CRIU gets is a directory that everybody may pass, with links into the clone and with copies
 * of what can't be read from there. The predecessors of an incremental image get the same.
 */
#ifndef KEDGE_CORE_CR_IMAGES_VIEW_H
#define KEDGE_CORE_CR_IMAGES_VIEW_H

#include "core/base/err.h"
#include "core/cr/images_copy.h"
#include "core/spec.h"

/* A zeroed struct is empty: there is no user namespace, the directory will do as it is. */
struct images_view {
	int *tree_fds; /* detached clones: the directory's, then each predecessor's */
	size_t n;
};

/*
 * Open the view if the spec has a user namespace. `view` is empty on entry; images_view_done() is
 * due in any case. Errors: ERR_UNSUPPORTED where the file system can't map owners and not everybody
 * may read the images; ERR_SYS.
 */
int images_view_open(int images_fd, const struct spec *spec, struct images_view *view,
		     struct err *err);

/*
 * In CRIU's mount namespace: mount the clones below `dir`, an empty directory that everybody may
 * pass and CRIU alone sees, and make the links. The files of `copy` are there with their edited
 * bytes. Gives the fd of the directory for CRIU. Errors: ERR_SYS.
 */
int images_view_enter(const struct images_view *view, const struct images_copy *copy,
		      const char *dir, struct err *err);

/* Close it; the view is empty afterwards. */
void images_view_done(struct images_view *view);

#endif
