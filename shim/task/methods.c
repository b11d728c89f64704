/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "proto/task.pb-c.h"
#include "shim/task/methods.h"

static const struct method {
	const char *name;
	const ProtobufCMessageDescriptor *request;
	void (*handle)(struct shim *shim, struct call *call);
} methods[] = {
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

static bool is_ours(const char *service)
{
	return !strcmp(service, "containerd.task.v2.Task") ||
	       !strcmp(service, "containerd.task.v3.Task");
}

static const struct method *find_method(const struct call *call)
{
	for (size_t i = 0; is_ours(call->service) && i < ARRAY_LEN(methods); i++)
		if (!strcmp(methods[i].name, call->method))
			return &methods[i];
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
