#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Proves that lib/ is pure and that its layers depend one way only.

From the built archives: a library may leave undefined a few functions of libc that touch nothing
but their arguments, what compilers and sanitizers add, functions of the libraries below it, and the
seams; so no clock, allocation, thread, I/O, DPDK or liburcu. From the sources: it may include the
headers of the libraries below it and the freestanding ones of C, since an inline function of a
header leaves no undefined symbol behind. The second half of the cases checks the checker: it
compiles offenders and wants them found.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

# Each library, and the libraries below it that it may use.
MAY_USE = {
    "base": (),
    "wire": ("base",),
    "net": ("base",),
    "stream": ("base",),
    "policy": ("base",),
    "cache": ("wire", "base"),
    "zone": ("cache", "wire", "base"),
    "select": ("wire", "base"),
    "nsdb": ("select", "wire", "base"),
    "resolve": ("policy", "cache", "select", "wire", "base"),
    "shard": ("resolve", "policy", "net", "cache", "zone", "select", "wire", "base"),
}

# What the program that links the libraries has to define.
SEAMS = {"qn_assert_failed"}  # base/assert.h

# Functions of libc that read and write what they are given and know nothing else; bcmp is what
# clang makes of "memcmp() == 0".
FROM_LIBC = {"memcpy", "memmove", "memset", "memcmp", "bcmp", "strlen"}
FROM_COMPILER = {"__stack_chk_fail", "_GLOBAL_OFFSET_TABLE_"}
FROM_SANITIZERS = re.compile(
    r"__(asan|ubsan|tsan|gcov|sanitizer|sancov|start___sancov|stop___sancov)_"
)

# What one library alone may use beside: read-copy-update.
ALSO_CALLS = {"nsdb": re.compile(r"urcu_qsbr_(call_rcu|barrier|thread_(online|offline))$")}
ALSO_INCLUDES = {"nsdb": {"urcu/urcu-qsbr.h"}}

SYSTEM_HEADERS = {"stdatomic.h", "stdbool.h", "stddef.h", "stdint.h", "stdnoreturn.h", "string.h"}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


class Toolchain:
    """The programs that make and read object files."""

    def __init__(self, cc, ar, nm):
        self.cc, self.ar, self.nm = cc, ar, nm

    def symbols(self, archive):
        """Global symbols of an archive: those that it defines, and those that it lacks."""
        command = [self.nm, "--format=posix", "--extern-only", str(archive)]
        listing = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        defined, wanted = set(), set()
        for line in listing.splitlines():
            fields = line.split()
            if len(fields) >= 2 and len(fields[1]) == 1:
                (wanted if fields[1] in "Uwv" else defined).add(fields[0])
        return defined, wanted - defined

    def archive(self, directory, library, code):
        """Compiles `code` into an archive that is named as that library's."""
        source, made = directory / f"{library}.c", directory / f"libqn_{library}.a"
        compiled = source.with_suffix(".o")
        source.write_text(code)
        # Without builtins, calls stay the way they are written.
        command = [*self.cc, "-fno-builtin", "-c", str(source), "-o", str(compiled)]
        subprocess.run(command, check=True)
        subprocess.run([self.ar, "rcs", str(made), str(compiled)], check=True)
        return made


def symbol_faults(library, symbols):
    """What is wrong with the undefined symbols of one library, in sentences."""
    defined, wanted = symbols[library]
    if not any(name.startswith("qn_") for name in defined):
        yield f"lib/{library} defines nothing"
    for name in sorted(wanted):
        if name in FROM_LIBC | FROM_COMPILER | SEAMS or FROM_SANITIZERS.match(name):
            continue
        if library in ALSO_CALLS and ALSO_CALLS[library].match(name):
            continue
        owners = [other for other, (theirs, _) in symbols.items() if name in theirs]
        if not owners:
            yield f"lib/{library} calls {name}, which no library defines"
        for owner in owners:
            if owner not in MAY_USE[library]:
                yield f"lib/{library} calls {name} of lib/{owner}"


def include_faults(library, folder):
    """What is wrong with the includes of one library's sources, in sentences."""
    for path in sorted([*folder.glob("*.c"), *folder.glob("*.h")]):
        for kind, header in INCLUDE.findall(path.read_text()):
            top = header.split("/")[0]
            also = ALSO_INCLUDES.get(library, set())
            if kind == "<" and header not in SYSTEM_HEADERS | also:
                yield f"lib/{library}/{path.name} includes <{header}>"
            if kind == '"' and top != library and top not in MAY_USE[library]:
                yield f'lib/{library}/{path.name} includes "{header}"'


class Tap:
    """Prints results as the Test Anything Protocol has them."""

    def __init__(self):
        self.count = 0
        self.failed = 0

    def case(self, name, good, remarks=()):
        self.count += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {name}")
        for remark in remarks:
            print(f"# {remark}")

    def end(self):
        print(f"1..{self.count}")
        return 1 if self.failed else 0


def check_libraries(tap, toolchain, source, archives):
    libraries = {path.stem.removeprefix("libqn_"): path for path in archives}
    folders = {path.name for path in source.iterdir() if path.is_dir()}
    tap.case("the table names the folders of lib/", folders == set(MAY_USE), sorted(folders))
    tap.case("every library was built", set(libraries) == set(MAY_USE), sorted(libraries))
    symbols = {library: toolchain.symbols(path) for library, path in libraries.items()}
    for library in MAY_USE:
        faults = list(symbol_faults(library, symbols)) if library in symbols else ["not built"]
        tap.case(f"symbols of lib/{library}", not faults, faults)
        faults = list(include_faults(library, source / library))
        tap.case(f"includes of lib/{library}", not faults, faults)


# What a check of lib/wire must pass, and what it must find.
INNOCENT = """
#include <string.h>
void qn_base_function(void);
void qn_assert_failed(const char *, const char *, int);
void qn_wire_function(char *to, const char *from, unsigned long len);
void qn_wire_function(char *to, const char *from, unsigned long len)
{
	memcpy(to, from, len);
	qn_base_function();
	if (len > 7)
		qn_assert_failed("", "", 0);
}
"""
OTHER = "int qn_{0}_function(void); int qn_{0}_function(void) {{ return 1; }}"
OFFENDER = """
int {0}(void);
int qn_wire_function(void);
int qn_wire_function(void) {{ return {0}() + 1; }}
"""
OFFENDING_CALLS = {
    "malloc": "allocation",
    "clock_gettime": "clock",
    "time": "clock",
    "pthread_create": "thread",
    "printf": "I/O",
    "write": "I/O",
    "getrandom": "randomness of the kernel",
    "rte_eal_init": "DPDK",
    "urcu_qsbr_quiescent_state": "liburcu",
    "__tls_get_addr": "thread-local memory",
    "qn_cache_function": "upward",
    "qn_net_function": "sideways",
    "qn_missing_function": "into nothing",
}
INNOCENT_INCLUDE = '#include "wire/name.h"\n#include "base/span.h"\n#include <stdint.h>\n'
OFFENDING_INCLUDES = {
    '#include "cache/cache.h"': "upward",
    ' # include  "net/frame.h"': "sideways",
    '#include "name.h"': "without its folder",
    "#include <rte_cycles.h>": "of DPDK",
    "#include <time.h>": "of a clock",
    "#include <stdio.h>": "of I/O",
    "#include <x86intrin.h>": "of a cycle counter",
}


def check_checker_symbols(tap, toolchain, directory):
    def symbols_of(library, code):
        return toolchain.symbols(toolchain.archive(directory, library, code))

    others = {library: symbols_of(library, OTHER.format(library)) for library in MAY_USE}

    def faults_of(code):
        return list(symbol_faults("wire", {**others, "wire": symbols_of("wire", code)}))

    faults = faults_of(INNOCENT)
    tap.case("self-test: an innocent library passes", not faults, faults)
    for name, what in OFFENDING_CALLS.items():
        faults = faults_of(OFFENDER.format(name))
        found = len(faults) == 1 and name in faults[0]
        tap.case(f"self-test: a call of {name} ({what}) is found", found, faults)
    faults = faults_of("int other_name;\n")
    tap.case("self-test: an empty library is found", faults == ["lib/wire defines nothing"], faults)


def check_checker_includes(tap, directory):
    folder = directory / "lib-wire"
    folder.mkdir()

    def faults_of(code):
        (folder / "name.c").write_text(INNOCENT_INCLUDE + code + "\n")
        return list(include_faults("wire", folder))

    faults = faults_of("")
    tap.case("self-test: innocent includes pass", not faults, faults)
    for line, what in OFFENDING_INCLUDES.items():
        faults = faults_of(line)
        tap.case(f"self-test: an include {what} is found", len(faults) == 1, faults)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", type=Path, required=True, help="the folder lib/")
    parser.add_argument("--nm", required=True)
    parser.add_argument("--ar", required=True)
    parser.add_argument("--cc", nargs="+", required=True)
    parser.add_argument("archives", nargs="+", type=Path)
    given = parser.parse_args()
    toolchain = Toolchain(given.cc, given.ar, given.nm)
    tap = Tap()
    check_libraries(tap, toolchain, given.source, given.archives)
    with tempfile.TemporaryDirectory() as directory:
        check_checker_symbols(tap, toolchain, Path(directory))
        check_checker_includes(tap, Path(directory))
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
