/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <limits.h>

#include "core/base/fd.h"
#include "shim/task/root.h"

#define DEFAULT_ROOT "/run/containerd/kedge"
#define ROOT_NOTE    "kedge.root"

char *root_dir(const char *root, const char *namespace)
{
	return xasprintf("%s/%s", root && *root ? root : DEFAULT_ROOT, namespace);
}

int root_note(const char *bundle, const char *root, const char *namespace, struct err *err)
{
	auto_free char *usual = root_dir(NULL, namespace);
	auto_free char *note = xasprintf("%s/" ROOT_NOTE, bundle);

	if (str_eq(usual, root))
		return 0;
	return fd_replace_text(AT_FDCWD, note, root, 0600, err);
}

char *root_noted(const char *bundle, const char *namespace)
{
	auto_free char *note = xasprintf("%s/" ROOT_NOTE, bundle);
	AUTO(buf_done) struct buf b = { 0 };

	if (fd_read_file(AT_FDCWD, note, PATH_MAX, &b, NULL) || !b.n)
		return root_dir(NULL, namespace);
	return xstrdup(b.p);
}
