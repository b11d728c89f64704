#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# An image of many layers: the overlay's options are longer than mount(2) takes.

load ../lib/common
load ../lib/containerd

setup() { containerd_setup; }
teardown() { containerd_teardown; }

# import_layers N: an image "layers:1" of busybox and N small layers, each with one file more
import_layers() {
	local dir=$T/layers n config
	mkdir -p "$dir/etc"
	cp "$T/image/layer.tar" "$dir/0.tar"
	for n in $(seq "$1"); do
		echo "$n" >"$dir/etc/layer-$n"
		tar -C "$dir" -cf "$dir/$n.tar" "etc/layer-$n"
	done
	sha256sum "$dir"/*.tar | sort -V -k 2 | cut -d ' ' -f 1 |
		jq -nRc '{architecture: "amd64", os: "linux", config: {Env: ["PATH=/bin"]},
			rootfs: {type: "layers", diff_ids: [inputs | "sha256:" + .]}}' >"$dir/config"
	config=$(sha256sum <"$dir/config" | cut -d ' ' -f 1).json
	mv "$dir/config" "$dir/$config"
	seq 0 "$1" | jq -nc --arg config "$config" '[{Config: $config,
		RepoTags: ["docker.io/library/layers:1"], Layers: [inputs | tostring + ".tar"]}]' \
		>"$dir/manifest.json"
	(cd "$dir" && tar -cf "$T/layers.tar" manifest.json "$config" ./*.tar --transform 's|^\./||')
	ctr image import "$T/layers.tar" >/dev/null
}

@test "a container of 80 layers runs, is checkpointed, restored and removed" {
	import_layers 80
	ctr run -d --runtime "$RUNTIME" docker.io/library/layers:1 t-1 \
		/bin/sh -c 'echo here >/etc/top; while :; do sleep 1; done'
	[ "$(ctr task exec --exec-id e1 t-1 /bin/sh -c 'cat /etc/layer-* | wc -l')" -eq 80 ]
	[ "$(ctr task exec --exec-id e2 t-1 /bin/cat /etc/layer-1 /etc/layer-80 | xargs)" = "1 80" ]
	grep "$BUNDLES/t-1/rootfs" /proc/self/mountinfo | grep -o 'lowerdir=[^,]*' >"$T/lower"
	[ "$(tr : '\n' <"$T/lower" | wc -l)" -eq 81 ]
	ctr container checkpoint --rw --image --task t-1 docker.io/library/saved:1
	ctr task rm -f t-1
	ctr container rm t-1
	wait_until 5 no_task_left
	ctr container restore --rw --live t-2 docker.io/library/saved:1
	[ "$(ctr task exec --exec-id e3 t-2 /bin/cat /etc/top /etc/layer-77 | xargs)" = "here 77" ]
	ctr task rm -f t-2
	ctr container rm t-2
	wait_until 5 no_task_left
}
