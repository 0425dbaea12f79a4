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

fuzz:
	scripts/fuzz

format:
	git ls-files '*.c' '*.h' | xargs clang-format -i

clean:
	rm -rf $(BUILD)

.PHONY: all test lab fuzz format clean
