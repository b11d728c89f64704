/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/str.h"
#include "core/base/version.h"
#include "core/linux/seccomp.h"
#include "core/linux/seccomp_filter.h"
#include "core/plan/mount_opts.h"
#include "oci/features.h"
#include "oci/features_self.h"

/* What `at` gives from 0 on until NULL; of it what `wanted` wants (NULL: all). The caller frees. */
static const char **list(const char *(*at)(size_t), bool (*wanted)(const char *))
{
	const char **names = NULL;
	size_t n = 0;
	const char *name;

	for (size_t i = 0; (name = at(i)); i++) {
		if (wanted && !wanted(name))
			continue;
		names = xrealloc(names, n + 2, sizeof(*names));
		names[n++] = name;
		names[n] = NULL;
	}
	return names;
}

char *oci_features_self(void)
{
	auto_free const char **actions = list(seccomp_action_name, NULL);
	auto_free const char **operators = list(seccomp_operator_name, NULL);
	auto_free const char **archs = list(seccomp_arch_name, NULL);
	auto_free const char **flags = list(seccomp_filter_flag_name, NULL);
	auto_free const char **supported =
		list(seccomp_filter_flag_name, seccomp_filter_flag_is_supported);
	static const char *const unsafe[] = { "bundle", "dev.kedge.checkpoint.",
					      "dev.kedge.restore.", NULL };
	struct oci_features_in in = {
		.unsafe_annotations = unsafe,
		.version = version_number(),
		.commit = version_commit(),
		.libseccomp_version = seccomp_library_version(),
		.mount_options = mount_opts_words(),
		.seccomp_actions = actions,
		.seccomp_operators = operators,
		.seccomp_archs = archs,
		.seccomp_known_flags = flags,
		.seccomp_supported_flags = supported,
	};

	return oci_features(&in);
}
