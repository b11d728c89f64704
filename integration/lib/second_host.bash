# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# second_host.bash - another host beside the test's: root, processes, network and cgroups of its own
#
# To be loaded after common and containerd. Made as hack/testhost makes hosts, over this one's root. Its
# /srv is $SECOND_SRV here; nothing else is shared.

# second_host_start: make it, with a containerd of its own
second_host_start() {
	local dir=$T/second cg
	# shellcheck disable=SC2034 # for tests
	SECOND_SRV=$dir/run/disk/srv
	mkdir -p "$dir/root" "$dir/run" "$dir/bin"
	ln -s "$(command -v busybox)" "$dir/bin/pivot_root" # forky's util-linux hasn't any
	mount --bind / "$dir/root"
	while read -r _ _ cg; do
		mkdir "$cg/second"
		echo "$cg/second" >>"$dir/run/cgroups"
	done < <("$TREE/hack/testhost-inside" list-cgroups)
	PATH=$PATH:$dir/bin "$TREE/hack/testhost-inside" join "$dir/root" "$dir/run" hybrid "$TREE" \
		containerd --log-level debug </dev/null >"$T/second.log" 2>&1 3>&- &
	SECOND=$!
	# until its root is changed it sees this one's first process. Its shell expands:
	# shellcheck disable=SC2016
	wait_until 30 second sh -c \
		'[ "$(readlink /proc/1/ns/net)" = "$(readlink /proc/self/ns/net)" ] && ctr version'
}

# second COMMAND...: run it there
second() {
	local init
	init=$(pgrep -P "$SECOND") || {
		echo "the second host is gone"
		return 1
	} >&2
	nsenter -m -u -i -n -p -C -t "$init" -- env -i LANG=C.UTF-8 \
		PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

# second_host_stop: it and all that runs on it
second_host_stop() {
	kill -KILL "$SECOND" 2>/dev/null || true
	wait "$SECOND" 2>/dev/null || true
	wait_until 10 remove_cgroups_of_second
	umount "$T/second/root"
}
remove_cgroups_of_second() {
	local cg left=0
	while read -r cg; do
		[ ! -e "$cg/freezer.state" ] || echo THAWED >"$cg/freezer.state"
		find "$cg" -depth -type d -exec rmdir {} + 2>/dev/null || true
		[ ! -e "$cg" ] || left=1
	done <"$T/second/run/cgroups"
	return "$left"
}
