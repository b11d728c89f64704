# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# docker.bash - a dockerd beside the containerd of containerd.bash, and an image "bb"
#
# To be loaded after common and containerd.

DOCKER_BUNDLES=/run/containerd/io.containerd.runtime.v2.task/moby

# docker_start: start dockerd and wait until it answers; its log is $T/dockerd.log
docker_start() {
	dockerd --containerd /run/containerd/containerd.sock --experimental --live-restore \
		>>"$T/dockerd.log" 2>&1 </dev/null 3>&- &
	DOCKERD=$!
	wait_until 20 docker version
}

# docker_kill: as a crash
docker_kill() {
	kill -KILL "$DOCKERD"
	wait "$DOCKERD" 2>/dev/null || true
	rm -f /var/run/docker.pid
}

# docker_setup: common_setup, containerd, dockerd and the image
docker_setup() {
	common_setup
	containerd_start
	docker_start
	tar -C "$B/rootfs" -c . | docker import -c 'CMD ["/bin/sh"]' - bb >/dev/null
}

# docker_teardown: end all containers and both daemons
docker_teardown() {
	docker ps -aq | xargs -r docker rm -f >/dev/null 2>&1 || true
	kill "$DOCKERD" 2>/dev/null || true
	wait "$DOCKERD" 2>/dev/null || true
	kill "$CONTAINERD" 2>/dev/null || true
	wait "$CONTAINERD" 2>/dev/null || true
}

# docker_road ROAD: how dockerd comes to kedge, to be called before docker_setup. RUNTIME is what --runtime
# takes then:
#   name     containerd's name of the shim, without options
#   type     the same in daemon.json, with an options file, $BATS_TEST_TMPDIR/kedge.toml
#   standin  a path in daemon.json, and the stand-in for runc's shim earlier in containerd's PATH
#   path     the same behind the stock shim, which calls kedge's command line
docker_road() {
	local bin=$BATS_TEST_TMPDIR/bin options=$BATS_TEST_TMPDIR/kedge.toml entry
	mkdir -p "$bin" /etc/docker
	entry="{\"path\": \"$TREE/build/kedge\"}"
	RUNTIME=kedge
	case $1 in
	name)
		RUNTIME=io.containerd.kedge.v1
		entry='{"runtimeType": "io.containerd.kedge.v1"}'
		;;
	type)
		entry="{\"runtimeType\": \"io.containerd.kedge.v1\",
			\"options\": {\"ConfigPath\": \"$options\"}}"
		;;
	standin)
		ln -s "$TREE/build/kedge" "$bin/containerd-shim-runc-v2"
		PATH=$bin:$PATH
		;;
	esac
	echo "{\"runtimes\": {\"kedge\": $entry}}" >/etc/docker/daemon.json
}

# docker_major: 26 or 28
docker_major() { docker version --format '{{.Server.Version}}' | cut -d . -f 1; }

# docker_run [OPTION...] IMAGE COMMAND...: `docker run` with our runtime
docker_run() { timeout -k 5 60 docker run --runtime "$RUNTIME" "$@"; }

# docker_pid NAME: its first process; docker_status: what `docker ps` has to say of it
docker_status() { docker ps -a --filter "name=^$1\$" --format '{{.Status}}'; }
# docker_has_status NAME WORDS: it begins so. For wait_until: what ends is awaited earlier than listed
docker_has_status() { [[ $(docker_status "$1") == "$2"* ]]; }
docker_pid() { docker inspect "$1" --format '{{.State.Pid}}'; }

# no_shim_left: no bundle, state, mount or shim of Docker's is there any more
no_shim_left() {
	local found
	found=$(find "$DOCKER_BUNDLES" /run/containerd/kedge/moby /run/containerd/s -mindepth 1 \
		-maxdepth 1 ! -name .cache 2>/dev/null)
	[ -z "$found" ] || {
		echo "left: $found"
		return 1
	}
	! grep "$DOCKER_BUNDLES" /proc/self/mountinfo && ! pgrep -f '^[^ ]*containerd-shim'
}
