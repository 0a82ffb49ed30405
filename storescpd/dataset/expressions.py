"""Pieces of a data set as regular expressions: literal but for the spans that decide nothing."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from storescpd.dataset.forms import Form
from storescpd.dataset.patterns import Pattern
from storescpd.dataset.vr import Kind

VARIATION = 4
"""Bytes that a value may be longer or shorter: image 9 and image 10, one digit more before the point."""
_LONGEST = 64 * 1024
"""Bytes of an expression; a structure that needs more is none that saves time."""


@dataclass(frozen=True, slots=True)
class Span:
    """Input of which no byte decides anything but those at its end; it is written as it is."""

    start: int
    end: int
    shift: int
    """To be added for the offset in the output."""
    tag: int
    kind: Kind
    field: int = 0
    """Bytes of the length field before it that vary with it; 0: its length is what it is."""
    identifies: bool = False


@dataclass(frozen=True, slots=True)
class _Run:
    """Input that is written as it is, from the first of some spans to the end of the last."""

    start: int
    end: int
    shift: int
    spans: tuple[Span, ...]


def pattern(read: bytes, written: bytes, spans: Sequence[Span], form: Form) -> Pattern | None:
    """The pattern of what was read and written; ``None`` where it would be too large."""
    runs = [_Run(0, len(read), 0, tuple(spans))] if read == written else list(_runs(read, written, spans))
    parts: list[bytes] = []
    pieces: list[bytes | int] = []
    identity: list[tuple[int, int, int]] = []
    groups = at = out = 0
    for run in runs:
        groups += 1
        parts += (re.escape(read[at : run.start]), b"(")
        pieces += (written[out : run.start + run.shift], groups)
        at = run.start
        for span in run.spans:
            start = span.start - span.field
            value = _varying(span, form) if span.field else _value(span.kind, span.end - span.start)
            if span.identifies:
                groups += 1
                identity.append((span.tag, groups, span.field))
                value = b"(" + value + b")"
            parts += (re.escape(read[at:start]), value)
            at = span.end
        parts += (re.escape(read[at : run.end]), b")")
        at, out = run.end, run.end + run.shift
    parts.append(re.escape(read[at:]))
    pieces.append(written[out:])
    expression = b"".join(parts)
    if len(expression) > _LONGEST:
        return None
    unchanged = read == written
    kept = () if unchanged else tuple(piece for piece in pieces if piece != b"")
    return Pattern(re.compile(expression, re.DOTALL).match, kept, identity=tuple(identity))


def _runs(read: bytes, written: bytes, spans: Sequence[Span]) -> Iterator[_Run]:
    """Spans together with what stands between them, as long as that is written as it was read."""
    taken: list[Span] = []
    for span in spans:
        if taken and not _joined(read, written, taken[-1], span):
            yield _run(taken)
            taken = []
        taken.append(span)
    if taken:
        yield _run(taken)


def _joined(read: bytes, written: bytes, before: Span, span: Span) -> bool:
    start, end, shift = before.end, span.start, span.shift
    return before.shift == shift and read[start:end] == written[start + shift : end + shift]


def _run(spans: list[Span]) -> _Run:
    return _Run(spans[0].start - spans[0].field, spans[-1].end, spans[0].shift, tuple(spans))


def _value(kind: Kind, length: int) -> bytes:
    """Values of one length that are written as they are (storescp facts 6.1); less is no harm, more would be."""
    if not length:
        return b""
    if kind is Kind.UID:
        return b"[0-9.]{%d}[0-9.\\x00]" % (length - 1)
    if kind is Kind.TEXT:
        return b".{%d}(?!  ).." % (length - 2)
    return b".{%d}" % length


def _varying(span: Span, form: Form) -> bytes:
    """The same with its length field; the length that it had first."""
    length = span.end - span.start
    lengths = sorted(range(max(length - VARIATION, 0), length + VARIATION + 1, 2), key=lambda one: abs(one - length))
    field = form.short if span.field == form.short.size else form.long
    return b"(?:" + b"|".join([re.escape(field.pack(one)) + _value(span.kind, one) for one in lengths]) + b")"
