"""What the command shows of itself (storescp facts 10.3)."""

import os
import platform
import ssl
import textwrap
import zlib
from collections.abc import Iterator, Mapping
from importlib.util import find_spec

from storescpd import __version__
from storescpd.cli.storescp.header import HEADER, PROGRAM
from storescpd.cli.storescp.option import Argument, Kind, Option, Section
from storescpd.cli.storescp.table import BY_LONG, SECTIONS
from storescpd.data.tls_suites import SUITES, TLS_1_3

_SHORT, _LONG, _WIDTH = 6, 23, 88
"""Columns of short and long names, and of the whole text."""


def usage() -> str:
    """The text of --help."""
    return "\n".join((HEADER.rstrip("\n"), *_usage_lines(), ""))


def _usage_lines() -> Iterator[str]:
    yield f"usage: {PROGRAM} [options] [port]"
    yield ""
    yield "parameters:"
    yield from _columns("port", "", "TCP port to listen on, 1 to 65535; not with --inetd", indent=2)
    chapter = ""
    for section in SECTIONS:
        if section.chapter and section.chapter != chapter:
            yield f"{section.chapter}:"
        chapter = section.chapter
        yield from _section_lines(section)


def _section_lines(section: Section) -> Iterator[str]:
    indent = 2 if section.chapter else 0
    remark = f" ({section.remark})" if section.remark else ""
    yield f"{' ' * indent}{section.title}{remark}:"
    for option in section.options:
        yield from _option_lines(option, indent + 2)


def _option_lines(option: Option, indent: int) -> Iterator[str]:
    names = f"{option.short:<{_SHORT}}{option.long}"
    default = " (default)" if option.default else ""
    if not option.arguments:
        yield from _columns(names, "", option.help + default, indent)
        return
    kinds = ", ".join(_argument(argument) for argument in option.arguments)
    initial = f" (default: {option.initial})" if option.initial else ""
    yield from _columns(names, kinds + initial, option.help + default, indent)


def _columns(names: str, first: str, text: str, indent: int) -> Iterator[str]:
    start = 2 + 2 + _SHORT + _LONG
    left = f"{' ' * indent}{names}".ljust(start - 1) + " "
    lines = textwrap.wrap(text, _WIDTH - start, break_on_hyphens=False)
    head, rest = (first, lines) if first else (lines[0], lines[1:])
    yield f"{left}{head}"
    yield from (f"{' ' * start}{line}" for line in rest)


def _argument(argument: Argument) -> str:
    match argument.kind:
        case Kind.SIGNED | Kind.UNSIGNED:
            bounded = argument.least is not None and argument.most is not None
            return f"{argument.name}: integer" + (f" ({argument.least}..{argument.most})" if bounded else "")
        case _:
            return f"{argument.name}: string"


SERVED = "3.7.0 2025-12-15"
"""The release of DCMTK whose options and behaviour are served, and its date; `docs/storescp.md` has a table."""
FOLLOWED = ("edbb085e4", "885ff0f10", "969c4b6", "4527dff56")
"""Commits of DCMTK after that release: what they mend in a storescp is so here. Gates look for one of them."""
VERSION_TEXT = "STORESCP_VERSION_TEXT"
"""Variable with a text that the gate of a site looks for."""


def version(environment: Mapping[str, str] = os.environ) -> str:
    """The text of --version: first a line as DCMTK has it, for scripts that look for a release."""
    return (
        f"$dcmtk: {PROGRAM} v{SERVED} $\n\n"
        f"{PROGRAM}: served by storescpd v{__version__}, {_build()}\n\n"
        f"Options and behaviour: DCMTK {SERVED.partition(' ')[0]}, and its commits {', '.join(FOLLOWED)}\n"
        f"Host type: {platform.system()} {platform.machine()}\n"
        f"Python {platform.python_version()}\n\n"
        "External libraries used:\n"
        f"- ZLIB, Version {zlib.ZLIB_RUNTIME_VERSION}\n"
        f"- {ssl.OPENSSL_VERSION}\n" + "".join(f"\n{text}\n" for text in (environment.get(VERSION_TEXT, ""),) if text)
    )


def _build() -> str:
    found = find_spec("storescpd.wire.pdu")
    return "compiled" if found and found.origin and found.origin.endswith(".so") else "plain Python"


def cipher_list() -> str:
    """The text of --list-ciphers: suites of this OpenSSL by their IANA names."""
    known = _openssl_suites()
    names = [name for name, openssl in SUITES.items() if openssl in known] + sorted(TLS_1_3)
    return f"{HEADER}\nTLS cipher suites that can be named:\n" + "".join(f"  {name}\n" for name in names)


def _openssl_suites() -> set[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    return {str(cipher["name"]) for cipher in context.get_ciphers()}


def profile_list() -> str:
    """The text of --list-profiles."""
    group = BY_LONG["--enable-tls"]
    options = [option for section in SECTIONS for option in section.options if option.group == "tls profile"]
    lines = "".join(f"  {option.long:<22}{option.help}\n" for option in options)
    return f"{HEADER}\nTLS security profiles, for {group.long}:\n{lines}"


SHOWN = {"--help": usage, "--version": version, "--list-ciphers": cipher_list, "--list-profiles": profile_list}
"""What each exclusive option shows."""
