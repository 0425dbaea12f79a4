# SPDX-License-Identifier: BSD-2-Clause
"""Sockets and commands inside a named network namespace."""

import contextlib
import ctypes
import json
import os
import socket
import subprocess

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


def _set_namespace(descriptor):
    if LIBC.setns(descriptor, CLONE_NEWNET) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"setns: {os.strerror(error)}")


class Namespace:
    """A namespace that `ip netns add` made. What is opened inside stays inside."""

    def __init__(self, name):
        self.name = name
        self.path = f"/run/netns/{name}"

    @contextlib.contextmanager
    def entered(self):
        """Moves the calling thread inside for the length of a with block."""
        with open("/proc/thread-self/ns/net") as home, open(self.path) as there:
            _set_namespace(there.fileno())
            try:
                yield
            finally:
                _set_namespace(home.fileno())

    def socket(self, family, kind, protocol=0):
        with self.entered():
            return socket.socket(family, kind, protocol)

    def command(self, *words):
        """The words that run a command inside; the process is the command's own."""
        return ["nsenter", f"--net={self.path}", *map(str, words)]

    def run(self, *words, **options):
        return subprocess.run(
            self.command(*words), check=True, text=True, capture_output=True, **options
        ).stdout

    def mac(self, interface):
        """The interface's hardware address as six bytes."""
        text = self.run("ip", "-json", "link", "show", interface)
        return bytes.fromhex(json.loads(text)[0]["address"].replace(":", ""))

    def processes(self):
        """The pids of the processes inside, as strings."""
        return subprocess.run(
            ["ip", "netns", "pids", self.name], check=True, text=True, capture_output=True
        ).stdout.split()
