#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Shows that the simulation is worth something: builds lib/ with one rule broken at a time
# (lib/base/broken.h) and expects quince-sim to notice each within SEEDS seeds.
# Usage: tests/sim/check_breaks.sh [RULE...]; SEEDS=1000, BUILD=build-breaks.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
seeds=${SEEDS:-1000}
build=${BUILD:-build-breaks}
rules=("$@")

if [ ${#rules[@]} -eq 0 ]; then
	mapfile -t rules < <(sed -n 's/^\tX(\([a-z_]*\)).*/\1/p' lib/base/broken.h | grep -vx none)
fi
[ -e "$build/build.ninja" ] || meson setup "$build" >/dev/null

missed=0
for rule in "${rules[@]}"; do
	meson configure "$build" -Dbreak="$rule" >/dev/null
	ninja -C "$build" tests/sim/quince-sim >"$build/break.log" 2>&1 || {
		cat "$build/break.log"
		exit 1
	}
	if "$build/tests/sim/quince-sim" --seeds "$seeds" --break "$rule" >"$build/break.out"; then
		printf '%-15s %s\n' "$rule" "$(grep -m 1 '^# seed' "$build/break.out" | cut -c 3-)"
	else
		printf '%-15s NOT NOTICED in %s seeds\n' "$rule" "$seeds"
		missed=$((missed + 1))
	fi
done
meson configure "$build" -Dbreak=none >/dev/null
echo "${#rules[@]} rules broken, $missed not noticed"
[ "$missed" -eq 0 ]
