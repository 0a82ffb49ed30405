"""[logging]: what is told, where and how."""

from typing import Annotated, Literal

from pydantic import AfterValidator

from storescpd.config.refusal import refusal
from storescpd.config.section import Section, setting
from storescpd.config.texts import parse_path

DESTINATIONS = ("auto", "stderr", "journald", "syslog")


def parse_destination(value: str) -> str:
    """One of the words, or a path; a path has a slash, so that a misspelt word does not become a file."""
    if value in DESTINATIONS or "/" in value:
        return parse_path(value)
    raise refusal(f'"{value}" is not a destination', "write auto, stderr, journald, syslog or a path with a slash")


class Logging(Section):
    """The log."""

    level: Literal["fatal", "error", "warning", "info", "debug", "trace"] = setting(
        "info", "least severe messages that are logged", option="-q -v -d -ll"
    )
    destination: Annotated[str, AfterValidator(parse_destination)] = setting(
        "auto", "auto, stderr, journald, syslog, or the path of a file (opened anew on SIGHUP)"
    )
    inetd_files: bool = setting(
        default=False, text="with --inetd: stdout and stderr to storescp_XXXXXX files in the temporary directory"
    )
    format: Literal["auto", "text", "json", "journald", "storescp"] = setting(
        "auto", "auto: journal fields under systemd, text on a terminal; storescp: lines such as storescp's"
    )
    patient_data: bool = setting(default=False, text="names and ids of patients may appear in the log")
    dump_presentation_contexts: bool = setting(
        default=False, text="log the presentation contexts of each association; level info or lower", option="+v"
    )
    lines_per_peer: int = setting(
        60, "warnings a minute for one peer, those beyond it are counted; 0: all", ge=0, le=1_000_000
    )
