"""Manual pages: what man(7) needs of roff. Text may have `code` in backticks, which comes out bold."""

import re
import textwrap

_CODE = re.compile(r"``?([^`]+)``?")
WIDTH = 100


def escaped(text: str) -> str:
    """Text that roff takes as it stands."""
    return text.replace("\\", "\\e").replace("-", "\\-")


def inline(text: str) -> str:
    """A paragraph in lines, none of which is taken for a request."""
    marked = _CODE.sub(lambda found: f"\\fB{found[1]}\\fR", escaped(text))
    lines = textwrap.wrap(" ".join(marked.split()), WIDTH, break_on_hyphens=False, break_long_words=False)
    return "\n".join(f"\\&{line}" if line[:1] in {".", "'"} else line for line in lines)


def title(name: str, section: int, version: str, group: str) -> str:
    """The first lines of a page; words of commands are not to be hyphenated."""
    return f'.TH "{name.upper()}" "{section}" "" "storescpd {version}" "{group}"\n.nh\n.ad l'


def heading(text: str) -> str:
    """A section of the page."""
    return f".SH {text}"


def subheading(text: str) -> str:
    """A part of a section."""
    return f".SS {escaped(text)}"


def paragraph(text: str) -> str:
    """One paragraph."""
    return f".PP\n{inline(text)}"


def item(label: str, text: str) -> str:
    """A tagged paragraph: an option, a key, a file."""
    return f".TP\n{inline(label)}\n{inline(text)}"


def verbatim(text: str) -> str:
    """Lines as they stand, such as a file."""
    lines = (f"\\&{line}" if line[:1] in {".", "'"} else line for line in escaped(text).splitlines())
    return "\n".join([".PP", ".nf", ".RS 4", *lines, ".RE", ".fi"])
