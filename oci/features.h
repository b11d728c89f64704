/* SPDX-License-Identifier: Apache-2.0 */
/*
 * features.h - the document of `kedge features`
 *
 * In       struct oci_features_in: what only other modules know
 * Out      what this runtime implements, whatever the host can do; indented with four spaces
 * Effects  none
 * Source   OCI runtime-spec 1.3: features.md, features-linux.md
 */
#ifndef KEDGE_OCI_FEATURES_H
#define KEDGE_OCI_FEATURES_H

/* The newest version of the runtime-spec that kedge implements; `--version` shows it too. */
#define OCI_VERSION_MAX "1.3.0"

/* The values that other modules own. Lists end with NULL; NULL is an empty list. All borrowed. */
struct oci_features_in {
	const char *version;		/* kedge's */
	const char *commit;		/* or NULL */
	const char *libseccomp_version; /* "2.5.4"; NULL: built without seccomp */
	const char *const *mount_options;
	const char *const *seccomp_actions;
	const char *const *seccomp_operators;
	const char *const *seccomp_archs;
	const char *const *seccomp_known_flags;
	const char *const *seccomp_supported_flags; /* by this libseccomp and kernel */
	/* Annotations of config.json that change what kedge does; with a dot behind: a prefix. */
	const char *const *unsafe_annotations;
};

/* The document. Ends with a newline; the caller frees. */
char *oci_features(const struct oci_features_in *in);

#endif
