#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# docker checkpoint and docker start --checkpoint, on each road that leads to kedge

load ../lib/common
load ../lib/containerd
load ../lib/docker
load ../lib/docker_web

setup() { mkdir "$BATS_TEST_TMPDIR/a"; }
teardown() { docker_teardown; }

# what every road has to do, but for who ends the container at a checkpoint
restores_rightly() {
	go_on ck1
	is_connected
	[ "$(docker exec web cat /proc/1/comm)" = sh ]
	end_at ck2
	go_on ck2
	is_connected
	has_whole_log
	docker kill web
	docker start --checkpoint ck2 web
	counts_on
	[ "$(docker inspect -f '{{.State.ExitCode}} {{.State.Running}}' web)" = "0 true" ]
	docker stop -t 0 web
	wait_until 5 docker_has_status web "Exited (137)"
	docker start web
	wait_until 5 counts_beyond 3
	is_connected
}

@test "behind the stand-in a checkpoint ends the container or not, as told, and it goes on, again and again" {
	begin standin
	start_counting -p 8080:80
	is_connected
	docker checkpoint create --leave-running web ck0
	counts_on
	end_at ck1
	[ "$(docker checkpoint ls web | tail -n +2 | xargs)" = "ck0 ck1" ]
	restores_rightly
	docker checkpoint rm web ck0
	[ "$(docker checkpoint ls web | tail -n +2 | xargs)" = "ck1 ck2" ]
}

@test "by the shim's name a container runs on, whatever is asked, unless an annotation says exit" {
	begin name
	start_counting
	docker checkpoint create web ck1
	counts_on
	docker rm -f web
	rm "$T/a/n"
	start_counting -p 8080:80 --annotation dev.kedge.checkpoint.exit=true
	end_at ck1
	restores_rightly
}

@test "by a type with an options file, that says whether a container ends" {
	echo 'exit = true' >"$BATS_TEST_TMPDIR/kedge.toml"
	begin type
	start_counting -p 8080:80
	end_at ck1
	restores_rightly
}

@test "behind the stock shim it goes on, too, but not with Docker 28, which finds no pid" {
	begin path
	start_counting -p 8080:80
	docker checkpoint create --leave-running web ck0
	counts_on
	end_at ck1
	if [ "$(docker_major)" -lt 28 ]; then
		restores_rightly
		return
	fi
	run docker start --checkpoint ck1 web
	[ "$status" -eq 1 ]
	[[ $output == *"bind-mount /proc/0/ns/net"* ]]
	[[ $(docker_status web) == "Exited (137)"* ]]
	docker start web
	counts_on
}
