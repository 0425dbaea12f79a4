# SPDX-License-Identifier: BSD-2-Clause
# A thin front for meson: the build itself is described in the meson.build files.
BUILD ?= build

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja:
	meson setup $(BUILD)

test: all
	meson test -C $(BUILD) --print-errorlogs

lab:
	scripts/lab up

# Simulated internets: make sim SEEDS=10000
SEEDS ?= 1000
sim: $(BUILD)/build.ninja
	ninja -C $(BUILD) tests/sim/quince-sim
	$(BUILD)/tests/sim/quince-sim --seeds $(SEEDS)

# Whether the simulation notices each rule that a build breaks on purpose, and whether its worlds
# are the same with gcc and clang.
sim-breaks:
	tests/sim/check_breaks.sh
sim-compilers:
	tests/sim/check_compilers.sh

# What attacks cost, as in docs/attacks.md: make attacks ROUNDS=20
ROUNDS ?= 5
attacks: $(BUILD)/build.ninja
	ninja -C $(BUILD) tests/attacks/attacks
	$(BUILD)/tests/attacks/attacks $(ROUNDS)

fuzz:
	scripts/fuzz

format:
	git ls-files '*.c' '*.h' | xargs clang-format -i

clean:
	rm -rf $(BUILD)

.PHONY: all test lab sim sim-breaks sim-compilers attacks fuzz format clean
