# SPDX-License-Identifier: BSD-2-Clause
"""Sockets and commands inside a named network namespace."""

import contextlib
import ctypes
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

    @contextlib.contextmanager
    def entered(self):
        """Moves the calling thread inside for the length of a with block."""
        with open("/proc/thread-self/ns/net") as home, open(f"/run/netns/{self.name}") as there:
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
        return ["ip", "netns", "exec", self.name, *map(str, words)]

    def run(self, *words, **options):
        return subprocess.run(
            self.command(*words), check=True, text=True, capture_output=True, **options
        ).stdout

    def mac(self, interface):
        """The interface's hardware address as six bytes."""
        text = self.run("cat", f"/sys/class/net/{interface}/address")
        return bytes.fromhex(text.replace(":", ""))
