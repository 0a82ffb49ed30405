"""What is refused of a command line that could be read, in storescp's order (storescp facts 1.2, 1.9)."""

from storescpd.cli.storescp.errors import CommandLineError
from storescpd.cli.storescp.line import Line
from storescpd.cli.storescp.log_config import refusal as log_config_refusal
from storescpd.cli.storescp.option import Argument, Check, Forbids, Kind, Option
from storescpd.cli.storescp.scanning import scanned
from storescpd.cli.storescp.table import ABOUT_LOG, AFTER_LOG, BEFORE_PORT
from storescpd.cli.storescp.table_general import DEFAULT_LEVEL, LEVELS

MOST_PORT = 65535
_TALKATIVE = {"info", "debug", "trace"}


def check_parameters(line: Line) -> None:
    """One port at the most; raises CommandLineError. Before anything is looked at that the options say."""
    if len(line.parameters) > 1:
        raise CommandLineError("Too many parameters")
    if not line.parameters and not line.has("--inetd"):
        raise CommandLineError("Missing parameter port")


def check_log(line: Line) -> None:
    """What storescp looks at before it knows how to log; raises CommandLineError."""
    for option in BEFORE_PORT:
        _check_option(option, line)
    if not line.has("--inetd"):
        port(line)
    for option in ABOUT_LOG:
        _check_option(option, line)


def check(line: Line) -> None:
    """Everything else; raises CommandLineError."""
    for option in AFTER_LOG:
        _check_option(option, line)


def port(line: Line) -> int:
    """The port; raises CommandLineError."""
    (written,) = line.parameters
    found = scanned(written)
    if found is None:
        raise CommandLineError(f"Invalid parameter value {written}")
    if found == 0:
        raise CommandLineError(f"Invalid parameter value {written} (underflow)")
    # storescp has no negative numbers here, only very large ones.
    if not 0 < found <= MOST_PORT:
        raise CommandLineError(f"Invalid parameter value {written} (overflow)")
    return found


def _check_option(option: Option, line: Line) -> None:
    if not line.has(option.long):
        return
    for one in option.checks:
        _check(option, one, line)
    for occurrence in line.all_of(option.long):
        for argument, value in zip(option.arguments, occurrence.values, strict=True):
            _check_value(option, argument, value)
    if option.long == "--log-config":
        refusal = log_config_refusal(line.values(option.long)[0])
        if refusal:
            raise CommandLineError(refusal)


def _check(option: Option, one: Check, line: Line) -> None:
    if isinstance(one, Forbids):
        if any(line.has(name) for name in one.names):
            raise CommandLineError(f"{option.long} not allowed with {_alternatives(one.names)}")
    elif option.long == "--verbose-pc":
        if level(line) not in _TALKATIVE:
            raise CommandLineError(f"{option.long} only allowed with {one.shown}")
    elif not any(line.in_force(name) for name in one.names):
        raise CommandLineError(f"{option.long} only allowed with {one.shown or _alternatives(one.names)}")


def level(line: Line) -> str:
    """How much is to be logged, in the configuration's words; the options about it have passed their checks."""
    said = (sets.of(line, line.values(one.long)) for one in ABOUT_LOG if line.has(one.long) for sets in one.sets[:1])
    return str(next((value for value in said if value is not None), DEFAULT_LEVEL))


def _alternatives(names: tuple[str, ...]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def _check_value(option: Option, argument: Argument, value: str) -> None:
    if argument.kind is Kind.LEVEL:
        if value.lower() not in LEVELS:
            raise CommandLineError(f"Invalid log level for {option.long} option")
    elif argument.kind in {Kind.SIGNED, Kind.UNSIGNED}:
        _check_number(option, argument, value)


def _check_number(option: Option, argument: Argument, value: str) -> None:
    text = f"Invalid value for option {option.long}"
    found = scanned(value)
    if found is None or (argument.kind is Kind.UNSIGNED and value.lstrip().startswith("-")):
        raise CommandLineError(f"{text} ({value})" if value else text)
    if argument.least is not None and found < argument.least:
        raise CommandLineError(f"{text} (underflow: {value})")
    if argument.most is not None and found > argument.most:
        raise CommandLineError(f"{text} (overflow: {value})")
