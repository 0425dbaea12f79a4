# SPDX-License-Identifier: BSD-2-Clause
# A thin front for meson: the build itself is described in the meson.build files.
BUILD ?= build
# The system's: the Debian packages that scripts/setup installs belong to it and to no other.
PYTHON = /usr/bin/python3

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja:
	meson setup $(BUILD)

test: all
	meson test -C $(BUILD) --print-errorlogs

lab:
	scripts/lab up

# A router with BIRD and two nodes behind one address, which leave it in turn: make lab-anycast RUNS=1
RATE ?= 20000
RUNS ?= 3
lab-anycast:
	[ -d $(BUILD)-verbs ] || meson setup $(BUILD)-verbs -Dtest_verbs=true
	ninja -C $(BUILD)-verbs app/quinced/quinced
	QN_BUILD=$(BUILD)-verbs tests/lab/anycast.py --rate $(RATE) --runs $(RUNS)

# The lab tests on net_af_xdp, and with two workers on two queues of net_af_packet (as root)
lab-drivers: all
	QN_BUILD=$(BUILD) scripts/lab-drivers

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

# Cycles, instructions, times and memory of one process, out of a build of its own.
BENCH_BUILD = build-release
BENCHES = perf/bench_hit perf/bench_scale perf/bench_miss
bench:
	scripts/build-release $(BENCHES)
	$(PYTHON) perf/bench.py $(BENCH_BUILD)

# What the benchmarks over the wire run.
release:
	scripts/setup perf
	scripts/build-release app/quinced/quinced app/quincectl/quincectl perf/latency perf/lateness

# Beside other resolvers, over a veth: make bench-wire SECONDS=10 ROUNDS=3 (as root)
SECONDS ?= 10
bench-wire: release
	QN_BUILD=$(BENCH_BUILD) $(PYTHON) perf/wire.py --seconds $(SECONDS) --rounds $(ROUNDS)

# What connections of clients cost, in memory and in others' time: make bench-connections (as root)
bench-connections: release
	QN_BUILD=$(BENCH_BUILD) $(PYTHON) perf/connections.py --seconds $(SECONDS)

# How close the choice of servers comes to an oracle's: make selection-sim ARGS='--unrest 4'
selection-sim: $(BUILD)/build.ninja
	ninja -C $(BUILD) perf/selection_sim/selection_sim
	$(BUILD)/perf/selection_sim/selection_sim $(ARGS)
	$(BUILD)/perf/selection_sim/selection_sim --workers 4 $(ARGS)

# Which authority is asked when one dies, and when it comes back: make selection-lab RUNS=3 (as root)
selection-lab: release
	QN_BUILD=$(BENCH_BUILD) $(PYTHON) perf/selection/selection.py --runs $(RUNS) --at-once

# Two workers under mixed load with little memory: make soak MINUTES=60 (as root)
MINUTES ?= 60
soak: release
	QN_BUILD=$(BENCH_BUILD) $(PYTHON) perf/soak.py --minutes $(MINUTES)

# BGP sessions over quince0 beside a flood, first with BIRD, then with FRR: make soak-bgp MINUTES=1
soak-bgp: MINUTES = 10
soak-bgp: release
	QN_BUILD=$(BENCH_BUILD) $(PYTHON) perf/soak_bgp.py --minutes $(MINUTES)

fuzz:
	scripts/fuzz

format:
	git ls-files '*.c' '*.h' | xargs clang-format -i

clean:
	rm -rf $(BUILD)

.PHONY: all test lab lab-anycast lab-drivers sim sim-breaks sim-compilers attacks bench release \
	bench-wire bench-connections selection-sim selection-lab soak soak-bgp fuzz format clean
