"""Options of the command itself."""

from storescpd.cli.storescp.log_config import log_destination, log_level
from storescpd.cli.storescp.option import (
    Argument,
    Era,
    Forbids,
    Kind,
    Needs,
    Option,
    Section,
    Sets,
    Situation,
    Value,
)
from storescpd.cli.storescp.scanning import number
from storescpd.cli.storescp.values import dotted, fixed

FORKED = 1000
"""Associations at once with --fork: storescp knows no limit, and a host with so many children serves nobody."""

LEVELS = {
    "off": "fatal", "fatal": "fatal", "error": "error", "warn": "warning", "info": "info", "debug": "debug",
    "trace": "trace", "all": "trace",
}  # fmt: skip
"""storescp's words, two of which its manual leaves out, and ours."""
DEFAULT_LEVEL = "warning"
_LOUDNESS = Forbids(("--verbose", "--debug", "--quiet"))


def _level(_: Situation, values: tuple[str, ...]) -> Value | None:
    return LEVELS[values[0].lower()]


def _most(_: Situation, values: tuple[str, ...]) -> Value | None:
    return number(values[0])


def _connections(_: Situation, values: tuple[str, ...]) -> Value | None:
    return max(number(values[0]), FORKED)


GENERAL = Section(
    "general options",
    (
        Option("--help", "-h", "show this text and end"),
        Option("--version", "", "show the version and end"),
        Option("--arguments", "", "log the arguments as they were understood", era=Era.NEWER),
        Option(
            "--quiet",
            "-q",
            "log nothing, not even errors",
            group="loudness",
            era=Era.NEWER,
            sets=(fixed("logging.level", "fatal"),),
        ),
        Option("--verbose", "-v", "log what is done", group="loudness", sets=(fixed("logging.level", "info"),)),
        Option("--debug", "-d", "log every detail", group="loudness", sets=(fixed("logging.level", "debug"),)),
        Option(
            "--log-level",
            "-ll",
            "log what is at least as severe: fatal, error, warn, info, debug or trace",
            (Argument("LEVEL", Kind.LEVEL),),
            era=Era.NEWER,
            checks=(_LOUDNESS,),
            sets=(Sets(dotted("logging.level"), _level, "LEVEL"),),
            initial="warn",
        ),
        Option(
            "--log-config",
            "-lc",
            "log as a log4cplus configuration file says",
            (Argument("FILE", Kind.PATH),),
            era=Era.NEWER,
            checks=(_LOUDNESS, Forbids(("--log-level",))),
            sets=(
                Sets(dotted("logging.level"), log_level, "of the file's root logger"),
                Sets(dotted("logging.destination"), log_destination, "of its first appender"),
            ),
            changes="only the root logger's level and the file or syslog of its first appender count",
        ),
        Option(
            "--verbose-pc",
            "+v",
            "log the presentation contexts of each association",
            era=Era.NEWER,
            checks=(Needs(("--verbose", "--debug", "--log-level", "--log-config"), "verbose mode"),),
            sets=(fixed("logging.dump_presentation_contexts", value=True),),
        ),
    ),
)

PROCESSES = Section(
    "multi-process options",
    (
        Option(
            "--single-process",
            "",
            "serve one association at a time, others wait",
            group="processes",
            default=True,
            era=Era.NEWER,
            sets=(fixed("process.max_associations", 1),),
        ),
        Option(
            "--fork",
            "",
            "serve associations at the same time",
            group="processes",
            era=Era.NEWER,
            sets=(fixed("process.max_associations", FORKED),),
            changes=f"threads of one process, {FORKED} at once at the most, share what is known of studies",
        ),
        Option(
            "--max-associations",
            "",
            "serve no more at the same time, others wait",
            (Argument("NUMBER", Kind.UNSIGNED, 1, 1_000_000),),
            era=Era.NEWEST,
            checks=(Needs(("--fork",)),),
            sets=(
                Sets(dotted("process.max_associations"), _most, "VALUE"),
                Sets(dotted("process.max_connections"), _connections, f"VALUE, {FORKED} at least"),
            ),
        ),
    ),
)
