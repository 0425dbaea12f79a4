# SPDX-License-Identifier: BSD-2-Clause
"""DNS cookies for clients: made, accepted again, and the same on all nodes with one secret."""

import os
import re

import dns.edns
import pytest

SECRET = "e5e973e5a6b2a43f48e7dc849e37bfcf"
OTHER_SECRET = "445536bcd2513298075a5d379663c962"
CLIENT_LEN = 8
WHOLE_LEN = 24  # With a server cookie as RFC 9018 has it.

NODE_CHANGES = {"service": {"cookie-secret": SECRET}}


def cookie_for(lab, cookie, server):
    """Asks with `cookie`, whole or only the client's part; returns the one in the reply."""
    option = dns.edns.GenericOption(dns.edns.OptionType.COOKIE, cookie)
    reply = lab.ask("www.example.com.", "A", server, options=[option])
    (data,) = [o.data for o in reply.options if o.otype == dns.edns.OptionType.COOKIE]
    assert len(data) == WHOLE_LEN and data[:CLIENT_LEN] == cookie[:CLIENT_LEN]
    return data


def is_accepted(lab, node, cookie, server):
    before = node.totals()["client_cookie"]
    cookie_for(lab, cookie, server)
    return node.totals()["client_cookie"] == before + 1


@pytest.fixture
def settings(node):
    """The `service` section, to be changed; as before afterwards, and taken over."""
    section = node.settings["service"]
    before = dict(section)
    yield section
    node.settings["service"] = before
    node.write_settings()
    node.control("reload")


def test_dig_is_known_the_second_time(lab, node, server):
    def dig(option):
        text = lab.client.run("dig", option, f"@{server}", "www.example.com.", "A")
        return re.search(r"COOKIE: ([0-9a-f]{48}) \(good\)", text).group(1)

    before = node.totals()["client_cookie"]
    cookie = dig("+cookie")
    assert node.totals()["client_cookie"] == before
    # A cookie that is young enough is given back as it came (RFC 9018 section 4.3).
    assert dig(f"+cookie={cookie}") == cookie
    assert node.totals()["client_cookie"] == before + 1


def test_cookie_is_good_for_its_client_alone(lab, node, server):
    cookie = cookie_for(lab, os.urandom(CLIENT_LEN), server)
    assert is_accepted(lab, node, cookie, server)
    for at in (0, CLIENT_LEN, WHOLE_LEN - 1):
        changed = bytearray(cookie)
        changed[at] ^= 1
        assert not is_accepted(lab, node, bytes(changed), server)


def test_reload_takes_another_secret(lab, node, settings, server):
    old = cookie_for(lab, os.urandom(CLIENT_LEN), server)
    settings["cookie-secret"] = OTHER_SECRET
    node.write_settings()
    assert node.control("reload")["waiting_for_restart"] == ""
    assert not is_accepted(lab, node, old, server)
    assert is_accepted(lab, node, cookie_for(lab, old, server), server)


def test_broken_secret_is_refused_and_not_repeated(node, settings):
    settings["cookie-secret"] = SECRET[:-1] + "x"
    node.write_settings()
    assert node.control_process("reload").returncode == 1
    assert "service.cookie-secret: must be 32 hexadecimal digits." in node.log()
    assert SECRET[:8] not in node.log()


@pytest.mark.parametrize("secret, kept", [(SECRET, True), (None, False)], ids=["given", "random"])
def test_what_a_restart_does(lab, node, settings, server, secret, kept):
    """A node with the same secret, after a restart or elsewhere, takes the cookies of the first."""
    if secret is None:
        del settings["cookie-secret"]
        node.write_settings()
        node.control("reload")
    cookie = cookie_for(lab, os.urandom(CLIENT_LEN), server)
    assert is_accepted(lab, node, cookie, server)
    # A reload makes up nothing new.
    node.control("reload")
    assert is_accepted(lab, node, cookie, server)
    assert node.stop()[0] == 0
    node.start()
    assert is_accepted(lab, node, cookie, server) == kept
