#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What runs in the container comes back as it was: the tree of processes, its exit status, its
# namespaces; and hooks are told of it.

# single quotes hold jq's and the container's variables
# shellcheck disable=SC2016

load ../lib/common

setup() {
	common_setup
	mkdir -p "$T/data" "$T/images"
	add_bind "$T/data" /data
	script 'n=0; while :; do n=$((n+1)); echo $n >>/data/counter; sleep 0.1; done'
}
teardown() { common_teardown; }

counts_on() {
	local before
	before=$(tail -n 1 "$T/data/counter")
	wait_until 5 file_has "$T/data/counter" "^$((before + 2))\$"
}

# ns_of ID KIND
ns_of() { readlink "/proc/$(pid_of "$1")/ns/$2"; }

@test "a tree of ten processes comes back with the same pids, parents and sessions" {
	use_python
	python '
import os, time
for i in range(9):
    is_child = os.fork() == 0
    if is_child and i == 4:
        os.setsid()
    if is_child and i == 6:
        os.setpgid(0, 0)
    if is_child != (i in (2, 5)):
        break
open("/data/ready%d" % os.getpid(), "w")
while True:
    time.sleep(1)
'
	start_detached t-1
	processes() { kedge exec t-1 busybox ps -o pid,ppid,pgid,sid,args | grep -v 'busybox ps'; }
	all_ready() { [ "$(find "$T/data" -name 'ready*' | wc -l)" -eq 10 ]; }
	wait_until 5 all_ready
	processes >"$T/before"
	[ "$(grep -c python3 "$T/before")" -ge 10 ]
	cycle t-1 "$T/images"
	processes >"$T/after"
	diff "$T/before" "$T/after"
	kedge kill t-1 KILL
	wait_until 5 is_stopped t-1
	kedge delete t-1
	nothing_left t-1
}

@test "a process of kedge exec is named in a warning, and the container comes back without it" {
	start_detached t-1
	kedge exec -d t-1 sleep 1234
	run kedge checkpoint --image-path "$T/images" t-1
	[ "$status" -eq 0 ]
	[[ $output == *"sleep 1234"* ]]
	restore_detached t-1 "$T/images"
	counts_on
	run kedge exec t-1 ps
	[[ $output != *"sleep 1234"* ]]
}

@test "a restore in the foreground gives the program's exit status, and leaves nothing" {
	script 'until [ -e /data/end ]; do sleep 0.1; done; exit 7'
	start_detached t-1
	kedge checkpoint --image-path "$T/images" t-1
	kedge restore -b "$B" --image-path "$T/images" t-1 </dev/null >/dev/null 2>"$T/err" 3>&- &
	runner=$!
	wait_until 5 is_running t-1
	touch "$T/data/end"
	status=0
	wait "$runner" || status=$?
	cat "$T/err"
	[ "$status" -eq 7 ]
	nothing_left t-1
}

@test "a signal to a restore in the foreground reaches the program" {
	script 'trap "exit 9" TERM; touch /data/ready; while :; do sleep 0.1; done'
	start_detached t-1
	wait_until 5 test -e "$T/data/ready"
	kedge checkpoint --image-path "$T/images" t-1
	kedge restore -b "$B" --image-path "$T/images" t-1 </dev/null >/dev/null 2>&1 3>&- &
	runner=$!
	wait_until 5 is_running t-1
	kill -TERM "$runner"
	status=0
	wait "$runner" || status=$?
	[ "$status" -eq 9 ]
	nothing_left t-1
}

@test "a third cycle is as good as the first, and nothing piles up" {
	start_detached t-1
	cgroups=$(count_cgroups)
	mounts=$(wc -l <"/proc/$(pid_of t-1)/mountinfo")
	fds=$(find "/proc/$(pid_of t-1)/fd" | wc -l)
	for i in 1 2 3; do
		cycle t-1 "$T/images$i"
		[ "$(count_cgroups)" -eq "$cgroups" ]
		[ "$(wc -l <"/proc/$(pid_of t-1)/mountinfo")" -eq "$mounts" ]
		[ "$(find "/proc/$(pid_of t-1)/fd" | wc -l)" -eq "$fds" ]
		[ "$(wc -l </proc/self/mountinfo)" -eq "$MOUNTS_BEFORE" ]
		counts_on
	done
	kedge delete --force t-1
	nothing_left t-1
}

@test "a paused container can be checkpointed, and runs after the restore" {
	start_detached t-1
	kedge pause t-1
	kedge checkpoint --image-path "$T/images" t-1
	nothing_left t-1
	restore_detached t-1 "$T/images"
	[ "$(status_of t-1)" = running ]
	counts_on
}

@test "a paused container that is left running is paused still" {
	start_detached t-1
	kedge pause t-1
	kedge checkpoint --leave-running --image-path "$T/images" t-1
	[ "$(status_of t-1)" = paused ]
	kedge resume t-1
	counts_on
}

@test "what isn't running can't be checkpointed: created, stopped, unknown" {
	run kedge checkpoint --image-path "$T/images" t-1
	[ "$status" -eq 1 ]
	[[ $output == *t-1* ]]
	kedge create -b "$B" t-1 </dev/null >/dev/null 2>&1
	run kedge checkpoint --image-path "$T/images" t-1
	[ "$status" -eq 1 ]
	[[ $output == *created* ]]
	[ "$(status_of t-1)" = created ]
	kedge start t-1
	kedge kill t-1 KILL
	wait_until 5 is_stopped t-1
	run kedge checkpoint --image-path "$T/images" t-1
	[ "$status" -eq 1 ]
	[[ $output == *stopped* ]]
	[ -z "$(ls "$T/images")" ]
}

@test "a restore with a bundle that is something else is refused, and leaves nothing" {
	start_detached t-1
	kedge checkpoint --image-path "$T/images" t-1
	mkdir -p "$T/other/rootfs"
	jq '.mounts |= map(select(.destination != "/data"))' <"$B/config.json" >"$T/other/config.json"
	run kedge restore -d -b "$T/other" --image-path "$T/images" t-1
	[ "$status" -eq 1 ]
	[[ $output == *"/data"* ]]
	nothing_left t-1
	# the same mounts, but a root without the program
	cp "$B/config.json" "$T/other/config.json"
	run kedge restore -d -b "$T/other" --image-path "$T/images" t-1
	[ "$status" -eq 1 ]
	[[ $output == *"bin/busybox"* ]]
	nothing_left t-1
	[ -z "$(find "$T/other/rootfs" -type f)" ]
	run kedge restore -d -b "$T/nowhere" --image-path "$T/images" t-1
	[ "$status" -eq 1 ]
	[[ $output == *"$T/nowhere"* ]]
	restore_detached t-1 "$T/images"
	counts_on
}

@test "prestart and createRuntime hooks run at a restore, with the pid and the bundle" {
	start_detached t-1
	kedge checkpoint --image-path "$T/images" t-1
	printf '#!/bin/sh\ncat >%s/state.$1\nls /proc/self/task >/dev/null\n' "$T" >"$T/hook"
	chmod +x "$T/hook"
	config --arg h "$T/hook" '.hooks = {
		prestart: [{path: $h, args: ["hook", "prestart"]}],
		createRuntime: [{path: $h, args: ["hook", "createRuntime"]}],
		poststop: [{path: $h, args: ["hook", "poststop"]}]}'
	restore_detached t-1 "$T/images"
	for name in prestart createRuntime; do
		[ "$(jq .pid "$T/state.$name")" = "$(pid_of t-1)" ]
		[ "$(jq -r .id "$T/state.$name")" = t-1 ]
		[ "$(jq -r .bundle "$T/state.$name")" = "$B" ]
	done
	[ ! -e "$T/state.poststop" ]
	kedge delete --force t-1
	[ "$(jq -r .status "$T/state.poststop")" = stopped ]
}

@test "a hook that fails ends the restore, and the id is free again" {
	start_detached t-1
	kedge checkpoint --image-path "$T/images" t-1
	config '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "echo no cable >&2; exit 3"]}]'
	run kedge restore -d -b "$B" --image-path "$T/images" t-1
	[ "$status" -eq 1 ]
	[[ $output == *createRuntime*"no cable"* ]]
	nothing_left t-1
	config 'del(.hooks)'
	restore_detached t-1 "$T/images"
	counts_on
}

@test "a network namespace given by path is joined again" {
	ip netns add kedge-t
	ip -n kedge-t link set lo up
	MOUNTS_BEFORE=$(wc -l </proc/self/mountinfo)
	config '(.linux.namespaces[] | select(.type == "network")).path = "/run/netns/kedge-t"'
	start_detached t-1
	[ "$(ns_of t-1 net)" = "net:[$(stat -Lc %i /run/netns/kedge-t)]" ]
	cycle t-1 "$T/images"
	[ "$(ns_of t-1 net)" = "net:[$(stat -Lc %i /run/netns/kedge-t)]" ]
	counts_on
	kedge delete --force t-1
	nothing_left t-1
	ip netns del kedge-t
}

@test "ipc and uts namespaces of another container are joined again" {
	start_detached t-1
	pid=$(pid_of t-1)
	config --arg p "/proc/$pid/ns" '.linux.namespaces |= map(
		if .type == "ipc" or .type == "uts" then .path = "\($p)/\(.type)" else . end)
		| del(.hostname) | .mounts |= map(select(.destination != "/dev/mqueue"))'
	start_detached t-2
	[ "$(ns_of t-2 ipc)" = "$(ns_of t-1 ipc)" ]
	cycle t-2 "$T/images"
	[ "$(ns_of t-2 ipc)" = "$(ns_of t-1 ipc)" ]
	[ "$(ns_of t-2 uts)" = "$(ns_of t-1 uts)" ]
	counts_on
}

@test "a pid namespace of another container is joined again" {
	start_detached t-1
	pid=$(pid_of t-1)
	config --arg p "/proc/$pid/ns/pid" '(.linux.namespaces[] | select(.type == "pid")).path = $p'
	start_detached t-2
	[ "$(ns_of t-2 pid)" = "$(ns_of t-1 pid)" ]
	cycle t-2 "$T/images"
	[ "$(ns_of t-2 pid)" = "$(ns_of t-1 pid)" ]
	counts_on
}

@test "a container without namespaces of its own for network, ipc and uts uses the host's again" {
	config '.linux.namespaces |= map(select(.type == "mount" or .type == "pid"))
		| del(.hostname) | .mounts |= map(select(.type != "mqueue" and .type != "sysfs"))'
	start_detached t-1
	cycle t-1 "$T/images"
	for kind in net ipc uts; do
		[ "$(ns_of t-1 $kind)" = "$(readlink /proc/self/ns/$kind)" ]
	done
	counts_on
}

@test "a user namespace comes back with its maps, and volumes belong to the same users" {
	for dir in "$B" "$T" "${T%/*}" "${T%/*/*}"; do
		chmod 755 "$dir"
	done
	chown -R 100000:100000 "$B/rootfs" "$T/data"
	config '.linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 1000}]
		| .linux.gidMappings = [{containerID: 0, hostID: 100000, size: 1000}]'
	start_detached t-1
	wait_until 5 test -s "$T/data/counter"
	[ "$(stat -c %u "$T/data/counter")" = 100000 ]
	cycle t-1 "$T/images"
	[ "$(awk '{print $2}' "/proc/$(pid_of t-1)/uid_map")" = 100000 ]
	counts_on
}
