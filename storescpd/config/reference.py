"""The shipped files and the reference manual, written from the models: ``python -m storescpd.config.reference``."""

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args, get_origin

from storescpd.config.keys import ARRAYS, header, sections_in, top_sections
from storescpd.config.section import About, Section, about
from storescpd.config.shipped_profiles import profile_file, profile_tables_file
from storescpd.config.toml_values import plain, toml_value
from storescpd.config.unavailable import NOT_YET

WIDTH = 120

SPOOL = "/var/lib/storescpd"
"""The state directory of the service unit: the working directory of a service means nothing."""

_HEAD = """\
# storescpd.toml: the configuration of storescpd. Every key is here, commented out, with its default.
# Check a change with: storescpd --check-config        See what is in force with: storescpd --dump-config
# Durations are seconds, or "90 s", "2 min", "1 h", "30 days". Sizes are bytes, or "64 KiB", "500 MB", "1 GiB".
# Modes are octal and in quotes. Unknown keys are errors. In [brackets]: the unit, and the option of storescp.

# version of this format
config_version = 1
"""

_INTRODUCTION = """\
# Configuration

One TOML file, by default `/etc/storescpd/storescpd.toml`. A key that is not there has its default; an unknown key, a
value of the wrong type and keys that do not go together are errors, all of them told in one run with line and column.
`config_version = 1`, outside the sections, names the version of this format.

    storescpd --check-config    # what is wrong with the file, and with this machine: directories, files, ports
    storescpd --dump-config     # the configuration in force, as TOML; passwords are shown

| value | how it is written |
| --- | --- |
| duration | seconds (`90`, `0.5`), or `"90 s"`, `"2 min"`, `"1 h"`, `"30 days"` |
| size | bytes (`65536`), or `"64 KiB"`, `"1 GiB"` (1024), `"500 MB"` (1000) |
| mode | octal, in quotes: `"0640"` |
| pattern | as in a shell, capitals count: `"CT*"`, `"MR[12]"` |
| network | CIDR notation, or one address: `"10.0.0.0/8"`, `"fd00::/8"` |
| `credential:NAME` | a file that systemd passes with `LoadCredential=` |

Relative paths count from the working directory; a service cannot have them. In the tables, *option* is what the key
was on storescp's command line.

A connection is checked in this order: PROXY address (from trusted proxies), deny, allow, TCP wrappers, TLS, called
title, calling titles, peers. Reserved for later: `[audit]`, `[status]`, `include`, `naming.layout`.
"""


def shipped_file() -> str:
    """``etc/storescpd.toml``: every key as a comment, so that it is valid and changes nothing."""
    return "\n".join([_HEAD, *("\n".join(_shipped_section(name, model)) for name, model in top_sections().items())])


def manual() -> str:
    """``docs/configuration.md``."""
    introduction = [_INTRODUCTION]
    if NOT_YET:
        keys = ", ".join(f"`{key}`" for key in NOT_YET)
        introduction.append(f"These are checked, but not available yet, and make the start fail: {keys}.\n")
    return "\n".join([*introduction, *("\n".join(_manual_section(name, one)) for name, one in top_sections().items())])


def _shipped_section(name: str, model: type[Section]) -> Iterator[str]:
    for paragraph in paragraphs(model):
        yield from _comment(paragraph.replace("``", ""))
    yield f"#{header(name)}" if name in ARRAYS else header(name)
    tables = [key for key in model.model_fields if _is_open_table(model, key)]
    for key in (key for key in model.model_fields if key not in tables):
        yield from _comment(explained(model, key))
        yield f"#{key} = {_shown(model, key)}"
    for key in tables:
        yield from ("", *_comment(explained(model, key)), f"#[{name}.{key}]", f"#{about(model, key).shown}")
    yield ""


def packaged_file() -> str:
    """``debian/storescpd.toml``: the shipped file but for what a service has to say.

    Raises:
        LookupError: the spool's key is not in the shipped file as it was.
    """
    text = shipped_file()
    default = '#directory = "."\n'
    if text.count(default) != 1:
        raise LookupError(f"{default!r} stands {text.count(default)} times in the shipped file")
    return text.replace(default, f'directory = "{SPOOL}"\n')


def _is_open_table(model: type[Section], key: str) -> bool:
    """Whether users name the keys in it."""
    return get_origin(model.model_fields[key].annotation) is dict


def explained(model: type[Section], key: str) -> str:
    """The help of a key with its words, and its unit and option in brackets."""
    told = about(model, key)
    words = _words(model, key)
    listed = f"; {' | '.join(words)}" if words and not all(word in told.help for word in words) else ""
    brackets = f" [{_brackets(told)}]" if told.unit or told.option else ""
    return told.help + listed + brackets


def _brackets(told: About) -> str:
    return "; ".join(part for part in (told.unit, told.option) if part)


def _words(model: type[Section], key: str) -> list[str]:
    """The words that a key may have."""
    annotation = model.model_fields[key].annotation
    return [str(word) or '""' for word in get_args(annotation)] if get_origin(annotation) is Literal else []


def _shown(model: type[Section], key: str) -> str:
    told = about(model, key)
    return told.shown or toml_value(plain(model)[key])


def paragraphs(model: type[Section]) -> list[str]:
    """What a section says of itself."""
    return [" ".join(paragraph.split()) for paragraph in (model.__doc__ or "").split("\n\n") if paragraph.strip()]


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="# ", subsequent_indent="#   ", break_on_hyphens=False)


def _manual_section(name: str, model: type[Section]) -> Iterator[str]:
    yield f"## {header(name)}\n"
    for paragraph in paragraphs(model):
        yield f"{_escaped(paragraph)}\n"
    yield "| key | default | unit | option | meaning |"
    yield "| --- | --- | --- | --- | --- |"
    yield from _rows(model, "", inner=name != "peers")
    yield ""


def _rows(model: type[Section], prefix: str, *, inner: bool = True) -> Iterator[str]:
    for key in model.model_fields:
        told = about(model, key)
        default = default_of(model, key)
        words = ", ".join(f"`{word}`" for word in _words(model, key))
        meaning = _escaped(told.help) + (f". One of {words}" if words else "")
        cells = (f"`{prefix}{key}`", default, told.unit, _escaped(told.option), meaning)
        yield f"| {' | '.join(cells)} |"
        sections = sections_in(model.model_fields[key].annotation) if inner else []
        for section in sections:
            yield from _rows(section, f"{prefix}{key}." + ("*." if _is_open_table(model, key) else ""))


def default_of(model: type[Section], key: str) -> str:
    """The default of a key as TOML in backticks; an example where there is none."""
    told = about(model, key)
    if _is_open_table(model, key):
        return f"none, such as `{told.shown}`"
    return f"none, such as `{told.shown}`" if told.example else f"`{_shown(model, key)}`"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*").replace("<", "\\<")


def generated_files() -> dict[str, str]:
    """What is written from models and tables, by its path in the source tree."""
    return {
        "etc/storescpd.toml": shipped_file(),
        "etc/profiles.cfg": profile_file(),
        "etc/profiles.toml": profile_tables_file(),
        "docs/configuration.md": manual(),
        "debian/storescpd.toml": packaged_file(),
    }


def main() -> None:
    """Write them into the source tree."""
    root = Path(__file__).parents[2]
    for name, text in generated_files().items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
