# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures: one lab for the whole run, one quinced for each test module.

A module that needs other settings than scripts/lab config prints says so in NODE_CHANGES.
QN_BUILD names the build directory to test (default: build).

scripts/test has a test that fails tried a second time, since these tests run in real time on machines
that may stand still for a moment. The first failure is printed all the same, and a daemon that
crashes or leaks fails the run whatever comes of a second try.
"""

import os
import subprocess

import pytest

from lab import NODE_V4, NODE_V6, Lab
from quince import Node


def why_no_lab():
    """The reason why no lab can exist here, None if one can."""
    if os.geteuid() != 0:
        return "the lab needs root for its network namespaces"
    if not os.path.exists("/proc/net/if_inet6"):
        return "the lab needs IPv6, which this kernel lacks"
    if subprocess.run(["unshare", "--net", "true"], capture_output=True).returncode != 0:
        return "the lab needs network namespaces, which this machine does not allow"
    return None


def pytest_terminal_summary(terminalreporter):
    """Shows in full what failed at first."""
    for report in terminalreporter.getreports("rerun"):
        terminalreporter.write_sep("-", f"first try of {report.nodeid}")
        report.toterminal(terminalreporter._tw)  # pylint: disable=protected-access


@pytest.fixture(scope="session")
def lab():
    reason = why_no_lab()
    if reason is not None:
        pytest.skip(reason)
    made = Lab(f"test{os.getpid()}")
    made.script("up")
    yield made
    made.script("down")
    assert not Node.crashes, "\n".join(Node.crashes)


@pytest.fixture(scope="module")
def node(lab, request):
    """A running quinced. It must also end as it should, whatever the tests did to it."""
    made = Node(lab, getattr(request.module, "NODE_CHANGES", None))
    made.start()
    yield made
    assert made.is_running(), f"quinced ended during the tests:\n{made.log()}"
    status, _ = made.stop()
    assert status == 0, f"quinced exited with {status}:\n{made.log()}"


@pytest.fixture(params=[NODE_V4, NODE_V6], ids=["v4", "v6"])
def server(request):
    """The node's address, once per family."""
    return request.param
