"""Every path that a configuration names, by key."""

from collections.abc import Iterator

from storescpd.config.addresses import POSTGRESQL
from storescpd.config.logging import DESTINATIONS
from storescpd.config.peers import SECTIONS
from storescpd.config.problems import KeyPath
from storescpd.config.root import Config
from storescpd.config.section import Section
from storescpd.config.texts import CREDENTIAL

PATH_KEYS: dict[str, tuple[str, ...]] = {
    "negotiation": ("profile_file",),
    "access": ("hosts_allow", "hosts_deny"),
    "tls": (
        "key", "certificate", "password_file", "ca_files", "ca_directories", "crl_files", "dh_parameters",
        "random_seed_file", "write_seed_file",
    ),
    "storage": ("directory",),
    "encoding": ("dictionaries",),
    "studies": ("ledger",),
    "logging": ("destination",),
}  # fmt: skip


def paths(config: Config) -> Iterator[tuple[KeyPath, str]]:
    """Paths in the file system; words, URLs and credentials are none."""
    for name, keys in PATH_KEYS.items():
        yield from _of_section((name,), getattr(config, name), keys)
    for index, peer in enumerate(config.peers):
        for name in SECTIONS:
            section = getattr(peer, name)
            said = tuple(key for key in PATH_KEYS.get(name, ()) if key in section.model_fields_set)
            yield from _of_section(("peers", index, name), section, said)


def _of_section(table: KeyPath, section: Section, keys: tuple[str, ...]) -> Iterator[tuple[KeyPath, str]]:
    for key in keys:
        value = getattr(section, key)
        if isinstance(value, str):
            found = [((*table, key), value)]
        else:
            found = [((*table, key, index), item) for index, item in enumerate(value)]
        yield from ((path, text) for path, text in found if _is_path(path, text))


def _is_path(key: KeyPath, text: str) -> bool:
    is_word = key == ("logging", "destination") and text in DESTINATIONS
    return bool(text) and not is_word and not text.startswith((CREDENTIAL, *POSTGRESQL))
