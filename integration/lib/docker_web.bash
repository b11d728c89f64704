# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# docker_web.bash - a container "web" that counts in its memory, checkpoints of it, and what it is after a
# restore
#
# To be loaded after common, containerd and docker. $T/a is its volume.

# begin ROAD: containerd and dockerd, with kedge on that road
begin() {
	docker_road "$1"
	docker_setup
}

# It says its number, and writes it to /data
# shellcheck disable=SC2016
COUNT='i=0; while :; do i=$((i + 1)); echo $i; echo $i >/data/.n; mv /data/.n /data/n; sleep 0.05; done'

start_counting() {
	docker run -d --runtime "$RUNTIME" --name web -v "$T/a:/data" "$@" bb /bin/sh -c "$COUNT"
	wait_until 5 counts_beyond 3
}

counts_beyond() { [ "$(cat "$T/a/n")" -gt "$1" ]; }
has_exited() { [[ $(docker_status web) == "Exited ("* ]]; }
is_up() { [[ $(docker_status web) == Up* && $(docker_status web) != *Paused* ]]; }

# It counts on: with the number in its memory, not with one that it finds
counts_on() {
	local n
	n=$(cat "$T/a/n")
	wait_until 5 counts_beyond "$n"
	is_up
}

# go_on CHECKPOINT: it goes on from there
go_on() {
	local n
	n=$(cat "$T/a/n")
	echo 0 >"$T/a/n"
	docker start --checkpoint "$1" web
	wait_until 5 counts_beyond "$n"
	is_up
}

# end_at CHECKPOINT: it ends there
end_at() {
	docker checkpoint create web "$1"
	wait_until 5 has_exited
	[[ $(docker_status web) == "Exited (137)"* ]]
}

says_hello() { [ "$(timeout 2 busybox nc 127.0.0.1 8080 </dev/null)" = hello ]; }

# Its address is what docker says, and its published port leads to it
is_connected() {
	local address
	address=$(docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' web)
	nsenter -t "$(docker_pid web)" -n ip -4 -br address show eth0 | grep -q " $address/"
	docker exec -d web sh -c 'echo hello | nc -l -p 80'
	wait_until 5 says_hello
}

# No number is missing in its log, none came twice
has_whole_log() {
	docker logs web >"$T/log"
	diff <(seq 1 "$(wc -l <"$T/log")") "$T/log"
}
