/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/cr/image_guard.h"
#include "core/plan/image_check.h"
#include "core/plan/mountinfo.h"

static const struct images_copy_file *root_file(const struct image_guard_input *in)
{
	return &in->copy->v[in->copy->root];
}

/* CRIU takes those that its other images name; the rest should be no worse. */
static void check_namespaces(const struct image_guard_input *in, struct findings *findings)
{
	const struct images_copy_file *root = root_file(in);

	for (size_t i = 0; i < in->copy->n; i++) {
		const struct images_copy_file *file = &in->copy->v[i];
		struct image_check_input check = { .live = in->live,
						   .mounts = file->mounts.v,
						   .n_mounts = file->mounts.n,
						   .root_id = file->root_id };

		if (file != root) {
			check.outer = root->mounts.v;
			check.n_outer = root->mounts.n;
		}
		image_check(&check, findings);
	}
}

/* --- links ---------------------------------------------------------------------------------------- */

static const char *source_of(const struct image_guard_input *in, unsigned int id)
{
	for (size_t i = 0; i < in->plan->n; i++)
		if (in->plan->v[i].id == id)
			return in->plan->v[i].source;
	return NULL;
}

/* The directory that CRIU would begin at, O_PATH; -1 when it can't be known yet. */
static int open_base(const struct image_guard_input *in, const struct image_mount *root,
		     const struct image_mount *base)
{
	const char *source;

	if (base == root)
		return openat(in->root_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	source = base->key ? source_of(in, base->id) : NULL;
	return source ? open(source, O_PATH | O_CLOEXEC) : -1;
}

static void check_links(const struct image_guard_input *in, const struct image_mount *root,
			const struct image_mount *m, struct findings *findings)
{
	for (size_t i = 0; i < root_file(in)->mounts.n; i++) {
		const struct image_mount *base = &root_file(in)->mounts.v[i];
		auto_fd int fd = -1, found = -1;
		const char *below;

		/* few are either, so that the time stays bounded: image_check() counts these */
		if ((base != root && !base->key) || base->major != m->major ||
		    base->minor != m->minor)
			continue;
		below = mount_path_below(m->root, base->root);
		if (!below || !*below)
			continue;
		fd = open_base(in, root, base);
		if (fd < 0)
			continue;
		found = path_open_plain(fd, below, O_PATH, NULL);
		if (found < 0 && errno == ELOOP)
			findings_add(findings, ERR_INVALID,
				     "%.256s: it is %.256s of what is mounted at %.256s, and a "
				     "symlink lies on the way there",
				     m->mountpoint, below, base->mountpoint);
	}
}

void image_guard(const struct image_guard_input *in, struct findings *findings)
{
	const struct image_mounts *mounts = &root_file(in)->mounts;
	const struct image_mount *root = mounts->v;
	size_t before = findings->n;

	check_namespaces(in, findings);
	if (findings->n > before)
		return; /* the rest takes no more steps than a sound image needs */
	while (root->id != root_file(in)->root_id)
		root++;
	for (size_t i = 0; i < mounts->n; i++)
		if (!mounts->v[i].key)
			check_links(in, root, &mounts->v[i], findings);
}
