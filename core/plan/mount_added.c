/* SPDX-License-Identifier: Apache-2.0 */
#include "core/plan/mount_added.h"
#include "core/plan/mount_flags.h"

static bool is_it(const struct mount_expect_row *want, const struct mount_row *actual)
{
	if (want->fstype && !str_eq(want->fstype, actual->fstype))
		return false;
	return !want->has_identity ||
	       (want->major == actual->major && want->minor == actual->minor &&
		str_eq(want->root, actual->root));
}

static enum external_propagation propagation_of(const struct mount_row *row)
{
	if (row->master)
		return row->shared ? EXTERNAL_SLAVE_SHARED : EXTERNAL_SLAVE;
	return row->shared ? EXTERNAL_OWN_GROUP : EXTERNAL_PRIVATE;
}

/* A peer of the host's mount may be a slave as well, if that one is. */
static bool is_propagation_right(const struct mount_expect_row *want,
				 const struct mount_row *actual)
{
	switch (want->propagation) {
	case EXTERNAL_SHARED:
		return actual->shared && (!want->group || want->group == actual->shared);
	case EXTERNAL_SLAVE:
	case EXTERNAL_SLAVE_SHARED:
		if (want->group && want->group != actual->master)
			return false; /* fall through */
	default: return propagation_of(actual) == want->propagation;
	}
}

int mount_added_check(const struct mount_expect_row *want, const struct mount_row *actual,
		      struct err *err)
{
	AUTO(buf_done) struct buf is = { 0 }, was = { 0 };

	if (!is_it(want, actual))
		return err_set(err, ERR_CRIU,
			       "what is mounted there is %s of device %u:%u (%s), not its source",
			       actual->root, actual->major, actual->minor, actual->fstype);
	mount_flags_text(actual->flags, actual->is_idmapped, &is);
	mount_flags_text(want->flags, want->is_idmapped, &was);
	if (!str_eq(is.p, was.p))
		return err_set(err, ERR_CRIU, "it is %s, but was to be %s", is.p, was.p);
	if (!is_propagation_right(want, actual))
		return err_set(err, ERR_CRIU, "it is %s (group %u, master %u), but was to be %s",
			       external_propagation_name(propagation_of(actual)), actual->shared,
			       actual->master, external_propagation_name(want->propagation));
	return 0;
}
