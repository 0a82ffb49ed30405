"""The receiver that is judged: storescpd, or storescp itself to prove that the judges are fair."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.daemon import Daemon, storescpd
from tests.support.reference import Receiver, storescp

AS_RECEIVED: Mapping[str, Any] = {"storage": {"bit_preserving": True}, "negotiation": {"prefer": "all"}}
"""What storescp does with +B +xa."""


def judged() -> str:
    """Which of the two it is; $STORESCPD_SUBJECT may name storescp."""
    return os.environ.get("STORESCPD_SUBJECT", "storescpd")


@contextmanager
def bit_preserving(directory: Path) -> Iterator[Daemon | Receiver]:
    """A receiver that accepts every transfer syntax and keeps every byte."""
    if judged() == "storescp":
        with storescp(directory, "+B", "+xa") as receiver:
            yield receiver
    else:
        with storescpd(directory, AS_RECEIVED) as daemon:
            yield daemon
