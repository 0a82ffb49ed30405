"""The tables that are made from one dictionary: within one bound, whatever is sent."""

from storescpd.dataset.dictionary import Dictionary
from storescpd.dataset.encoding import Encoding, GroupLength, SequenceLength
from storescpd.dataset.forms import Form
from storescpd.dataset.rules import RuleTable
from storescpd.dataset.scanner import Scanner
from storescpd.dataset.scanner_tables import tag_table, vr_table

_Key = tuple[Form, Form, Encoding]


class Tables:
    """Rules and scanners for each pair of forms and encoding that has been asked for; all associations share them."""

    def __init__(self, dictionary: Dictionary) -> None:
        self._dictionary = dictionary
        self._tables: dict[_Key, RuleTable] = {}
        self._tags = tag_table(dictionary)

    def table(self, source: Form, target: Form, encoding: Encoding) -> RuleTable:
        """The table of a pair of forms."""
        key = (source, target, encoding)
        table = self._tables.get(key)
        if table is None:
            table = RuleTable(source, target, encoding, self._dictionary)
            table.scanner = self._scanner(table, encoding)
            self._tables[key] = table
        return table

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
