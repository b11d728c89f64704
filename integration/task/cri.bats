#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Pods, as a kubelet makes them: containerd's CRI plugin with the handler "kedge" of hack/kubernetes.
# The network is a plugin that gives each pod an address, and its namespace a loopback device.
#
# Each test runs in a process of its own, and so has its own $POD.
# shellcheck disable=SC2030,SC2031

load ../lib/common
export CONTAINERD_NAMESPACE=k8s.io
load ../lib/containerd
load ../lib/cri

setup() { cri_setup; }
teardown() { cri_teardown; }

shims() { pgrep -fc '^[^ ]*containerd-shim-kedge-v1 -namespace k8s.io'; }

@test "a pod's containers run in one shim, share its network and host name, and are gone with it" {
	local pod one two
	pod=$(run_pod)
	one=$(run_container "$pod" one "$SLEEP")
	two=$(run_container "$pod" two "$SLEEP" '.linux.resources.memory_limit_in_bytes = 67108864')
	[ "$(shims)" -eq 1 ]
	[ "$(cri_id PodSandboxStatus pod_sandbox_id "$pod" | jq -c '[.status.state,
		.status.network.ip, .status.runtime_handler]')" = '[0,"10.9.0.2","kedge"]' ]
	[ "$(exec_sync "$one" /bin/hostname)" = pod-host ]
	[ "$(exec_sync "$one" /bin/readlink /proc/self/ns/net)" = \
		"$(exec_sync "$two" /bin/readlink /proc/self/ns/net)" ]
	[ "$(exec_sync "$one" /bin/readlink /proc/self/ns/net)" != "$(readlink /proc/self/ns/net)" ]
	[ "$(exec_sync "$one" /bin/ip -o link | grep -c 'lo:.*UP')" -eq 1 ]
	remove_pod "$pod"
	wait_until 10 no_task_left
}

@test "what a container says is in its log, and its exit status with the kubelet" {
	local pod id
	pod=$(run_pod)
	id=$(run_container "$pod" one '["/bin/sh", "-c", "echo out; echo err >&2; exit 3"]')
	wait_until 10 has_state "$id" 2
	[ "$(cri_id ContainerStatus container_id "$id" | jq '.status.exit_code')" -eq 3 ]
	grep -q 'stdout F out$' "$T/logs/one.log"
	grep -q 'stderr F err$' "$T/logs/one.log"
	cri_id RemoveContainer container_id "$id"
	remove_pod "$pod"
	wait_until 10 no_task_left
}

@test "a container is executed in, measured, limited anew and stopped" {
	local pod id
	pod=$(run_pod)
	id=$(run_container "$pod" one "$SLEEP")
	run cri ExecSync "{\"container_id\": \"$id\", \"cmd\": [\"/bin/sh\", \"-c\", \"echo e >&2; exit 4\"], \"timeout\": 5}"
	[ "$(jq -c . <<<"$output")" = '{"exit_code":4,"stderr":"e\n"}' ] ||
		[ "$(jq -c '[.exit_code, .stderr]' <<<"$output")" = '[4,"e\n"]' ]
	[ "$(cri_id ContainerStats container_id "$id" | jq '.stats.cpu.usage_core_nano_seconds.value > 0')" = true ]
	[ "$(cri_id ContainerStats container_id "$id" | jq '.stats.memory.working_set_bytes.value > 0')" = true ]
	cri UpdateContainerResources "{\"container_id\": \"$id\", \"linux\": {\"memory_limit_in_bytes\": 33554432}}"
	[ "$(cat /sys/fs/cgroup/memory/k8s.io/"$id"/memory.limit_in_bytes)" -eq 33554432 ]
	cri StopContainer "{\"container_id\": \"$id\", \"timeout\": 10}"
	[ "$(cri_id ContainerStatus container_id "$id" | jq -c '[.status.state, .status.exit_code]')" = '[2,7]' ]
	remove_pod "$pod"
	wait_until 10 no_task_left
}

@test "containers that share the pod's pid namespace see each other, one on the host's network sees the host" {
	local pod one
	POD=$(jq -c '.hostname = "" | .linux.security_context.namespace_options = {network: 2, pid: 0}' \
		<<<"$POD")
	pod=$(run_pod)
	one=$(run_container "$pod" one "$SLEEP" \
		'.linux.security_context.namespace_options = {network: 2, pid: 0}')
	run_container "$pod" two '["/bin/sleep", "4321"]' \
		'.linux.security_context.namespace_options = {network: 2, pid: 0}'
	[ "$(exec_sync "$one" /bin/readlink /proc/self/ns/net)" = "$(readlink /proc/self/ns/net)" ]
	[[ $(exec_sync "$one" /bin/ps) == *"sleep 100000"*"sleep 4321"* ]]
	remove_pod "$pod"
	wait_until 10 no_task_left
}

@test "pods live through a crash of containerd" {
	local pod one
	pod=$(run_pod)
	one=$(run_container "$pod" one "$SLEEP")
	containerd_kill
	containerd_start
	wait_until 10 has_state "$one" 1
	[ "$(exec_sync "$one" /bin/echo still)" = still ]
	cri StopContainer "{\"container_id\": \"$one\", \"timeout\": 10}"
	[ "$(cri_id ContainerStatus container_id "$one" | jq '.status.exit_code')" -eq 7 ]
	remove_pod "$pod"
	wait_until 10 no_task_left
}

@test "a shim that is killed takes the pod down, which can be removed" {
	local pod one
	pod=$(run_pod)
	one=$(run_container "$pod" one "$SLEEP")
	kill -KILL "$(shim_pid "$pod")"
	wait_until 10 has_state "$one" 2
	remove_pod "$pod"
	wait_until 10 no_task_left
}

is_reading() { [ "$(exec_sync "$1" /bin/sh -c 'test -p /f && echo yes')" = yes ]; }

@test "the kubelet's checkpoint is an archive of the container, which runs on" {
	local pod one
	pod=$(run_pod)
	# nothing here forks: CRIU can't seize who is frozen between vfork and execve
	one=$(run_container "$pod" one '["/bin/sh", "-c", "/bin/busybox mkfifo /f; read x <>/f"]' \
		".mounts = [{container_path: \"/data\", host_path: \"$T\"}]")
	wait_until 5 is_reading "$one"
	run cri CheckpointContainer "{\"container_id\": \"$one\", \"location\": \"$T/one.tar\", \"timeout\": 60}"
	if [ "$MAJOR" = 1 ]; then
		[[ $output == *"not implemented"* ]]
	else
		[ "$status" -eq 0 ]
		tar -tf "$T/one.tar" >"$T/files"
		grep -q '^checkpoint/inventory.img$' "$T/files"
		grep -q '^checkpoint/kedge.json$' "$T/files"
		[ "$(exec_sync "$one" /bin/echo on)" = on ]
	fi
	remove_pod "$pod"
	wait_until 10 no_task_left
}

@test "with the sandboxer \"shim\" of containerd 2 a pod's own container is kedge's" {
	local pod one pid sandboxes=/run/containerd/io.containerd.sandbox.controller.v1.shim/k8s.io
	[ "$MAJOR" = 2 ] || skip "containerd 1.7 has no sandboxers"
	export HANDLER=kedge-sandbox
	touch "$T/hosts"
	pod=$(run_pod)
	pid=$(pgrep -xf /kedge-pause)
	# the kubelet gives a hosts file; the rest comes from who makes the pod's container, elsewhere
	one=$(run_container "$pod" one "$SLEEP" ".mounts = [\"/etc/hosts\", \"/etc/resolv.conf\"
		| {container_path: ., host_path: \"$T/hosts\"}]
		+ [{container_path: \"/dev/shm\", host_path: \"$T\"}]")
	[ "$(shims)" -eq 1 ]
	[ "$(cri_id PodSandboxStatus pod_sandbox_id "$pod" | jq -c '[.status.state,
		.status.network.ip]')" = '[0,"10.9.0.2"]' ]
	[ "$(exec_sync "$one" /bin/hostname)" = pod-host ]
	[ "$(exec_sync "$one" /bin/readlink /proc/self/ns/net)" = "$(readlink "/proc/$pid/ns/net")" ]
	[ "$(exec_sync "$one" /bin/readlink /proc/self/ns/ipc)" = "$(readlink "/proc/$pid/ns/ipc")" ]
	ask_sandbox "$pod" SandboxMetrics | grep -q 'io.containerd.cgroups.v1.Metrics'
	ask_sandbox "$pod" Platform | grep -q linux
	ask_sandbox "$pod" SandboxStatus | grep -qx 3=SANDBOX_READY
	ask_sandbox "$pod" PingSandbox
	run ask_sandbox "$pod" UpdateSandbox
	[[ $output == "12 "* ]]
	kill -KILL "$pid"
	wait_until 10 sandbox_has_state "$pod" 1
	remove_pod "$pod"
	wait_until 10 no_task_left
	[ -z "$(ls -A "$sandboxes")" ]
}

@test "a pod of the sandboxer \"shim\" lives through a crash of containerd, and one that fails leaves nothing" {
	local pod
	[ "$MAJOR" = 2 ] || skip "containerd 1.7 has no sandboxers"
	export HANDLER=kedge-sandbox
	pod=$(run_pod)
	containerd_kill
	containerd_start
	wait_until 10 sandbox_has_state "$pod" 0
	ask_sandbox "$pod" SandboxStatus | grep -qx 3=SANDBOX_READY
	remove_pod "$pod"
	POD=$(jq -c '.metadata.name = "bad" | .linux.sysctls = {"kernel.nonsense": "1"}' <<<"$POD")
	run run_pod
	[[ $output == *kernel.nonsense* ]]
	wait_until 10 no_task_left
	[ -z "$(ls -A /run/containerd/io.containerd.sandbox.controller.v1.shim/k8s.io)" ]
}

# ask_sandbox POD METHOD: the shim itself
ask_sandbox() {
	"$TREE/integration/lib/ttrpc.py" \
		"$(cat "/run/containerd/io.containerd.sandbox.controller.v1.shim/k8s.io/$1/address")" \
		"containerd.runtime.sandbox.v1.Sandbox/$2" "1=$1"
}

sandbox_has_state() {
	[ "$(cri_id PodSandboxStatus pod_sandbox_id "$1" | jq .status.state)" -eq "$2" ]
}
