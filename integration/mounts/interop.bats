#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Images pass between runc, crun and kedge, with every kind of mount in them. Each is restored under
# another id and with one volume elsewhere. Where runc or crun themselves lose something, the test
# tells what was seen and goes on: it is kedge's images that are tested, not their restore.

# single quotes hold jq's and the container's variables
# shellcheck disable=SC2016

load ../lib/common

setup() {
	common_setup
	mkdir "$T/images" "$T/data" "$T/ro" "$T/twice" "$T/old" "$T/new"
	mkdir -m 700 "$T/runc" "$T/crun"
	echo read-only >"$T/ro/file"
	echo twice >"$T/twice/file"
	echo conf >"$T/conf"
	echo old >"$T/old/where"
	echo new >"$T/new/where"
	add_bind "$T/data" /data
	add_bind "$T/ro" /ro bind ro
	add_bind "$T/conf" /etc/conf bind ro
	add_bind "$T/twice" /twice1 bind ro
	add_bind "$T/twice" /twice2 bind ro
	add_bind "$T/old" /vol
	config '.mounts += [{destination: "/scratch", type: "tmpfs", source: "tmpfs", options: ["nosuid", "size=1m"]}] |
		.linux.maskedPaths = ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"] |
		.linux.devices = [{path: "/dev/mine", type: "c", major: 1, minor: 5, fileMode: 438}] |
		.linux.resources.devices += [{allow: true, type: "c", major: 1, minor: 5, access: "rwm"}]'
	script 'echo precious >/scratch/file; n=0
		while :; do n=$((n+1)); echo $n >>/data/counter; sleep 0.1; done'
}

teardown() {
	common_teardown
	local rt id
	for rt in runc crun; do
		for id in t-1 t-2; do
			"$rt" --root "$T/$rt" delete --force "$id" >/dev/null 2>&1 || true
		done
	done
}

# with RUNTIME ARGS...: each has its state in a directory of the test
with() {
	local rt=$1
	shift
	case $rt in
	kedge) kedge "$@" ;;
	*) "$rt" --root "$T/$rt" "$@" ;;
	esac
}

# fails COMMAND...: unlike `!` it ends a test
fails() {
	! "$@"
}

# detached RUNTIME ARGS...: the container's stdio is /dev/null, errors go to the log
detached() {
	local rt=$1
	shift
	with "$rt" --log "$T/$rt.log" "$@" </dev/null >/dev/null 2>&1 || {
		cat "$T/$rt.log" "$T/images/restore.log"
		return 1
	}
}

# checkpoint_with RUNTIME ID: the image directory is there already, as crun wants it. crun's default
# would copy the whole v2 tree into the images.
checkpoint_with() {
	local options=()
	[ "$1" != crun ] || options=(--manage-cgroups-mode ignore)
	with "$1" checkpoint "${options[@]}" --image-path "$T/images" "$2"
	[ "$1" != crun ] || crun --root "$T/crun" delete --force "$2"
}

pid_with() { with "$1" state "$2" | jq .pid; }
last() { tail -n 1 "$T/data/counter"; }

# inside PID COMMAND...
inside() {
	local pid=$1
	shift
	nsenter -t "$pid" -m -r -w "$@"
}

# looks_the_same PID: everything but /twice2, and the volume is the new one
looks_the_same() {
	local p=$1
	wait_until 5 file_has "$T/data/counter" "^$((before + 3))\$"
	[ "$(sort -n "$T/data/counter" | uniq -d | wc -l)" -eq 0 ]
	inside "$p" touch /data/x
	[ "$(inside "$p" cat /ro/file)" = read-only ]
	fails inside "$p" touch /ro/x
	[ "$(inside "$p" cat /etc/conf)" = conf ]
	fails inside "$p" sh -c 'echo x >>/etc/conf'
	[ "$(inside "$p" cat /twice1/file /twice2/file | tr '\n' ' ')" = "twice twice " ]
	fails inside "$p" touch /twice1/x
	[ "$(inside "$p" cat /scratch/file)" = precious ]
	[ "$(inside "$p" cat /vol/where)" = new ]
	[ "$(inside "$p" dd if=/dev/mine bs=4 count=1 2>/dev/null | wc -c)" -eq 4 ]
	[ -z "$(inside "$p" cat /proc/kcore /proc/keys)" ]
	[ -z "$(inside "$p" ls /sys/firmware)" ]
}

# tells_of_twice2 PID RUNTIME: CRIU forgets the flags of the second mount, and they don't help it
tells_of_twice2() {
	fails inside "$1" touch /twice2/x ||
		echo "# seen: $2 brings the second read-only bind of one source back writable" >&3
}

# in_own_cgroup PID ID: in each hierarchy where anybody made one for it, and in none of t-1
in_own_cgroup() {
	cat "/proc/$1/cgroup"
	fails grep -q '/t-1$' "/proc/$1/cgroup"
	grep -q "memory:/$2\$" "/proc/$1/cgroup"
	grep -q "freezer:/$2\$" "/proc/$1/cgroup"
}

move_volume() {
	config --arg s "$T/new" '(.mounts[] | select(.destination == "/vol")).source = $s'
}

to_kedge() {
	detached "$1" run -d -b "$B" t-1
	wait_until 5 file_has "$T/data/counter" '^3$'
	checkpoint_with "$1" t-1
	before=$(last)
	detached kedge restore -d -b "$B" --image-path "$T/images" --external "mnt[/vol]:$T/new" t-2
	looks_the_same "$(pid_of t-2)"
	fails inside "$(pid_of t-2)" touch /twice2/x
	in_own_cgroup "$(pid_of t-2)" t-2
	kedge exec t-2 true
	kedge delete --force t-2
	nothing_left t-2
}

from_kedge() {
	detached kedge run -d -b "$B" t-1
	wait_until 5 file_has "$T/data/counter" '^3$'
	checkpoint_with kedge t-1
	before=$(last)
	move_volume
	detached "$1" restore -d -b "$B" --image-path "$T/images" t-2
	looks_the_same "$(pid_with "$1" t-2)"
	tells_of_twice2 "$(pid_with "$1" t-2)" "$1"
	in_own_cgroup "$(pid_with "$1" t-2)" t-2
	with "$1" delete --force t-2
	nothing_left t-2
}

@test "what runc has checkpointed is restored by kedge" {
	to_kedge runc
}

@test "what crun has checkpointed is restored by kedge" {
	to_kedge crun
}

@test "what kedge has checkpointed is restored by runc" {
	from_kedge runc
}

@test "what kedge has checkpointed is restored by crun" {
	from_kedge crun
}

@test "a container that still runs isn't touched when runc restores its images under another id" {
	detached kedge run -d -b "$B" t-1
	wait_until 5 file_has "$T/data/counter" '^3$'
	kedge checkpoint --leave-running --image-path "$T/images" t-1
	cat "/proc/$(pid_of t-1)/cgroup" >"$T/cgroup"
	mkdir "$T/data2"
	config --arg s "$T/data2" '(.mounts[] | select(.destination == "/data")).source = $s'
	cp "$T/data/counter" "$T/data2/counter"
	detached runc restore -d -b "$B" --image-path "$T/images" t-2
	in_own_cgroup "$(pid_with runc t-2)" t-2
	cmp "$T/cgroup" "/proc/$(pid_of t-1)/cgroup"
	runc --root "$T/runc" delete --force t-2
	[ "$(status_of t-1)" = running ]
}

@test "a cgroup namespace comes back also when runc restores what kedge has checkpointed" {
	config '.linux.namespaces += [{type: "cgroup"}] | .mounts += [{destination: "/sys/fs/cgroup",
		type: "cgroup", source: "cgroup", options: ["nosuid", "noexec", "nodev", "ro"]}]'
	detached kedge run -d -b "$B" t-1
	inside "$(pid_of t-1)" ls /sys/fs/cgroup/pids >"$T/before"
	wait_until 5 file_has "$T/data/counter" '^3$'
	kedge checkpoint --image-path "$T/images" t-1
	detached runc restore -d -b "$B" --image-path "$T/images" t-2
	p=$(pid_with runc t-2)
	[ "$(readlink "/proc/$p/ns/cgroup")" != "$(readlink /proc/self/ns/cgroup)" ]
	diff "$T/before" <(inside "$p" ls /sys/fs/cgroup/pids)
	in_own_cgroup "$p" t-2
}

@test "the images name no cgroup but the container's own, wherever its processes are" {
	script 'sleep 1000 & echo $! >/data/pid; while :; do sleep 1; done'
	mkdir /sys/fs/cgroup/{memory,unified}/t-other
	detached kedge run -d -b "$B" t-1
	wait_until 5 test -s "$T/data/pid"
	outside=$(pgrep -P "$(pid_of t-1)" -f 'sleep 1000')
	for tree in memory unified; do
		echo "$outside" >"/sys/fs/cgroup/$tree/cgroup.procs"
	done
	kedge checkpoint --image-path "$T/images" t-1
	rmdir /sys/fs/cgroup/{memory,unified}/t-other
	grep -q t-1 "$T/images/cgroup.img"
	fails grep -q t-other "$T/images/cgroup.img"
}

# pipes FROM TO: output goes on over the new pipe
pipes() {
	script 'n=0; while :; do n=$((n+1)); echo "line $n"; sleep 0.1; done'
	{ with "$1" run -d -b "$B" t-1 </dev/null 2>/dev/null 3>&-; } | cat >"$T/out1" 3>&- &
	wait_until 5 file_has "$T/out1" '^line 3$'
	checkpoint_with "$1" t-1
	jq -e '.[1] | startswith("pipe:[")' "$T/images/descriptors.json"
	{ with "$2" restore -d -b "$B" --image-path "$T/images" t-2 </dev/null 2>/dev/null 3>&-; } |
		cat >"$T/out2" 3>&- &
	wait_until 5 test -s "$T/out2"
	last=$(tail -n 1 "$T/out1" | tr -dc 0-9)
	first=$(head -n 1 "$T/out2" | tr -dc 0-9)
	[ "$first" -gt "$last" ]
	[ "$first" -le $((last + 2)) ]
	with "$2" delete --force t-2
}

@test "pipes: from runc to kedge" {
	pipes runc kedge
}

@test "pipes: from crun to kedge" {
	pipes crun kedge
}

@test "pipes: from kedge to runc" {
	pipes kedge runc
}

@test "pipes: from kedge to crun" {
	pipes kedge crun
}
