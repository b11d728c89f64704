/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/config_parts.h"
#include "core/linux/creds.h"
#include "oci/features.h"
#include "oci/json_out.h"

static void write_namespaces(struct json_out *out)
{
	json_out_open(out, "namespaces", '[');
	for (const struct json_word *w = config_namespace_types; w->word; w++)
		json_out_string(out, NULL, w->word);
	json_out_close(out, ']');
}

static void write_cgroup(struct json_out *out)
{
	json_out_open(out, "cgroup", '{');
	json_out_bool(out, "v1", true);
	json_out_bool(out, "v2", true);
	json_out_bool(out, "systemd", true);
	json_out_bool(out, "systemdUser", false);
	json_out_bool(out, "rdma", true);
	json_out_close(out, '}');
}

static void write_seccomp(struct json_out *out, const struct oci_features_in *in)
{
	json_out_open(out, "seccomp", '{');
	json_out_bool(out, "enabled", in->libseccomp_version);
	if (in->libseccomp_version) {
		json_out_strings(out, "actions", in->seccomp_actions);
		json_out_strings(out, "operators", in->seccomp_operators);
		json_out_strings(out, "archs", in->seccomp_archs);
		json_out_strings(out, "knownFlags", in->seccomp_known_flags);
		json_out_strings(out, "supportedFlags", in->seccomp_supported_flags);
	}
	json_out_close(out, '}');
}

static void write_enabled(struct json_out *out, const char *key, bool enabled)
{
	json_out_open(out, key, '{');
	json_out_bool(out, "enabled", enabled);
	json_out_close(out, '}');
}

static void write_linux(struct json_out *out, const struct oci_features_in *in)
{
	json_out_open(out, "linux", '{');
	write_namespaces(out);
	json_out_strings(out, "capabilities", creds_cap_names());
	write_cgroup(out);
	write_seccomp(out, in);
	write_enabled(out, "apparmor", true);
	write_enabled(out, "selinux", true);
	write_enabled(out, "intelRdt", false);
	json_out_open(out, "mountExtensions", '{');
	write_enabled(out, "idmap", true);
	json_out_close(out, '}');
	write_enabled(out, "netDevices", false);
	json_out_close(out, '}');
}

/* The values are strings, as config.json's are: "true" too. */
static void write_annotations(struct json_out *out, const struct oci_features_in *in)
{
	json_out_open(out, "annotations", '{');
	json_out_string(out, "dev.kedge.checkpoint.external", "true");
	if (in->commit)
		json_out_string(out, "dev.kedge.commit", in->commit);
	json_out_string(out, "dev.kedge.version", in->version);
	if (in->libseccomp_version)
		json_out_string(out, "io.github.seccomp.libseccomp.version",
				in->libseccomp_version);
	/* Podman looks for runc's key before it offers a checkpoint; crun sets it too. */
	json_out_string(out, "org.opencontainers.runc.checkpoint.enabled", "true");
	json_out_close(out, '}');
}

char *oci_features(const struct oci_features_in *in)
{
	struct json_out out = { .indent = "    " };

	json_out_open(&out, NULL, '{');
	json_out_string(&out, "ociVersionMin", "1.0.0");
	json_out_string(&out, "ociVersionMax", OCI_VERSION_MAX);
	json_out_strings(&out, "hooks", config_hook_names);
	json_out_strings(&out, "mountOptions", in->mount_options);
	write_linux(&out, in);
	write_annotations(&out, in);
	json_out_strings(&out, "potentiallyUnsafeConfigAnnotations", in->unsafe_annotations);
	json_out_close(&out, '}');
	buf_str(&out.text, "\n");
	return take_ptr(&out.text.p);
}
