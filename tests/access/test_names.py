"""Host names, in time and confirmed."""

import socket
import threading

import pytest

from storescpd.access.names import MOST_LOOKUPS, Names, confirmed_name
from storescpd.access.unnamed import PARANOID, UNKNOWN, shown


def resolver(monkeypatch, name, addresses):
    def reverse(_address, _flags):
        if name is None:
            raise socket.gaierror
        return name, "0"

    numeric = socket.getaddrinfo

    def forward(name, port, flags=0, **_):
        if flags & socket.AI_NUMERICHOST:
            return numeric(name, port, flags=flags)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in addresses]

    monkeypatch.setattr(socket, "getnameinfo", reverse)
    monkeypatch.setattr(socket, "getaddrinfo", forward)


@pytest.mark.parametrize(
    ("name", "addresses", "expected"),
    [
        ("ct1.example.org", ["10.0.0.9", "10.1.2.3"], "ct1.example.org"),
        ("ct1.example.org", ["10.0.0.9"], PARANOID),
        ("10.1.2.9", ["10.1.2.9"], PARANOID),
        ("10.1.2.3", ["10.1.2.3"], PARANOID),
        ("167838211", ["10.1.2.3"], PARANOID),
        ("0x0a010203", ["10.1.2.3"], PARANOID),
        ("10.66051", ["10.1.2.3"], PARANOID),
        ("fe80::1", ["10.1.2.3"], PARANOID),
        (None, [], UNKNOWN),
    ],
)
def test_a_name_must_lead_back(name, addresses, expected, monkeypatch):
    resolver(monkeypatch, name, addresses)
    assert confirmed_name("10.1.2.3") == expected


def test_a_late_name_is_unknown_and_lookups_are_bounded():
    release, asked = threading.Event(), []

    def blocks(address: str) -> str:
        asked.append(address)
        release.wait(30)
        return "late"

    names = Names(blocks, patience=0.001)
    answers = {names.name_of("::ffff:10.1.2.3") for _ in range(MOST_LOOKUPS + 5)}
    release.set()
    assert answers == {UNKNOWN}
    assert len(asked) <= MOST_LOOKUPS
    assert set(asked) == {"10.1.2.3"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [("ct1.example.org", "ct1"), ("ct1", "ct1"), (UNKNOWN, "10.1.2.3"), (PARANOID, "10.1.2.3")],
)
def test_what_is_shown(name, expected):
    assert shown(name, "10.1.2.3") == expected
