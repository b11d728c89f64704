/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "shim/task/pause.h"
#include "shim/task/sandbox_spec.h"

/* What the kubelet's own containers have, too: -999 is for the kubelet itself. */
#define OOM_SCORE "-998"

static const Sandbox__Namespaces *namespaces_of(const Sandbox__PodConfig *pod)
{
	static const Sandbox__Namespaces none = SANDBOX__NAMESPACES__INIT;

	return pod->on_linux && pod->on_linux->security && pod->on_linux->security->namespaces
		       ? pod->on_linux->security->namespaces
		       : &none;
}

static void add_process(const Sandbox__PodConfig *pod, struct buf *out)
{
	const Sandbox__PodSecurity *security = pod->on_linux ? pod->on_linux->security : NULL;
	long long uid = security && security->run_as_user ? security->run_as_user->value : 0;
	long long gid = security && security->run_as_group ? security->run_as_group->value : 0;

	buf_addf(out,
		 "\"process\":{\"user\":{\"uid\":%lld,\"gid\":%lld},\"args\":[\"/" PAUSE_NAME "\"],"
		 "\"cwd\":\"/\",\"noNewPrivileges\":true,\"oomScoreAdj\":" OOM_SCORE "},",
		 uid, gid);
}

/* Its root is a tmpfs, in which the program is all there is. */
static void add_mounts(const struct sandbox_place *place, struct buf *out)
{
	buf_str(out, "\"root\":{\"path\":\"rootfs\",\"readonly\":true},\"mounts\":["
		     "{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\","
		     "\"options\":[\"nosuid\",\"noexec\",\"nodev\"]},"
		     "{\"destination\":\"/" PAUSE_NAME "\",\"type\":\"bind\",\"source\":");
	buf_quoted(out, place->binary);
	buf_str(out, ",\"options\":[\"bind\",\"ro\",\"nosuid\",\"nodev\"]}],");
}

/* A slice is systemd's: the pod gets a scope in it, as containerd's runc has it. */
static void add_cgroup(const Sandbox__PodConfig *pod, const struct sandbox_place *place,
		       struct buf *out)
{
	const char *parent = pod->on_linux ? pod->on_linux->cgroup_parent : "";
	auto_free char *path = NULL;

	if (str_ends(parent, ".slice"))
		path = xasprintf("%s:cri-containerd:%s", str_last_part(parent), place->id);
	else if (*parent)
		path = xasprintf("%s/%s", parent, place->id);
	else
		path = xasprintf("/%s/%s", place->namespace, place->id);
	buf_str(out, "\"cgroupsPath\":");
	buf_quoted(out, path);
}

static void add_namespaces(const Sandbox__PodConfig *pod, const struct sandbox_place *place,
			   struct buf *out)
{
	const Sandbox__Namespaces *ns = namespaces_of(pod);

	buf_str(out, ",\"namespaces\":[{\"type\":\"mount\"}");
	if (ns->pid != SANDBOX__NAMESPACE_MODE__NODE)
		buf_str(out, ",{\"type\":\"pid\"}");
	if (ns->ipc != SANDBOX__NAMESPACE_MODE__NODE)
		buf_str(out, ",{\"type\":\"ipc\"}");
	if (ns->network != SANDBOX__NAMESPACE_MODE__NODE) {
		buf_str(out, ",{\"type\":\"uts\"},{\"type\":\"network\"");
		if (*place->netns) {
			buf_str(out, ",\"path\":");
			buf_quoted(out, place->netns);
		}
		buf_str(out, "}");
	}
	buf_str(out, "]");
}

static void add_sysctls(const Sandbox__PodConfig *pod, struct buf *out)
{
	size_t n = pod->on_linux ? pod->on_linux->n_sysctls : 0;

	buf_str(out, ",\"sysctl\":{");
	for (size_t i = 0; i < n; i++) {
		const Sandbox__PodLinux__SysctlsEntry *entry = pod->on_linux->sysctls[i];

		buf_str(out, i ? "," : "");
		buf_quoted(out, entry->key);
		buf_str(out, ":");
		buf_quoted(out, entry->value);
	}
	buf_str(out, "}");
}

int sandbox_spec(const Sandbox__PodConfig *pod, const struct sandbox_place *place, struct buf *out,
		 struct err *err)
{
	const Sandbox__Namespaces *ns = namespaces_of(pod);

	if (ns->user && ns->user->mode != SANDBOX__NAMESPACE_MODE__NODE) {
		err_set(err, ERR_UNSUPPORTED, "pod %s: a user namespace with sandboxer \"shim\"",
			place->id);
		return err_hint(err, "use the sandboxer \"podsandbox\", containerd's default");
	}
	buf_str(out, "{\"ociVersion\":\"1.0.2\",");
	add_process(pod, out);
	add_mounts(place, out);
	if (*pod->hostname && ns->network != SANDBOX__NAMESPACE_MODE__NODE) {
		buf_str(out, "\"hostname\":");
		buf_quoted(out, pod->hostname);
		buf_str(out, ",");
	}
	buf_str(out, "\"annotations\":{\"io.kubernetes.cri.container-type\":\"sandbox\","
		     "\"io.kubernetes.cri.sandbox-id\":");
	buf_quoted(out, place->id);
	buf_str(out, "},\"linux\":{");
	add_cgroup(pod, place, out);
	add_namespaces(pod, place, out);
	add_sysctls(pod, out);
	buf_str(out, ",\"maskedPaths\":[\"/proc/acpi\",\"/proc/kcore\",\"/proc/keys\","
		     "\"/proc/timer_list\",\"/proc/scsi\"],\"readonlyPaths\":[\"/proc/bus\","
		     "\"/proc/fs\",\"/proc/irq\",\"/proc/sys\",\"/proc/sysrq-trigger\"]}}");
	return 0;
}
