/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox.c - the sandbox service, which containerd calls for pods with sandboxer = "shim"
 *
 * A sandbox is a task that has no client: its request is made into one of the task service, whose
 * answers begin with the fields of this service's. Its program holds the pod's namespaces; that is
 * kedge itself, bound into an empty root. A bundle that comes with a config.json keeps that.
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "proto/sandbox.pb-c.h"
#include "shim/task/bootstrap.h"
#include "shim/task/create.h"
#include "shim/task/delete.h"
#include "shim/task/methods.h"
#include "shim/task/sandbox_spec.h"
#include "shim/task/task.h"

static const char *id_of(const struct call *call)
{
	return ((const Sandbox__IdRequest *)call->request)->id;
}

/* Put a request of the task service in the place of the call's. */
static void become(struct call *call, const ProtobufCMessage *request)
{
	size_t bytes = protobuf_c_message_get_packed_size(request);
	auto_free uint8_t *wire = xmalloc(bytes + 1);
	ProtobufCMessage *copy;

	protobuf_c_message_pack(request, wire);
	copy = protobuf_c_message_unpack(request->descriptor, NULL, bytes, wire);
	protobuf_c_message_free_unpacked(call->request, NULL);
	call->request = copy;
}

static void become_process_request(struct call *call)
{
	Task__ProcessRequest request = TASK__PROCESS_REQUEST__INIT;

	request.id = (char *)id_of(call);
	become(call, &request.base);
}

/* --- Create ------------------------------------------------------------------------------------*/

static int write_config(const struct shim *shim, const Sandbox__CreateRequest *req,
			const char *path, struct err *err)
{
	const char *type = req->options ? str_last_part(req->options->type_url) : "";
	struct sandbox_place place = {
		.id = req->id,
		.namespace = shim->namespace,
		.netns = req->netns,
		.binary = getenv(BOOTSTRAP_BINARY),
	};
	AUTO(buf_done) struct buf text = { 0 };
	Sandbox__PodConfig *pod;
	int ret;

	if (strcmp(type, "runtime.v1.PodSandboxConfig") != 0 || !place.binary)
		return err_set(err, ERR_INVALID,
			       "sandbox %s: neither a config.json nor a pod's config", req->id);
	pod = sandbox__pod_config__unpack(NULL, req->options->value.len, req->options->value.data);
	if (!pod)
		return err_set(err, ERR_INVALID, "sandbox %s: the pod's config can't be read",
			       req->id);
	ret = sandbox_spec(pod, &place, &text, err);
	sandbox__pod_config__free_unpacked(pod, NULL);
	return ret ? -1 : fd_replace_text(AT_FDCWD, path, text.p, 0600, err);
}

void method_sandbox_create(struct shim *shim, struct call *call)
{
	const Sandbox__CreateRequest *req = (const Sandbox__CreateRequest *)call->request;
	static char tmpfs[] = "tmpfs", size[] = "size=64k", mode[] = "mode=0755";
	static char *options[] = { size, mode };
	Task__CreateRequest request = TASK__CREATE_REQUEST__INIT;
	Task__Mount root = TASK__MOUNT__INIT, *rows = &root;
	auto_free char *path = xasprintf("%s/config.json", req->bundle);
	struct err err = { 0 };

	if (req->bundle[0] != '/')
		err_set(&err, ERR_INVALID, "bundle \"%s\" is no absolute path", req->bundle);
	else if (access(path, F_OK))
		write_config(shim, req, path, &err);
	if (err.kind) {
		call_fail_err(call, &err);
		return;
	}
	root.type = tmpfs;
	root.source = tmpfs;
	root.options = options;
	root.n_options = ARRAY_LEN(options);
	request.id = req->id;
	request.bundle = req->bundle;
	request.rootfs = req->n_rootfs ? req->rootfs : &rows;
	request.n_rootfs = req->n_rootfs ? req->n_rootfs : 1;
	become(call, &request.base);
	method_create(shim, call);
}

/* --- its life ----------------------------------------------------------------------------------*/

void method_sandbox_start(struct shim *shim, struct call *call)
{
	become_process_request(call);
	method_start(shim, call);
}

void method_sandbox_wait(struct shim *shim, struct call *call)
{
	become_process_request(call);
	method_wait(shim, call);
}

void method_sandbox_stop(struct shim *shim, struct call *call)
{
	Task__KillRequest request = TASK__KILL_REQUEST__INIT;

	request.id = (char *)id_of(call);
	request.signal = SIGKILL;
	request.all = true;
	become(call, &request.base);
	method_kill(shim, call);
}

/* containerd sends no Shutdown of the task service after it: we end when the task has gone. */
void method_sandbox_shutdown(struct shim *shim, struct call *call)
{
	struct task *unmade = task_find_unmade(shim, id_of(call));
	struct task *task = task_find(shim, id_of(call));

	shim->is_shut_down = true;
	shim->is_sandbox_over = true;
	if (unmade)
		create_abort(unmade, call);
	else if (task)
		task_op_begin(task, call, "", delete_by_force);
	else
		call_reply(call, NULL);
}

/* --- questions ---------------------------------------------------------------------------------*/

void method_sandbox_status(struct shim *shim, struct call *call)
{
	static char ready[] = "SANDBOX_READY", not_ready[] = "SANDBOX_NOTREADY";
	const struct task_process *p = task_lookup(shim, call, id_of(call), "");
	Sandbox__StatusResponse answer = SANDBOX__STATUS_RESPONSE__INIT;
	Wkt__Timestamp created, exited;

	if (!p)
		return;
	answer.id = p->task->id;
	answer.pid = (uint32_t)p->pid;
	answer.state = p->state == STATE_RUNNING && !p->has_ended ? ready : not_ready;
	answer.created_at = task_timestamp(&p->task->created_at, &created);
	if (p->state == STATE_STOPPED)
		answer.exited_at = task_timestamp(&p->exited_at, &exited);
	call_reply(call, &answer.base);
}

void method_sandbox_metrics(struct shim *shim, struct call *call)
{
	Task__IdRequest request = TASK__ID_REQUEST__INIT;

	request.id = (char *)id_of(call);
	become(call, &request.base);
	method_stats(shim, call);
}

void method_sandbox_ping(struct shim *shim, struct call *call)
{
	if (task_lookup(shim, call, id_of(call), ""))
		call_reply(call, NULL);
}

/* Go's names of what the kernel calls otherwise. */
static const char *const architectures[][2] = {
	{ "x86_64", "amd64" },	  { "aarch64", "arm64" },   { "armv7l", "arm" },
	{ "i686", "386" },	  { "ppc64le", "ppc64le" }, { "s390x", "s390x" },
	{ "riscv64", "riscv64" },
};

void method_sandbox_platform(struct shim *shim, struct call *call)
{
	static char linux_name[] = "linux";
	Sandbox__PlatformResponse answer = SANDBOX__PLATFORM_RESPONSE__INIT;
	Sandbox__Platform platform = SANDBOX__PLATFORM__INIT;
	struct utsname name = { 0 };

	(void)shim;
	uname(&name);
	platform.os = linux_name;
	platform.architecture = name.machine;
	for (size_t i = 0; i < ARRAY_LEN(architectures); i++)
		if (!strcmp(name.machine, architectures[i][0]))
			platform.architecture = (char *)architectures[i][1];
	answer.platform = &platform;
	call_reply(call, &answer.base);
}
