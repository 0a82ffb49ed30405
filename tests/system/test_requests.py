"""Association requests that are not complete, or large: what they hold is bounded, and nobody else waits for them."""

import contextlib
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from storescpd.worker.requests import CrowdedError, RequestMemory
from tests.support.certificates import client_context
from tests.support.daemon import Daemon, storescpd
from tests.support.hospital import Pki, config, hospital
from tests.support.objects import CT_IMAGE, EXPLICIT_LITTLE
from tests.support.processes import eventually, memory
from tests.support.rawclient import associate_request, item, pdu
from tests.support.scenes import SUCCESS, associate, small, store

MIB = 1 << 20
GREEDY = "127.0.0.2"
"""Another address than that of the good sender."""
REQUEST = associate_request([(1, CT_IMAGE, [EXPLICIT_LITTLE])])
LARGE = pdu(1, REQUEST[6:] + item(0x60, bytes(60_000)) * 12)
"""Of 0.7 MiB, and nothing is wrong with it."""
ROLES = pdu(1, REQUEST[6:] + item(0x50, item(0x54, b"\0\0\1\1") * 5000) * 20)
"""Of 0.8 MiB."""


def connected(port: int, source: str = GREEDY) -> socket.socket:
    made = socket.create_connection(("127.0.0.1", port), timeout=30, source_address=(source, 0))
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


class Peer:
    """A connection to a `RequestMemory`, and its other end."""

    def __init__(self, budget: RequestMemory, address: str) -> None:
        self.ours, self.theirs = socket.socketpair()
        self.holding = budget.claim(self.ours, address)

    @property
    def woken(self) -> bool:
        """The thread that waits for more would get up."""
        self.ours.setblocking(False)
        try:
            return self.ours.recv(1) == b""
        except BlockingIOError:
            return False

    def close(self) -> None:
        self.ours.close()
        self.theirs.close()


@pytest.fixture
def budget() -> RequestMemory:
    return RequestMemory(1000)


@pytest.fixture
def peers(budget: RequestMemory) -> Iterator[list[Peer]]:
    """Four of one address, one of another."""
    made = [Peer(budget, address) for address in (GREEDY, GREEDY, GREEDY, GREEDY, "127.0.0.1")]
    yield made
    for peer in made:
        peer.close()


def test_the_address_that_holds_the_most_loses_its_largest(peers: list[Peer]):
    *many, good = peers
    good.holding.hold(350)
    for peer, size in zip(many, (200, 240, 100, 100), strict=True):
        peer.holding.hold(size)
    many[2].holding.hold(130)
    assert [peer.woken for peer in peers] == [False, True, False, False, False]
    assert [peer.holding.release() for peer in peers] == [True, False, True, True, True]
    with pytest.raises(CrowdedError):
        many[1].holding.hold(1)


def test_of_equal_ones_the_oldest_goes(peers: list[Peer]):
    for peer in peers[:4]:
        peer.holding.hold(300) if peer is not peers[3] else None
    with contextlib.suppress(CrowdedError):
        peers[3].holding.hold(300)
    assert [peer.woken for peer in peers] == [True, False, False, False, False]


def test_who_asks_for_too_much_loses_itself(peers: list[Peer]):
    with pytest.raises(CrowdedError):
        peers[0].holding.hold(1001)
    assert not peers[1].woken


def test_what_is_released_counts_no_more(peers: list[Peer]):
    for peer in peers:
        peer.holding.hold(900)
        assert peer.holding.release()
        assert peer.holding.release()
    assert not any(peer.woken for peer in peers)


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    with storescpd(tmp_path / "out") as made:
        yield made


def resident(daemon: Daemon) -> int:
    """Bytes of its one worker."""
    return memory(daemon.worker_pids()[0], "VmRSS")


def test_requests_that_lack_their_last_byte_hold_little(daemon: Daemon):
    with associate(daemon.port) as association:
        assert store(association, small(), 1) == SUCCESS
        association.release()
    before = resident(daemon)
    half = connected(daemon.port, "127.0.0.1")
    half.sendall(REQUEST[: len(REQUEST) // 2])
    held = []
    for _ in range(120):
        peer = connected(daemon.port)
        with contextlib.suppress(ConnectionError):
            peer.sendall(LARGE[:-1])
        held.append(peer)
        # The good sender among them, whose own request is not complete, and another one.
        if len(held) % 40 == 0:
            with associate(daemon.port) as association:
                assert store(association, small(), len(held)) == SUCCESS
                association.release()
    assert "association request given up" in daemon.log()
    assert GREEDY in daemon.log()
    assert resident(daemon) - before < 48 * MIB
    half.sendall(REQUEST[len(REQUEST) // 2 :])
    assert half.recv(1) == b"\2"
    for peer in [*held, half]:
        peer.close()
    eventually(lambda: resident(daemon) - before < 32 * MIB)


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return hospital(tmp_path_factory.mktemp("pki"))


HELLO = struct.pack(">B3s", 1, (120_000).to_bytes(3, "big")) + bytes(110_000)
"""The beginning of a ClientHello, the longest that OpenSSL takes."""
HANDSHAKE = b"".join(
    struct.pack(">BHH", 22, 0x0301, len(part)) + part
    for part in (HELLO[start : start + 16_000] for start in range(0, len(HELLO), 16_000))
)


def test_the_same_under_tls_and_within_its_handshake(pki: Pki, tmp_path: Path):
    context = client_context(pki["ca"], pki["valid"])
    with storescpd(tmp_path / "out", config(pki)) as daemon:
        with associate(daemon.port, tls=context) as association:
            assert store(association, small(), 1) == SUCCESS
            association.release()
        before = resident(daemon)
        held: list[socket.socket] = []
        for _ in range(40):
            peer = context.wrap_socket(connected(daemon.port))
            with contextlib.suppress(OSError):
                peer.sendall(LARGE[:-1])
            held.append(peer)
        eventually(lambda: "association request given up" in daemon.log())
        for number in range(180):
            silent = connected(daemon.port)
            with contextlib.suppress(OSError):
                silent.sendall(HANDSHAKE)
            held.append(silent)
            if number % 60 == 0:
                with associate(daemon.port, tls=context) as association:
                    assert store(association, small(), number) == SUCCESS
                    association.release()
        assert resident(daemon) - before < 80 * MIB
        for one in held:
            one.close()


def test_large_requests_are_answered_all_the_same(daemon: Daemon):
    peers = [connected(daemon.port) for _ in range(10)]
    for peer in peers:
        peer.sendall(LARGE)
    assert [peer.recv(1) for peer in peers] == [b"\2"] * 10
    many = [connected(daemon.port) for _ in range(10)]
    for peer in many:
        with contextlib.suppress(ConnectionError):
            peer.sendall(ROLES)
    for peer in many:
        assert peer.recv(1) == b"\7"
    with associate(daemon.port) as association:
        assert store(association, small(), 1) == SUCCESS
        association.release()
    for peer in [*peers, *many]:
        peer.close()
