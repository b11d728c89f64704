#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Docker as a stock host has it: started by systemctl, with systemd's cgroup driver, which nobody had to
# choose, and kedge from its package, as that sets it up.

# bats sets $status and $output, for each test in a process of its own
# shellcheck disable=SC2030,SC2031

load ../lib/common
load ../lib/containerd
load ../lib/docker
load ../lib/systemd

# the stand-in for runc's shim, and the shim by its name; the third is a type with options
RUNTIMES=${KEDGE_AS:-kedge io.containerd.kedge.v1}
ALL_RUNTIMES=${KEDGE_AS:-$RUNTIMES kedge-type}
DAEMON_JSON=/etc/docker/daemon.json
SHARED=/srv/shared

setup_file() {
	local T=$BATS_FILE_TMPDIR
	systemctl start dbus
	make_rootfs "$T/rootfs"
	dpkg -i "$TREE"/build/kedge_*.deb </dev/null
	add_to_daemon_json
	systemctl start docker
	tar -C "$T/rootfs" -c . | docker import -c 'CMD ["/bin/sh"]' - bb >/dev/null
	mkdir -p "$SHARED"
}

# what a user adds: another road to kedge, and that containers outlive Docker
add_to_daemon_json() {
	jq '. + {"live-restore": true} | .runtimes["kedge-type"] = {runtimeType: "io.containerd.kedge.v1",
		options: {ConfigPath: "/etc/kedge/type.toml"}}' "$DAEMON_JSON" >"$DAEMON_JSON.new"
	mv "$DAEMON_JSON.new" "$DAEMON_JSON"
	mkdir -p /etc/kedge
	echo 'exit = true' >/etc/kedge/type.toml
}

teardown_file() {
	systemctl stop docker.socket docker containerd
	rm -f "$DAEMON_JSON"
	dpkg --purge kedge
}

setup() {
	PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
	T=$BATS_TEST_TMPDIR
	cd "$T" || return 1
}

teardown() {
	docker ps -aq | xargs -r docker rm -f >/dev/null 2>&1 || true
	systemctl reset-failed
}

# start_counting [OPTION...]: "web" writes the number in its memory to /srv/shared/n
start_counting() {
	rm -f "$SHARED/n"
	# the container's variables
	# shellcheck disable=SC2016
	docker_run -d --name web -v "$SHARED:/data" "$@" bb sh -c \
		'i=0; while :; do i=$((i + 1)); echo $i >/data/.n; mv /data/.n /data/n; sleep 0.05; done'
	wait_until 5 counts_beyond 3
}
counts_beyond() { [ "$(cat "$SHARED/n")" -gt "$1" ]; }
counts_on() {
	wait_until 5 counts_beyond "$(cat "$SHARED/n")"
	[[ $(docker_status web) == Up* ]]
}

unit_of() { echo "docker-$(docker inspect -f '{{.Id}}' "$1").scope"; }

# is_in_scope NAME [SLICE]: the container is in its own, and systemd knows of it
is_in_scope() {
	local unit
	unit=$(unit_of "$1")
	[ "$(property ActiveState,Slice,Delegate "$unit" | sort | xargs)" = "active ${2:-system.slice} yes" ]
	[ "$(cgroup_of "$(docker_pid "$1")")" = "$(property ControlGroup "$unit")" ]
}

no_docker_unit() {
	[ -z "$(systemctl list-units --all --plain --no-legend 'docker-*.scope')" ] &&
		[ -z "$(find /sys/fs/cgroup -name 'docker-*.scope' -o -name '*:*')" ]
}

@test "Docker chooses systemd's driver by itself, and all that it starts finds kedge" {
	[ "$(docker info -f '{{.CgroupDriver}} {{.CgroupVersion}}')" = "systemd 2" ]
	kedge-setup status
	[ "$(systemctl show --value -p ActiveState,SubState containerd docker | xargs)" = \
		"active running active running" ]
	[ -z "$(systemctl --failed --no-legend)" ]
}

@test "a container has its scope from docker run until it is removed: exec, top, stats, pause, stop, restart" {
	for RUNTIME in $ALL_RUNTIMES; do
		echo "runtime $RUNTIME"
		start_counting -m 64m --pids-limit 50 --cpu-shares 512
		is_in_scope web
		[ "$(docker exec web cat /proc/self/cgroup | grep '^0:')" = 0::/ ]
		docker exec -d web sleep 1000
		wait_until 5 pgrep -xf 'sleep 1000'
		[ "$(cgroup_of "$(pgrep -xf 'sleep 1000')")" = "$(property ControlGroup "$(unit_of web)")" ]
		docker top web | grep -q 'sleep 1000'
		docker stats --no-stream web
		docker pause web
		[[ $(docker_status web) == *Paused* ]]
		docker unpause web
		counts_on
		docker stop -t 0 web
		wait_until 5 no_docker_unit
		docker start web
		is_in_scope web
		docker restart -t 0 web
		is_in_scope web
		counts_on
		docker rm -f web
		wait_until 5 no_docker_unit
	done
}

@test "its output and status come back, and docker run --rm leaves no unit" {
	for RUNTIME in $RUNTIMES; do
		run docker_run --rm bb sh -c 'echo out; exit 7'
		[ "$status" -eq 7 ]
		[ "$output" = out ]
		[ "$(docker_run --rm --cgroupns host bb cat /proc/self/cgroup | grep -c '^0::/system.slice/docker-.*\.scope$')" -eq 1 ]
		run -127 docker_run --rm bb /no/such/program
		wait_until 5 no_docker_unit
	done
}

@test "--cgroup-parent names a slice" {
	for RUNTIME in $RUNTIMES; do
		start_counting --cgroup-parent x-y.slice
		is_in_scope web x-y.slice
		[[ $(cgroup_of "$(docker_pid web)") == /x.slice/x-y.slice/docker-*.scope ]]
		docker rm -f web
		wait_until 5 no_docker_unit
		systemctl stop x.slice
	done
}

@test "it goes on from a checkpoint, in its scope" {
	local n
	for RUNTIME in $ALL_RUNTIMES; do
		start_counting --annotation dev.kedge.checkpoint.exit=true
		docker checkpoint create web ck1
		has_ended() { docker_has_status web Exited; }
		wait_until 5 has_ended
		wait_until 5 no_docker_unit
		n=$(cat "$SHARED/n")
		echo 0 >"$SHARED/n"
		docker start --checkpoint ck1 web
		wait_until 5 counts_beyond "$n"
		is_in_scope web
		docker exec web true
		docker restart -t 0 web
		is_in_scope web
		docker rm -f web
		wait_until 5 no_docker_unit
	done
}

@test "containers live through restarts of Docker and containerd, and systemd's looks at its units" {
	local unit
	for RUNTIME in $RUNTIMES; do
		start_counting
		for unit in docker containerd; do
			systemctl restart "$unit"
			wait_until 20 docker exec web true
			counts_on
			is_in_scope web
		done
		systemctl daemon-reload
		systemctl daemon-reexec
		docker exec web sh -c ': >/dev/null'
		counts_on
		is_in_scope web
		docker stop -t 0 web
		[[ $(docker_status web) == "Exited (137)"* ]]
		docker rm web
		wait_until 5 no_docker_unit
	done
}

@test "systemctl stop of a container's scope ends it, and Docker knows" {
	for RUNTIME in $RUNTIMES; do
		start_counting --init
		systemctl stop "$(unit_of web)"
		has_ended() { docker_has_status web Exited; }
		wait_until 10 has_ended
		docker start web
		is_in_scope web
		docker rm -f web
		wait_until 5 no_docker_unit
	done
}
