# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# What scripts/run, scripts/test and scripts/lab share. Sourced, not run.
# shellcheck disable=SC2034

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# The system's Python: the Debian packages that setup installs belong to it and to no other.
python=/usr/bin/python3

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

need_root() {
	[[ $(id -u) == 0 ]] || die "network namespaces need root; run it as root."
}

say() {
	printf '%s: %s\n' "${0##*/}" "$*"
}

# set_up_build DIRECTORY [MESON OPTIONS…]: does nothing when it has been set up before.
set_up_build() {
	local directory=$1
	shift
	[[ -e $directory/build.ninja ]] || (cd "$root" && meson setup "$directory" "$@")
}

hugepage_file=/proc/sys/vm/nr_hugepages
hugepages_before=

# Reserves 512 MiB in pages of 2 MiB when the machine has none, until hugepages_release.
hugepages_reserve() {
	local wanted=256 got
	[[ $(<"$hugepage_file") == 0 ]] || return 0
	hugepages_before=0
	if ! { echo "$wanted" >"$hugepage_file"; } 2>/dev/null; then
		say "hugepages cannot be reserved here; going on without."
		hugepages_before=
		return 0
	fi
	got=$(<"$hugepage_file")
	if ((got < wanted)); then
		say "only $got of $wanted hugepages could be reserved; going on without."
		hugepages_release
	fi
}

hugepages_release() {
	[[ -z $hugepages_before ]] || echo "$hugepages_before" >"$hugepage_file"
	hugepages_before=
}
