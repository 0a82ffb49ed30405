"""The tables that are made from one dictionary: within one bound, whatever is sent."""

from storescpd.dataset.dictionary import Dictionary
from storescpd.dataset.encoding import Encoding, GroupLength, SequenceLength
from storescpd.dataset.forms import Form
from storescpd.dataset.rules import RuleTable
from storescpd.dataset.scanner import Scanner
from storescpd.dataset.scanner_tables import tag_table, vr_table

_ENTRY = 1024
"""Bytes of a rule with its keys and its place, at most: that of a private element whose creator has 64 characters."""
_BUDGET = 16 * 1024 * 1024
"""Bytes of all rules of a worker. Senders of a hospital need some thousand rules, who sends nonsense gets no more."""
_MOST = _BUDGET // _ENTRY // 2
"""Rules that are added before those go that were not used meanwhile; as many older ones may be there too."""

_Key = tuple[Form, Form, Encoding]


class Tables:
    """Rules and scanners for each pair of forms and encoding that has been asked for; all associations share them."""

    def __init__(self, dictionary: Dictionary) -> None:
        self._dictionary = dictionary
        self._tables: dict[_Key, RuleTable] = {}
        self._tags = tag_table(dictionary)
        self._added = 0

    def table(self, source: Form, target: Form, encoding: Encoding) -> RuleTable:
        """The table of a pair of forms."""
        key = (source, target, encoding)
        table = self._tables.get(key)
        if table is None:
            table = RuleTable(source, target, encoding, self._dictionary, self._grown)
            table.scanner = self._scanner(table, encoding)
            self._tables[key] = table
        return table

    def _grown(self) -> None:
        """A rule more: where there are too many, the tables get older together, so that the bound is one for all."""
        self._added += 1
        if self._added >= _MOST:
            self._added = 0
            for table in list(self._tables.values()):
                table.age()

    def _scanner(self, table: RuleTable, encoding: Encoding) -> Scanner | None:
        """Only what is written in the form in which it comes can be written as it comes."""
        source = table.source
        if source is not table.target:
            return None
        return Scanner(
            self._tags,
            vr_table(table) if source.explicit else b"",
            big_endian=source.big_endian,
            private=source.explicit and not encoding.convert_un,
            nests=encoding.group_length is not GroupLength.CREATE and not encoding.padding[1],
            measures=encoding.sequence_length is SequenceLength.EXPLICIT,
        )


def rule_table(source: Form, target: Form, encoding: Encoding, dictionary: Dictionary) -> RuleTable:
    """The table of a pair of forms; the dictionary keeps it for the next object."""
    tables = dictionary.compiled.get(Tables)
    if not isinstance(tables, Tables):
        tables = dictionary.compiled[Tables] = Tables(dictionary)
    return tables.table(source, target, encoding)
