"""What the real storescp makes of a data set that is sent to it byte for byte."""

import itertools
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from storescpd.data.transfer_syntaxes import TRANSFER_SYNTAXES
from tests.support.rawclient import Aborted, Closed, RawAssociation
from tests.support.reference import Receiver, storescp

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
_PROFILE = "lab.cfg"


@dataclass(frozen=True, slots=True)
class Stored:
    """An object that storescp answered."""

    status: int
    data: bytes | None
    """The data set as written, ``None``: no file."""
    prefix_length: int = 0
    """Bytes before it: preamble and meta header."""


class Refused:
    """storescp aborted the association."""

    def __repr__(self) -> str:
        return "Refused"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Refused)

    __hash__ = None


class Oracle:
    """One storescp and an association with it that is opened again after an abort."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._association: RawAssociation | None = None
        self._numbers = itertools.count(1)
        self._contexts = {uid: 2 * number + 1 for number, uid in enumerate(TRANSFER_SYNTAXES)}

    def store(self, syntax: str, data: bytes) -> Stored | Refused:
        """Send a data set in this transfer syntax."""
        name = f"1.2.3.{next(self._numbers)}"
        association = self._opened()
        try:
            status = association.store(self._contexts[syntax], CT_IMAGE, name, data)
        except (Aborted, Closed):
            association.close()
            self._association = None
            return Refused()
        return self._read(status, self._receiver.directory / f"CT.{name}")

    def close(self) -> None:
        """Close the association."""
        if self._association is not None:
            self._association.close()

    def _opened(self) -> RawAssociation:
        if self._association is None:
            contexts = [(number, CT_IMAGE, [uid]) for uid, number in self._contexts.items()]
            self._association = RawAssociation(self._receiver.port, contexts)
        return self._association

    @staticmethod
    def _read(status: int, path: Path) -> Stored:
        if not path.exists():
            return Stored(status, None)
        content = path.read_bytes()
        path.unlink()
        prefix = 144 + struct.unpack_from("<I", content, 140)[0]
        return Stored(status, content[prefix:], prefix)


def _write_profile(path: Path) -> None:
    """A profile that accepts every transfer syntax: the option +xa excludes those that choose what is written."""
    syntaxes = "\n".join(f"TransferSyntax{number} = {uid}" for number, uid in enumerate(TRANSFER_SYNTAXES, 1))
    path.write_text(
        f"[[TransferSyntaxes]]\n[Any]\n{syntaxes}\n"
        f"[[PresentationContexts]]\n[Lab]\nPresentationContext1 = {CT_IMAGE}\\Any\n"
        "[[Profiles]]\n[Lab]\nPresentationContexts = Lab\n"
    )


@contextmanager
def oracle(directory: Path, *options: str, dictionaries: str | None = None) -> Iterator[Oracle]:
    """A storescp with these options."""
    _write_profile(directory / _PROFILE)
    environment = {"DCMDICTPATH": dictionaries} if dictionaries else None
    with storescp(
        directory / "out", "-xf", os.fspath(directory / _PROFILE), "Lab", *options, env=environment
    ) as receiver:
        instance = Oracle(receiver)
        try:
            yield instance
        finally:
            instance.close()
