"""Command lines made from the table of options: each alone, each with what it does not go with, with bad values."""

import itertools
from collections.abc import Iterator
from pathlib import Path

from storescpd.cli.storescp.option import Argument, Era, Forbids, Kind, Needs, Option
from storescpd.cli.storescp.table import BY_LONG, EXCLUSIVE, OPTIONS
from tests.dropin.verdicts import PORT

Words = tuple[str, ...]

KNOWN = tuple(option for option in OPTIONS if option.era is not Era.NEWEST)
"""Those that storescp 3.6.7 has."""
LOG_CONFIG = "log.cfg"
ODD_LOG_CONFIGS = {
    "rootless.cfg": "log4cplus.appender.console = log4cplus::ConsoleAppender",
    "nothing.cfg": "log4cplus.rootLogger =",
    "other.cfg": "rootLogger = INFO",
    "word.cfg": "log4cplus.rootLogger",
}
PROFILES = "profiles.cfg"


def prepare(directory: Path) -> None:
    """Put the files where the lines look for them."""
    appender = "log4cplus.appender.console = log4cplus::ConsoleAppender"
    (directory / LOG_CONFIG).write_text(f"log4cplus.rootLogger = INFO, console\n{appender}\n")
    for name, text in ODD_LOG_CONFIGS.items():
        (directory / name).write_text(f"{text}\n")
    (directory / PROFILES).write_text(
        "[[TransferSyntaxes]]\n[U]\nTransferSyntax1 = LittleEndianExplicit\n"
        "[[PresentationContexts]]\n[C]\nPresentationContext1 = CTImageStorage\\U\n"
        "[[Profiles]]\n[Default]\nPresentationContexts = C\n"
    )


def good_values(option: Option) -> Words:
    """Values that are taken."""
    if option.long == "--log-config":
        return (LOG_CONFIG,)
    if option.long == "--config-file":
        return (PROFILES, "Default")
    if option.long == "--cipher":
        return ("TLS_RSA_WITH_AES_128_CBC_SHA",)
    return tuple(_good(argument) for argument in option.arguments)


def _good(argument: Argument) -> str:
    match argument.kind:
        case Kind.SIGNED | Kind.UNSIGNED:
            return str(max(argument.least or 0, 2))
        case Kind.LEVEL:
            return "info"
        case Kind.PATH:
            return "."
        case _:
            return "word"


def written(option: Option, name: str = "") -> Words:
    """An option with good values, by its long name unless another is given."""
    return (name or option.long, *good_values(option))


def needed(option: Option, without: Needs | None = None) -> Words:
    """What an option cannot be without; of each requirement the first."""
    found: list[Words] = []
    for check in option.checks:
        if isinstance(check, Needs) and check is not without:
            first = BY_LONG[check.names[0]]
            found += [needed(first), written(first)]
    return tuple(itertools.chain.from_iterable(dict.fromkeys(found)))


def alone() -> Iterator[Words]:
    """Each option by each of its names, with nothing but the port, and with what it needs."""
    for option in KNOWN:
        if option.long == "--inetd":
            continue
        for name in option.names:
            yield (*written(option, name), PORT)
            if needed(option):
                yield (*needed(option), *written(option, name), PORT)
        yield (*written(option),)


def pairs() -> Iterator[Words]:
    """Each refused pair in both orders, and a third time where the other is displaced by one of its group."""
    for option in KNOWN:
        for check in option.checks:
            if isinstance(check, Forbids):
                yield from _forbidden(option, check)
            else:
                yield (*needed(option, check), *written(option), PORT)


def _forbidden(option: Option, check: Forbids) -> Iterator[Words]:
    for other in (BY_LONG[name] for name in check.names):
        if other.era is Era.NEWEST or other.long == "--inetd" or option.long == "--inetd":
            continue
        yield (*needed(option), *written(option), *written(other), PORT)
        yield (*written(other), *needed(option), *written(option), PORT)
        rivals = (rival for rival in KNOWN if other.group and rival.group == other.group and rival is not other)
        for rival in itertools.islice(rivals, 1):
            yield (*needed(option), *written(option), *written(other), *written(rival), PORT)


NO_NUMBERS = ("", "x", "-", "+", " ", "x5")
ODD_NUMBERS = ("5000x", " 5000", "+5000", "05000", "5000.5")


def values() -> Iterator[Words]:
    """Each value out of its range, at its ends, and what is no number, or hardly."""
    for option in KNOWN:
        for index, argument in enumerate(option.arguments):
            for value in _values(argument):
                given = list(good_values(option))
                given[index] = value
                yield (*needed(option), option.long, *given, PORT)
        for count in range(len(option.arguments)):
            yield (option.long, *good_values(option)[:count])


def _values(argument: Argument) -> Iterator[str]:
    if argument.kind is Kind.LEVEL:
        yield from ("fatal", "WARN", "Info", "warning", "", "x", "off", "Off", "ALL", "notset")
    if argument.kind not in {Kind.SIGNED, Kind.UNSIGNED}:
        return
    yield from (*NO_NUMBERS, *ODD_NUMBERS, "-1", "-5", "0", "1")
    for end in (argument.least, argument.most):
        if end is not None:
            yield from (str(end - 1), str(end), str(end + 1))


HUGE = "9" * 5000
"""More digits than Python makes a number of, unless asked to."""
PORTS = ("0", "65536", "-5", "+0", "", "x", " ", "-", "@", "99999999999", "-0", "00", HUGE, f"-{HUGE}")


def lines() -> Iterator[Words]:
    """What concerns the line as a whole."""
    yield from ((port,) for port in PORTS)
    others = ("--version", "--help", "-zz", "-ta", "@missing", "20190")
    yield from itertools.product((name for name in EXCLUSIVE if name != "--list-profiles"), others)
    yield from (
        (PORT, PORT),
        ("--", PORT),
        ("-x", PORT),
        (PORT, "-x"),
        ("--help=1",),
        ("-vd", PORT),
        ("-TA", "1", PORT),
    )
    yield from (("-od", "@missing", PORT), ("@missing",), ("-ta", "0", PORT, PORT), ("-5", PORT), ("-ta", "-pdu", PORT))
    yield from (("-ss", "", PORT), ("-xcr", "", PORT), ("-fe", "", PORT), ("-aet", "", PORT), ("-od", "", PORT))
    yield from (("-aet", "a title that is much too long", PORT), ("-aet", "\\", PORT), ("-xcr", " ", PORT))
    yield from (("-q", "-zz"), ("-q",), ("-q", "0"), ("-ta", "0", PORT, "-q"), ("-q", "-ll", "info", PORT))
    yield from (("--arguments",), ("-v", "-q", "-d", PORT), ("-d", "-v", "-q", "-ta", "0", PORT))
    yield from (("-ll", "fatal", "-ta", "0", PORT), ("-ll", "error", "-lc", "missing", PORT), ("-lc", "missing", PORT))
    yield from (("-lc", "empty.cfg", PORT), ("-lc", LOG_CONFIG, "+v", PORT), ("-ll", "warn", "+v", PORT))
    yield from (("-lc", name, PORT) for name in (*ODD_LOG_CONFIGS, ".", ""))
    yield from (("-pdu", HUGE, PORT), ("-ta", HUGE, PORT), ("-ta", f"-{HUGE}", PORT), ("-ta", "0" * 5000 + "5", PORT))
    yield from (("-ll", "off", "-ta", "0", PORT), ("-ll", "off", "+v", PORT), ("-ll", "all", "+v", PORT))
    yield from ((f"@{name}", PORT) for name in ("empty.cfg",))


NEWEST = (
    (("--max-associations", "3", PORT), "--max-associations only allowed with --fork"),
    (("--fork", "--max-associations", "0", PORT), "Invalid value for option --max-associations (underflow: 0)"),
    (("--fork", "--max-associations", "x", PORT), "Invalid value for option --max-associations (x)"),
    (("--fork", "--max-associations", "3", PORT), ""),
    (("-i4", PORT), ""), (("-i6", PORT), ""), (("-i0", PORT), ""),
    (("+pg", PORT), "--profile-8996 only allowed with --enable-tls"),
    (("+pm", PORT), "--profile-8996-mod only allowed with --enable-tls"),
    (("+tls", "k", "c", "+pg", PORT), ""),
    (("+tls", "k", "c", "+pm", "+cs", "TLS_RSA_WITH_AES_128_CBC_SHA", PORT),
     "--cipher not allowed with --profile-8996-mod"),
    (("--no-sni", PORT), "--no-sni only allowed with --enable-tls"),
    (("--expect-sni", "n", PORT), "--expect-sni only allowed with --enable-tls"),
    (("+tls", "k", "c", "--expect-sni", "n", PORT), ""),
    (("+tls", "k", "c", "--expect-sni", "n", "--no-sni", PORT), "--expect-sni not allowed with --no-sni"),
    (("+pb", PORT), "Unknown option +pb"),
)  # fmt: skip
"""Lines with options that storescp 3.6.7 has not, and what storescp facts 1 says of them."""
