#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Namespaces: new ones, the caller's, and those given by a path.

# single quotes hold jq's and the container's variables
# shellcheck disable=SC2016

load ../lib/common

setup() { common_setup; }
teardown() { common_teardown; }

runs() {
	script "$1"
	run kedge run -b "$B" t-1 </dev/null
}

# no_ns TYPE...: the container keeps these namespaces of the caller
no_ns() { config '.linux.namespaces |= map(select(.type as $t | $ARGS.positional | index($t) | not))' --args "$@"; }

# ns_path TYPE PATH
ns_path() {
	no_ns "$1"
	config --arg t "$1" --arg p "$2" '.linux.namespaces += [{type: $t, path: $p}]'
}

# map_users: a user namespace with ids from 100000 on
map_users() {
	config '.linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 10000}] |
		.linux.gidMappings = [{containerID: 0, hostID: 200000, size: 10000}]'
	chmod 755 "$BATS_RUN_TMPDIR" "$T" "$B"
	chown -R 100000:200000 "$B/rootfs"
}

# holder FLAGS: a process of the host with namespaces of its own; its pid in $HOLDER
holder() {
	unshare "$@" sh -c 'echo $$ >"$0.tmp"; mv "$0.tmp" "$0"; exec sleep 300' "$T/holder" 3>&- &
	wait_until 5 test -s "$T/holder"
	HOLDER=$!
}

drop_holder() {
	kill "$HOLDER"
	wait "$HOLDER" || true
}

@test "what config.json lists is new, what it doesn't list is the caller's" {
	config '.linux.namespaces += [{type: "cgroup"}]'
	runs 'for n in pid net ipc uts mnt cgroup user; do echo $n $(readlink /proc/self/ns/$n); done'
	for n in pid net ipc uts mnt cgroup; do
		[ "$(sed -n "s/^$n //p" <<<"$output")" != "$(readlink "/proc/self/ns/$n")" ]
	done
	[ "$(sed -n 's/^user //p' <<<"$output")" = "$(readlink /proc/self/ns/user)" ]
	no_ns network ipc uts cgroup
	config 'del(.hostname)'
	runs 'for n in net ipc uts cgroup; do echo $n $(readlink /proc/self/ns/$n); done'
	for n in net ipc uts cgroup; do
		[ "$(sed -n "s/^$n //p" <<<"$output")" = "$(readlink "/proc/self/ns/$n")" ]
	done
}

@test "a new pid namespace: the program is 1 and sees only its own; a new network: loopback is up" {
	runs 'echo pid $$; ls /proc | grep -c "^[0-9]"; ip -o link; ip -o addr show lo; echo up >/dev/null'
	[ "${lines[0]}" = "pid 1" ]
	# sh, ls, grep
	[ "${lines[1]}" -le 3 ]
	grep -q 'lo: <LOOPBACK,UP' <<<"$output"
	grep -q '127.0.0.1/8' <<<"$output"
	[ "$(grep -c '^[0-9]*: [a-z].*link/' <<<"$output")" -eq 1 ]
}

@test "a new cgroup namespace shows the container's cgroup as the root" {
	config '.linux.namespaces += [{type: "cgroup"}]'
	runs 'cut -d : -f 3 /proc/self/cgroup | sort -u'
	[ "$output" = / ]
	no_ns cgroup
	runs 'grep :memory: /proc/self/cgroup | cut -d : -f 3'
	[ "$output" = /t-1 ]
}

@test "net, ipc, uts, cgroup and time namespaces are joined by path" {
	holder --net --ipc --uts --cgroup --time
	for n in net:network ipc:ipc uts:uts cgroup:cgroup time:time; do
		file=${n%:*}
		[ "$file" != time ] || file=time_for_children
		ns_path "${n#*:}" "/proc/$HOLDER/ns/$file"
	done
	config 'del(.hostname)'
	runs 'for n in net ipc uts cgroup time; do readlink /proc/self/ns/$n; done'
	expected=$(for n in net ipc uts cgroup time_for_children; do readlink "/proc/$HOLDER/ns/$n"; done)
	drop_holder
	[ "$output" = "${expected//time_for_children/time}" ]
}

@test "a network namespace of ip netns is joined, and left as it was" {
	ip netns add t-net
	ip -n t-net link add dummy7 type veth peer name dummy8 2>/dev/null || ip -n t-net link set lo up
	ns_path network /run/netns/t-net
	runs 'ip -o link | wc -l; readlink /proc/self/ns/net'
	links=$(ip -n t-net -o link | wc -l)
	inode=$(stat -Lc %i /run/netns/t-net)
	ip netns del t-net
	[ "$output" = "$links"$'\n'"net:[$inode]" ]
}

@test "a mount namespace by path is joined; kedge's own is refused, for the host would lose its root" {
	holder --mount --propagation private
	ns_path mount "/proc/$HOLDER/ns/mnt"
	runs 'readlink /proc/self/ns/mnt; grep -c /kedge /proc/self/mountinfo'
	joined=$(readlink "/proc/$HOLDER/ns/mnt")
	drop_holder
	[ "$output" = "$joined"$'\n0' ]
	for own in /proc/self/ns/mnt /proc/1/ns/mnt; do
		ns_path mount "$own"
		run kedge run -b "$B" t-1 </dev/null
		[ "$status" -eq 1 ]
		[[ $output == *"$own is kedge's own"* ]]
	done
	nothing_left t-1
}

@test "a pid namespace by path: exec, kill and delete know the container's processes from the others" {
	start_detached t-1
	ns_path pid "/proc/$(pid_of t-1)/ns/pid"
	script 'sleep 1000 & while :; do sleep 0.1; done'
	start_detached t-2
	[ "$(kedge exec t-2 readlink /proc/self/ns/pid)" = "$(readlink "/proc/$(pid_of t-1)/ns/pid")" ]
	kedge delete --force t-2
	[ "$(status_of t-1)" = running ]
	run kedge exec t-1 sh -c 'ps | grep -c "[s]leep 1000"'
	[ "$output" = 0 ]
}

@test "a path that isn't a namespace, or is one of another kind, is refused with both names" {
	ns_path network /etc/passwd
	run kedge run -b "$B" t-1
	[ "$status" -eq 1 ]
	[[ $output == */etc/passwd* ]]
	ns_path network /proc/self/ns/ipc
	run kedge run -b "$B" t-1
	[ "$status" -eq 1 ]
	[[ $output == */proc/self/ns/ipc* ]]
	ns_path network /run/netns/none
	run kedge run -b "$B" t-1
	[ "$status" -eq 1 ]
	[[ $output == */run/netns/none* ]]
	nothing_left t-1
}

@test "without a mount namespace nothing is run" {
	no_ns mount
	run kedge run -b "$B" t-1
	[ "$status" -eq 1 ]
	[[ $output == *"mount namespace"* ]]
	nothing_left t-1
}

@test "user: ids are mapped, root inside has no rights outside, and its files belong to the mapped ids" {
	map_users
	config '.root.readonly = false'
	mkdir "$T/hosts"
	chmod 700 "$T/hosts"
	add_bind "$T/hosts" /hosts
	runs 'id -u; id -g; cat /proc/self/uid_map | tr -s " "; touch /made; touch /hosts/x; grep CapEff /proc/self/status'
	[ "${lines[0]}" = 0 ]
	[ "${lines[1]}" = 0 ]
	[ "${lines[2]}" = " 0 100000 10000" ]
	[[ $output == *"/hosts/x: Permission denied"* ]]
	[ "$(stat -c %u:%g "$B/rootfs/made")" = 100000:200000 ]
	nothing_left t-1
}

@test "user: default devices work although nodes can't be made, and a terminal belongs to the mapped root" {
	map_users
	config '.process.terminal = true'
	runs 'echo x >/dev/null && head -c 2 /dev/zero | wc -c; stat -c "%F %t:%T" /dev/null; test -t 0 && stat -c %u /dev/pts/0'
	[ "$status" -eq 0 ]
	[ "$(tr -d '\r' <<<"$output")" = $'2\ncharacter special file 1:3\n0' ]
}

@test "user: several ranges, a user who isn't root, and one that isn't mapped" {
	config '.linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 1}, {containerID: 1, hostID: 500, size: 100}] |
		.linux.gidMappings = [{containerID: 0, hostID: 100000, size: 1}, {containerID: 1, hostID: 700, size: 20}] |
		.process.user = {uid: 5, gid: 12, additionalGids: [13]}'
	chmod 755 "$BATS_RUN_TMPDIR" "$T" "$B"
	chown -R 100000:100000 "$B/rootfs"
	start_detached t-1
	grep -Eq '^Uid:\s504\s' "/proc/$(pid_of t-1)/status"
	grep -Eq '^Gid:\s711\s' "/proc/$(pid_of t-1)/status"
	grep -Eq '^Groups:\s712 *$' "/proc/$(pid_of t-1)/status"
	kedge delete --force t-1
	config '.process.user.uid = 4000'
	run kedge run -b "$B" t-1
	[ "$status" -eq 1 ]
	[[ $output == *4000* ]]
	nothing_left t-1
}

@test "user: a namespace by path is joined, and one without maps is refused" {
	map_users
	start_detached t-1
	pid=$(pid_of t-1)
	config --arg p "$pid" '.linux.namespaces |= map(if .type == "user" then .path = "/proc/\($p)/ns/user" else . end) |
		del(.linux.uidMappings, .linux.gidMappings)'
	script 'readlink /proc/self/ns/user; id -u'
	run kedge run -b "$B" t-2 </dev/null
	[ "$output" = "$(readlink "/proc/$pid/ns/user")"$'\n0' ]
	config '.linux.namespaces |= map(if .type == "user" then del(.path) else . end)'
	run kedge run -b "$B" t-2
	[ "$status" -eq 1 ]
	[[ $output == *uidMappings* ]]
	[ "$(kedge list -q)" = t-1 ]
}

@test "user: mount, seccomp, hooks and pause work there too" {
	map_users
	mkdir "$T/src"
	chmod 777 "$T/src"
	add_bind "$T/src" /src bind nosuid
	jq '.linux.seccomp' "$TREE/oci/testdata/docker.json" >"$T/seccomp"
	config --slurpfile s "$T/seccomp" '.linux.seccomp = $s[0]'
	script 'touch /src/f; while :; do sleep 0.1; done'
	start_detached t-1
	wait_until 5 test -e "$T/src/f"
	[ "$(stat -c %u "$T/src/f")" = 100000 ]
	kedge pause t-1
	kedge resume t-1
	kedge exec t-1 grep -q '^Seccomp:.*2' /proc/self/status
}

@test "time: offsets move the monotonic and the boot clock, and a new namespace without offsets doesn't" {
	config '.linux.namespaces += [{type: "time"}] |
		.linux.timeOffsets = {monotonic: {secs: 7000, nanosecs: 5}, boottime: {secs: 86400}}'
	runs 'tr "\n" " " </proc/self/timens_offsets | tr -s " "; cut -d . -f 1 /proc/uptime'
	[[ ${lines[0]} == "monotonic 7000 5 boottime 86400 0 "* ]]
	up=${lines[-1]##* }
	[ "$up" -ge "$(($(cut -d . -f 1 /proc/uptime) + 86400 - 5))" ]
	config 'del(.linux.timeOffsets)'
	runs 'readlink /proc/self/ns/time; tr "\n" " " </proc/self/timens_offsets | tr -s " "'
	[ "${lines[0]}" != "$(readlink /proc/self/ns/time)" ]
	[[ ${lines[1]} == "monotonic 0 0 boottime 0 0 "* ]]
}

@test "ipc and mqueue: what one container makes the other doesn't see" {
	use_python
	script 'perl -e "print syscall(68, 4711, 01600) >= 0 ? \"made \" : \"no\""; while :; do sleep 1; done'
	start_detached t-1
	wait_until 5 kedge exec t-1 grep -q 4711 /proc/sysvipc/msg
	run ! grep -q 4711 /proc/sysvipc/msg
	kedge exec t-1 touch /dev/mqueue/q
	[ ! -e /dev/mqueue/q ]
}
