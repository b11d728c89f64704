# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# hostile.bash - images that lie, and what must not come of it
#
# $T/images are the images of t-1: a container with $T/data on /data and $T/ro, read-only, on /ro.
# $T/victim is what it must never see. Load it after common.bash.

hostile_setup() {
	common_setup
	mkdir "$T/images" "$T/data" "$T/ro" "$T/victim"
	echo data >"$T/data/file"
	echo ro >"$T/ro/file"
	echo secret >"$T/victim/file"
	add_bind "$T/data" /data
	add_bind "$T/ro" /ro rbind ro
	config '.root.readonly = false'
	# whatever an attack adds is to fail for its own sake, not for a lacking mountpoint
	mkdir "$B/rootfs/mnt"
}

# hostile_dump: run it and take the images
hostile_dump() {
	start_detached t-1
	kedge checkpoint --image-path "$T/images" t-1
}

# attack CODE: $T/evil is $T/images, the mounts of the root task changed by CODE (lib/images.py)
attack() {
	rm -rf "$T/evil"
	cp -a "$T/images" "$T/evil"
	python3 "$TREE/integration/lib/images.py" "$T"/evil/mountpoints-*.img "$1"
}

# The host's side: names, kinds, modes, sizes, times and contents.
look() {
	find "$T/data" "$T/ro" "$T/victim" "$B/rootfs" -printf '%p %y %m %u %s %T@ %l\n' | sort
	find "$T/data" "$T/ro" "$T/victim" -type f -exec sha256sum {} + | sort
}

unchanged() {
	diff <(echo "$1") <(look) || {
		echo "the host's files have changed"
		return 1
	}
}

# refused TEXT [RESTORE-ARGS...]: $T/evil is refused in words that hold TEXT, before CRIU was begun
# and without a trace
refused() {
	local text=$1 before
	shift
	before=$(look)
	refuses "$text" kedge restore -d -b "$B" --image-path "$T/evil" "$@" t-1
	[ ! -e "$T/evil/restore.log" ] || {
		echo "refused too late, by CRIU"
		return 1
	}
	unchanged "$before"
	nothing_left t-1
}

# harmless [RESTORE-ARGS...]: whether $T/evil is restored or not, what comes of it sees nothing but
# what config.json declares
harmless() {
	local before
	before=$(look)
	if restore_detached t-1 "$T/evil" "$@"; then
		only_declared t-1
		unharmed t-1
		kedge delete --force t-1
	fi
	unchanged "$before"
	nothing_left t-1
}

only_declared() {
	python3 "$TREE/integration/lib/declared.py" "$(pid_of "$1")" "$B/rootfs" "$T/data" "$T/ro:ro" \
		/dev/null
}

# unharmed ID: /proc is protected and masked as config.json has it
unharmed() {
	local id=$1 path
	for path in /proc/sysrq-trigger /proc/sys/kernel/domainname; do
		run kedge exec "$id" sh -c "echo h >>$path"
		# shellcheck disable=SC2154 # bats sets it
		[ "$status" -ne 0 ] || {
			echo "$path is writable"
			return 1
		}
	done
	run -0 kedge exec "$id" sh -c 'cat /proc/keys /proc/timer_list; ls /sys/firmware /proc/acpi'
	# shellcheck disable=SC2154
	[ "$(wc -w <<<"$output")" -eq 2 ] || {
		echo "masks are gone: ${output:0:200}"
		return 1
	}
}
