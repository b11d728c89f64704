# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# mounts.bash - what the scenarios of integration/mounts are made of: what a container sees of its
# mounts as text, a checkpoint and restore between two such texts, and refusals that change nothing
#
# Loaded instead of common.bash; a file's setup_file, setup and teardown call mounts_setup_file,
# mounts_setup and mounts_teardown. Each test has a container t-1 whose program counts in its memory
# and writes the count to /dev/counter. What a test mounts below $T is unmounted afterwards.

# single quotes hold jq's and the container's variables
# shellcheck disable=SC2016

load ../lib/common

VIEW=$TREE/integration/lib/mount_view.py

# --- fixtures ------------------------------------------------------------------------------------

# The bundle is made once per file. Its root is writable; ro_root is for the others.
mounts_setup_file() {
	local template=$BATS_FILE_TMPDIR/bundle
	mkdir "$template"
	make_rootfs "$template/rootfs"
	B=$template
	kedge spec -b "$B"
	config '.process.terminal = false | .root.readonly = false'
	script 'token=$(cat /proc/sys/kernel/random/uuid); n=0
while :; do
	n=$((n + 1))
	echo "$token $n" >/dev/counter.new
	mv /dev/counter.new /dev/counter
	sleep 0.03
done'
}

mounts_setup() {
	T=$BATS_TEST_TMPDIR
	B=$T/bundle
	W=$BATS_FILE_TMPDIR/work.$BATS_TEST_NUMBER
	EXPECT=
	CHECKPOINT_ARGS=()
	mkdir "$W"
	cp -a "$BATS_FILE_TMPDIR/bundle" "$B"
	CGROUPS_BEFORE=$(count_cgroups)
	MOUNTS_BEFORE=$(wc -l </proc/self/mountinfo)
	cd "$T" || return 1
}

# Also the place where every scenario is held to leave nothing behind once it is deleted.
mounts_teardown() {
	local mounts
	common_teardown
	python3 "$VIEW" unmount "$T"
	[ -n "${BATS_TEST_COMPLETED:-}" ] || return 0
	mounts=$(wc -l </proc/self/mountinfo)
	[ "$mounts" -eq "$MOUNTS_BEFORE" ] || {
		echo "mounts left on the host:"
		cat /proc/self/mountinfo
		return 1
	}
	[ "$(count_cgroups)" -eq "$CGROUPS_BEFORE" ] || {
		echo "cgroups: $CGROUPS_BEFORE before, $(count_cgroups) now"
		return 1
	}
}

# volume NAME...: directories $T/NAME, each with a file `name` that says which it is
volume() {
	local name
	for name; do
		mkdir -p "$T/$name"
		echo "$name" >"$T/$name/name"
	done
}

# fresh NAME [MOUNT-ARGS...]: the same on a tmpfs of its own
fresh() {
	local name=$1
	shift
	mkdir -p "$T/$name"
	mount -t tmpfs "$@" tmpfs "$T/$name"
	volume "$name"
}

# shared NAME...: the same on a tmpfs that is shared on the host
shared() {
	local name
	for name; do
		fresh "$name"
		mount --make-shared "$T/$name"
	done
}

# ext4 NAME: the same on an ext4 of its own, on a loop device
ext4() {
	truncate -s 4M "$T/$1.img"
	mkfs.ext4 -q "$T/$1.img"
	mkdir -p "$T/$1"
	mount -o loop "$T/$1.img" "$T/$1"
	volume "$1"
}

# add_mount DESTINATION TYPE SOURCE [OPTION...]: what isn't a bind
add_mount() {
	local destination=$1 type=$2 source=$3
	shift 3
	config --arg d "$destination" --arg t "$type" --arg s "$source" \
		'.mounts += [{destination: $d, type: $t, source: $s, options: $ARGS.positional}]' --args "$@"
}

# drop_mount DESTINATION: take the entry out of config.json
drop_mount() { config --arg d "$1" '.mounts |= map(select(.destination != $d))'; }

# set_source DESTINATION SOURCE; set_options DESTINATION OPTION...
set_source() { config --arg d "$1" --arg s "$2" '(.mounts[] | select(.destination == $d)).source = $s'; }
set_options() {
	local destination=$1
	shift
	config --arg d "$destination" \
		'(.mounts[] | select(.destination == $d)).options = $ARGS.positional' --args "$@"
}

# two_way: binds may be peers of the host's mounts, and don't begin as their slaves; Docker and containerd
# write that beside an rshared mount
two_way() { config '.linux.rootfsPropagation = "rshared"'; }

ro_root() { config '.root.readonly = true'; }

# inside ID COMMAND...: run it in the container, as one who may mount
inside() {
	local id=$1
	shift
	kedge exec --cap CAP_SYS_ADMIN --cap CAP_MKNOD --cap CAP_DAC_OVERRIDE "$id" "$@"
}

# other_source FROM TO: expect mounts of $T/FROM to show $T/TO after the restore
other_source() { EXPECT+="s#(host [^ ]+ .*)/$1\$#\1/$2#;"; }

# --- what is compared ----------------------------------------------------------------------------

# writability ID: for each mount that a path leads to, whether its files can be written there
writability() {
	local id=$1 places
	mapfile -d '' places < <(python3 "$VIEW" places "$(pid_of "$id")")
	echo "# writability"
	kedge exec "$id" sh -c 'for m; do
		if [ -d "$m" ]; then
			said=$({ : >"$m/.probe"; } 2>&1) && { said=writable; rm "$m/.probe"; }
		else
			said=$({ : >>"$m"; } 2>&1) && said=writable
		fi
		echo "$m: ${said##*: }"
	done' sh "${places[@]}"
}

# snapshot ID: mounts with flags, propagation and identity; contents; writability
snapshot() { python3 "$VIEW" view "$(pid_of "$1")" && writability "$1"; }

host_snapshot() { cat /proc/self/mountinfo; }

# same WHAT BEFORE AFTER: two files are the same, or the difference is shown
same() {
	diff --text -U 0 --label "$1 before" --label "$1 after" "$2" "$3"
}

# count_of ID: what the container's program has written last
count_of() { cat "/proc/$(pid_of "$1")/root/dev/counter" 2>/dev/null; }

is_counting() { [ -n "$(count_of "$1")" ]; }

# counts_on ID TOKEN-AND-COUNT: the same program goes on from there, so its memory came along
counts_on() {
	wait_until 5 went_on "$@"
}
went_on() {
	local now
	now=$(count_of "$1")
	[ "${now% *}" = "${2% *}" ] && [ "${now#* }" -gt "$((${2#* } + 1))" ]
}

# images_complete DIR: what a restore needs is there, and nobody else may read it
images_complete() {
	local file
	for file in inventory.img pstree.img core-1.img pages-1.img descriptors.json; do
		[ -s "$1/$file" ] || {
			echo "no $file in the images"
			return 1
		}
	done
	compgen -G "$1/mountpoints-*.img" >/dev/null
	[ -z "$(find "$1" -maxdepth 0 -perm /077)" ]
}

# sums DIR: a line for each image
sums() { (cd "$1" && find . -type f ! -name '*.log' ! -name 'stats-*' -exec md5sum {} + | sort -k 2); }

# --- scenarios -----------------------------------------------------------------------------------

# started ID: the bundle runs and counts
started() { start_detached "$1" && wait_until 5 is_counting "$1"; }

# checkpointed ID IMAGES: note what there is, and make a complete checkpoint of it. Arguments for
# the checkpoint are in CHECKPOINT_ARGS; what it says goes to $W/checkpoint.out.
checkpointed() {
	local id=$1 images=$2
	snapshot "$id" >"$W/before"
	host_snapshot >"$W/host.before"
	COUNT=$(count_of "$id")
	kedge checkpoint --image-path "$images" "${CHECKPOINT_ARGS[@]}" "$id" \
		>"$W/checkpoint.out" 2>&1 </dev/null || {
		cat "$W/checkpoint.out"
		return 1
	}
	images_complete "$images"
	sums "$images" >"$W/images.before"
}

# comes_back ID IMAGES [RESTORE-ARGS...]: the restore works, and all is as it was at the checkpoint but
# for what the sed script in EXPECT changes in the text; what it says is in $T/restore.err
comes_back() {
	local id=$1 images=$2
	shift 2
	restore_detached "$id" "$images" "$@"
	snapshot "$id" >"$W/after"
	sed -E "$EXPECT" "$W/before" >"$W/expected"
	same "the container" "$W/expected" "$W/after"
	counts_on "$id" "$COUNT"
	host_snapshot >"$W/host.after"
	same "the host's mounts" "$W/host.before" "$W/host.after"
	sums "$images" >"$W/images.after"
	same "the images" "$W/images.before" "$W/images.after"
}

# same_before_and_after ID IMAGES [RESTORE-ARGS...]: of a running container
same_before_and_after() {
	checkpointed "$1" "$2" && comes_back "$@"
}

# survives [RESTORE-ARGS...]: the bundle is started, goes through a checkpoint and a restore, and nothing
# has changed
survives() {
	started t-1 && same_before_and_after t-1 "$T/images" "$@"
}

# world: all that a refusal must not change
world() {
	local id
	host_snapshot
	find /sys/fs/cgroup -type d | sort
	for id in $(kedge list -q); do
		echo "$id $(kedge state "$id" | jq -c '[.status, .pid]')"
		python3 "$VIEW" view "$(pid_of "$id")"
	done
	python3 "$VIEW" tree "$T"
}

# refused_and_unchanged TEXT COMMAND...: it ends within a minute with status 1 and one error, which has
# TEXT and is in $output; nothing of the host, the files and the containers is other than before, and
# what ran runs on
refused_and_unchanged() {
	local text=$1 status=0 id counts=()
	shift
	world >"$W/world.before"
	for id in $(kedge list -q); do
		counts+=("$id:$(count_of "$id")")
	done
	timeout 60 "$@" >"$W/refusal" 2>&1 </dev/null || status=$?
	output=$(cat "$W/refusal")
	echo "$output"
	[ "$status" -eq 1 ] || {
		echo "status $status"
		return 1
	}
	[[ $output == *"$text"* ]] || {
		echo "it doesn't say \"$text\""
		return 1
	}
	[[ $output != *"(null)"* ]]
	[ "$(grep -c '^kedge [a-z]*: ' <<<"$output")" -eq 1 ] || {
		echo "not one error"
		return 1
	}
	world >"$W/world.after"
	same "the world" "$W/world.before" "$W/world.after"
	for id in "${counts[@]}"; do
		counts_on "${id%%:*}" "${id#*:}"
	done
}

# checkpoint_refused TEXT [CHECKPOINT-ARGS...]; restore_refused TEXT [RESTORE-ARGS...]
checkpoint_refused() {
	local text=$1
	shift
	refused_and_unchanged "$text" kedge checkpoint --image-path "$T/images" "$@" t-1
}
restore_refused() {
	local text=$1
	shift
	refused_and_unchanged "$text" kedge restore -d -b "$B" --image-path "$T/images" "$@" t-1
}
