#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What a user of runc types every day does what it does there.

# single quotes hold jq's and the container's variables
# shellcheck disable=SC2016

load ../lib/common

setup() { common_setup; }
teardown() { common_teardown; }

@test "run gives the program's output and exit status, and leaves nothing" {
	script 'echo out; echo err >&2; exit 7'
	run --separate-stderr kedge run -b "$B" t-1
	[ "$status" -eq 7 ]
	[ "$output" = out ]
	# shellcheck disable=SC2154
	[ "$stderr" = err ]
	nothing_left t-1
}

@test "a program that is killed by a signal gives 128 and the signal" {
	# pid 1 of a pid namespace has no default action for SIGTERM from inside: use a child
	script '/bin/sh -c "kill -TERM \$\$"; exit $?'
	run kedge run -b "$B" t-2
	[ "$status" -eq 143 ]
}

@test "create, start, state, kill, delete: a life in five steps" {
	script 'echo started >/data/flag; while :; do sleep 1; done'
	mkdir "$T/data"
	add_bind "$T/data" /data
	kedge create -b "$B" --pid-file "$T/pid" t-1 </dev/null >/dev/null 2>&1
	[ "$(status_of t-1)" = created ]
	[ "$(pid_of t-1)" = "$(cat "$T/pid")" ]
	[ ! -e "$T/data/flag" ]
	kedge start t-1
	wait_until 5 test -e "$T/data/flag"
	[ "$(status_of t-1)" = running ]
	run kedge start t-1
	[ "$status" -eq 1 ]
	[[ $output == *running* ]]
	run kedge delete t-1
	[ "$status" -eq 1 ]
	[[ $output == *"not stopped"* ]]
	kedge kill t-1 KILL
	wait_until 5 is_stopped t-1
	run kedge kill t-1
	[ "$status" -eq 1 ]
	[[ $output == *"container not running"* ]]
	kedge delete t-1
	nothing_left t-1
	run kedge state t-1
	[ "$status" -eq 1 ]
	[[ $output == *"does not exist"* ]]
	kedge delete --force t-1
}

@test "list shows a table, JSON, or ids" {
	start_detached t-1
	start_detached t-2
	kedge list | head -n 1 | grep -Eq '^ID +PID +STATUS +BUNDLE +CREATED +OWNER$'
	kedge list | grep -Eq "^t-1 +$(pid_of t-1) +running +$B +"
	[ "$(kedge list -q | sort | tr '\n' ' ')" = 't-1 t-2 ' ]
	[ "$(kedge list -f json | jq -r 'map(.id) | sort | join(",")')" = t-1,t-2 ]
	[ "$(kedge list -f json | jq -r '.[0].status')" = running ]
}

@test "an id is taken once, and free again after delete" {
	start_detached t-1
	run kedge run -d -b "$B" t-1
	[ "$status" -eq 1 ]
	[[ $output == *'"t-1" exists already'* ]]
	[ "$(status_of t-1)" = running ]
	kedge delete --force t-1
	start_detached t-1
}

@test "exec runs in the container, as another user, in another directory, with another environment" {
	start_detached t-1
	[ "$(kedge exec t-1 cat /proc/1/comm)" = sh ]
	[ "$(kedge exec -u 1000:1001 -g 1002 t-1 id -u)" = 1000 ]
	kedge exec -u 1000:1001 -g 1002 t-1 id -G | grep -Eq '\b1002\b'
	[ "$(kedge exec --cwd /etc t-1 readlink /proc/self/cwd)" = /etc ]
	[ "$(kedge exec -e FOO=bar t-1 sh -c 'echo $FOO')" = bar ]
	run kedge exec t-1 sh -c 'exit 9'
	[ "$status" -eq 9 ]
	run kedge exec t-1 /nowhere
	[ "$status" -eq 255 ]
	[[ $output == *"no such file or directory"* || $output == *"No such file or directory"* ]]
	run kedge exec t-1 nothing-of-that-name
	[[ $output == *'executable file not found in $PATH'* ]]
	diff <(kedge exec t-1 cat /proc/self/cgroup) <(kedge exec t-1 cat /proc/1/cgroup)
}

@test "exec -d returns at once, and its pid file names a process in the container" {
	start_detached t-1
	kedge exec -d --pid-file "$T/pid" t-1 sleep 100 </dev/null >/dev/null 2>&1
	[ "$(cat "/proc/$(cat "$T/pid")/comm")" = sleep ]
	kedge ps -f json t-1 | jq -e "index($(cat "$T/pid"))" >/dev/null
	kedge ps t-1 | grep -q 'sleep 100'
}

@test "exec --process takes a process.json" {
	start_detached t-1
	jq '.process | .args = ["/bin/sh", "-c", "pwd; echo $A"] | .cwd = "/tmp" | .env += ["A=b"]' \
		"$B/config.json" >"$T/process.json"
	[ "$(kedge exec --process "$T/process.json" t-1 | tr '\n' ' ')" = '/tmp b ' ]
}

@test "pause stops everything, resume lets it go on" {
	mkdir "$T/data"
	add_bind "$T/data" /data
	script 'while :; do echo >>/data/n; sleep 0.02; done'
	start_detached t-1
	wait_until 5 test -s "$T/data/n"
	kedge pause t-1
	[ "$(status_of t-1)" = paused ]
	before=$(wc -c <"$T/data/n")
	sleep 0.3
	[ "$(wc -c <"$T/data/n")" = "$before" ]
	run kedge exec t-1 true
	[ "$status" -eq 255 ]
	[[ $output == *paused* ]]
	kedge resume t-1
	[ "$(status_of t-1)" = running ]
	size_grows() { [ "$(wc -c <"$T/data/n")" -gt "$before" ]; }
	wait_until 5 size_grows
	run kedge resume t-1
	[ "$status" -eq 1 ]
	kedge pause t-1
	kedge delete --force t-1
	nothing_left t-1
}

@test "a signal to kedge in the foreground reaches the program" {
	script 'trap "exit 33" TERM; echo ready >/tmp/r; while :; do sleep 0.1; done'
	config '.root.readonly = false'
	kedge run -b "$B" t-1 </dev/null >/dev/null 2>&1 3>&- &
	pid=$!
	wait_until 5 test -s "$B/rootfs/tmp/r"
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 33 ]
	nothing_left t-1
}

@test "a terminal: the program has one, and its size and output come through" {
	config '.process.terminal = true | .process.consoleSize = {height: 11, width: 77}'
	script 'test -t 0 && test -t 1 && stty size; exit 3'
	run command script -qec "kedge run -b $B t-1" /dev/null
	[ "$status" -eq 3 ]
	[[ $output == *"11 77"* ]]
}

@test "spec writes a config once, features and version say what is there" {
	mkdir "$T/new"
	(cd "$T/new" && kedge spec)
	jq -e '.ociVersion and .process.args == ["sh"]' "$T/new/config.json"
	run kedge spec -b "$T/new"
	[ "$status" -eq 1 ]
	[[ $output == *"exists"* ]]
	kedge features | jq -e '.ociVersionMax == "1.3.0" and (.mountOptions | index("rro"))'
	kedge --version | head -n 1 | grep -Eq '^kedge version [0-9]'
	kedge --version | grep -q '^commit: '
}

@test "every command has a help page, and checkpoint's says what --external does" {
	for c in create run start state list kill delete exec ps pause resume update spec features \
		checkpoint restore; do
		kedge "$c" --help | grep -q "^Usage: kedge $c" || {
			echo "no help for $c"
			return 1
		}
	done
	kedge checkpoint --help | grep -q -- '--external'
	run kedge restore --lsm-mount-context
	[ "$status" -ne 0 ]
	[[ $output == *"flag needs an argument"* ]]
}

@test "what isn't there says so, and the shim what it needs" {
	kedge --systemd-cgroup list
	run kedge --systemd-cgroup run -b "$B" t-1
	[ "$status" -eq 1 ]
	[[ $output == *"this host wasn't booted by systemd"*"cgroupfs driver"* ]]
	run kedge list -q
	[ -z "$output" ]
	run "$TREE/build/containerd-shim-kedge-v1" start
	[ "$status" -eq 1 ]
	[[ $output == *"start needs -namespace, -id and -address"* ]]
}

@test "a JSON log has runc's shape, and the error is on stderr too" {
	run kedge --log "$T/log" --log-format json state t-none
	[ "$status" -eq 1 ]
	[[ $output == *"does not exist"* ]]
	jq -e 'select(.level == "error") | .msg | contains("does not exist")' "$T/log"
}

@test "hooks run in their order, with the state on stdin; one that fails ends the creation" {
	cat >"$T/hook" <<-'HOOK'
		#!/bin/sh
		cat >"$1.json"
		echo "$1" >>"$2"
	HOOK
	chmod +x "$T/hook"
	for k in prestart createRuntime createContainer poststart poststop; do
		config --arg k "$k" --arg t "$T" \
			'.hooks[$k] = [{path: ($t + "/hook"), args: ["hook", ($t + "/" + $k), ($t + "/order")]}]'
	done
	script 'true'
	kedge run -b "$B" t-1 </dev/null
	[ "$(sed 's|.*/||' "$T/order" | tr '\n' ' ')" = 'prestart createRuntime createContainer poststart poststop ' ]
	[ "$(jq -r .status "$T/createRuntime.json")" = creating ]
	[ "$(jq -r .id "$T/poststop.json")" = t-1 ]
	[ "$(jq .pid "$T/prestart.json")" -gt 1 ]
	config '.hooks = {createRuntime: [{path: "/bin/false"}]}'
	run kedge run -b "$B" t-2
	[ "$status" -eq 1 ]
	[[ $output == *"createRuntime hook /bin/false"* ]]
	nothing_left t-2
}

@test "limits of config.json are in force" {
	config '.linux.resources.memory = {limit: 67108864} | .linux.resources.pids = {limit: 17} |
		.linux.resources.cpu = {shares: 512}'
	start_detached t-1
	[ "$(cat "$(find /sys/fs/cgroup -path '*pids/t-1/pids.max')")" = 17 ]
	[ "$(cat "$(find /sys/fs/cgroup -path '*memory/t-1/memory.limit_in_bytes')")" = 67108864 ]
	kedge update --pids-limit 23 t-1
	[ "$(cat "$(find /sys/fs/cgroup -path '*pids/t-1/pids.max')")" = 23 ]
}

@test "namespaces by path are joined: a second container in the first one's network and pid namespace" {
	start_detached t-1
	pid=$(pid_of t-1)
	config --arg p "$pid" '.linux.namespaces |= map(if .type == "network" then .path = "/proc/\($p)/ns/net"
		elif .type == "pid" then .path = "/proc/\($p)/ns/pid" else . end)'
	script 'readlink /proc/self/ns/net; readlink /proc/self/ns/pid; ps'
	kedge run -b "$B" t-2 </dev/null >"$T/out"
	[ "$(sed -n 1p "$T/out")" = "$(readlink "/proc/$pid/ns/net")" ]
	[ "$(sed -n 2p "$T/out")" = "$(readlink "/proc/$pid/ns/pid")" ]
	grep -q 'while :' "$T/out"
}

@test "a user namespace with id maps: root inside is nobody special outside" {
	config '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] |
		.linux.gidMappings = [{containerID: 0, hostID: 100000, size: 65536}]'
	chmod 755 "$BATS_RUN_TMPDIR" "$T" "$B"
	chown -R 100000:100000 "$B/rootfs"
	start_detached t-1
	[ "$(kedge exec t-1 id -u)" = 0 ]
	[ "$(stat -c %u "/proc/$(pid_of t-1)")" = 100000 ]
}

@test "Docker's seccomp profile loads and behaves" {
	jq '.linux.seccomp' "$TREE/oci/testdata/docker.json" >"$T/seccomp"
	config --slurpfile s "$T/seccomp" '.linux.seccomp = $s[0]'
	start_detached t-1
	[ "$(kedge exec t-1 grep -c '^Seccomp:.*2' /proc/1/status)" = 1 ]
	run kedge exec t-1 mount -t tmpfs none /tmp
	[ "$status" -ne 0 ]
	kedge exec t-1 mkdir /dev/shm/ok
	kedge exec t-1 grep -q '^NoNewPrivs:.*1' /proc/self/status
}

@test "capabilities, user, umask, groups, rlimits and environment are those of config.json" {
	config '.process.user = {uid: 1000, gid: 1001, additionalGids: [7, 8], umask: 63} |
		.process.capabilities = {bounding: ["CAP_NET_RAW"], permitted: ["CAP_NET_RAW"], effective: ["CAP_NET_RAW"],
			inheritable: ["CAP_NET_RAW"], ambient: ["CAP_NET_RAW"]} |
		.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 55, hard: 66}] | .process.env += ["X=y z"]'
	script 'id -u; id -g; umask; grep -E "^Cap|^Groups" /proc/self/status; ulimit -n; echo "$X"; echo "$HOME"'
	kedge run -b "$B" t-1 </dev/null >"$T/out"
	[ "$(sed -n 1,3p "$T/out" | tr '\n' ' ')" = '1000 1001 0077 ' ]
	[ "$(grep -c '0000000000002000$' "$T/out")" = 5 ]
	grep -Eq '^Groups:.*7 8' "$T/out"
	[ "$(tail -n 3 "$T/out" | tr '\n' ' ')" = '55 y z /home/user ' ]
}

@test "masked paths are empty and read-only paths can't be written" {
	start_detached t-1
	[ -z "$(kedge exec t-1 cat /proc/timer_list 2>/dev/null)" ]
	run kedge exec t-1 sh -c 'echo 1 >/proc/sys/kernel/domainname'
	[ "$status" -ne 0 ]
	run kedge exec t-1 touch /x
	[ "$status" -ne 0 ]
	[ "$(kedge exec t-1 ls /sys/firmware | wc -l)" = 0 ]
}

@test "everything that is wrong with config.json is said at once, with its place" {
	config '.process.cwd = "tmp" | .process.args = [] | .hostname = 7 | .mounts[0].options = "ro"'
	run kedge run -b "$B" t-1
	[ "$status" -eq 1 ]
	for place in /process/cwd /process/args /hostname /mounts/0/options; do
		[[ $output == *"$place"* ]] || {
			echo "$place is missing"
			return 1
		}
	done
	nothing_left t-1
}
