#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The Debian package on a host with systemd: it comes and goes under daemons that run, and what kedge-setup
# says is what has to be done.

load ../lib/common
load ../lib/containerd
load ../lib/docker
load ../lib/systemd

DAEMON_JSON=/etc/docker/daemon.json
# shellcheck disable=SC2034 # docker_run's
RUNTIME=${KEDGE_AS:-kedge}

setup() {
	# not the tree's kedge, but the package's
	PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
	T=$BATS_TEST_TMPDIR
	cd "$T" || return 1
	make_rootfs "$T/rootfs"
	# systemd gives up on a unit that is started six times in ten seconds, by six tests or by itself
	systemctl reset-failed
	systemctl start docker
	tar -C "$T/rootfs" -c . | docker import -c 'CMD ["/bin/sh"]' - bb >/dev/null
}

teardown() {
	docker ps -aq | xargs -r docker rm -f >/dev/null 2>&1 || true
	systemctl stop docker.socket docker containerd
	dpkg --purge kedge
	rm -f "$DAEMON_JSON"
}

install_package() { dpkg -i "$TREE"/build/kedge_*.deb </dev/null 2>&1; }

main_pid() { systemctl show --value -p MainPID "$1"; }
start_web() { docker_run -d --name web bb sh -c 'while :; do sleep 1; done'; }
lives() { [ "$(docker exec web echo lives)" = lives ]; }

@test "it restarts nothing when it comes, says what to restart, and after that all is set up" {
	local containerd dockerd
	containerd=$(main_pid containerd)
	dockerd=$(main_pid docker)
	run install_package
	[ "$status" -eq 0 ]
	[[ $output == *"when they have been restarted"* ]]
	[ "$(main_pid containerd) $(main_pid docker)" = "$containerd $dockerd" ]
	run kedge-setup status
	[ "$status" -eq 1 ]
	[[ $output == *"containerd ($containerd): does not have /usr/lib/kedge in its PATH: restart it"* ]]
	run ! docker run --rm --runtime kedge bb true
	# what kedge-setup(8) says
	systemctl restart containerd
	systemctl restart docker
	kedge-setup status
	[ "$(docker run --rm bb echo runc)" = runc ]
	[ "$(docker_run --rm bb echo ours)" = ours ]
	[ "$(docker info -f '{{.CgroupDriver}}')" = systemd ]
	docker info -f '{{json .Runtimes}}' | jq -e '.kedge'
}

@test "an upgrade leaves daemons and containers alone, which the new one serves" {
	local containerd
	install_package
	systemctl restart containerd docker
	start_web
	containerd=$(main_pid containerd)
	install_package
	[ "$(main_pid containerd)" = "$containerd" ]
	lives
	docker restart -t 0 web
	lives
}

@test "when it goes containerd is restarted without it: containers live on, and runc's start as before" {
	local containerd
	install_package
	systemctl restart containerd docker
	start_web
	docker run -d --name other bb sh -c 'while :; do sleep 1; done'
	containerd=$(main_pid containerd)
	run dpkg --remove kedge
	[ "$status" -eq 0 ]
	[ "$(main_pid containerd)" != "$containerd" ]
	[ -z "$(systemctl show --value -p Environment containerd docker | xargs)" ]
	[ ! -e /usr/lib/kedge ]
	wait_until 20 docker exec web true
	lives
	[ "$(docker exec other echo lives)" = lives ]
	[ "$(docker run --rm bb echo runc)" = runc ]
	docker rm -f web other
	[ -z "$(ls -A "$DOCKER_BUNDLES")" ]
	[ -z "$(systemctl list-units --plain --no-legend 'docker-*.scope')" ]
	systemctl restart docker
	[ "$(docker run --rm bb echo runc)" = runc ]
}

@test "off takes it back, and a path in daemon.json alone goes the way of the stock shim" {
	install_package
	kedge-setup off
	systemctl restart containerd docker
	run ! docker run --rm --runtime kedge bb true
	echo '{"runtimes": {"kedge": {"path": "/usr/bin/kedge"}}}' >"$DAEMON_JSON"
	systemctl restart docker
	start_web
	lives
	[[ $(cgroup_of "$(docker_pid web)") == /system.slice/docker-*.scope ]]
	[ "$(systemctl is-active "docker-$(docker inspect -f '{{.Id}}' web).scope")" = active ]
	docker restart -t 0 web
	lives
	docker rm -f web
	[ -z "$(systemctl list-units --plain --no-legend 'docker-*.scope')" ]
}
