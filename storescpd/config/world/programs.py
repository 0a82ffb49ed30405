"""Programs that hooks run: there, and runnable."""

import re
import shutil
from collections.abc import Iterator

from storescpd.config.hooks import Hooks
from storescpd.config.problems import Finding, KeyPath
from storescpd.config.root import Config
from storescpd.config.world.accounts import me

_OF_THE_SHELL = frozenset(
    {
        "!", ".", ":", "[", "alias", "bg", "break", "case", "cd", "command", "continue", "echo", "eval", "exec", "exit",
        "export", "false", "for", "getopts", "hash", "if", "jobs", "kill", "local", "printf", "pwd", "read", "readonly",
        "return", "set", "shift", "test", "times", "trap", "true", "type", "ulimit", "umask", "unalias", "unset",
        "until", "wait", "while",
    }
)  # fmt: skip
"""dash(1): words that are no programs."""
_PLAIN_WORD = re.compile(r"\s*([A-Za-z0-9_./+-]+)(?=\s|$|[;&|<>])")


def findings(config: Config) -> Iterator[Finding]:
    """About the hooks of the file and of its peers."""
    yield from _of(("hooks",), config.hooks)
    for index, peer in enumerate(config.peers):
        yield from _of(("peers", index, "hooks"), peer.hooks)


def _of(table: KeyPath, hooks: Hooks) -> Iterator[Finding]:
    for name in ("on_reception", "on_end_of_study"):
        command = getattr(hooks, name)
        program = first_word(command) if isinstance(command, str) else command[0]
        if program and "#" not in program and shutil.which(program) is None:
            message = f"there is no program {program}, or {me()} cannot run it"
            remedy = "write the path of a program that can be run"
            # What a shell makes of a line is known to the shell alone.
            yield Finding((*table, name), message, remedy, note=isinstance(command, str))


def first_word(line: str) -> str:
    """The program that a line for the shell begins with; empty where that is not plain to see."""
    match = _PLAIN_WORD.match(line)
    return "" if match is None or match[1] in _OF_THE_SHELL else match[1]
