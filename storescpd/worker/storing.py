"""How objects are stored, made from the configuration."""

import grp
import os
from dataclasses import dataclass

from storescpd.config import Config
from storescpd.data.limits import LARGEST_GROUP_ID
from storescpd.dataset import Dictionary, Encoding, GroupLength, Limits, OutputSyntax, SequenceLength
from storescpd.store import Directory, Durability, OnDuplicate, StorageError, StorageSettings
from storescpd.store.incoming import TemporaryNames
from storescpd.studies.policy import GENERAL
from storescpd.worker.dictionaries import DictionaryError, dictionary
from storescpd.worker.filing import Filing, filing, ledger_path, slot_of
from storescpd.worker.links import Links


class GroupError(Exception):
    """There is no such group; the text names the key."""


@dataclass(frozen=True, slots=True)
class Storing:
    """How objects are stored."""

    directory: Directory
    bit_preserving: bool
    bare_data_set: bool
    """Without file meta information."""
    filing: Filing
    links: Links
    """To the keeper."""
    max_object_size: int
    refuses_unreadable: bool
    """A data set that cannot be read is answered C000; else the association is aborted."""
    encoding: Encoding
    dictionary: Dictionary


def _group_id(name: str) -> int | None:
    if not name:
        return None
    if name.isdecimal() and int(name) <= LARGEST_GROUP_ID:
        return int(name)
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        what = "group id" if name.isdecimal() else "group"
        raise GroupError(f'storage.group: there is no {what} "{name}"; create the group, or leave it empty') from None


def encoding(config: Config) -> Encoding:
    """How data sets are written."""
    wanted = config.encoding
    return Encoding(
        transfer_syntax=OutputSyntax(wanted.transfer_syntax),
        new_vr=wanted.new_vr,
        group_length=GroupLength(wanted.group_length),
        sequence_length=SequenceLength(wanted.sequence_length),
        file_padding=wanted.padding.file,
        item_padding=wanted.padding.item,
        convert_un=wanted.convert_un,
        compression_level=wanted.compression_level,
        limits=Limits(object_size=config.storage.max_object_size, inflation=config.storage.max_inflation),
    )


class Storings:
    """Makes what stores: for all senders one ledger, one set of links to its keeper, one series of temporary names."""

    def __init__(self, config: Config, *, alone: bool, aside: tuple[str, ...] | None = None) -> None:
        """``aside``: nothing but objects is to be in the directories; see ``StorageSettings``."""
        self._aside = aside
        self._names = TemporaryNames()
        self._ledger = "" if alone else ledger_path(config, os.environ)
        self._links = Links(self._ledger)

    def of(self, config: Config, index: int | None = None) -> Storing:
        """How objects are stored by a configuration, which is merged for the peer table ``index`` where there is one.

        Raises:
            StorageError: storage.group names a group that does not exist, or a data dictionary cannot be used.
        """
        filed = filing(config, GENERAL if index is None else slot_of(config.peers[index]), self._ledger)
        try:
            return _storing(config, self._names, filed, self._links, self._aside)
        except GroupError as error:
            raise StorageError(str(error) if index is None else f"peers[{index}].{error}") from error
        except DictionaryError as error:
            raise StorageError(str(error)) from error


def _storing(
    config: Config, names: TemporaryNames, filed: Filing, links: Links, aside: tuple[str, ...] | None
) -> Storing:
    storage = config.storage
    directory = StorageSettings(
        directory=storage.directory,
        durability=Durability(storage.durability),
        on_duplicate=OnDuplicate(storage.on_duplicate),
        min_free=storage.min_free,
        required_file=storage.required_file,
        file_mode=storage.file_mode,
        directory_mode=storage.directory_mode,
        group=_group_id(storage.group),
        extension=config.naming.extension,
        bare_data_set=storage.format == "dataset",
        aside=aside,
    )
    return Storing(
        directory=Directory(directory, names),
        bit_preserving=storage.bit_preserving,
        bare_data_set=storage.format == "dataset",
        filing=filed,
        links=links,
        max_object_size=storage.max_object_size,
        refuses_unreadable=storage.on_unreadable == "refuse",
        encoding=encoding(config),
        dictionary=dictionary(config.encoding.dictionaries),
    )
