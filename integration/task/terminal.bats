#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Terminals of tasks and of exec'd programs, with a real `ctr` on a terminal of its own; and the URIs
# that output can go to.

# single quotes hold the container's variables
# shellcheck disable=SC2016

load ../lib/common
load ../lib/containerd
load ../lib/terminal

setup() { containerd_setup; }
teardown() { containerd_teardown; }

IMAGE=docker.io/library/busybox:1

@test "ctr run -t gives the program a terminal, typing and output, and its exit status" {
	run on_terminal 24 80 $'hello\n' ctr run -t --rm --runtime "$RUNTIME" "$IMAGE" t-1 \
		/bin/sh -c 'test -t 0 && test -t 1 && test -t 2 && readlink /proc/self/fd/2; echo ready; read a; echo "got $a" >&2; exit 7'
	[ "$status" -eq 7 ]
	[[ $output == *"/dev/"*"got hello"* ]]
	wait_until 5 no_task_left
}

@test "the terminal has the size of the client's, and follows it" {
	run on_terminal 33 111 $'\n' ctr run -t --rm --runtime "$RUNTIME" "$IMAGE" t-1 \
		/bin/sh -c 'sleep 1; echo ready; read a; stty size'
	[ "$status" -eq 0 ]
	[[ $output == *"33 111"* ]]
}

@test "a control character typed is a signal to the program" {
	run on_terminal 24 80 $'\003' ctr run -t --rm --runtime "$RUNTIME" "$IMAGE" t-1 \
		/bin/sh -c 'trap "echo interrupted; exit 3" INT; echo ready; while :; do sleep 0.1; done'
	[ "$status" -eq 3 ]
	[[ $output == *interrupted* ]]
}

@test "ctr task exec -t gives an exec'd program a terminal of its own" {
	ctr_run -d t-1 /bin/sleep 1000
	run on_terminal 44 99 $'hello\n' ctr task exec -t --exec-id e1 t-1 \
		/bin/sh -c 'readlink /proc/self/fd/0; sleep 1; echo ready; read a; echo "got $a"; stty size; exit 5'
	[ "$status" -eq 5 ]
	[[ $output == *"/dev/pts/"*"got hello"*"44 99"* ]]
	[ "$(task_status t-1)" = RUNNING ]
}

@test "two programs have two terminals, and the task's own goes on" {
	local i
	on_terminal 24 80 "" ctr run -t --runtime "$RUNTIME" "$IMAGE" t-1 \
		/bin/sh -c 'while :; do echo tick; sleep 0.2; done' >"$T/t-1" 3>&- &
	wait_until 10 has_task_status t-1 RUNNING
	for i in e1 e2; do
		on_terminal 24 80 "" ctr task exec -t --exec-id "$i" t-1 /bin/sh -c 'readlink /proc/self/fd/0; read a' >"$T/$i" 3>&- &
	done
	wait_until 10 file_has "$T/e1" /dev/pts
	wait_until 10 file_has "$T/e2" /dev/pts
	[ "$(grep /dev/pts "$T/e1")" != "$(grep /dev/pts "$T/e2")" ]
	ctr task kill -s KILL t-1
	wait_until 10 file_has "$T/t-1" tick
}

@test "a container is restored with a terminal, and what is typed there reaches it" {
	local client text='n=0; while :; do
		if read -r -t 1 a; then n=$((n + 1)); echo "$n:$a"; else echo ready; fi
		[ $n -lt 2 ] || exit 3
	done'
	on_terminal 24 80 $'one\n' ctr run -t --runtime "$RUNTIME" "$IMAGE" t-1 /bin/sh -c "$text" \
		>"$T/t-1" 3>&- &
	client=$!
	wait_until 10 file_has "$T/t-1" '^1:one'
	ctr container checkpoint --image --rw --task t-1 example.org/ck:1
	ctr task kill -s KILL t-1
	wait "$client" || true
	ctr container rm t-1
	run on_terminal 33 99 $'two\n' ctr container restore --live t-1 example.org/ck:1
	[[ $output == *"2:two"* ]]
	[ "$status" -eq 3 ]
	wait_until 5 no_task_left
}

@test "a client that is killed is followed by ctr task attach, on the same terminal" {
	local client
	on_terminal 24 80 "" ctr run -t --runtime "$RUNTIME" "$IMAGE" t-1 \
		/bin/sh -c 'while :; do read -r -t 1 a && echo "got $a" && exit 5; echo ready; done' \
		>"$T/t-1" 3>&- &
	wait_until 10 file_has "$T/t-1" ready
	client=$(pgrep -xf "ctr run -t .* t-1 .*")
	kill -KILL "$client"
	run on_terminal 24 80 $'hello\n' ctr task attach t-1
	[[ $output == *"got hello"* ]]
	[ "$status" -eq 5 ]
	wait_until 5 no_task_left
}

@test "the same without a terminal: what comes after the client's death is the next one's" {
	local client
	ctr_run t-1 /bin/sh -c 'n=0; while [ $n -lt 1000 ]; do n=$((n + 1)); echo $n; sleep 0.1; done' \
		>"$T/t-1" 3>&- &
	wait_until 10 file_has "$T/t-1" 3
	client=$(pgrep -xf "ctr run .* t-1 .*")
	kill -KILL "$client"
	ctr task attach t-1 >"$T/next" 3>&- &
	client=$!
	wait_until 10 file_has "$T/next" .
	kill -KILL "$client"
	[ "$(head -1 "$T/next")" -le $(($(tail -1 "$T/t-1") + 2)) ]
	[ "$(task_status t-1)" = RUNNING ]
}

@test "the shim sleeps while nobody types" {
	local before shim
	on_terminal 24 80 "" ctr run -t --runtime "$RUNTIME" "$IMAGE" t-1 /bin/sleep 1000 \
		>/dev/null 3>&- &
	wait_until 10 has_task_status t-1 RUNNING
	shim=$(shim_pid t-1)
	sleep 2.5
	before=$(awk '{ print $14 + $15 }' "/proc/$shim/stat")
	sleep 1
	[ "$(awk '{ print $14 + $15 }' "/proc/$shim/stat")" -le $((before + 1)) ]
	[ "$(find "/proc/$shim/fd" -mindepth 1 | wc -l)" -le 16 ]
}

@test "file:// appends both outputs, in a directory that is made" {
	ctr_run -d --log-uri="file://$T/logs/of%20it/out" t-1 /bin/sh -c 'echo one; echo two >&2'
	wait_until 5 has_task_status t-1 STOPPED
	[ "$(sort "$T/logs/of it/out" | xargs)" = "one two" ]
	ctr task rm t-1
	ctr_run -d --log-uri="file://$T/logs/of%20it/out" t-2 /bin/sh -c 'echo three'
	wait_until 5 has_task_status t-2 STOPPED
	[ "$(sort "$T/logs/of it/out" | xargs)" = "one three two" ]
}

# Writes its environment, arguments and what it reads below the directory that it is given.
make_logger() {
	cat >"$T/logger" <<-'END'
		#!/bin/bash
		cd "$2" || exit
		env | grep '^CONTAINER_' | sort >env
		echo "$*" >args
		ls -l /proc/self/fd | grep -o ' [0-9]* -> .*' >fds
		cat <&4 >err 5>&- &
		sleep 1
		touch ready
		exec 5>&-
		cat <&3 >out
		wait
		sleep 0.5
		touch done
	END
	chmod +x "$T/logger"
}

@test "binary:// runs a logger, which is ready before the task is and ends before that is deleted" {
	make_logger
	ctr_run -d --log-uri="binary://$T/logger?dir=$T&a=b+c" t-1 \
		/bin/sh -c 'echo one; echo two >&2; exec sleep 1000'
	[ -e "$T/ready" ]
	wait_until 5 file_has "$T/out" one
	wait_until 5 file_has "$T/err" two
	[ "$(xargs <"$T/env")" = "CONTAINER_ID=t-1 CONTAINER_NAMESPACE=default" ]
	[ "$(cat "$T/args")" = "dir $T a b c" ]
	[ "$(grep -c 'pipe:' "$T/fds")" -eq 3 ] || cat "$T/fds"
	[ ! -e "$T/done" ]
	ctr task kill -s KILL t-1
	wait_until 5 has_task_status t-1 STOPPED
	ctr task rm t-1 || true
	[ -e "$T/done" ]
	wait_until 5 no_task_left
}

@test "a logger that isn't there is an error of create, and nothing is left" {
	run ctr_run -d --log-uri=binary:///nonesuch t-1 /bin/true
	[ "$status" -eq 1 ]
	[[ $output == *"execute /nonesuch"* ]]
	wait_until 5 no_task_left
}
