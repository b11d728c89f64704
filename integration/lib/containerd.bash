# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# containerd.bash - a containerd of one's own for a test: started, killed, restarted, looked into
#
# To be loaded after common. containerd's data are in $T/containerd, its sockets and bundles where
# everybody expects them, in /run/containerd; its PATH has the tree's build directory, and the shim is
# found there. The image "busybox" is common's root file system.

RUNTIME=io.containerd.kedge.v1
BUNDLES=/run/containerd/io.containerd.runtime.v2.task/${CONTAINERD_NAMESPACE:-default}
SHIM_STATE=/run/containerd/kedge/${CONTAINERD_NAMESPACE:-default}

# containerd_start: start it, with $CONTAINERD_CONFIG if that is set, and wait until it answers; its log
# is $T/containerd.log, of $CONTAINERD_LOG_LEVEL
containerd_start() {
	mkdir -p "$T/containerd"
	# 3 is bats's: what holds it keeps a failed test from ending
	containerd ${CONTAINERD_CONFIG:+--config "$CONTAINERD_CONFIG"} --root "$T/containerd" \
		--log-level "${CONTAINERD_LOG_LEVEL:-debug}" >>"$T/containerd.log" 2>&1 \
		</dev/null 3>&- &
	CONTAINERD=$!
	wait_until 20 ctr version
}

# containerd_kill: as a crash, with what it has at hand
containerd_kill() {
	kill -KILL "$CONTAINERD"
	wait "$CONTAINERD" 2>/dev/null || true
}

# containerd_setup: common_setup, containerd and the image
containerd_setup() {
	common_setup
	containerd_start
	import_image
}

# containerd_teardown: end all tasks and containerd
containerd_teardown() {
	local id
	for id in $(ctr task ls -q 2>/dev/null); do
		timeout 10 ctr task rm -f "$id" >/dev/null 2>&1 || true
	done
	for id in $(ctr container ls -q 2>/dev/null); do
		timeout 10 ctr container rm "$id" >/dev/null 2>&1 || true
	done
	kill "$CONTAINERD" 2>/dev/null || true
	wait "$CONTAINERD" 2>/dev/null || true
	grep -v -e '^/run/containerd/\(containerd.sock\|io\|fifo\|s$\|kedge\|runc\)' \
		<(find /run/containerd -mindepth 1 -maxdepth 1) || true
}

# import_image: $B/rootfs as an image archive of docker's form, for containerd
import_image() {
	local dir=$T/image layer config
	mkdir -p "$dir"
	tar -C "$B/rootfs" -cf "$dir/layer.tar" .
	layer=$(sha256sum <"$dir/layer.tar" | cut -d ' ' -f 1)
	jq -nc --arg layer "sha256:$layer" '{architecture: "amd64", os: "linux",
		config: {Env: ["PATH=/bin"], Cmd: ["/bin/sh"]},
		rootfs: {type: "layers", diff_ids: [$layer]}}' >"$dir/config"
	config=$(sha256sum <"$dir/config" | cut -d ' ' -f 1).json
	mv "$dir/config" "$dir/$config"
	jq -nc --arg config "$config" '[{Config: $config, RepoTags: ["docker.io/library/busybox:1"],
		Layers: ["layer.tar"]}]' >"$dir/manifest.json"
	tar -C "$dir" -cf "$T/image.tar" manifest.json "$config" layer.tar
	ctr image import "$T/image.tar" >/dev/null
}

# ctr_run [OPTION...] ID [COMMAND...]: `ctr run` with our runtime and image. Options come before.
ctr_run() {
	local options=()
	while [[ $1 == -* ]]; do
		options+=("$1")
		shift
	done
	timeout -k 5 60 ctr run --runtime "$RUNTIME" "${options[@]}" docker.io/library/busybox:1 "$@"
}

# checkpoint_without_options ID: as Docker and the kubelet do it, and the ctr of containerd 1. Where the
# images are is theirs to know.
checkpoint_without_options() {
	if ctr version | grep -q '^  Version: *1\.'; then
		ctr task checkpoint "$1"
	else
		shim_call "$1" Checkpoint 2="$T/images"
	fi
}

# shim_pid ID: the process that serves the task
shim_pid() { cat "$BUNDLES/$1/shim.pid"; }

# shim_call ID METHOD [FIELD...]: ask the task's shim itself, with lib/ttrpc.py; the id is the first field
shim_call() {
	timeout 60 "$TREE/integration/lib/ttrpc.py" "$(cat "$BUNDLES/$1/address")" "$2" "1=$1" "${@:3}"
}

task_status() { timeout 10 ctr task ls | awk -v id="$1" '$1 == id { print $3 }'; }
task_pid() { timeout 10 ctr task ls | awk -v id="$1" '$1 == id { print $2 }'; }
has_task_status() { [ "$(task_status "$1")" = "$2" ]; }

# no_task_left: no bundle, state, socket, mount, shim or cgroup of any task is there any more
no_task_left() {
	local found
	found=$(find "$BUNDLES" "$SHIM_STATE" /run/containerd/s -mindepth 1 -maxdepth 1 \
		! -name .cache 2>/dev/null)
	[ -z "$found" ] || {
		echo "left: $found"
		return 1
	}
	if grep -q "$BUNDLES" /proc/self/mountinfo; then
		echo "left mounts:"
		grep "$BUNDLES" /proc/self/mountinfo
		return 1
	fi
	if pgrep -f containerd-shim; then
		echo "left shims"
		return 1
	fi
	# /default itself stays, as with runc
	found=$(find /sys/fs/cgroup -type d -path "*/${CONTAINERD_NAMESPACE:-default}/*")
	[ -z "$found" ] || {
		echo "left cgroups: $found"
		return 1
	}
}
