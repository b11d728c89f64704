#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Docker with kedge as its runtime: pause, stats, update, and what it says of a container that ran out of
# memory.

load ../lib/common
load ../lib/containerd
load ../lib/docker

setup() {
	docker_road standin
	docker_setup
}
teardown() { docker_teardown; }

run_kedge() { docker run --runtime io.containerd.kedge.v1 "$@"; }

# The limit that a file of the container's cgroup has
limit() { cat "$(find /sys/fs/cgroup -path "*/docker/$(docker inspect "$1" --format '{{.Id}}')/$2")"; }

@test "docker pauses, and kills what is paused" {
	run_kedge -d --name c-1 bb /bin/sleep 1000
	docker pause c-1
	[[ $(docker_status c-1) == *"(Paused)" ]]
	docker unpause c-1
	[[ $(docker_status c-1) == Up*second* && $(docker_status c-1) != *Paused* ]]
	docker pause c-1
	docker kill c-1
	wait_until 5 docker_has_status c-1 "Exited (137)"
}

@test "docker shows memory, limit and processes, and changes the limits" {
	run_kedge -d --name c-1 --memory 64m bb /bin/sh -c 'sleep 1000 & sleep 1001 & wait'
	local stats
	stats=$(docker stats --no-stream --format '{{.MemUsage}} {{.PIDs}}' c-1)
	[[ $stats == [1-9]*iB\ /\ 64MiB\ 3 ]]
	docker update --memory 32m --memory-swap 32m --cpu-shares 77 --pids-limit 50 c-1
	[ "$(limit c-1 memory.limit_in_bytes)" -eq 33554432 ]
	[ "$(limit c-1 cpu.shares)" -eq 77 ]
	[ "$(limit c-1 pids.max)" -eq 50 ]
	[[ $(docker stats --no-stream --format '{{.MemUsage}}' c-1) == *" / 32MiB" ]]
	[ "$(docker top c-1 | wc -l)" -eq 4 ]
}

@test "docker says of a container that it was killed for want of memory" {
	run run_kedge --name c-1 --memory 16m bb /bin/dd if=/dev/zero of=/dev/null bs=64M count=1
	[ "$status" -eq 137 ]
	[ "$(docker inspect c-1 --format '{{.State.OOMKilled}}')" = true ]
	run_kedge --name c-2 --memory 16m bb /bin/true
	[ "$(docker inspect c-2 --format '{{.State.OOMKilled}}')" = false ]
}

@test "Docker's runtime kedge is served by the stand-in, and runc beside it by the stock shim" {
	docker run -d --runtime kedge --name c-k bb /bin/sleep 1000
	docker run -d --name c-r bb /bin/sleep 1000
	shim_of() { readlink "/proc/$(awk '{ print $4 }' "/proc/$(docker_pid "$1")/stat")/exe"; }
	[ "$(shim_of c-r)" = /usr/bin/containerd-shim-runc-v2 ]
	[ "$(shim_of c-k)" != /usr/bin/containerd-shim-runc-v2 ]
	# where Docker has runc's shim record its containers
	[ "$(kedge --root /var/run/docker/runtime-runc/moby \
		state "$(docker inspect c-k --format '{{.Id}}')" | jq .pid)" -eq "$(docker_pid c-k)" ]
	docker pause c-k
	docker rm -f c-k
	[[ $(docker_status c-r) == Up* ]]
}
