"""The way of a data set through this package: fragments in, pieces of the re-encoded data set out."""

from collections.abc import Sequence

from storescpd.data.transfer_syntaxes import TransferSyntax
from storescpd.dataset.dictionary import Dictionary
from storescpd.dataset.encoding import Encoding
from storescpd.dataset.identity import Identity
from storescpd.dataset.inflate import Inflater
from storescpd.dataset.output import Chunk, Final, Patch
from storescpd.dataset.scanner import Scanner


class Reencoder:
    """Re-encodes one data set. Feed it what arrives, write what it returns, ask ``identity`` at any time."""

    def __init__(self, syntax: TransferSyntax, encoding: Encoding, dictionary: Dictionary) -> None:
        self._dictionary = dictionary
        self._output = encoding.output_syntax(syntax)
        self._inflater = Inflater(encoding.limits) if syntax.deflated and not syntax.encapsulated else None
        self._scanner = Scanner(syntax)
        self.identity: Identity = self._scanner.identity
        self.warnings: list[str] = []

    @property
    def output_syntax(self) -> str:
        """UID of the transfer syntax that is written."""
        return self._output.uid

    def feed(self, fragments: Sequence[memoryview]) -> list[Chunk | Patch]:
        """Pieces that can be written now. They may be views into ``fragments``: write them before the next call.

        Raises ``DataSetError`` when the data set cannot be read, ``ConversionError`` when it cannot be converted.
        """
        pieces: list[Chunk | Patch] = list(fragments)
        plain = fragments if self._inflater is None else self._inflater.inflate(fragments)
        for fragment in plain:
            self._scanner.scan(fragment)
        return pieces

    def finish(self, prefix_length: int) -> Final:  # noqa: ARG002
        """The last pieces and what remains to be done; ``prefix_length`` bytes stand in the file before the data set.

        Raises ``DataSetError`` when the data set is incomplete.
        """
        if self._inflater is not None:
            self._inflater.finish()
        self._scanner.finish()
        return Final([], None)
