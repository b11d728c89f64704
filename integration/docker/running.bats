#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What one does every day with Docker's containers that run: look at them, talk to them, keep them alive

load ../lib/common
load ../lib/containerd
load ../lib/docker
load ../lib/docker_web

setup() {
	mkdir "$BATS_TEST_TMPDIR/a"
	begin standin
}
teardown() { docker_teardown; }

@test "exec, cp, logs -f, attach, wait and events" {
	docker events --filter container=t-1 --format '{{.Action}}' >"$T/events" 3>&- &
	local events=$!
	# the container's own
	# shellcheck disable=SC2016
	docker run -d --runtime kedge --name t-1 bb sh -c 'trap "echo bye; exit 5" TERM
		i=0; while :; do i=$((i + 1)); echo $i; sleep 0.1; done'
	[ "$(docker exec -u 1000 -e A=b -w /tmp t-1 sh -c 'id -u; echo $A; pwd' | xargs)" = "1000 b /tmp" ]
	echo here >"$T/file"
	docker cp "$T/file" t-1:/tmp/file
	[ "$(docker exec t-1 cat /tmp/file)" = here ]
	docker cp t-1:/etc/passwd "$T/passwd"
	grep -q '^user:' "$T/passwd"
	docker logs -f t-1 >"$T/log" 2>&1 3>&- &
	local logs=$!
	timeout 60 docker attach --no-stdin --sig-proxy=false t-1 >"$T/attached" 2>&1 3>&- &
	local attached=$!
	timeout 60 docker wait t-1 >"$T/status" 3>&- &
	local waiting=$!
	wait_until 5 file_has "$T/attached" '[0-9]'
	docker stop t-1
	wait "$logs" "$waiting"
	wait "$attached" || true
	[ "$(cat "$T/status")" -eq 5 ]
	[ "$(head -n 1 "$T/log")" = 1 ]
	[ "$(tail -n 1 "$T/log")" = bye ]
	[ "$(tail -n 1 "$T/attached")" = bye ]
	wait_until 5 file_has "$T/events" stop
	kill "$events"
	[ "$(grep -xE 'start|kill|die|stop' "$T/events" | sort -u | xargs)" = "die kill start stop" ]
}

@test "a health check, a restart and its policy" {
	docker run -d --runtime kedge --name t-1 --health-cmd 'test -e /tmp/well' --health-interval 300ms \
		--health-retries 1 --restart on-failure:2 bb sh -c 'sleep 1000 & wait'
	is_health() { [ "$(docker inspect -f '{{.State.Health.Status}}' t-1)" = "$1" ]; }
	wait_until 10 is_health unhealthy
	docker exec t-1 touch /tmp/well
	wait_until 10 is_health healthy
	docker restart -t 0 t-1
	wait_until 10 is_health healthy
	[[ $(docker_status t-1) == Up* ]]
	docker run -d --runtime kedge --name t-2 --restart on-failure:2 bb sh -c 'exit 3'
	has_given_up() { [[ $(docker inspect -f '{{.RestartCount}} {{.State.Status}}' t-2) == "2 exited" ]]; }
	wait_until 20 has_given_up
}

@test "fifty containers at once, and nothing is left of them" {
	for i in $(seq 50); do
		echo "t-$i"
	done | xargs -P 5 -I {} docker run -d --runtime kedge --name {} bb sleep 1000 >/dev/null
	[ "$(docker ps -q | wc -l)" -eq 50 ]
	[ "$(docker exec t-33 echo here)" = here ]
	docker ps -q | xargs docker kill >/dev/null
	[ "$(docker ps -aq --filter status=exited | wc -l)" -eq 50 ]
	docker ps -aq | xargs docker rm >/dev/null
	wait_until 10 no_shim_left
}

@test "containers live on without dockerd, checkpointed and restored, and with a secret that has changed" {
	mkdir "$T/secrets"
	mount -t tmpfs -o mode=700 none "$T/secrets"
	echo old >"$T/secrets/key"
	start_counting --mount "type=bind,src=$T/secrets/key,dst=/run/secrets/key,readonly"
	end_at ck1
	docker_kill
	umount "$T/secrets"
	mount -t tmpfs -o mode=700 none "$T/secrets"
	echo new >"$T/secrets/key"
	docker_start
	has_exited
	go_on ck1
	docker_kill
	docker_start
	counts_on
	[ "$(docker exec web cat /run/secrets/key)" = new ]
	run docker exec web sh -c 'echo x >/run/secrets/key'
	[[ $output == *"Read-only file system"* ]]
	# of a container that it has found running Docker doesn't say, to no runtime, that it is to end
	docker checkpoint create web ck2
	counts_on
	docker stop -t 0 web
	go_on ck2
	end_at ck3
	umount "$T/secrets"
}
