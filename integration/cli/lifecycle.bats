#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The flags of create, run, state, list, kill, delete and the global ones do what runc's do.

# single quotes hold jq's and the container's variables
# shellcheck disable=SC2016

load ../lib/common

setup() { common_setup; }
teardown() { common_teardown; }

# python3 on the host: accept one connection on a unix socket and print what came with it
receive_fd() {
	python3 -c '
import array, os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1]); s.listen(1)
c = s.accept()[0]
data, anc, _, _ = c.recvmsg(4096, 4096)
fd = array.array("i", anc[0][2])[0]
print(os.readlink("/proc/self/fd/%d" % fd))
print(open("/proc/self/fdinfo/%d" % fd).read())
' "$1"
}

@test "state has every field of the runtime-spec, and the annotations" {
	config '.annotations = {"com.example.key": "a \"value\"", "empty": ""} | .ociVersion = "1.0.2-dev"'
	start_detached t-1
	kedge state t-1 >"$T/state"
	jq -e --arg b "$B" --argjson p "$(pgrep -xf 'sleep 1' | head -n 1)" \
		'.ociVersion == "1.0.2-dev" and .id == "t-1" and .status == "running" and .bundle == $b and
		.rootfs == $b + "/rootfs" and .owner == "root" and .pid > 0 and .pid < $p and
		(.created | test("^20[0-9-]+T[0-9:.]+Z$")) and
		.annotations == {"com.example.key": "a \"value\"", "empty": ""}' "$T/state"
	kedge kill t-1 KILL
	wait_until 5 is_stopped t-1
	[ "$(pid_of t-1)" = 0 ]
}

@test "without --bundle the bundle is the current directory, and a relative root.path is below it" {
	cd "$B"
	script 'echo "in $(cat /etc/mark)"'
	echo here >"$B/rootfs/etc/mark"
	[ "$(kedge run t-1)" = "in here" ]
	mv "$B/rootfs" "$T/elsewhere"
	config --arg p "$T/elsewhere" '.root.path = $p'
	[ "$(kedge run t-1)" = "in here" ]
	config '.root.path = "../elsewhere"'
	[ "$(kedge run --bundle . t-1)" = "in here" ]
	cd /
	[ "$(kedge run "--bundle=$B" t-1)" = "in here" ]
}

@test "run --keep leaves a stopped container, and its id is taken until delete" {
	script 'exit 4'
	run kedge run --keep -b "$B" t-1
	[ "$status" -eq 4 ]
	[ "$(status_of t-1)" = stopped ]
	run kedge run -b "$B" t-1
	[ "$status" -eq 1 ]
	[[ $output == *"exists already"* ]]
	kedge delete t-1
	nothing_left t-1
	run kedge run -b "$B" t-1
	[ "$status" -eq 4 ]
	nothing_left t-1
}

@test "run -d returns with the program running, and its pid file has the pid and nothing else" {
	kedge run -d --pid-file "$T/pid" -b "$B" t-1 </dev/null >/dev/null 2>&1
	[ "$(wc -c <"$T/pid")" -eq "$(pid_of t-1 | tr -d '\n' | wc -c)" ]
	[ "$(cat "$T/pid")" = "$(pid_of t-1)" ]
	[ "$(cat "/proc/$(cat "$T/pid")/comm")" = sh ]
}

@test "a pid file that can't be written ends the creation, and nothing is left" {
	run kedge run -d --pid-file "$T/none/pid" -b "$B" t-1
	[ "$status" -eq 1 ]
	[[ $output == *"$T/none/pid"* ]]
	nothing_left t-1
}

@test "run without -d returns the program's own status: 0, 1, 255, and 128 + a signal" {
	for n in 0 1 42 255; do
		script "exit $n"
		run kedge run -b "$B" t-1
		[ "$status" -eq "$n" ]
		[ -z "$output" ]
	done
	config '.linux.namespaces |= map(select(.type != "pid"))'
	script 'kill -KILL $$'
	run kedge run -b "$B" t-1
	[ "$status" -eq 137 ]
	nothing_left t-1
}

@test "stdin goes to the program, stdout and stderr stay apart" {
	script 'cat; echo problem >&2'
	run --separate-stderr kedge run -b "$B" t-1 < <(seq 3)
	[ "$output" = $'1\n2\n3' ]
	# shellcheck disable=SC2154
	[ "$stderr" = problem ]
}

@test "output that nobody reads any more doesn't hang kedge" {
	script 'seq 100000'
	run bash -c "timeout 20 kedge run -b '$B' t-1 </dev/null | head -n 1"
	[ "$output" = 1 ]
	nothing_left t-1
}

@test "kill takes a name with and without SIG, in small letters, a number, or RTMIN+n" {
	mkdir "$T/data"
	add_bind "$T/data" /data
	script 'for s in HUP USR1 USR2 WINCH 36; do trap "echo $s >>/data/got" $s; done; : >/data/got
		while :; do sleep 0.05; done'
	start_detached t-1
	wait_until 5 test -e "$T/data/got"
	# one at a time: signals have no order
	for sig in HUP:HUP SIGUSR1:USR1 usr2:USR2 28:WINCH RTMIN+2:36; do
		kedge kill t-1 "${sig%:*}"
		wait_until 5 file_has "$T/data/got" "^${sig#*:}\$"
	done
	run kedge kill t-1 NOSUCH
	[ "$status" -eq 1 ]
	[[ $output == *NOSUCH* ]]
	run kedge kill t-1 65
	[ "$status" -eq 1 ]
	[ "$(status_of t-1)" = running ]
}

@test "kill without a signal sends TERM to the first process; --all reaches the others too" {
	config '.linux.namespaces |= map(select(.type != "pid"))'
	mkdir "$T/data"
	add_bind "$T/data" /data
	script 'trap : USR1
		sh -c "trap \"echo child >>/data/got\" USR1; echo >/data/ready; while :; do sleep 0.05; done" &
		trap "echo term >>/data/got; exit 0" TERM; while :; do sleep 0.05; done'
	start_detached t-1
	wait_until 5 test -e "$T/data/ready"
	kedge kill --all t-1 USR1
	wait_until 5 file_has "$T/data/got" child
	kedge kill t-1
	wait_until 5 is_stopped t-1
	grep -q term "$T/data/got"
	# what outlived the first process goes with delete
	kedge ps -f json t-1 | jq -e 'length > 0'
	kedge delete t-1
	nothing_left t-1
}

@test "delete of a container that was only created works without --force" {
	kedge create -b "$B" t-1 </dev/null >/dev/null 2>&1
	kedge delete t-1
	nothing_left t-1
}

@test "a created container can be killed, and stops" {
	kedge create -b "$B" t-1 </dev/null >/dev/null 2>&1
	kedge kill t-1 KILL
	wait_until 5 is_stopped t-1
	run kedge start t-1
	[ "$status" -eq 1 ]
	[[ $output == *stopped* ]]
	kedge delete t-1
	nothing_left t-1
}

@test "a change of config.json between create and start is not taken" {
	kedge create -b "$B" t-1 </dev/null >/dev/null 2>&1
	script 'exit 1'
	config '.hostname = "other"'
	kedge start t-1
	[ "$(kedge exec t-1 hostname)" = kedge ]
	[ "$(status_of t-1)" = running ]
}

@test "a change of the program's file between create and start is said by start" {
	cp "$B/rootfs/bin/busybox" "$B/rootfs/bin/prog"
	config '.process.args = ["/bin/prog"]'
	kedge create -b "$B" t-1 </dev/null >/dev/null 2>&1
	rm "$B/rootfs/bin/prog"
	run kedge start t-1
	[ "$status" -eq 1 ]
	[[ $output == *"/bin/prog"*"o such file"* ]]
	wait_until 5 is_stopped t-1
	kedge delete t-1
	nothing_left t-1
}

@test "--root keeps the records elsewhere, so the same id may exist twice" {
	start_detached t-1
	config '.linux.cgroupsPath = "t-other"'
	kedge --root "$T/root" run -d -b "$B" t-1 </dev/null >/dev/null 2>&1
	[ -d "$T/root/t-1" ]
	[ "$(kedge --root "$T/root" state t-1 | jq .pid)" != "$(pid_of t-1)" ]
	kedge --root "$T/root" delete --force t-1
	[ "$(status_of t-1)" = running ]
	[ "$(kedge --root "$T/root" list -q)" = "" ]
	[ "$(kedge --root "$T/none" list -f json)" = "[]" ]
	run kedge --root "$T/none" state t-1
	[ "$status" -eq 1 ]
	[[ $output == *"$T/none"* ]]
}

@test "--log gets the errors, as text or JSON, after what is there; --debug says what is done" {
	run kedge --log "$T/log" state t-none
	run kedge --log "$T/log" state t-none2
	[ "$(grep -c 'level=error.*does not exist' "$T/log")" -eq 2 ]
	kedge --debug --log "$T/json" --log-format json run -d -b "$B" t-1 </dev/null >/dev/null 2>&1
	jq -es 'length > 0 and all(.level == "debug" and (.msg | length > 0) and (.time | test("^20")))' \
		"$T/json"
	run kedge --log "$T/none/log" list
	[ "$status" -eq 1 ]
	[[ $output == *"$T/none/log"* ]]
}

@test "--preserve-fds passes fds on from 3, and no other fd reaches the program" {
	script 'cat <&3; cat <&4; ls /proc/self/fd | tr "\n" " "'
	echo three >"$T/3"
	echo four >"$T/4"
	exec 7<"$T/3"
	run kedge run --preserve-fds 2 -b "$B" t-1 3<"$T/3" 4<"$T/4"
	# ls itself opens one more
	[ "$output" = $'three\nfour\n0 1 2 3 4 5 ' ]
	run kedge run --preserve-fds 2 -b "$B" t-1 3<"$T/3" 4<&-
	[ "$status" -eq 1 ]
	[[ $output == *"file descriptor 4 is not open"* ]]
	script 'ls /proc/self/fd | tr "\n" " "'
	run kedge run -b "$B" t-1
	[ "$output" = '0 1 2 3 ' ]
	exec 7<&-
	nothing_left t-1
}

@test "LISTEN_FDS of socket activation are passed on, with LISTEN_PID 1" {
	script 'echo "$LISTEN_FDS $LISTEN_PID"; cat <&3'
	echo three >"$T/3"
	run bash -c 'exec env LISTEN_FDS=1 LISTEN_PID=$$ kedge run -b "$0" t-1 3<"$1"' "$B" "$T/3"
	[ "$output" = $'1 1\nthree' ]
	run bash -c 'exec env LISTEN_FDS=1 LISTEN_PID=1 kedge run -b "$0" t-1 3<"$1"' "$B" "$T/3"
	[[ $output != *three* ]]
}

@test "--pidfd-socket is sent a pidfd on the first process" {
	receive_fd "$T/sock" >"$T/got" 3>&- &
	wait_until 5 test -S "$T/sock"
	kedge create --pidfd-socket "$T/sock" -b "$B" t-1 </dev/null >/dev/null 2>&1
	wait $!
	grep -q 'pidfd' "$T/got"
	grep -Eq "^Pid:\s$(pid_of t-1)\$" "$T/got"
}

@test "--no-pivot moves the root instead, and the container sees no mount of the host" {
	script 'wc -l </proc/self/mountinfo; ls /; echo x >/dev/null; cut -d " " -f 5 /proc/self/mountinfo'
	kedge run -b "$B" t-1 </dev/null >"$T/with"
	kedge run --no-pivot -b "$B" t-1 </dev/null >"$T/without"
	diff "$T/with" "$T/without"
	grep -qx '/dev/pts' "$T/without"
	run ! grep -q "$T" "$T/without"
}

@test "the container has a session keyring of its own; --no-new-keyring keeps the caller's" {
	use_python
	# KEYCTL_GET_KEYRING_ID of the session keyring; the small python has no syscall()
	config '.process.args = ["/usr/bin/perl", "-e", "print syscall(250, 0, -3, 0)"]'
	ours=$(perl -e 'print syscall(250, 0, -3, 0)')
	own=$(kedge run -b "$B" t-1 </dev/null)
	[ "$own" -gt 0 ]
	[ "$own" != "$ours" ]
	[ "$(kedge run --no-new-keyring -b "$B" t-1 </dev/null)" = "$ours" ]
}

@test "a subreaper: what the program left behind ends with the container" {
	config '.linux.namespaces |= map(select(.type != "pid"))'
	script 'sleep 1000 & exit 6'
	run kedge run -b "$B" t-1 3>&-
	[ "$status" -eq 6 ]
	nothing_left t-1
	run kedge run --no-subreaper -b "$B" t-1 3>&-
	[ "$status" -eq 6 ]
	nothing_left t-1
}

@test "in the foreground HUP, INT, USR1 and a real-time signal reach the program" {
	mkdir "$T/data"
	add_bind "$T/data" /data
	script 'for s in HUP INT USR1 40; do trap "echo $s >>/data/got" $s; done; trap "exit 9" TERM
		: >/data/got; while :; do sleep 0.05; done'
	# a job in the background would have INT ignored
	env --default-signal=INT kedge run -b "$B" t-1 </dev/null >/dev/null 2>&1 3>&- &
	pid=$!
	wait_until 5 test -e "$T/data/got"
	for sig in HUP INT USR1 40; do
		kill -s "$sig" "$pid"
		wait_until 5 file_has "$T/data/got" "^$sig\$"
	done
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 9 ]
	nothing_left t-1
}

@test "pause and kill KILL: a paused container dies at once" {
	start_detached t-1
	kedge pause t-1
	kedge kill t-1 KILL
	wait_until 5 is_stopped t-1
	kedge delete t-1
	nothing_left t-1
}

@test "ps passes its options to the host's ps, and shows exec'd programs" {
	start_detached t-1
	kedge exec -d t-1 sleep 77 </dev/null >/dev/null 2>&1
	run kedge ps t-1 -o pid,args
	[ "$(head -n 1 <<<"$output" | tr -s ' ')" = " PID COMMAND" ]
	grep -q 'sleep 77' <<<"$output"
	run ! grep -q bats <<<"$output"
	run kedge ps t-1 -o comm
	[ "$status" -eq 1 ]
	[[ $output == *PID* ]]
}

@test "options: -b=DIR, --flag=false, letters in one word, -- ends them; what is wrong is named" {
	script 'true'
	kedge run -b="$B" --detach=false -- t-1
	nothing_left t-1
	run kedge run --no-such -b "$B" t-1
	[ "$status" -eq 1 ]
	[[ $output == *"not defined: -no-such"* ]]
	run kedge run -b
	[ "$status" -eq 1 ]
	[[ $output == *"needs an argument"* ]]
	run kedge run -b "$B"
	[[ $output == *"requires exactly 1 argument"* ]]
	run kedge --log-format xml list
	[ "$status" -eq 1 ]
	[[ $output == *'text|json'* ]]
	run kedge run --preserve-fds many -b "$B" t-1
	[[ $output == *'"many"'* ]]
	run kedge nonsense
	[ "$status" -eq 1 ]
	[[ $output == *'unknown command: nonsense'* ]]
	run kedge
	[[ $output == *Usage:* ]]
	run kedge help exec
	[[ $output == *"Usage: kedge exec"* ]]
}
