/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "proto/sandbox.pb-c.h"
#include "proto/task.pb-c.h"
#include "shim/task/methods.h"

static const struct method {
	const char *name;
	const ProtobufCMessageDescriptor *request;
	void (*handle)(struct shim *shim, struct call *call);
} task_methods[] = {
	{ "Create", &task__create_request__descriptor, method_create },
	{ "Start", &task__process_request__descriptor, method_start },
	{ "Delete", &task__process_request__descriptor, method_delete },
	{ "Exec", &task__exec_request__descriptor, method_exec },
	{ "State", &task__process_request__descriptor, method_state },
	{ "Wait", &task__process_request__descriptor, method_wait },
	{ "Kill", &task__kill_request__descriptor, method_kill },
	{ "Checkpoint", &task__checkpoint_request__descriptor, method_checkpoint },
	{ "Pids", &task__id_request__descriptor, method_pids },
	{ "Pause", &task__id_request__descriptor, method_pause },
	{ "Resume", &task__id_request__descriptor, method_resume },
	{ "Update", &task__update_request__descriptor, method_update },
	{ "Stats", &task__id_request__descriptor, method_stats },
	{ "Connect", &task__id_request__descriptor, method_connect },
	{ "CloseIO", &task__close_iorequest__descriptor, method_close_io },
	{ "ResizePty", &task__resize_pty_request__descriptor, method_resize_pty },
	{ "Shutdown", &task__shutdown_request__descriptor, method_shutdown },
};

static const struct method sandbox_methods[] = {
	{ "CreateSandbox", &sandbox__create_request__descriptor, method_sandbox_create },
	{ "StartSandbox", &sandbox__id_request__descriptor, method_sandbox_start },
	{ "Platform", &sandbox__id_request__descriptor, method_sandbox_platform },
	{ "StopSandbox", &sandbox__id_request__descriptor, method_sandbox_stop },
	{ "WaitSandbox", &sandbox__id_request__descriptor, method_sandbox_wait },
	{ "SandboxStatus", &sandbox__id_request__descriptor, method_sandbox_status },
	{ "SandboxMetrics", &sandbox__id_request__descriptor, method_sandbox_metrics },
	{ "PingSandbox", &sandbox__id_request__descriptor, method_sandbox_ping },
	{ "ShutdownSandbox", &sandbox__id_request__descriptor, method_sandbox_shutdown },
};

static const struct {
	const char *name;
	const struct method *methods;
	size_t n;
} services[] = {
	{ "containerd.task.v2.Task", task_methods, ARRAY_LEN(task_methods) },
	{ "containerd.task.v3.Task", task_methods, ARRAY_LEN(task_methods) },
	{ "containerd.runtime.sandbox.v1.Sandbox", sandbox_methods, ARRAY_LEN(sandbox_methods) },
};

static const struct method *find_in(const struct method *methods, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(methods[i].name, name))
			return &methods[i];
	return NULL;
}

static const struct method *find_method(const struct call *call)
{
	for (size_t i = 0; i < ARRAY_LEN(services); i++)
		if (!strcmp(services[i].name, call->service))
			return find_in(services[i].methods, services[i].n, call->method);
	return NULL;
}

void methods_dispatch(void *arg, struct call *call, const ProtobufCBinaryData *payload)
{
	const struct method *method = find_method(call);

	if (!method) {
		call_fail(call, CODE_UNIMPLEMENTED, "/%s/%s is not implemented", call->service,
			  call->method);
		return;
	}
	call->request =
		protobuf_c_message_unpack(method->request, NULL, payload->len, payload->data);
	if (!call->request) {
		call_fail(call, CODE_INVALID_ARGUMENT, "%s: the request can't be read",
			  method->name);
		return;
	}
	method->handle(arg, call);
}
