"""The manual pages, from what ``--help`` and the models say: ``python -m storescpd.cli.manpages DIRECTORY``."""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from storescpd import __version__
from storescpd.cli.storescpd import parser
from storescpd.config import roff
from storescpd.config.manpage import configuration_page

_STATUSES = (
    ("0", "success; the daemon has stopped as asked"),
    ("1", "the start failed: a port is taken, a directory is missing; the text says which"),
    ("2", "wrong usage"),
    ("78", "the configuration is bad"),
)
_TERM = """No new connections; open associations go on for `process.drain_timeout`, then they are aborted between
objects, and inside one only at the very end."""
_HUP = """The file is read again; new workers serve by it, the old ones end with their associations. A bad file changes
nothing and is reported."""
_SIGNALS = (
    ("SIGTERM", _TERM),
    ("SIGINT, or SIGTERM again", "At once: what is not complete is given up, and its sender sees an A-ABORT."),
    ("SIGHUP", _HUP),
)
_FILES = (
    ("/etc/storescpd/storescpd.toml", "the configuration, storescpd.toml(5)"),
    ("/var/lib/storescpd", "what is received, where `storage.directory` does not say otherwise"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write every page into a directory, which is made where it is missing."""
    options = _parser().parse_args(arguments)
    options.directory.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (options.directory / name).write_text(text, encoding="ascii")
    return 0


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m storescpd.cli.manpages", description="Write the manual pages.")
    made.add_argument("directory", type=Path)
    return made


def pages() -> Mapping[str, str]:
    """Every page by its file name."""
    return {"storescpd.8": _daemon_page(), "storescpd.toml.5": configuration_page()}


def _daemon_page() -> str:
    return "\n".join(
        [
            *_options(parser(), 8, "System administration"),
            *_list("EXIT STATUS", _STATUSES),
            *_list("SIGNALS", _SIGNALS),
            *_list("FILES", _FILES),
            roff.heading("SEE ALSO"),
            "\\fBstorescpd.toml\\fR(5), \\fBsystemctl\\fR(1)",
            "",
        ]
    )


def _list(heading: str, items: Sequence[tuple[str, str]]) -> Iterator[str]:
    yield roff.heading(heading)
    yield from (roff.item(f"`{label}`", text) for label, text in items)


def _options(command: argparse.ArgumentParser, section: int, group: str) -> Iterator[str]:
    """Name, synopsis, description and options of a command."""
    formatter = command._get_formatter()  # noqa: SLF001 - argparse has no other way to ask for the words of an option
    description = " ".join((command.description or "").split())
    yield roff.title(command.prog, section, __version__, group)
    yield roff.heading("NAME")
    yield f"{roff.escaped(command.prog)} \\- {roff.escaped(description.rstrip('.'))}"
    yield roff.heading("SYNOPSIS")
    yield roff.inline(command.format_usage().removeprefix("usage:"))
    yield roff.heading("DESCRIPTION")
    yield roff.paragraph(description)
    yield roff.heading("OPTIONS")
    for action in command._actions:  # noqa: SLF001 - and none to list them
        label = formatter._format_action_invocation(action)  # noqa: SLF001
        yield roff.item(f"`{label}`", formatter._expand_help(action) if action.help else "")  # noqa: SLF001


if __name__ == "__main__":
    sys.exit(main())
