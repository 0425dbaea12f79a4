#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Shows that the simulation is worth something: builds lib/ with one rule broken at a time
# (lib/base/broken.h) and expects quince-sim to notice each within SEEDS seeds. Reports in TAP: the
# rule, the first seed that notices, and what it says.
# Usage: tests/sim/check_breaks.sh [RULE...]; SEEDS=1000, BUILD=build-breaks.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
seeds=${SEEDS:-1000}
build=${BUILD:-build-breaks}
rules=("$@")
failed=0
number=0

if [ ${#rules[@]} -eq 0 ]; then
	mapfile -t rules < <(sed -n 's/^\tX(\([a-z_]*\)).*/\1/p' lib/base/broken.h | grep -vx none)
fi
[ -e "$build/build.ninja" ] || meson setup "$build" >/dev/null
echo "1..${#rules[@]}"

for rule in "${rules[@]}"; do
	number=$((number + 1))
	meson configure "$build" -Dbreak="$rule" >/dev/null
	if ! ninja -C "$build" tests/sim/quince-sim >"$build/break.log" 2>&1; then
		sed 's/^/# /' "$build/break.log"
		echo "not ok $number - $rule: it does not build"
		failed=1
	elif "$build/tests/sim/quince-sim" --seeds "$seeds" --break "$rule" >"$build/break.out"; then
		# "# seed 12: words"
		echo "ok $number - $rule: $(grep -m 1 -o 'seed [0-9]*: .*' "$build/break.out")"
	else
		echo "not ok $number - $rule: not noticed in $seeds seeds"
		failed=1
	fi
done
meson configure "$build" -Dbreak=none >/dev/null
exit $failed
