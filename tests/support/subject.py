"""The receiver that is judged: storescpd, or storescp itself to prove that the judges are fair."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tests.support.compare import Stored, stored, without_made_uids
from tests.support.daemon import Daemon, storescpd
from tests.support.reference import Receiver, storescp

AS_RECEIVED, RE_ENCODED = "as received", "re-encoded"
MODES = MappingProxyType({AS_RECEIVED: ("+B", "+xa"), RE_ENCODED: ("+xa",)})
"""How data sets are kept, and the options of storescp for it: every transfer syntax is accepted."""


def judged() -> str:
    """Which of the two it is; $STORESCPD_SUBJECT may name storescp."""
    return os.environ.get("STORESCPD_SUBJECT", "storescpd")


def configuration(mode: str) -> Mapping[str, Any]:
    """The same for storescpd, with storescp's answers: what the daemon does better by default is tested elsewhere."""
    return {
        "association": {"error_comment": False},
        "storage": {"bit_preserving": mode == AS_RECEIVED, "on_unreadable": "abort"},
        "negotiation": {"prefer": "all"},
    }


def comparable(directory: Path, mode: str) -> dict[str, Stored]:
    """The stored files; when re-encoded without the UIDs that only their maker can know."""
    return stored(directory) if mode == AS_RECEIVED else without_made_uids(stored(directory))


@contextmanager
def receiver(directory: Path, mode: str) -> Iterator[Daemon | Receiver]:
    """The receiver that is judged."""
    if judged() == "storescp":
        with storescp(directory, *MODES[mode]) as reference:
            yield reference
    else:
        with storescpd(directory, configuration(mode)) as daemon:
            yield daemon
