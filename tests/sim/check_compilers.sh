#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Shows that a seed means the same whoever has compiled it: builds the simulation with gcc and with
# clang and compares the digests of what the node sent, and when. Reports in TAP.
# Usage: tests/sim/check_compilers.sh; SEEDS=200, BUILD=build-cc: directories BUILD-gcc, BUILD-clang.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
seeds=${SEEDS:-200}
build=${BUILD:-build-cc}
figures=()

echo 1..1
for cc in gcc clang; do
	[ -e "$build-$cc/build.ninja" ] || CC=$cc meson setup "$build-$cc" >/dev/null
	if ! ninja -C "$build-$cc" tests/sim/quince-sim >"$build-$cc/sim.log" 2>&1; then
		sed 's/^/# /' "$build-$cc/sim.log"
		echo "not ok 1 - $cc does not build it"
		exit 1
	fi
	# "# 200 seeds, 28391 questions, ..., digest 0123456789abcdef"
	figures+=("$("$build-$cc/tests/sim/quince-sim" --seeds "$seeds" | grep digest | tail -n 1)")
	echo "# $cc: ${figures[-1]#\# }"
done
if [ "${figures[0]}" != "${figures[1]}" ]; then
	echo "not ok 1 - the worlds of gcc and clang differ"
	exit 1
fi
echo "ok 1 - $seeds seeds replay identically under gcc and clang"
