#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# docker checkpoint and docker start --checkpoint, with kedge by the runtime's name

load ../lib/common
load ../lib/containerd
load ../lib/docker

setup() {
	docker_setup
	mkdir "$T/a"
}
teardown() { docker_teardown; }

# shellcheck disable=SC2016
COUNT='i=0; while :; do i=$((i + 1)); echo $i; echo $i >/data/.n; mv /data/.n /data/n; sleep 0.05; done'

start_counting() {
	docker run -d --runtime "$RUNTIME" --name web -v "$T/a:/data" "$@" bb /bin/sh -c "$COUNT"
	wait_until 5 counts_beyond 3
}

counts_beyond() { [ "$(cat "$T/a/n")" -gt "$1" ]; }
has_exited() { [[ $(docker_status web) == "Exited (137)"* ]]; }

# go_on CHECKPOINT: it ends there, and goes on from there
go_on() {
	local n
	docker checkpoint create web "$1"
	wait_until 5 has_exited
	n=$(cat "$T/a/n")
	echo 0 >"$T/a/n"
	docker start --checkpoint "$1" web
	wait_until 5 counts_beyond "$n"
	[[ $(docker_status web) == Up* ]]
}

@test "a container goes on from a checkpoint, with its volume, its network and its log, twice" {
	start_counting --annotation dev.kedge.checkpoint.exit=true
	go_on ck1
	nsenter -t "$(docker_pid web)" -n ip -4 -br address show eth0 |
		grep -q "$(docker inspect -f '{{.NetworkSettings.IPAddress}}' web)/"
	go_on ck2
	wait_until 5 counts_beyond 10
	# no number is missing in the log, none came twice
	docker logs web >"$T/log"
	diff <(seq 1 "$(wc -l <"$T/log")") "$T/log"
}

@test "without a word of exit the container runs on after a checkpoint" {
	local n
	start_counting
	docker checkpoint create web ck1
	n=$(cat "$T/a/n")
	wait_until 5 counts_beyond "$n"
	[[ $(docker_status web) == Up* ]]
	[[ $(docker_status web) != *Paused* ]]
}
