# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# cri.bash - pods, as a kubelet makes them by containerd's CRI plugin
#
# To be loaded after common and containerd. $POD is what the kubelet says of a pod, as JSON.

IMAGE=docker.io/library/busybox:1
# shellcheck disable=SC2034 # for tests
SLEEP='["/bin/sh", "-c", "trap \"exit 7\" TERM; while :; do sleep 0.1; done"]'

# cri_setup: containerd with the lines of hack/kubernetes, and the images
cri_setup() {
	common_setup
	install_network
	write_config
	export CONTAINERD_CONFIG=$T/config.toml
	containerd_start
	import_image
	import_pause
	POD=$(jq -nc --arg log "$T/logs" '{metadata: {name: "pod", uid: "uid-1", namespace: "default"},
		hostname: "pod-host", log_directory: $log, linux: {}}')
}

cri_teardown() {
	containerd_teardown
	remove_network
}

# write_config: the lines of hack/kubernetes for this containerd, and what is the tests' own, of which more_config can print more
write_config() {
	MAJOR=2
	! containerd --version | grep -q ' 1\.7\.' || MAJOR=1
	cp "$TREE/hack/kubernetes/containerd-$MAJOR.toml" "$T/config.toml"
	if [ "$MAJOR" = 1 ]; then
		echo '[plugins."io.containerd.grpc.v1.cri"]'
		echo 'sandbox_image = "docker.io/library/pause:1"'
	else
		echo '[plugins."io.containerd.cri.v1.images".pinned_images]'
		echo 'sandbox = "docker.io/library/pause:1"'
		echo '[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.kedge-sandbox]'
		echo 'runtime_type = "io.containerd.kedge.v1"'
		echo 'sandboxer = "shim"'
	fi >>"$T/config.toml"
	! declare -F more_config >/dev/null || more_config >>"$T/config.toml"
}

# install_network: the plugins "loopback" and "test" of CNI
install_network() {
	mkdir -p /etc/cni/net.d /opt/cni/bin /usr/lib/cni # the last is Debian's
	echo '{"cniVersion": "0.4.0", "name": "test", "plugins": [{"type": "test"}]}' \
		>/etc/cni/net.d/test.conflist
	cat >/opt/cni/bin/test <<-'END'
		#!/bin/sh
		version=$(jq -r .cniVersion)
		case $CNI_COMMAND in
		VERSION) echo '{"cniVersion": "0.4.0", "supportedVersions": ["0.3.1", "0.4.0"]}' ;;
		ADD)
			nsenter --net="$CNI_NETNS" ip link set lo up
			echo "{\"cniVersion\": \"$version\", \"interfaces\": [{\"name\": \"$CNI_IFNAME\",
				\"sandbox\": \"$CNI_NETNS\"}],
				\"ips\": [{\"version\": \"4\", \"interface\": 0, \"address\": \"10.9.0.2/24\"}]}"
			;;
		esac
	END
	chmod +x /opt/cni/bin/test
	cp /opt/cni/bin/test /opt/cni/bin/loopback
	cp /opt/cni/bin/* /usr/lib/cni
}

remove_network() { rm -rf /etc/cni /opt/cni /usr/lib/cni; }

# import_pause: busybox again, with something to do for a pod's own container
import_pause() {
	local dir=$T/image config
	config=$(jq -r '.[0].Config' "$dir/manifest.json")
	jq -c '.config.Cmd = ["/bin/sleep", "100000"]' "$dir/$config" >"$dir/pause.json"
	jq -c '.[0].Config = "pause.json" | .[0].RepoTags = ["docker.io/library/pause:1"]' \
		"$dir/manifest.json" >"$dir/manifest.new"
	mv "$dir/manifest.new" "$dir/manifest.json"
	tar -C "$dir" -cf "$T/pause.tar" manifest.json pause.json layer.tar
	ctr image import "$T/pause.tar" >/dev/null
}

cri() { timeout 60 "$TREE/integration/lib/cri.py" "$@"; }
cri_id() { cri "$1" "{\"$2\": \"$3\"}"; }

# run_pod: make the pod $POD, with $HANDLER; prints its id
run_pod() {
	cri RunPodSandbox "$(jq -nc --argjson pod "$POD" --arg handler "${HANDLER:-kedge}" \
		'{config: $pod, runtime_handler: $handler}')" | jq -r .pod_sandbox_id
}

# create POD-ID NAME COMMAND-JSON [FILTER]: make a container; FILTER edits its config
create() {
	local config
	config=$(jq -nc --arg name "$2" --arg image "$IMAGE" --argjson command "$3" \
		'{metadata: {name: $name}, image: {image: $image}, command: $command,
		log_path: ($name + ".log"), linux: {security_context: {namespace_options: {pid: 1}}}}
		| '"${4:-.}")
	cri CreateContainer "$(jq -nc --arg id "$1" --argjson config "$config" --argjson pod "$POD" \
		'{pod_sandbox_id: $id, config: $config, sandbox_config: $pod}')" | jq -r .container_id
}

# run_container POD-ID NAME COMMAND-JSON [FILTER]
run_container() {
	local id
	id=$(create "$@")
	cri_id StartContainer container_id "$id" >/dev/null
	echo "$id"
}

# exec_sync ID COMMAND...: its stdout
exec_sync() {
	local id=$1
	shift
	cri ExecSync "$(jq -nc --arg id "$id" '{container_id: $id, cmd: $ARGS.positional, timeout: 10}' \
		--args -- "$@")" | jq -j .stdout
}

state_of() { cri_id ContainerStatus container_id "$1" | jq -r '.status.state'; }
has_state() { [ "$(state_of "$1")" = "$2" ]; }
remove_pod() {
	cri_id StopPodSandbox pod_sandbox_id "$1" >/dev/null
	cri_id RemovePodSandbox pod_sandbox_id "$1" >/dev/null
}
