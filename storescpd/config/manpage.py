"""storescpd.toml(5), written from the models."""

from collections.abc import Iterator

from storescpd import __version__
from storescpd.config import roff
from storescpd.config.keys import header, top_sections
from storescpd.config.reference import default_of, explained, paragraphs
from storescpd.config.section import Section

_VALUES = (
    ("duration", 'seconds (`90`, `0.5`), or `"90 s"`, `"2 min"`, `"1 h"`, `"30 days"`'),
    ("size", 'bytes (`65536`), or `"64 KiB"`, `"1 GiB"` (1024), `"500 MB"` (1000)'),
    ("mode", 'octal, in quotes: `"0640"`'),
    ("pattern", 'as in a shell, capitals count: `"CT*"`, `"MR[12]"`'),
    ("network", 'CIDR notation, or one address: `"10.0.0.0/8"`'),
    ("credential:NAME", "a file that systemd passes with `LoadCredential=`"),
)
_DESCRIPTION = """One TOML file, by default `/etc/storescpd/storescpd.toml`. A key that is not there has its default; an
unknown key, a value of the wrong type and keys that do not go together are errors. `config_version = 1`, outside the
sections, names the version of this format. Check a change with `storescpd --check-config`;
`storescpd --dump-config` prints what is in force; `systemctl reload storescpd` takes it over."""
_EXAMPLE = """\
config_version = 1

[[listeners]]
port = 104

[association]
calling_ae_titles = ["CT*", "MR1"]

[storage]
directory = "/srv/dicom"
"""


def configuration_page() -> str:
    """The manual page of the configuration file."""
    return "\n".join([*_introduction(), *_sections(), *_end()]) + "\n"


def _introduction() -> Iterator[str]:
    yield roff.title("storescpd.toml", 5, __version__, "File formats")
    yield roff.heading("NAME")
    yield "storescpd.toml \\- configuration of the DICOM Storage SCP storescpd"
    yield roff.heading("DESCRIPTION")
    yield roff.paragraph(_DESCRIPTION)
    yield roff.paragraph("In brackets: the unit of a number, and the option of storescp that the key stands for.")
    yield roff.heading("VALUES")
    yield from (roff.item(f"`{name}`", text) for name, text in _VALUES)


def _sections() -> Iterator[str]:
    yield roff.heading("SECTIONS AND KEYS")
    for name, model in top_sections().items():
        yield roff.subheading(header(name))
        yield from map(roff.paragraph, paragraphs(model))
        yield from (_key(model, key) for key in model.model_fields)


def _key(model: type[Section], key: str) -> str:
    return roff.item(f"`{key}`", f"{explained(model, key)}. Default: {default_of(model, key)}.")


def _end() -> Iterator[str]:
    yield roff.heading("EXAMPLES")
    yield roff.verbatim(_EXAMPLE)
    yield roff.heading("SEE ALSO")
    yield "\\fBstorescpd\\fR(8)"
