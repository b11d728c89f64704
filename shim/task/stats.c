/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stats.c - Stats: read in the server, at any time
 */
#include <protobuf-c/protobuf-c.h>
#include <string.h>
#include <unistd.h>

#include "oci/stored.h"
#include "proto/sandbox.pb-c.h"
#include "shim/task/methods.h"
#include "shim/task/stats.h"
#include "shim/task/task.h"

void stats_pack(const void *message, struct buf *out)
{
	size_t bytes = protobuf_c_message_get_packed_size(message);
	auto_free uint8_t *wire = xmalloc(bytes + 1);

	buf_add(out, wire, protobuf_c_message_pack(message, wire));
}

/* Whether it still has any cgroup; a container that has been removed by hand hasn't. */
static bool is_there(const struct cgroup *cg)
{
	for (size_t i = 0; i < cg->n; i++)
		if (!access(cg->v[i].dir, F_OK))
			return true;
	return false;
}

static void reply_metrics(const char *id, Wkt__Any *stats, struct call *call)
{
	Sandbox__MetricsResponse answer = SANDBOX__METRICS_RESPONSE__INIT;
	Sandbox__Metric metric = SANDBOX__METRIC__INIT;
	struct timespec now;
	Wkt__Timestamp at;

	clock_gettime(CLOCK_REALTIME, &now);
	metric.timestamp = task_timestamp(&now, &at);
	metric.id = (char *)id;
	metric.data = stats;
	answer.metrics = &metric;
	call_reply(call, &answer.base);
}

static void reply(const struct cgroup *cg, const char *id, struct call *call)
{
	bool is_v1 = cgroup_has_v1(cg);
	AUTO(buf_done) struct buf wire = { 0 };
	Task__StatsResponse answer = TASK__STATS_RESPONSE__INIT;
	Wkt__Any stats = WKT__ANY__INIT;

	if (is_v1)
		stats_v1(cg, &wire);
	else
		stats_v2(cgroup_dir_of(cg, ""), &wire);
	stats.type_url = (char *)(is_v1 ? STATS_V1 : STATS_V2);
	stats.value.data = (uint8_t *)wire.p;
	stats.value.len = wire.n;
	answer.stats = &stats;
	if (!strcmp(call->method, "SandboxMetrics"))
		reply_metrics(id, &stats, call);
	else
		call_reply(call, &answer.base);
}

void method_stats(struct shim *shim, struct call *call)
{
	const Task__IdRequest *req = (const Task__IdRequest *)call->request;
	struct task_process *init = task_lookup(shim, call, req->id, "");
	AUTO(stored_done) struct stored s = STORED_EMPTY;
	struct err err = { 0 };

	if (!init)
		return;
	if (stored_open(init->task->root, init->task->id, &s, &err) && err.kind != ERR_NOT_FOUND)
		call_fail_err(call, &err);
	else if (err.kind || !is_there(&s.c.cgroup))
		call_fail(call, CODE_NOT_FOUND, "the cgroup of container %s has been removed",
			  init->task->id);
	else
		reply(&s.c.cgroup, init->task->id, call);
}
