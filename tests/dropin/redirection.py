"""A plugin of pytest that points pynetdicom's own tests of its storescp at another program.

$STORESCP_UNDER_TEST names it. Nothing of the tests is changed but how the program is started and on which port. Where
pynetdicom spells an option otherwise than DCMTK, the program gets DCMTK's spelling; and it finds its output directory.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pynetdicom import AE, Association

from tests.support.processes import eventually, free_port
from tests.support.reference import listening

PROGRAM = "STORESCP_UNDER_TEST"
SPELLED = {"-x=": "+x=", "-xe": "+xe", "-xb": "+xb", "-xi": "+xi"}


class Redirection:
    """One port for the program and for those who call it."""

    def __init__(self) -> None:
        self.port = free_port()

    def start(self, arguments: list[str]) -> "subprocess.Popen[bytes]":
        """In the place of ``start_storescp``: returns once the program listens, or has ended."""
        words = [SPELLED.get(word, word) for word in arguments]
        if "-od" in words:
            Path(words[words.index("-od") + 1]).mkdir()
        process = subprocess.Popen([*json.loads(os.environ[PROGRAM]), str(self.port), *words])
        eventually(lambda: process.poll() is not None or listening(self.port, process.pid))
        return process

    def entity(self) -> AE:
        """In the place of ``AE``: calls the program whatever port it is told to call."""
        made = AE()
        associate = made.associate

        def redirected(_host: str, _port: int, **options: Any) -> Association:
            return associate("127.0.0.1", self.port, **options)

        made.associate = redirected
        return made


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Redirect every module that starts a storescp."""
    redirection = Redirection()
    for item in items:
        module = item.module  # type: ignore[attr-defined]
        module.start_storescp, module.AE = redirection.start, redirection.entity
