"""Sorting into studies, and what depends on it (storescp facts 1.7, 1.9)."""

from collections.abc import Callable, Iterator

from storescpd.config.problems import Finding, KeyPath
from storescpd.config.root import Config
from storescpd.config.section import changed

_SORT = ("naming", "sort")
_TIMEOUT = ("studies", "end_of_study_timeout")
_OF_A_STUDY = (
    ("studies", "end_of_study_timeout"),
    ("studies", "scope"),
    ("studies", "rename"),
    ("hooks", "on_end_of_study"),
)
"""The ledger, and how long it keeps, is also of use to hooks on reception."""


def studies_need_sort(config: Config) -> Iterator[Finding]:
    """Without sorting there are no studies that could end."""
    for key in _OF_A_STUDY:
        for place in _idle(config, key, lambda one: one.naming.sort != "none"):
            message = 'has no meaning with naming.sort = "none": objects are not sorted into studies'
            remedy = 'set naming.sort to "study", "study-uid" or "patient-name", or remove it'
            yield Finding(place, message, remedy, (_SORT, (*place[:-2], *_SORT)))


def prefix(config: Config) -> Iterator[Finding]:
    """A prefix is for directories named by time or study UID."""
    for place in _idle(config, ("naming", "prefix"), lambda one: one.naming.sort in {"study", "study-uid"}):
        merged = config.for_peer(int(place[1])) if place[0] == "peers" else config
        message = f'has no meaning with naming.sort = "{merged.naming.sort}"'
        remedy = 'remove it, or write sort = "study" or "study-uid"'
        yield Finding(place, message, remedy, (_SORT, (*place[:-2], *_SORT)))


def _idle(config: Config, key: tuple[str, str], is_used: Callable[[Config], bool]) -> Iterator[KeyPath]:
    """Where a key says something that nobody's configuration has a use for.

    What the file says for all is for those whose own table does not say otherwise.
    """
    section, name = key
    inherited = [config]
    for index, peer in enumerate(config.peers):
        own = getattr(peer, section)
        merged = config.for_peer(index)
        if name not in own.model_fields_set:
            inherited.append(merged)
        elif name in changed(own) and not is_used(merged):
            yield ("peers", index, section, name)
    if name in changed(getattr(config, section)) and not any(map(is_used, inherited)):
        yield key


def something_ends_a_study(config: Config) -> Iterator[Finding]:
    """Without a timer only the daemon-wide scope is sure to end every study but the last."""
    if config.studies.end_of_study_timeout == 0 and config.studies.scope != "daemon":
        message = "0 means that no timer ends a study, and then some would never end"
        remedy = 'write a time, or scope = "daemon"'
        yield Finding(_TIMEOUT, message, remedy, (("studies", "scope"),))


def one_study_at_a_time(config: Config) -> Iterator[Finding]:
    """Storescp's way to end studies is made for storescp's way to serve senders: one after another."""
    studies, process = config.studies, config.process
    if config.naming.sort != "none" and studies.scope == "daemon" and process.max_associations != 1:
        message = '"daemon" ends a study with every object of another one: two senders at once tear each other\'s apart'
        remedy = 'write "none" or "peer", or process.max_associations = 1 with when_full = "wait"'
        yield Finding(("studies", "scope"), message, remedy, (_SORT, ("process", "max_associations")), note=True)


def hook_placeholders(config: Config) -> Iterator[Finding]:
    """No single file ended the study, and no sender may choose the program."""
    hooks = {"on_reception": config.hooks.on_reception, "on_end_of_study": config.hooks.on_end_of_study}
    if isinstance(hooks["on_end_of_study"], tuple) and any("#f" in word for word in hooks["on_end_of_study"]):
        remedy = "remove it; #p is the directory of the study"
        yield Finding(("hooks", "on_end_of_study"), "a study has no #f, which stands for one file", remedy)
    for name, command in hooks.items():
        if isinstance(command, tuple) and any(sign in command[0] for sign in ("#f", "#a", "#c", "#r")):
            message = "what comes from a sender cannot choose the program that runs"
            remedy = "write the program's path without #f, #a, #c or #r"
            if len(command) == 1 and " " in command[0]:
                message = "a list has a string for each word of the command, and this is one word with blanks"
                words = ", ".join(f'"{word}"' for word in command[0].split())
                remedy = f"write [{words}], or the line itself without brackets"
            yield Finding(("hooks", name), message, remedy)


MERGEABLE = (something_ends_a_study, one_study_at_a_time, hook_placeholders)
GLOBAL = (studies_need_sort, prefix)
