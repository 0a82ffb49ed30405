"""Association profiles: every name known, every reference found (storescp facts 7.2, 7.3)."""

import re
from collections.abc import Iterable, Iterator

from storescpd.config.negotiation import Negotiation, Profile
from storescpd.config.problems import Finding, KeyPath
from storescpd.config.profile_names import SOP_CLASS_NAMES, TRANSFER_SYNTAX_NAMES, sop_class_uid, transfer_syntax_uid
from storescpd.config.root import Config
from storescpd.config.words import joined, nearest
from storescpd.data.transfer_syntaxes import TRANSFER_SYNTAXES

_HEX = re.compile(r"([0-9A-Fa-f]{2}){1,1023}", re.ASCII)
MAX_EXTENDED = 40000
"""Bytes: the user information item has 65,535 (PS3.8 9.3.3.3), and 255 role selections may stand in it too."""
_MOST_SAID = 3
"""UIDs in one message."""
_LISTS = ("transfer_syntaxes", "presentation_contexts", "roles", "extended")


def syntaxes_are_known(config: Config) -> Iterator[Finding]:
    """Each entry of a list of transfer syntaxes is a UID or a known name."""
    for name, entries in config.negotiation.transfer_syntaxes.items():
        for index, entry in enumerate(entries):
            if transfer_syntax_uid(entry) is None:
                key: KeyPath = ("negotiation", "transfer_syntaxes", name, index)
                yield _unknown(key, entry, "transfer syntax", TRANSFER_SYNTAX_NAMES)


def classes_are_known(config: Config) -> Iterator[Finding]:
    """Each entry of the other lists names a class."""
    for kind in _LISTS[1:]:
        for name, entries in getattr(config.negotiation, kind).items():
            for index, entry in enumerate(entries):
                key: KeyPath = ("negotiation", kind, name, index, "sop_class")
                if not entry.sop_class:
                    yield Finding(key, "is missing", "name the SOP class, or give its UID")
                elif sop_class_uid(entry.sop_class) is None:
                    yield _unknown(key, entry.sop_class, "SOP class", SOP_CLASS_NAMES)


def _unknown(key: KeyPath, text: str, what: str, known: Iterable[str]) -> Finding:
    guess = nearest(text, known)
    remedy = f'did you mean "{guess}"?' if guess else "write its UID"
    return Finding(key, f'"{text}" is not the name of a {what}', remedy)


def lists_have_entries(config: Config) -> Iterator[Finding]:
    """An empty list is a mistake: nothing would be accepted."""
    for kind in _LISTS:
        for name, entries in getattr(config.negotiation, kind).items():
            if not entries:
                yield Finding(("negotiation", kind, name), "is an empty list", "add an entry, or remove the list")


def contexts_are_whole(config: Config) -> Iterator[Finding]:
    """Each class has a list of transfer syntaxes."""
    negotiation = config.negotiation
    for name, contexts in negotiation.presentation_contexts.items():
        for index, context in enumerate(contexts):
            key: KeyPath = ("negotiation", "presentation_contexts", name, index, "transfer_syntaxes")
            yield from _reference(key, context.transfer_syntaxes, "transfer_syntaxes", negotiation)


def contexts_are_unique(config: Config) -> Iterator[Finding]:
    """A class has one list of transfer syntaxes. storescp looks at the chosen profile alone."""
    for name, contexts in config.negotiation.presentation_contexts.items():
        yield from _repeated("presentation_contexts", name, (context.sop_class for context in contexts))


def entries_are_unique(config: Config) -> Iterator[Finding]:
    """One role and one extended negotiation a class."""
    for kind in ("roles", "extended"):
        for name, entries in getattr(config.negotiation, kind).items():
            yield from _repeated(kind, name, (entry.sop_class for entry in entries))


def _repeated(kind: str, name: str, classes: Iterable[str]) -> Iterator[Finding]:
    seen: set[str] = set()
    for index, sop_class in enumerate(classes):
        uid = sop_class_uid(sop_class) or sop_class
        if uid in seen:
            key: KeyPath = ("negotiation", kind, name, index, "sop_class")
            yield Finding(key, f'"{sop_class}" is in this list twice', "keep one entry of it")
        seen.add(uid)


def extended_data(config: Config) -> Iterator[Finding]:
    """Bytes in hexadecimal."""
    for name, entries in config.negotiation.extended.items():
        for index, entry in enumerate(entries):
            if not _HEX.fullmatch(entry.data):
                key: KeyPath = ("negotiation", "extended", name, index, "data")
                yield Finding(key, "is not 1 to 1023 bytes in hexadecimal", 'write two digits a byte, such as "0101"')


def profiles_are_whole(config: Config) -> Iterator[Finding]:
    """A profile's lists exist, and those of roles and extended negotiation have only classes that it accepts."""
    for name, profile in config.negotiation.profiles.items():
        table: KeyPath = ("negotiation", "profiles", name)
        yield from _reference(
            (*table, "presentation_contexts"),
            profile.presentation_contexts,
            "presentation_contexts",
            config.negotiation,
        )
        for kind in ("roles", "extended"):
            reference = getattr(profile, kind)
            if reference:
                yield from _reference((*table, kind), reference, kind, config.negotiation)
                yield from _accepted(config.negotiation, profile, kind, (*table, kind))


def _reference(key: KeyPath, reference: str, kind: str, negotiation: Negotiation) -> Iterator[Finding]:
    known = getattr(negotiation, kind)
    place: KeyPath = ("negotiation", kind)
    if not reference:
        yield Finding(key, "is missing", f"name a list of [negotiation.{kind}]")
    elif reference not in known:
        guess = nearest(reference, known)
        remedy = f'did you mean "{guess}"?' if guess else f"add it to [negotiation.{kind}]"
        yield Finding(key, f'there is no list "{reference}" in [negotiation.{kind}]', remedy, (place,))


def _accepted(negotiation: Negotiation, profile: Profile, kind: str, key: KeyPath) -> Iterator[Finding]:
    contexts = negotiation.presentation_contexts.get(profile.presentation_contexts)
    if contexts is None:
        return
    accepted = {sop_class_uid(context.sop_class) for context in contexts}
    if None in accepted:
        return
    concerns: tuple[KeyPath, ...] = (("negotiation", kind), ("negotiation", "presentation_contexts"))
    for entry in getattr(negotiation, kind).get(getattr(profile, kind), ()):
        if entry.sop_class and sop_class_uid(entry.sop_class) not in accepted:
            where = f'[negotiation.presentation_contexts] "{profile.presentation_contexts}"'
            message = f"names {entry.sop_class}, which is not in {where}"
            yield Finding(key, message, "add it there, or remove it here", concerns)


def answers_hold_it(config: Config) -> Iterator[Finding]:
    """All extended negotiation of a profile may have to stand in one item of an answer."""
    for name, profile in config.negotiation.profiles.items():
        entries = config.negotiation.extended.get(profile.extended, ())
        size = sum(len(sop_class_uid(entry.sop_class) or "") + len(entry.data) // 2 + 6 for entry in entries)
        if size > MAX_EXTENDED:
            key: KeyPath = ("negotiation", "profiles", name, "extended")
            message = f"needs {size} bytes in an answer, which has room for {MAX_EXTENDED}"
            yield Finding(key, message, "remove entries from that list", (("negotiation", "extended"),))


def chosen_profiles_exist(config: Config) -> Iterator[Finding]:
    """The chosen profile is in the file; a profile file is read elsewhere."""
    profiles = config.negotiation.profiles
    if config.negotiation.profile_file:
        return
    for key, name in chosen_profiles(config):
        if name not in profiles:
            guess = nearest(name, profiles)
            known = f"write {joined(profiles)}" if profiles else "add it to [negotiation.profiles], or set profile_file"
            remedy = f'did you mean "{guess}"?' if guess else known
            concerns: tuple[KeyPath, ...] = (("negotiation", "profiles"), ("negotiation", "profile_file"))
            yield Finding(key, f'there is no profile "{name}"', remedy, concerns)


def chosen_profiles(config: Config) -> Iterator[tuple[KeyPath, str]]:
    """The profiles that are used, by the key that says so."""
    if config.negotiation.profile:
        yield ("negotiation", "profile"), config.negotiation.profile
    for index, listener in enumerate(config.listeners):
        if listener.profile:
            yield ("listeners", index, "profile"), listener.profile
    for index, peer in enumerate(config.peers):
        if peer.negotiation.profile:
            yield ("peers", index, "negotiation", "profile"), peer.negotiation.profile


def syntaxes_can_be_read(config: Config) -> Iterator[Finding]:
    """The chosen profiles accept only what can be stored; a profile file is read elsewhere."""
    negotiation = config.negotiation
    if negotiation.profile_file:
        return
    for key, name in chosen_profiles(config):
        profile = negotiation.profiles.get(name)
        contexts = negotiation.presentation_contexts.get(profile.presentation_contexts, ()) if profile else ()
        lists = {context.transfer_syntaxes for context in contexts}
        yield from not_stored(config, key, negotiation, sorted(lists))


def not_stored(config: Config, key: KeyPath, lists: Negotiation, names: Iterable[str]) -> Iterator[Finding]:
    """What the profile chosen at ``key`` accepts in vain: ``names`` are its lists of transfer syntaxes."""
    uids = [transfer_syntax_uid(entry) for name in names for entry in lists.transfer_syntaxes.get(name, ())]
    accepted = sorted({uid for uid in uids if uid is not None})
    yield from _unreadable(config, key, accepted)
    yield from _not_converted(config, key, accepted)


def _unreadable(config: Config, key: KeyPath, uids: Iterable[str]) -> Iterator[Finding]:
    """Transfer syntaxes of the profile chosen at ``key`` whose objects nobody can read, and so not store anew.

    Their encoding is not known: such objects can only be kept as they are received.
    """
    if all(one.storage.bit_preserving for one in _served(config, key)):
        return
    unknown = [uid for uid in uids if uid not in TRANSFER_SYNTAXES]
    if unknown:
        said = _listed(unknown)
        message = f"accepts {said}, of which nobody knows the encoding: every such object would fail"
        remedy = "remove it from the profile, or write storage.bit_preserving = true, which stores objects as received"
        yield Finding(key, message, remedy, (("storage", "bit_preserving"), ("negotiation", "transfer_syntaxes")))


def _not_converted(config: Config, key: KeyPath, uids: Iterable[str]) -> Iterator[Finding]:
    """Images whose pixel data comes in fragments; what has no pixel data is converted, as storescp does it."""
    targets = sorted({one.encoding.transfer_syntax for one in _served(config, key)} - {"same"})
    compressed = [TRANSFER_SYNTAXES[uid].name or uid for uid in uids if _is_compressed(uid)]
    if targets and compressed:
        message = (
            f"accepts {_listed(compressed)}: such images are refused, for they cannot be converted to"
            f' encoding.transfer_syntax = "{targets[0]}"'
        )
        remedy = 'remove what is compressed from the profile, or write transfer_syntax = "same"'
        concerns: tuple[KeyPath, ...] = (("encoding", "transfer_syntax"), ("negotiation", "transfer_syntaxes"))
        yield Finding(key, message, remedy, concerns, note=True)


def _is_compressed(uid: str) -> bool:
    return uid in TRANSFER_SYNTAXES and TRANSFER_SYNTAXES[uid].encapsulated


def _listed(names: list[str]) -> str:
    return joined([*names[:_MOST_SAID], *(["others"] if names[_MOST_SAID:] else [])], "and")


def _served(config: Config, key: KeyPath) -> Iterator[Config]:
    """The configurations that serve somebody for whom the profile at ``key`` decides."""
    if key[0] == "peers":
        yield config.for_peer(int(key[1]))
        return
    yield config
    port = config.listeners[int(key[1])].name if key[0] == "listeners" else None
    for index, peer in enumerate(config.peers):
        here = port is None or peer.listener in {None, port}
        if peer.accept and here and not peer.negotiation.profile:
            yield config.for_peer(index)


def one_source(config: Config) -> Iterator[Finding]:
    """Profiles come from here or from a file, and a file is for a profile."""
    negotiation = config.negotiation
    key: KeyPath = ("negotiation", "profile_file")
    if not negotiation.profile_file:
        return
    if not any(True for _ in chosen_profiles(config)):
        chosen: tuple[KeyPath, ...] = (("negotiation", "profile"), ("listeners",), ("peers",))
        yield Finding(key, "has no effect: no profile is chosen", 'set profile = "Default"', chosen)
    for kind in (*_LISTS, "profiles"):
        if getattr(negotiation, kind):
            message = f"does not go with [negotiation.{kind}]: profiles come from this file or from the other"
            yield Finding(key, message, "keep one of them", (("negotiation", kind),))


LISTS = (
    syntaxes_are_known,
    classes_are_known,
    lists_have_entries,
    contexts_are_whole,
    entries_are_unique,
    extended_data,
    profiles_are_whole,
    answers_hold_it,
)
"""Rules of the lists alone, which a profile file must keep as well."""

RULES = (*LISTS, contexts_are_unique, chosen_profiles_exist, syntaxes_can_be_read, one_source)
