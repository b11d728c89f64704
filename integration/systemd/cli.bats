#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# kedge --systemd-cgroup: a container is in a scope that systemd knows, with its limits, and both end
# together.

# single quotes hold jq's and the container's variables; bats sets $status and $output
# shellcheck disable=SC2016,SC2030,SC2031

load ../lib/common
load ../lib/gate
load ../lib/systemd

setup() { systemd_setup; }
teardown() { systemd_teardown; }

is_active() { [ "$(property ActiveState)" = active ]; }

@test "a container is in a scope of its own, delegated to it, until it is deleted" {
	start_detached t-1
	[ "$(property Id,ActiveState,Slice,Delegate,ControlGroup,DefaultDependencies | sort | xargs)" = \
		"/system.slice/$UNIT active kedge-t-1.scope no system.slice yes" ]
	[[ $(property Description) == *t-1 ]]
	[ "$(property MemoryAccounting,TasksAccounting,IOAccounting | xargs)" = "yes yes yes" ]
	[ "$(cgroup_of "$(pid_of t-1)")" = "/system.slice/$UNIT" ]
	[ "$(kedge exec t-1 sh -c 'echo $$; cat /proc/self/cgroup' | tail -n 1)" = 0::/ ]
	kedge exec -d t-1 sh -c 'while :; do sleep 1; done'
	[ "$(pgrep -cf '^sh -c while')" -eq 1 ]
	[ "$(cgroup_of "$(pgrep -f '^sh -c while')")" = "/system.slice/$UNIT" ]
	kedge pause t-1
	[ "$(status_of t-1)" = paused ]
	[ "$(cat "/sys/fs/cgroup/system.slice/$UNIT/cgroup.freeze")" = 1 ]
	kedge resume t-1
	kedge kill t-1 KILL
	wait_until 5 is_stopped t-1
	kedge delete t-1
	nothing_left_of t-1
}

@test "run in the foreground passes its status on, and leaves nothing" {
	script 'exit 7'
	run kedge run -b "$B" t-1
	[ "$status" -eq 7 ]
	nothing_left_of t-1
}

@test "create makes the scope, start runs the program in it, delete --force ends all of it" {
	kedge create -b "$B" t-1 </dev/null >/dev/null 2>&1
	is_active
	[ "$(cgroup_of "$(pid_of t-1)")" = "/system.slice/$UNIT" ]
	kedge start t-1
	is_running t-1
	is_active
	kedge delete --force t-1
	nothing_left_of t-1
}

@test "without a cgroupsPath, or a slice in it, it is in system.slice" {
	config 'del(.linux.cgroupsPath)'
	start_detached t-1
	[ "$(cgroup_of "$(pid_of t-1)")" = "/system.slice/${KEDGE_AS:-kedge}-t-1.scope" ]
	scope_path :x:t-2
	start_detached t-2
	[ "$(cgroup_of "$(pid_of t-2)")" = "/system.slice/x-t-2.scope" ]
	kedge delete --force t-1
	kedge delete --force t-2
	nothing_left_of t-1
}

@test "slices lie in each other by their names, and -.slice is the root" {
	scope_path a-b.slice:x:t-1
	start_detached t-1
	[ "$(cgroup_of "$(pid_of t-1)")" = /a.slice/a-b.slice/x-t-1.scope ]
	[ "$(property Slice x-t-1.scope)" = a-b.slice ]
	scope_path -.slice:x:t-2
	start_detached t-2
	[ "$(cgroup_of "$(pid_of t-2)")" = /x-t-2.scope ]
	kedge delete --force t-1
	kedge delete --force t-2
	wait_until 5 no_unit_left
	systemctl stop a.slice # which nobody but the administrator takes away
	nothing_left_of t-1
}

LIMITS=MemoryMax,MemoryLow,MemorySwapMax,TasksMax,CPUWeight,CPUQuotaPerSecUSec,CPUQuotaPeriodUSec
LIMITS=$LIMITS,AllowedCPUs,AllowedMemoryNodes

# limits_by RUNTIME UPDATE-ARGS...: what systemd has been told of its container. That a machine has not all control
# files is refused by both, and not what is looked at.
limits_by() {
	KEDGE_AS=$1 start_detached t-1
	KEDGE_AS=$1 kedge update "${@:2}" t-1 >/dev/null 2>&1 || true
	systemctl show -p "$LIMITS" "$UNIT" | sort
	KEDGE_AS=$1 kedge delete --force t-1
	wait_until 5 no_unit_left
}

@test "systemd is told of limits what runc tells it" {
	local args
	limits_by runc >"$T/none"
	while read -r args; do
		# shellcheck disable=SC2086
		limits_by runc $args >"$T/runc"
		# shellcheck disable=SC2086
		limits_by "${KEDGE_AS:-kedge}" $args >"$T/kedge"
		diff "$T/runc" "$T/kedge"
		run ! diff -q "$T/none" "$T/kedge"
	done <<-END
		--memory 67108864
		--memory 67108864 --memory-reservation 33554432 --memory-swap 134217728
		--memory 67108864 --memory-swap -1
		--pids-limit 20
		--cpu-share 262144
		--cpu-quota 50000
		--cpu-quota 12345 --cpu-period 50000
		--cpuset-cpus 0
		--cpuset-cpus 0-1 --cpuset-mems 0
	END
}

@test "a look of systemd at its units leaves the container and its device rules alone" {
	script 'while :; do sleep 0.1; done'
	config '.process.capabilities[] += ["CAP_MKNOD"] | .root.readonly = false'
	start_detached t-1
	can_open() { kedge exec t-1 sh -c ": <$1"; }
	kedge exec t-1 busybox mknod /tmp/fuse c 10 229
	can_open /dev/null
	run ! can_open /tmp/fuse
	systemctl daemon-reload
	can_open /dev/null
	run ! can_open /tmp/fuse
	systemctl daemon-reexec
	can_open /dev/null
	run ! can_open /tmp/fuse
	is_running t-1
	is_active
	[ "$(cgroup_of "$(pid_of t-1)")" = "/system.slice/$UNIT" ]
	kedge delete --force t-1
	nothing_left_of t-1
}

@test "systemctl stop ends the container, by TERM if it listens" {
	script "trap 'echo term >/data/f; exit 3' TERM; touch /data/up; while :; do sleep 0.05; done"
	add_bind "$T" /data
	start_detached t-1
	wait_until 5 test -e "$T/up"
	systemctl stop "$UNIT"
	[ "$(cat "$T/f")" = term ]
	[ "$(status_of t-1)" = stopped ]
	run ! kedge exec t-1 true
	kedge delete t-1
	nothing_left_of t-1
}

@test "one that has ended by itself is deleted, whether systemd still knows its unit or not" {
	script true
	start_detached t-1
	wait_until 5 is_stopped t-1
	wait_until 5 no_unit_left
	kedge delete t-1
	nothing_left_of t-1
}

@test "a name that is taken is refused, and stays whose it was" {
	local pid
	start_detached t-1
	pid=$(pid_of t-1)
	run kedge --root "$T/other" run -d -b "$B" t-1 </dev/null
	[ "$status" -eq 1 ]
	echo "$output"
	[ ! -e "$T/other/t-1" ]
	is_active
	[ "$(pid_of t-1)" = "$pid" ]
	[ "$(cgroup_of "$pid")" = "/system.slice/$UNIT" ]
	kedge delete --force t-1
	nothing_left_of t-1
	systemd-run --quiet --unit "$UNIT" --scope sleep 100 3>&- &
	wait_until 5 is_active
	run kedge run -d -b "$B" t-1 </dev/null
	[ "$status" -eq 1 ]
	is_active
	kill $!
	wait $! || true
	nothing_left_of t-1
}

@test "a unit of that name in another slice is not ours to limit or to stop" {
	start_detached t-1
	kedge kill t-1 KILL
	wait_until 5 is_stopped t-1
	wait_until 5 no_unit_left
	systemd-run --quiet --unit "$UNIT" --slice other.slice --scope sleep 100 3>&- &
	wait_until 5 is_active
	run kedge update --pids-limit 5 t-1
	[ "$status" -eq 1 ]
	[[ $output == *"$UNIT has ended"* ]]
	[ "$(property TasksMax)" != 5 ]
	kedge delete t-1
	is_active
	kill $!
	wait $! || true
	systemctl stop other.slice
	nothing_left_of t-1
}

@test "a unit that failed under that name is no obstacle" {
	systemd-run --quiet --unit "$UNIT" --scope sleep 100 3>&- &
	wait_until 5 is_active
	systemctl kill --signal KILL "$UNIT"
	wait $! || true
	start_detached t-1
	is_active
	kedge delete --force t-1
	nothing_left_of t-1
}

# refuses_path PATH TEXT: it is refused with TEXT, and nothing is made
refuses_path() {
	scope_path "$1"
	run kedge run -d -b "$B" t-1 </dev/null
	[ "$status" -eq 1 ]
	[[ $output == *"$2"* ]] || {
		echo "no \"$2\" in: $output"
		return 1
	}
	nothing_left_of t-1
}

@test "a cgroupsPath of another form, or a slice that can't be, is refused" {
	local path
	for path in nonsense /a/b a:b a:b:c:d; do
		refuses_path "$path" 'slice:prefix:name'
	done
	for path in foo:x:t-1 a-.slice:x:t-1 a--b.slice:x:t-1 -a.slice:x:t-1 a/b.slice:x:t-1 ../a.slice:x:t-1; do
		refuses_path "$path" slice
	done
	refuses_path system.slice:x:a/b a/b
	refuses_path 'system.slice:x:a b' 'a b'
	refuses_path system.slice:x:user.slice user.slice
}

@test "annotations set properties of the unit" {
	config '.annotations = {"org.systemd.property.TimeoutStopUSec": "uint64 1234567",
		"org.systemd.property.CollectMode": "\"inactive-or-failed\"",
		"org.systemd.property.After": "[\"-.mount\"]"}'
	start_detached t-1
	[ "$(property TimeoutStopUSec)" = 1.234567s ]
	[ "$(property CollectMode)" = inactive-or-failed ]
	[[ $(property After) == *-.mount* ]]
	kedge delete --force t-1
	config '.annotations = {"org.systemd.property.TimeoutStopSec": "2.5"}'
	start_detached t-1
	[ "$(property TimeoutStopUSec)" = 2.500000s ]
	kedge delete --force t-1
	config '.annotations = {"org.systemd.property.NoSuchThing": "true"}'
	run kedge run -d -b "$B" t-1 </dev/null
	[ "$status" -eq 1 ]
	[[ $output == *NoSuchThing* ]]
	nothing_left_of t-1
	config '.annotations = {"org.systemd.property.TimeoutStopUSec": "((("}'
	run kedge run -d -b "$B" t-1 </dev/null
	[ "$status" -eq 1 ]
	[[ $output == *TimeoutStopUSec* ]]
	nothing_left_of t-1
}

@test "a container with cgroups of its own below its scope is executed in, and goes with them" {
	config '.mounts |= map(if .type == "cgroup" then .options -= ["ro"] else . end)
		| .linux.namespaces += [{type: "cgroup"}] | .linux.namespaces |= unique'
	script 'mkdir /sys/fs/cgroup/own; echo $$ >/sys/fs/cgroup/own/cgroup.procs; touch /data/up
		while :; do sleep 1; done'
	config '.root.readonly = false'
	add_bind "$T" /data
	start_detached t-1
	wait_until 5 test -e "$T/up"
	[ "$(cgroup_of "$(pid_of t-1)")" = "/system.slice/$UNIT/own" ]
	kedge exec t-1 true
	systemctl daemon-reload
	[ "$(cgroup_of "$(pid_of t-1)")" = "/system.slice/$UNIT/own" ]
	kedge delete --force t-1
	nothing_left_of t-1
}

@test "root of a user namespace may divide its cgroup, if cgroups are writable there" {
	local dir=/sys/fs/cgroup/system.slice/$UNIT d
	for d in "$T" "$T"/.. "$T"/../.. "$T"/../../..; do chmod o+x "$d"; done
	chown -R 100000:100000 "$B/rootfs"
	config '.linux.namespaces += [{type: "cgroup"}, {type: "user"}] | .linux.namespaces |= unique
		| .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
		| .linux.gidMappings = .linux.uidMappings'
	start_detached t-1
	[ "$(stat -c %u "$dir" "$dir/cgroup.procs" | xargs)" = "0 0" ]
	kedge delete --force t-1
	config '.mounts |= map(if .type == "cgroup" then .options -= ["ro"] else . end)'
	script 'mkdir /sys/fs/cgroup/own; while :; do sleep 1; done'
	start_detached t-1
	wait_until 5 test -d "$dir/own"
	[ "$(stat -c %u "$dir" "$dir/cgroup.procs" "$dir/own" | xargs)" = "100000 100000 100000" ]
	[ "$(stat -c %u "$dir/cgroup.freeze")" = 0 ]
	kedge delete --force t-1
	nothing_left_of t-1
}

@test "a kedge that is killed while it creates leaves nothing that delete can't remove" {
	local hook
	[ -z "$KEDGE_AS" ] || skip "of kedge alone"
	gate_make
	for hook in createRuntime createContainer; do
		gate_hook "$hook"
		gate_close
		kedge run -d -b "$B" t-1 </dev/null >/dev/null 2>&1 3>&- &
		gate_reached
		pkill -KILL -xf "kedge --systemd-cgroup run -d -b $B t-1" || kill -KILL $!
		wait $! || true
		gate_end
		kedge delete --force t-1
		nothing_left_of t-1
	done
}

@test "where no systemd runs that is said, with the way out" {
	[ -z "$KEDGE_AS" ] || skip "of kedge alone"
	mkdir "$T/empty"
	run unshare --mount sh -c "mount --bind $T/empty /run/systemd && exec kedge --systemd-cgroup run -b $B t-1"
	[ "$status" -eq 1 ]
	[[ $output == *systemd*cgroupfs* ]]
	nothing_left_of t-1
}

@test "where the bus is down systemd itself is asked" {
	local i
	[ -z "$KEDGE_AS" ] || skip "of kedge alone"
	systemctl stop dbus.socket dbus
	for i in 1 2 3 4 5 6 7 8; do
		start_detached t-1
		[ "$(cgroup_of "$(pid_of t-1)")" = "/system.slice/$UNIT" ]
		run kedge delete --force t-1
		[ "$status" -eq 0 ]
		[ -z "$output" ]
	done
	systemctl start dbus
	nothing_left_of t-1
}

@test "later commands know without being told, and a look of systemd leaves a paused container paused" {
	[ -z "$KEDGE_AS" ] || skip "of kedge alone"
	start_detached t-1
	command kedge pause t-1
	systemctl daemon-reload
	[ "$(status_of t-1)" = paused ]
	command kedge resume t-1
	command kedge exec t-1 true
	command kedge delete --force t-1
	nothing_left_of t-1
}

@test "containers that come and go at once, and short ones, leave nothing" {
	local i
	config 'del(.linux.cgroupsPath)'
	for i in 1 2 3 4 5 6 7 8; do
		start_detached "t-$i" 3>&- &
	done
	wait_until 10 eight_run
	for i in 1 2 3 4 5 6 7 8; do
		kedge delete --force "t-$i" 3>&- &
	done
	nothing_left_of t-1
	script true
	for i in 1 2 3 4 5 6 7 8; do
		kedge run -b "$B" t-1 </dev/null
	done
	nothing_left_of t-1
}
eight_run() { [ "$(kedge list | grep -c running)" -eq 8 ]; }
