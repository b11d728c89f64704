#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# A container moves to another host's Docker: its image by save and load, its checkpoint as a directory. It
# goes on in a container of another name, with a volume from another place. README's walk-through is what
# `KEDGE_SHOW=1 hack/integration docker/move` prints.

load ../lib/common
load ../lib/containerd
load ../lib/docker
load ../lib/second_host

setup() {
	# found by the daemons of both hosts
	ln -s "$TREE/build/kedge" /usr/local/sbin/containerd-shim-runc-v2
	docker_road path
	PATH=/usr/local/sbin:$PATH
	docker_setup
	make_count
	second_host_start
	second dockerd --containerd /run/containerd/containerd.sock --experimental \
		>"$T/second-dockerd.log" 2>&1 </dev/null 3>&- &
	wait_until 20 second docker version
	mkdir -p /srv/a "$SECOND_SRV/b"
	echo one >/srv/a/host
	echo two >"$SECOND_SRV/b/host"
}
teardown() {
	second docker ps -aq | second xargs -r docker rm -f >/dev/null 2>&1 || true
	second_host_stop
	docker_teardown
	rm -rf /srv/a /srv/checkpoints /usr/local/sbin/containerd-shim-runc-v2 /etc/docker
}

# An image that says a number from its memory, and where its volume is
make_count() {
	cat >"$T/count" <<-'END'
		#!/bin/sh
		while :; do
		    i=$((i + 1)); read host </data/host; echo "$i on $host"; sleep 0.2
		done
	END
	chmod +x "$T/count"
	cp "$T/count" "$B/rootfs/bin/count"
	tar -C "$B/rootfs" -c . | docker import -c 'CMD ["/bin/count"]' - count >/dev/null
}

# ssh two COMMAND, as if there were a network and a key
ssh() { second sh -c "$2"; }

# show COMMAND: run it, and show it with what it says, as at a prompt
show() {
	local output
	[ -z "${KEDGE_SHOW:-}" ] || printf '%s\n' "one# $1" >&3
	output=$(eval "$1" 2>&1) || {
		echo "$output"
		return 1
	}
	[ -z "${KEDGE_SHOW:-}" ] || [ -z "$output" ] || printf '%s\n' "$output" >&3
	# shellcheck disable=SC2034 # for tests
	SHOWN=$output
}

has_said() { [ "$($2 docker logs "$1" | wc -l)" -ge "$3" ]; }
has_exited() { [[ $(docker_status web) == "Exited (137)"* ]]; }

@test "a container goes on in another one on another host, with a volume from another place" {
	local last first
	show "cat count"
	show "docker run -d --runtime kedge --name web -v /srv/a:/data count"
	wait_until 10 has_said web '' 5
	show "docker checkpoint create --checkpoint-dir /srv/checkpoints web now"
	wait_until 5 has_exited
	show "docker logs web | tail -n 2"
	last=$(tail -n 1 <<<"$SHOWN")
	[[ $last == *" on one" ]]
	show "docker save count | ssh two 'docker load'"
	show "ssh two 'docker create --runtime kedge --name shop -v /srv/b:/data count'"
	show "tar -C /srv -c checkpoints | ssh two 'tar -C /var/lib/docker/containers/$SHOWN -x'"
	show "ssh two 'docker start --checkpoint now shop'"
	wait_until 10 has_said shop second 5
	show "ssh two 'docker logs shop | head -n 2'"
	first=$(head -n 1 <<<"$SHOWN")
	# the one that was cut short at the checkpoint may still say where it has been
	[ "${first%% *}" -eq $((${last%% *} + 1)) ]
	[[ ${SHOWN##*$'\n'} == *" on two" ]]
	show "ssh two 'docker exec shop touch /data/here; ls /srv/b'"
	[ "$SHOWN" = "$(printf 'here\nhost')" ]
	show "ssh two 'docker ps --format \"{{.Names}}: {{.Status}}\"'"
	[[ $SHOWN == "shop: Up "* ]]
	ssh two 'docker stop -t 0 shop; docker start shop'
	wait_until 5 has_said shop second 7
}

@test "there a source of another kind is refused by name, and it goes on when that is put right" {
	docker run -d --runtime kedge --name web -v /srv/a/host:/host bb sh -c 'while :; do cat /host; sleep 0.1; done'
	wait_until 10 has_said web '' 2
	docker checkpoint create web now
	wait_until 5 has_exited
	docker save bb | second docker load
	local id
	mkdir "$SECOND_SRV/c"
	id=$(second docker create --runtime kedge --name shop -v /srv/c:/host bb sh -c 'cat /host')
	tar -C "/var/lib/docker/containers/$(docker inspect -f '{{.Id}}' web)" -c checkpoints |
		second tar -C "/var/lib/docker/containers/$id" -x
	run second docker start --checkpoint now shop
	[ "$status" -eq 1 ]
	[[ $output == *"/host: source /srv/c: it is now a directory, and was a file"* ]]
	rmdir "$SECOND_SRV/c"
	echo two >"$SECOND_SRV/c"
	second docker start --checkpoint now shop
	wait_until 5 has_said shop second 2
	[ "$(second docker logs shop | tail -n 1)" = two ]
}
