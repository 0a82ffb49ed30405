"""The data dictionary with the site's own files on top (contract, encoding.dictionaries; storescp facts 10.5)."""

import logging
import os
from collections.abc import Mapping, Sequence

from storescpd.dataset import Dictionary
from storescpd.telemetry.events import log_event

VARIABLE = "DCMDICTPATH"
"""Files in dicom.dic format, separated by colons; they come under those of the configuration."""


logger = logging.getLogger(__name__)


class DictionaryError(Exception):
    """A dictionary file cannot be used; the text names it."""


def dictionary(files: Sequence[str], environment: Mapping[str, str] = os.environ) -> Dictionary:
    """The built-in dictionary and, over it, the files of the environment and then those of the configuration.

    Raises:
        DictionaryError: a file of the configuration cannot be used, or none of the environment's can.
    """
    made = _with_environment(Dictionary.builtin(), environment)
    for path in files:
        made = _added(made, path)
    return made


def _with_environment(made: Dictionary, environment: Mapping[str, str]) -> Dictionary:
    """Each file that cannot be used is an error in the log, as storescp does it (storescp facts 10.5)."""
    listed = _listed(environment)
    failures: list[DictionaryError] = []
    for path in listed:
        try:
            made = _added(made, path)
        except DictionaryError as error:
            failures.append(error)
            log_event(logger, logging.ERROR, "dictionary left out", variable=VARIABLE, cause=str(error))
    if failures and len(failures) == len(listed):
        raise DictionaryError(f"{VARIABLE} is set and none of its files can be used: {failures[0]}")
    return made


def _listed(environment: Mapping[str, str]) -> list[str]:
    return [path for path in environment.get(VARIABLE, "").split(":") if path]


def _added(made: Dictionary, path: str) -> Dictionary:
    try:
        with open(path, encoding="latin-1") as file:
            return made.with_text(file.read())
    except OSError as error:
        raise DictionaryError(f"cannot read the dictionary {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise DictionaryError(f"dictionary {path}: {error}") from error
