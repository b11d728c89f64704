#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Docker with kedge as a runtime by its name: `docker run`, `exec`, `stop`, `logs`, terminals.

load ../lib/common
load ../lib/containerd
load ../lib/docker
load ../lib/terminal

setup() { docker_setup; }
teardown() { docker_teardown; }

@test "docker run --rm shows both outputs, reads input, and has the program's exit status" {
	run --separate-stderr docker_run --rm bb sh -c 'echo out; echo err >&2; exit 7'
	[ "$status" -eq 7 ]
	[ "$output" = out ]
	# bats sets it
	# shellcheck disable=SC2154
	[ "$stderr" = err ]
	[ "$(seq 1 100000 | docker_run --rm -i bb wc -l)" -eq 100000 ]
	[ "$(docker_run --rm -u 1000 bb sh -c 'id -u >/dev/stdout')" -eq 1000 ]
	wait_until 5 no_shim_left
}

@test "what can't be executed gives Docker's exit statuses" {
	run -127 docker_run --rm bb nonesuch
	run -126 docker_run --rm bb /etc
	wait_until 5 no_shim_left
}

@test "docker exec runs programs in the container, in its network and with their exit status" {
	docker_run -d --name t-1 bb sleep 1000
	[ "$(docker exec t-1 echo here)" = here ]
	[ "$(seq 1 100000 | docker exec -i t-1 wc -l)" -eq 100000 ]
	[ "$(docker exec t-1 seq 1 300000 | wc -l)" -eq 300000 ]
	docker exec t-1 ip -o a | grep -q eth0
	run docker exec t-1 sh -c 'exit 9'
	[ "$status" -eq 9 ]
	# Docker 26 says 126, 28 says 127
	status=0
	docker exec t-1 nonesuch >"$T/said" 2>&1 || status=$?
	[[ $status =~ ^12[67]$ ]]
	grep "executable file not found" "$T/said"
	docker exec -d t-1 sleep 1001
	docker top t-1 | grep -q 'sleep 1001'
	[ "$(docker inspect -f '{{.State.Running}}' t-1)" = true ]
}

@test "docker run -it and docker exec -it have terminals" {
	# the container's $a
	# shellcheck disable=SC2016
	run on_terminal 33 111 $'hello\n' docker run --rm -it --runtime "$RUNTIME" bb \
		sh -c 'test -t 0 && readlink /proc/self/fd/1; sleep 1; echo ready; read a; echo "got $a"; stty size; exit 5'
	[ "$status" -eq 5 ]
	[[ $output == *"/dev/pts/"*"got hello"*"33 111"* ]]
	docker_run -dt --name t-1 bb sh -c 'echo one; sleep 0.5; echo two; exec sleep 1000'
	# shellcheck disable=SC2016
	run on_terminal 33 111 $'hello\n' docker exec -it t-1 \
		sh -c 'test -t 0 && readlink /proc/self/fd/1; sleep 1; echo ready; read a; echo "got $a"; stty size; exit 6'
	[ "$status" -eq 6 ]
	[[ $output == *"/dev/pts/"*"got hello"*"33 111"* ]]
	[ "$(docker logs t-1 | tr -d '\r' | xargs)" = "one two" ]
}

@test "docker stop, start, kill and rm -f" {
	docker_run -d --name t-1 bb sleep 1000
	docker stop -t 1 t-1
	[ "$(docker inspect -f '{{.State.Status}} {{.State.ExitCode}}' t-1)" = "exited 137" ]
	docker start t-1
	[ "$(docker exec t-1 echo again)" = again ]
	docker kill t-1
	[ "$(timeout 5 docker wait t-1)" -eq 137 ]
	docker start t-1
	docker rm -f t-1
	wait_until 5 no_shim_left
}

@test "a restart policy sees each exit" {
	docker_run -d --name t-1 --restart=always bb sh -c 'sleep 0.1; exit 3'
	sleep 3
	[ "$(docker inspect -f '{{.RestartCount}}' t-1)" -ge 2 ]
}

@test "a container and its logs go on while dockerd crashes, and its exit is seen" {
	# the container's $i
	# shellcheck disable=SC2016
	docker_run -d --name t-1 bb sh -c 'i=0; while :; do i=$((i+1)); echo $i; sleep 0.1; done'
	local pid
	pid=$(docker inspect -f '{{.State.Pid}}' t-1)
	docker_kill
	sleep 1
	docker_start
	[ "$(docker inspect -f '{{.State.Pid}}' t-1)" = "$pid" ]
	[ "$(docker exec t-1 echo here)" = here ]
	sleep 0.5
	docker logs t-1 >"$T/logs"
	[ "$(sort -u "$T/logs" | wc -l)" -eq "$(tail -n 1 "$T/logs")" ]
	[ "$(wc -l <"$T/logs")" -ge 15 ]
	docker kill t-1
	[ "$(timeout 5 docker wait t-1)" -eq 137 ]
}
