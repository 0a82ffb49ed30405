"""The manual pages, from what ``--help`` and the models say: ``python -m storescpd.cli.manpages DIRECTORY``."""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from storescpd import __version__
from storescpd.cli.storescp.option import Option
from storescpd.cli.storescp.reference import explained, spelled
from storescpd.cli.storescp.table import SECTIONS
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

DROP_IN = "storescpd-storescp"
"""The storescp command as packages install it: the name itself is DCMTK's."""
_DROP_IN_ABOUT = """Receives DICOM objects and stores them, by the command line of DCMTK's storescp: every option of it,
with the engine of the daemon `storescpd`, in the foreground and without a configuration file. What it refuses, it
refuses with the same text and status. It is named so that it can stand beside DCMTK's program;
`/usr/lib/storescpd/dropin/storescp` is the same command, for scripts that call `storescp`: put that folder first in
`PATH`."""
_DROP_IN_STATUSES = (
    ("0", "it was told to stop"),
    ("1", "the command line is refused, or the start failed"),
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
    return {
        "storescpd.8": _daemon_page(),
        "storescpd.toml.5": configuration_page(),
        f"{DROP_IN}.1": "\n".join(_drop_in_page()) + "\n",
    }


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


def _drop_in_page() -> Iterator[str]:
    yield roff.title(DROP_IN, 1, __version__, "User commands")
    yield roff.heading("NAME")
    yield f"{roff.escaped(DROP_IN)} \\- storescp on the engine of storescpd"
    yield roff.heading("SYNOPSIS")
    yield roff.inline(f"`{DROP_IN}` [options] [port]")
    yield roff.heading("DESCRIPTION")
    yield roff.paragraph(_DROP_IN_ABOUT)
    yield roff.heading("OPTIONS")
    for section in SECTIONS:
        yield roff.subheading(f"{section.chapter}: {section.title}" if section.chapter else section.title)
        yield from (roff.item(spelled(option), _with_changes(option)) for option in section.options)
    yield from _list("EXIT STATUS", _DROP_IN_STATUSES)
    yield roff.heading("SEE ALSO")
    yield "\\fBstorescpd\\fR(8)"


def _with_changes(option: Option) -> str:
    return f"{explained(option)}." + (f" Otherwise than storescp: {option.differs}." if option.differs else "")


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
