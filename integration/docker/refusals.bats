#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# what can't be checkpointed or started from a checkpoint: docker says why, and a plain start works

load ../lib/common
load ../lib/containerd
load ../lib/docker
load ../lib/docker_web

setup() { mkdir "$BATS_TEST_TMPDIR/a"; }
teardown() { docker_teardown; }

@test "a source of another kind is refused by name, and a plain start works then" {
	begin standin
	echo conf >"$T/conf"
	start_counting --mount "type=bind,src=$T/conf,dst=/etc/conf"
	end_at ck1
	rm "$T/conf"
	mkdir "$T/conf"
	run docker start --checkpoint ck1 web
	[ "$status" -eq 1 ]
	[[ $output == *"/etc/conf: source $T/conf: it is now a directory, and was a file"* ]]
	[[ $output == *"annotation dev.kedge.restore.external"* && $output != *"permission denied"* ]]
	has_exited
	rmdir "$T/conf"
	echo conf >"$T/conf"
	docker start web
	counts_on
	docker stop -t 0 web
	docker start --checkpoint ck1 web
	counts_on
}

@test "a source that is gone is Docker's to refuse, or to make" {
	begin standin
	mkdir "$T/m"
	start_counting --mount "type=bind,src=$T/m,dst=/m"
	end_at ck1
	rmdir "$T/m"
	run docker start --checkpoint ck1 web
	[ "$status" -eq 1 ]
	[[ $output == *"bind source path does not exist: $T/m"* ]]
	has_exited
	mkdir "$T/m"
	rm -r "$T/a"
	docker start --checkpoint ck1 web
	wait_until 5 counts_beyond 3
}

@test "TCP connections are refused with the name of the option, and the container runs on" {
	begin standin
	docker run -d --runtime "$RUNTIME" --name web bb sh -c 'idle() { while :; do sleep 1; done; }
		idle | nc -l -p 99 &
		until grep -q :0063 /proc/net/tcp /proc/net/tcp6; do sleep 0.1; done
		idle | nc 127.0.0.1 99'
	is_connected_to_itself() {
		[ "$(docker exec web grep -h ' 01 0' /proc/net/tcp /proc/net/tcp6 | wc -l)" -eq 2 ]
	}
	wait_until 5 is_connected_to_itself
	run docker checkpoint create web ck1
	[ "$status" -eq 1 ]
	[[ $output == *"TCP"*"annotation dev.kedge.checkpoint.tcp-established"* ]]
	is_up
	wait_until 5 is_connected_to_itself
	[ -z "$(docker checkpoint ls web | tail -n +2)" ]
}

@test "a checkpoint elsewhere is listed there, and Docker won't start from it" {
	begin standin
	start_counting
	docker checkpoint create --checkpoint-dir "$T/elsewhere" web ck1
	wait_until 5 has_exited
	[ "$(docker checkpoint ls --checkpoint-dir "$T/elsewhere" web | tail -n 1)" = ck1 ]
	run docker start --checkpoint-dir "$T/elsewhere" --checkpoint ck1 web
	[[ $output == *"custom checkpointdir is not supported"* ]]
	cp -a "$T/elsewhere/ck1" "/var/lib/docker/containers/$(docker inspect -f '{{.Id}}' web)/checkpoints"
	go_on ck1
}

# as a GPU's, of which there is none here
@test "an open device that CRIU can't dump is told by its numbers, and the container runs on" {
	begin standin
	docker run -d --runtime "$RUNTIME" --name web --device /dev/fuse bb sh -c \
		'exec 5<>/dev/fuse; while :; do sleep 1; done'
	run docker checkpoint create web ck1
	[ "$status" -eq 1 ]
	[[ $output == *"chr 10:229"*"a process has a device open"* ]]
	is_up
	[ -z "$(docker checkpoint ls web | tail -n +2)" ]
}
