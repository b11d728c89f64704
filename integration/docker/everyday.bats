#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What one does with Docker every day: kedge does what runc does, seen from inside and from outside

load ../lib/common
load ../lib/containerd
load ../lib/docker

setup() {
	docker_road standin
	docker_setup
}
teardown() { docker_teardown; }

# of_runtime RUNTIME OPTION... IMAGE COMMAND...: exit status and output. Ids differ, and so does the
# order in which mounts are made.
of_runtime() {
	local status=0
	timeout -k 5 60 docker run --rm --runtime "$@" >"$T/output" 2>&1 || status=$?
	sed 's/[0-9a-f]\{64\}/ID/g; s/[0-9a-f]\{12\}/ID/g' "$T/output" | sort
	echo "exit status $status"
}

# as_runc OPTION... IMAGE COMMAND...: `docker run` has the same exit status and output as with runc
as_runc() {
	of_runtime runc "$@" >"$T/runc"
	of_runtime kedge "$@" >"$T/kedge"
	diff "$T/runc" "$T/kedge" || {
		echo "differs: $*"
		return 1
	}
}

# What a process is
SELF='grep -E "^(Cap|NoNew|Seccomp:|Uid|Gid|Groups)" /proc/self/status; cat /proc/self/limits
	cat /proc/self/oom_score_adj; id; env | grep -v HOSTNAME; pwd; ls /proc/self/fd'
# What is mounted, but for what kedge makes stricter than runc: the flags of masked directories, and of the
# tmpfs that holds the cgroups
MOUNTS='cut -d " " -f 5,6 /proc/self/mountinfo |
	grep -v -e "^/sys/fs/cgroup " -e ^/proc/acpi -e ^/proc/scsi -e ^/sys/firmware -e ^/sys/devices/virtual/powercap'

@test "users, capabilities, limits and what else a process has are as with runc" {
	as_runc bb sh -c "$SELF"
	as_runc --privileged bb sh -c "$SELF"
	as_runc --user 1000:1001 --group-add 7 bb sh -c "$SELF"
	as_runc --user user --cap-drop ALL --cap-add NET_ADMIN bb sh -c "$SELF"
	as_runc --security-opt no-new-privileges --security-opt seccomp=unconfined bb sh -c "$SELF"
	as_runc --ulimit nofile=77:99 --ulimit core=0 --oom-score-adj 500 bb sh -c "$SELF"
	as_runc -e A=b --env C= -h host --domainname d.org -w /not/there bb \
		sh -c 'env; hostname; cat /proc/sys/kernel/domainname; pwd'
	as_runc --init bb sh -c 'cat /proc/1/comm'
	as_runc --entrypoint /bin/echo bb hello
}

@test "mounts of every form are as with runc" {
	local p
	mkdir -p "$T/v" "$T/w"
	mount --bind "$T/v" "$T/v"
	mount --make-shared "$T/v"
	mount -t tmpfs none "$T/w"
	mkdir "$T/w/s"
	mount -t tmpfs none "$T/w/s"
	as_runc bb sh -c "$MOUNTS; ls /dev"
	as_runc --privileged bb sh -c "$MOUNTS"
	as_runc --read-only --tmpfs /run:rw,size=64k,mode=1777 --tmpfs /t bb sh -c "$MOUNTS; touch /t/x /x"
	as_runc --security-opt systempaths=unconfined --shm-size 3m bb sh -c "$MOUNTS; grep shm /proc/mounts"
	as_runc -v "$T/v:/v:ro" -v named:/n bb sh -c "$MOUNTS; touch /v/x; echo hi >/n/f; cat /n/f"
	for p in rprivate rshared rslave; do
		as_runc --mount "type=bind,src=$T/v,dst=/v,bind-propagation=$p" bb sh -c "$MOUNTS
			grep ' /v ' /proc/self/mountinfo | cut -d ' ' -f 7 | cut -d : -f 1"
	done
	for p in readonly readonly,bind-recursive=writable bind-recursive=disabled \
		readonly,bind-recursive=readonly,bind-propagation=rprivate; do
		as_runc --mount "type=bind,src=$T/w,dst=/w,$p" bb sh -c "$MOUNTS; touch /w/a /w/s/a"
	done
	as_runc --mount type=tmpfs,dst=/tt,tmpfs-size=1m,tmpfs-mode=700 bb sh -c "$MOUNTS; ls -ld /tt | cut -c 1-10"
	umount "$T/w/s" "$T/w" "$T/v"
}

@test "namespaces, devices, sysctls and cgroups are as with runc" {
	# the container's own
	# shellcheck disable=SC2016
	as_runc --pid host bb sh -c 'test $$ -gt 2; echo $?'
	# shellcheck disable=SC2016
	as_runc --ipc host --uts host bb sh -c 'for n in ipc uts; do readlink /proc/self/ns/$n; done'
	as_runc --network none bb sh -c 'ip -o address'
	as_runc --network host bb readlink /proc/self/ns/net
	as_runc --device /dev/fuse:/dev/f:r bb sh -c 'ls -l /dev/f | cut -c 1-30; head -c 0 /dev/f; : >/dev/f'
	as_runc --sysctl net.ipv4.ip_forward=1 --sysctl kernel.msgmax=1234 bb \
		cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax
	# shellcheck disable=SC2016
	as_runc -m 64m --cpus 0.5 --pids-limit 33 --cpuset-cpus 0 bb sh -c 'cd /sys/fs/cgroup
		cat memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us pids/pids.max cpuset/cpuset.cpus'
	as_runc --cgroup-parent /my/own bb cat /proc/1/cgroup
	docker run -d --runtime kedge --name t-1 bb sleep 1000
	as_runc --network container:t-1 --ipc container:t-1 --pid container:t-1 bb \
		sh -c 'ip -o -4 address; ps | grep -c "sleep 1000"'
}

@test "what goes wrong has runc's exit status" {
	local status_runc status_kedge
	for command in /nonesuch /etc/passwd /etc 'sh -c exit\ 3'; do
		status_runc=0
		eval "docker run --rm --runtime runc bb $command" >/dev/null 2>&1 || status_runc=$?
		status_kedge=0
		eval "docker run --rm --runtime kedge bb $command" || status_kedge=$?
		[ "$status_kedge" -eq "$status_runc" ]
	done
	# the container's own
	# shellcheck disable=SC2016
	as_runc bb sh -c 'kill -9 $$'
	as_runc --user nobodythere bb true
}

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
