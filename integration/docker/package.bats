#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The Debian package: what it brings, how it sets up containerd and Docker, and that it goes without a
# trace. There is no systemd here; the daemons are started with the PATH that its drop-ins would give.

load ../lib/common
load ../lib/containerd
load ../lib/docker

DROP_IN=/etc/systemd/system/containerd.service.d/10-kedge.conf
DAEMON_JSON=/etc/docker/daemon.json

setup() {
	local deb=("$TREE"/build/kedge_*.deb)
	[ -e "${deb[0]}" ] || { echo "no package: make deb"; return 1; }
	DEB=${deb[0]}
	common_setup
	# not the tree's kedge, but the package's
	PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
	everything >"$T/before"
}

teardown() {
	[ -z "$DOCKERD" ] || docker_teardown
	dpkg --purge kedge
	rm -f "$DAEMON_JSON"
}

install_package() { dpkg -i "$DEB" </dev/null 2>&1; }

# All that is on the disk, with what is in the files of /etc
everything() {
	find / -xdev \( -path /tmp -o -path /var/lib/dpkg -o -path /var/tmp \) -prune -o ! -type d \
		! -path '/var/log/*' -printf '%p %M %s %l\n' -o -type d -printf '%p\n' | sort
	find /etc -type f -exec sha256sum {} + | sort
}

# daemons_start: as systemd would, if it were here
daemons_start() {
	local path
	path=$(sed -n 's/^Environment=//p' "$DROP_IN")
	mkdir -p "$T/containerd"
	env "$path" containerd --root "$T/containerd" >>"$T/containerd.log" 2>&1 </dev/null 3>&- &
	# shellcheck disable=SC2034
	CONTAINERD=$! # docker_teardown's
	wait_until 20 ctr version
	env "$path" dockerd --containerd /run/containerd/containerd.sock >>"$T/dockerd.log" 2>&1 \
		</dev/null 3>&- &
	DOCKERD=$!
	wait_until 20 docker version
	tar -C "$B/rootfs" -c . | docker import -c 'CMD ["/bin/sh"]' - bb >/dev/null
}

has_exited() { [ "$(docker inspect -f '{{.State.Status}} {{.State.ExitCode}}' web)" = "exited 137" ]; }
counts_beyond() { [ "$(cat "$T/n")" -gt "$1" ]; }

# The program of the shim above the container's first process
shim_of() {
	local pid
	pid=$(docker inspect -f '{{.State.Pid}}' "$1")
	readlink "/proc/$(awk '{ print $4 }' "/proc/$pid/stat")/exe"
}

@test "it brings the program, its names, pages and completions, and leaves nothing behind" {
	install_package
	[ "$(kedge --version | head -n 1)" = "kedge version $(dpkg-query -W -f '${Version}' kedge)" ]
	containerd-shim-kedge-v1 -v | grep -q Version:
	[ "$(readlink -f /usr/lib/kedge/containerd-shim-runc-v2)" = /usr/bin/containerd-shim-kedge-v1 ]
	zcat /usr/share/man/man8/kedge.8.gz | grep -q '^\.B "\\-\\-leave\\-running"$'
	dpkg --remove kedge
	[ ! -e /usr/bin/kedge ]
	[ ! -e "$DROP_IN" ]
	[ ! -e "$DAEMON_JSON" ]
	dpkg --purge kedge
	everything | diff "$T/before" -
}

@test "bash completes commands, options, values and containers" {
	install_package
	start_detached t-1
	# shellcheck disable=SC1091
	. /usr/share/bash-completion/completions/kedge
	complete_words() { COMP_WORDS=(kedge "$@") COMP_CWORD=$# && _kedge; }
	complete_words ch
	[ "${COMPREPLY[*]}" = checkpoint ]
	complete_words --debug plan ''
	[ "${COMPREPLY[*]}" = "checkpoint restore" ]
	complete_words plan restore --lsm
	[ "${COMPREPLY[*]}" = "--lsm-profile --lsm-mount-context" ]
	complete_words list -f ''
	[ "${COMPREPLY[*]}" = "table json" ]
	complete_words run -b ''
	[ "${#COMPREPLY[@]}" = 0 ]
	complete_words state ''
	[ "${COMPREPLY[*]}" = t-1 ]
	complete_words run ''
	[ "${#COMPREPLY[@]}" = 0 ]
	kedge delete --force t-1
}

@test "docker run, checkpoint and start --checkpoint work as it sets them up, and runc beside" {
	local n
	install_package
	daemons_start
	kedge-setup status
	[ "$(docker run --rm bb echo runc)" = runc ]
	docker run -d --runtime kedge --name web -v "$T:/data" bb sh -c \
		'i=0; while :; do i=$((i + 1)); echo $i >/data/.n; mv /data/.n /data/n; sleep 0.05; done'
	[[ $(shim_of web) != /usr/bin/containerd-shim-runc-v2 ]]
	wait_until 5 counts_beyond 3
	docker checkpoint create web ck1
	wait_until 5 has_exited
	n=$(cat "$T/n")
	echo 0 >"$T/n"
	docker start --checkpoint ck1 web
	wait_until 5 counts_beyond "$n"
	docker rm -f web
	wait_until 10 no_shim_left
}

@test "it goes from under daemons that run: its containers live on, and runc's start as before" {
	install_package
	daemons_start
	docker run -d --runtime kedge --name web bb sh -c 'while :; do sleep 1; done'
	run dpkg --remove kedge
	[[ $output == *"restart that, then delete the link"* ]]
	[ "$(docker run --rm bb echo runc)" = runc ]
	[ "$(docker exec web echo lives)" = lives ]
	docker rm -f web
	wait_until 10 no_shim_left
	docker_teardown
	DOCKERD=
	dpkg --purge kedge
	[ ! -e /usr/lib/kedge ]
}

@test "systemd reads its drop-ins, and restarts a containerd that has found kedge's when it goes" {
	mkdir -p /run/systemd/system "$T/bin"
	printf '#!/bin/sh\necho "$@" >>%s/systemctl\n' "$T" >"$T/bin/systemctl"
	chmod +x "$T/bin/systemctl"
	PATH=$T/bin:$PATH install_package
	[ "$(cat "$T/systemctl")" = daemon-reload ]
	daemons_start
	PATH=$T/bin:$PATH dpkg --remove kedge
	[ "$(sed 1d "$T/systemctl")" = "daemon-reload"$'\n'"try-restart containerd.service" ]
	rm -r /run/systemd
}

@test "a daemon.json that is there stays as it is, and the user is told what to add" {
	echo '{ "debug": true }' >"$DAEMON_JSON"
	run install_package
	[ "$status" -eq 0 ]
	[[ $output == *"$DAEMON_JSON is yours"*'"runtimes": { "kedge": { "path": "/usr/bin/kedge" } }'* ]]
	[ "$(cat "$DAEMON_JSON")" = '{ "debug": true }' ]
	run kedge-setup status
	[ "$status" -eq 1 ]
	[[ $output == *"$DAEMON_JSON: does not name kedge"* ]]
	dpkg --purge kedge
	[ "$(cat "$DAEMON_JSON")" = '{ "debug": true }' ]
	rm "$DAEMON_JSON"
	everything | diff "$T/before" -
}

@test "what was changed since stays when the package goes, and that is said" {
	install_package
	sed -i 's/true/false/' "$DAEMON_JSON"
	run dpkg --purge kedge
	[[ $output == *"$DAEMON_JSON has been changed and stays"* ]]
	jq -e '.experimental == false' "$DAEMON_JSON"
	[ ! -e "$DROP_IN" ]
}

@test "with /etc/kedge/no-setup it sets up nothing, also after an upgrade" {
	mkdir /etc/kedge
	touch /etc/kedge/no-setup
	install_package
	install_package
	[ ! -e "$DROP_IN" ]
	[ ! -e "$DAEMON_JSON" ]
	kedge-setup on
	[ -e "$DROP_IN" ]
	[ -e "$DAEMON_JSON" ]
	kedge-setup off
	install_package
	[ ! -e "$DROP_IN" ]
	dpkg --purge kedge
	everything | diff "$T/before" -
}

@test "an upgrade doesn't write again what was taken away; an installation after a removal does" {
	install_package
	rm "$DAEMON_JSON"
	install_package
	[ ! -e "$DAEMON_JSON" ]
	[ -e "$DROP_IN" ]
	dpkg --remove kedge
	install_package
	[ -e "$DAEMON_JSON" ]
}
