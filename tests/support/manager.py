"""A service manager's notification socket, which tells the test what systemd would be told."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.processes import PATIENCE, eventually


class Manager:
    """Reads what a daemon says; ``ABSTRACT`` names have no file."""

    def __init__(self, name: str) -> None:
        self.environment = {"NOTIFY_SOCKET": name}
        self.messages: list[dict[str, str]] = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + name[1:] if name.startswith("@") else name)
        self.socket.settimeout(0)

    def read(self) -> list[dict[str, str]]:
        """Every message so far, each as its assignments."""
        while True:
            try:
                data = self.socket.recv(65536)
            except BlockingIOError:
                return self.messages
            self.messages.append(dict(line.split("=", 1) for line in data.decode("ascii").split("\n")))

    def count(self, name: str) -> int:
        """How many messages hold an assignment of this name."""
        return sum(name in message for message in self.read())

    def wait(self, name: str, times: int = 1, timeout: float = PATIENCE) -> dict[str, str]:
        """The message with the so-manieth assignment of this name."""
        eventually(lambda: self.count(name) >= times, timeout)
        return [message for message in self.messages if name in message][times - 1]

    @property
    def status(self) -> str:
        """What `systemctl status` would show."""
        shown = [message["STATUS"] for message in self.read() if "STATUS" in message]
        return shown[-1] if shown else ""

    def order(self, *names: str) -> list[str]:
        """In which order assignments of these names have come."""
        return [name for message in self.read() for name in message if name in names]


@contextmanager
def manager(folder: Path, *, abstract: bool = False) -> Iterator[Manager]:
    """A socket in a folder, or one without a file."""
    made = Manager(f"@storescpd-test-{os.getpid()}-{folder.name}" if abstract else str(folder / "notify"))
    try:
        yield made
    finally:
        made.socket.close()
