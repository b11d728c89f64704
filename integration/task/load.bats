#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Many tasks at once, and many one after the other: all of them work, and the shim doesn't grow.

load ../lib/common
load ../lib/containerd

setup() { containerd_setup; }
teardown() { containerd_teardown; }

load_py() { timeout 120 "$TREE/integration/lib/load.py" "$@"; }

@test "200 tasks at once are started, exec'd into, checkpointed and removed" {
	local ids
	seq 200 | xargs -P 4 -I{} ctr run -d --null-io --runtime "$RUNTIME" \
		docker.io/library/busybox:1 t-{} /bin/sh -c 'while :; do sleep 100; done'
	[ "$(ctr task ls | grep -c RUNNING)" -eq 200 ]
	[ "$(load_py exec "$BUNDLES/t-*")" -eq 200 ]
	[ "$(load_py checkpoint "$BUNDLES/t-*" "$T/images")" -eq 200 ]
	[ "$(find "$T/images" -name inventory.img | wc -l)" -eq 200 ]
	[ "$(ctr task ls | grep -c RUNNING)" -eq 200 ]
	ids=$(ctr task ls -q)
	# one client per fifty; ctr has a word for each that was killed
	# shellcheck disable=SC2086
	xargs -P 4 -n 50 ctr task rm -f <<<"$ids" >/dev/null 2>&1 || true
	[ -z "$(ctr task ls -q)" ]
	wait_until 10 no_task_left
}

@test "1,000 programs one after the other leave a shim as it was" {
	ctr_run -d t-1 /bin/sh -c 'while :; do sleep 100; done'
	load_py execs "$BUNDLES/t-1" 1000
}

@test "1,000 tasks one after the other leave their pod's shim as it was" {
	ctr_run -d --annotation=io.containerd.runc.v2.group=pod-1 t-1 \
		/bin/sh -c 'while :; do sleep 100; done'
	load_py cycles "$BUNDLES/t-1" "$B/config.json" "$B/rootfs" 1000
	[ "$(ls "$SHIM_STATE")" = t-1 ]
	[ "$(find /sys/fs/cgroup -type d -path '*/default/c-*')" = "" ]
}
