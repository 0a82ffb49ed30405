"""A profile as an association needs it: UIDs instead of names (storescp facts 7.4, 7.6)."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from storescpd.config.negotiation import Negotiation
from storescpd.config.problems import ConfigError, Finding, Problem, dotted
from storescpd.config.profile_names import sop_class_uid, transfer_syntax_uid
from storescpd.config.root import Config
from storescpd.config.rules.profiles import chosen_profiles, not_stored
from storescpd.config.words import joined, nearest

_ONE_ENTRY = "keep one entry of each class in its list"


class Profile(NamedTuple):
    """What one profile accepts. Verification is accepted only if it is listed."""

    transfer_syntaxes: Mapping[str, tuple[str, ...]]
    """By SOP class: transfer syntaxes, the one that is taken first coming first."""
    roles: Mapping[str, Literal["scu", "scp", "both"]]
    """By SOP class: what the peer may be."""
    extended: Mapping[str, bytes]
    """By SOP class: service class application information."""


def profiles(config: Config) -> dict[str, Profile]:
    """The profiles that a configuration uses, by the names that it uses; its rules hold.

    Raises:
        ConfigError: they come from a profile file, and that is wrong or does not have them.
    """
    names = [name for _, name in chosen_profiles(config)]
    if not config.negotiation.profile_file:
        return {name: resolved(config.negotiation, name) for name in names}
    from storescpd.config.profile_lexer import reference  # noqa: PLC0415

    path = config.negotiation.profile_file
    lists = _from_file(path)
    wrong = [Problem(path, None, None, dotted(one.key), one.message, one.remedy) for one in _chosen(config, lists)]
    if wrong:
        raise ConfigError(wrong)
    return {name: resolved(lists, reference(name)) for name in names}


def resolved(negotiation: Negotiation, name: str) -> Profile:
    """One of the profiles of lists whose rules hold."""
    chosen = negotiation.profiles[name]
    contexts = negotiation.presentation_contexts[chosen.presentation_contexts]
    return Profile(
        {_uid(context.sop_class): _syntaxes(negotiation, context.transfer_syntaxes) for context in contexts},
        {_uid(entry.sop_class): entry.role for entry in negotiation.roles.get(chosen.roles, ())},
        {_uid(entry.sop_class): bytes.fromhex(entry.data) for entry in negotiation.extended.get(chosen.extended, ())},
    )


def chosen_from_file(config: Config) -> Iterator[Finding]:
    """Whether the chosen profiles are in the profile file, and can be used; raises ConfigError where that is wrong."""
    lists = _from_file(config.negotiation.profile_file)
    wrong = list(_chosen(config, lists))
    yield from wrong
    if not wrong:
        yield from _accepted_in_vain(config, lists)


def _accepted_in_vain(config: Config, lists: Negotiation) -> Iterator[Finding]:
    from storescpd.config.profile_lexer import reference  # noqa: PLC0415

    for key, name in chosen_profiles(config):
        contexts = lists.presentation_contexts[lists.profiles[reference(name)].presentation_contexts]
        yield from not_stored(config, key, lists, sorted({context.transfer_syntaxes for context in contexts}))


def _from_file(path: str) -> Negotiation:
    # Most have no such file.
    from storescpd.config.profile_file import read_profile_file  # noqa: PLC0415

    return read_profile_file(Path(path))


def _chosen(config: Config, lists: Negotiation) -> Iterator[Finding]:
    from storescpd.config.profile_lexer import reference  # noqa: PLC0415

    for key, name in chosen_profiles(config):
        wrong = _unusable(lists, reference(name))
        if wrong is not None:
            yield Finding(key, *wrong)


def _unusable(lists: Negotiation, name: str) -> tuple[str, str] | None:
    """What is wrong with the choice of a profile, and what to do: it is not there, or it names a class twice."""
    if name not in lists.profiles:
        guess = nearest(name, lists.profiles)
        known = f"write {joined(lists.profiles)}" if lists.profiles else "add it to that file"
        return f"there is no profile {name} in the profile file", f'did you mean "{guess}"?' if guess else known
    contexts = lists.presentation_contexts[lists.profiles[name].presentation_contexts]
    counted = Counter(_uid(context.sop_class) for context in contexts)
    twice = [uid for uid, count in counted.items() if count > 1]
    return (f"the profile {name} names {joined(twice, 'and')} twice", _ONE_ENTRY) if twice else None


def _uid(sop_class: str) -> str:
    return sop_class_uid(sop_class) or sop_class


def _syntaxes(negotiation: Negotiation, name: str) -> tuple[str, ...]:
    return tuple(transfer_syntax_uid(entry) or entry for entry in negotiation.transfer_syntaxes[name])
