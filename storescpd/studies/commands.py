"""A hook's command line and environment (storescp facts 3.4, contract [hooks]).

A string goes to the shell as storescp gives it there, with every value that a peer has chosen reduced to an allow-list
in which nothing means anything to a shell. A list and the environment get the true values: no shell looks at them.
"""

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass

from storescpd.store.names import sanitised
from storescpd.studies.messages import Sender
from storescpd.studies.policy import Command

SHELL = "/bin/sh"
_PASSED_ON = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR")
"""Of the daemon's environment; the rest is the daemon's own affair (credentials, sockets, notification)."""
_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a hook is told."""

    path: str
    """Directory of the object or the study."""
    file: str | None
    """Base name; ``None`` at the end of a study."""
    sender: Sender
    study: str
    sop_class: str
    sop_instance: str
    transfer_syntax: str
    status: int
    objects: int

    def variables(self) -> dict[str, str]:
        """As environment variables."""
        return {
            "STORESCPD_PATH": self.path,
            "STORESCPD_FILE": self.file or "",
            "STORESCPD_CALLING_AE": self.sender.calling,
            "STORESCPD_CALLED_AE": self.sender.called,
            "STORESCPD_PEER": self.sender.peer,
            "STORESCPD_LISTENER": self.sender.listener,
            "STORESCPD_STUDY_UID": self.study,
            "STORESCPD_SOP_CLASS_UID": self.sop_class,
            "STORESCPD_SOP_INSTANCE_UID": self.sop_instance,
            "STORESCPD_TRANSFER_SYNTAX": self.transfer_syntax,
            "STORESCPD_STATUS": f"{self.status:04X}",
            "STORESCPD_OBJECTS": str(self.objects),
        }


def words(command: Command, facts: Facts) -> list[str]:
    """The command with its placeholders replaced, as the words to execute.

    Raises:
        FileNotFoundError: the program of a list is not there.
    """
    if isinstance(command, str):
        return [SHELL, "-c", _line(command, facts)]
    made = [_word(word, facts) for word in command]
    program = shutil.which(made[0])
    if program is None:
        raise FileNotFoundError(f"there is no program {made[0]}")
    return [os.path.abspath(program), *made[1:]]


def _line(command: str, facts: Facts) -> str:
    """One after another in storescp's order: what was put in is looked through for the signs that follow."""
    values = {
        "#p": facts.path,
        "#f": facts.file,
        "#a": f'"{sanitised(facts.sender.calling)}"',
        "#c": f'"{sanitised(facts.sender.called)}"',
        "#r": f'"{sanitised(facts.sender.shown)}"',
    }
    for sign, value in values.items():
        if value is not None:
            command = command.replace(sign, value)
    return command


_SIGN = re.compile("#[pfacr]")


def _word(word: str, facts: Facts) -> str:
    values = {
        "#p": facts.path,
        "#f": facts.file,
        "#a": facts.sender.calling,
        "#c": facts.sender.called,
        "#r": facts.sender.shown,
    }

    def value(match: re.Match[str]) -> str:
        found = values[match[0]]
        return match[0] if found is None else _whole(found)

    return _SIGN.sub(value, word)


def environment(facts: Facts, own: Mapping[str, str], *, inherit: bool) -> dict[str, str]:
    """The environment of a hook; ``own`` is the daemon's."""
    base = dict(own) if inherit else {name: own[name] for name in _PASSED_ON if name in own}
    base.setdefault("PATH", _DEFAULT_PATH)
    return base | {name: _whole(value) for name, value in facts.variables().items()}


def _whole(text: str) -> str:
    """Neither arguments nor variables can hold a NUL; what follows one is padding."""
    return text.partition("\0")[0]
