"""Sorting into studies, and what depends on it (storescp facts 1.7, 1.9)."""

from collections.abc import Iterator

from storescpd.config.problems import Finding
from storescpd.config.root import Config
from storescpd.config.section import changed

_SORT = ("naming", "sort")
_TIMEOUT = ("studies", "end_of_study_timeout")
_OF_A_STUDY = ("end_of_study_timeout", "scope", "rename")
"""The ledger, and how long it keeps, is also of use to hooks on reception."""


def studies_need_sort(config: Config) -> Iterator[Finding]:
    """Without sorting there are no studies that could end."""
    if config.naming.sort != "none":
        return
    keys = [("studies", name) for name in changed(config.studies) if name in _OF_A_STUDY]
    if config.hooks.on_end_of_study:
        keys.append(("hooks", "on_end_of_study"))
    for key in keys:
        message = 'has no meaning with naming.sort = "none": objects are not sorted into studies'
        yield Finding(key, message, 'set naming.sort to "study", "study-uid" or "patient-name", or remove it', (_SORT,))


def something_ends_a_study(config: Config) -> Iterator[Finding]:
    """Without a timer only the daemon-wide scope is sure to end every study but the last."""
    if config.studies.end_of_study_timeout == 0 and config.studies.scope != "daemon":
        message = "0 means that no timer ends a study, and then some would never end"
        remedy = 'write a time, or scope = "daemon"'
        yield Finding(_TIMEOUT, message, remedy, (("studies", "scope"),))


def prefix(config: Config) -> Iterator[Finding]:
    """A prefix is for directories named by time or study UID."""
    if config.naming.prefix and config.naming.sort not in {"study", "study-uid"}:
        message = f'has no meaning with naming.sort = "{config.naming.sort}"'
        remedy = 'remove it, or write sort = "study" or "study-uid"'
        yield Finding(("naming", "prefix"), message, remedy, (_SORT,))


def hook_placeholders(config: Config) -> Iterator[Finding]:
    """No single file ended the study, and no sender may choose the program."""
    hooks = {"on_reception": config.hooks.on_reception, "on_end_of_study": config.hooks.on_end_of_study}
    if isinstance(hooks["on_end_of_study"], tuple) and any("#f" in word for word in hooks["on_end_of_study"]):
        remedy = "remove it; #p is the directory of the study"
        yield Finding(("hooks", "on_end_of_study"), "a study has no #f, which stands for one file", remedy)
    for name, command in hooks.items():
        if isinstance(command, tuple) and any(sign in command[0] for sign in ("#f", "#a", "#c", "#r")):
            message = "what comes from a sender cannot choose the program that runs"
            yield Finding(("hooks", name), message, "write the program's path without #f, #a, #c or #r")


RULES = (studies_need_sort, something_ends_a_study, prefix, hook_placeholders)
