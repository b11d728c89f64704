#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Pods of a kubelet whose cgroupDriver is systemd, which is what Kubernetes advises: their containers are in
# scopes in the slices that it names.
#
# Each test runs in a process of its own, and so has its own $POD.
# shellcheck disable=SC2030,SC2031

load ../lib/common
export CONTAINERD_NAMESPACE=k8s.io
load ../lib/containerd
load ../lib/cri
load ../lib/systemd

SLICE=kubepods-besteffort-poduid_1.slice
SLICE_PATH=/kubepods.slice/kubepods-besteffort.slice/$SLICE

# "kedge" is told nothing of systemd, and knows by the paths; "kedge-told" is, as runc has to be.
more_config() {
	local plugin=io.containerd.grpc.v1.cri
	[ "$MAJOR" = 1 ] || plugin=io.containerd.cri.v1.runtime
	echo "[plugins.\"$plugin\".containerd.runtimes.kedge-told]"
	echo 'runtime_type = "io.containerd.kedge.v1"'
	echo "[plugins.\"$plugin\".containerd.runtimes.kedge-told.options]"
	echo "SystemdCgroup = true"
}

# The kubelet makes a pod's slice before it asks for the pod.
setup() {
	ignore_cpu
	systemctl start dbus "$SLICE"
	cri_setup
	POD=$(jq -c --arg slice "$SLICE" '.linux.cgroup_parent = $slice' <<<"$POD")
}

teardown() {
	cri_teardown
	systemctl stop kubepods.slice
	systemctl reset-failed
}

# is_in_scope ID: it is in its own, in the pod's slice, and systemd knows of it
is_in_scope() {
	local unit=cri-containerd-$1.scope
	[ "$(property ActiveState,Slice,Delegate "$unit" | sort | xargs)" = "active $SLICE yes" ]
	[ "$(cgroup_of "$(task_pid "$1")")" = "$SLICE_PATH/$unit" ]
}

nothing_of_pods() {
	[ -z "$(systemctl list-units --all --plain --no-legend 'cri-*.scope')" ] &&
		[ -z "$(find "/sys/fs/cgroup$SLICE_PATH" -mindepth 1 -type d)" ] &&
		[ -z "$(find /sys/fs/cgroup -name '*:*')" ] && no_task_left
}

@test "a pod's containers are in scopes in its slice, executed in, measured, stopped and gone with it" {
	local pod one two
	for HANDLER in kedge kedge-told; do
		has_its_scopes
	done
}

has_its_scopes() {
	pod=$(run_pod)
	one=$(run_container "$pod" one "$SLEEP")
	two=$(run_container "$pod" two "$SLEEP")
	is_in_scope "$pod"
	is_in_scope "$one"
	is_in_scope "$two"
	[ "$(exec_sync "$one" /bin/cat /proc/self/cgroup | grep '^0:')" = 0::/ ]
	cri_id ContainerStats container_id "$one"
	[ "$(ctr task metrics "$one" | grep -c "$one")" -eq 1 ]
	systemctl daemon-reload
	is_in_scope "$one"
	cri StopContainer "{\"container_id\": \"$one\", \"timeout\": 10}"
	[ "$(cri_id ContainerStatus container_id "$one" | jq -c '[.status.state, .status.exit_code]')" = '[2,7]' ]
	is_in_scope "$two"
	remove_pod "$pod"
	wait_until 10 nothing_of_pods
}

@test "pods live through a crash of containerd, in their scopes" {
	local pod one
	pod=$(run_pod)
	one=$(run_container "$pod" one "$SLEEP")
	containerd_kill
	containerd_start
	wait_until 10 has_state "$one" 1
	is_in_scope "$one"
	[ "$(exec_sync "$one" /bin/echo still)" = still ]
	remove_pod "$pod"
	wait_until 10 nothing_of_pods
}

@test "a shim that is killed takes the pod down, and what is removed leaves no unit" {
	local pod one
	pod=$(run_pod)
	one=$(run_container "$pod" one "$SLEEP")
	is_in_scope "$one"
	kill -KILL "$(shim_pid "$pod")"
	wait_until 10 has_state "$one" 2
	remove_pod "$pod"
	wait_until 10 nothing_of_pods
}

@test "the end of a container's scope is its end, with its status" {
	local pod one
	pod=$(run_pod)
	one=$(run_container "$pod" one "$SLEEP")
	systemctl stop "cri-containerd-$one.scope"
	wait_until 10 has_state "$one" 2
	[ "$(cri_id ContainerStatus container_id "$one" | jq '.status.exit_code')" -eq 7 ]
	is_in_scope "$pod"
	remove_pod "$pod"
	wait_until 10 nothing_of_pods
}

@test "a pod of the sandboxer \"shim\" has a scope, too" {
	local pod one pid unit
	[ "$MAJOR" = 2 ] || skip "containerd 1.7 has no sandboxers"
	export HANDLER=kedge-sandbox
	touch "$T/hosts"
	pod=$(run_pod)
	pid=$(pgrep -xf /kedge-pause)
	unit=cri-containerd-$pod.scope
	[ "$(property ActiveState,Slice "$unit" | sort | xargs)" = "active $SLICE" ]
	[ "$(cgroup_of "$pid")" = "$SLICE_PATH/$unit" ]
	one=$(run_container "$pod" one "$SLEEP" ".mounts = [\"/etc/hosts\", \"/etc/resolv.conf\"
		| {container_path: ., host_path: \"$T/hosts\"}]
		+ [{container_path: \"/dev/shm\", host_path: \"$T\"}]")
	is_in_scope "$one"
	remove_pod "$pod"
	wait_until 10 nothing_of_pods
}
