"""Options of what is written, and of what happens then."""

from storescpd.cli.storescp.option import (
    Argument,
    Era,
    Forbids,
    Kind,
    Needs,
    Option,
    Section,
    Sets,
    Situation,
    Value,
)
from storescpd.cli.storescp.table_network import COMPRESSED
from storescpd.cli.storescp.values import (
    command,
    directory,
    dotted,
    fixed,
    integer,
    quiet_time,
    text,
    unless_bit_preserving,
)

_OUTPUT = "output options"
_NOT_BITS = (Forbids(("--bit-preserving",)),)
_BITS = "not with --bit-preserving"
_SORTED = Needs(("--sort-conc-studies", "--sort-on-study-uid", "--sort-on-patientname"))


def _switch(
    long: str, short: str, what: str, group: str, sets: Sets, *, default: bool = False, refused: bool = True
) -> Option:
    checks = _NOT_BITS if refused else ()
    return Option(long, short, what, group=group, default=default, checks=checks, sets=(sets,))


def _write(long: str, short: str, what: str, word: str) -> Option:
    return Option(
        long,
        short,
        what,
        group="write",
        checks=(*_NOT_BITS, *(Forbids((name,)) for name in COMPRESSED)),
        sets=(fixed("encoding.transfer_syntax", word),),
    )


def _scope(line: Situation, _: tuple[str, ...]) -> Value | None:
    # A child of --fork knows nothing but its association.
    return "association" if line.has("--fork") else "daemon"


def _no_timer(line: Situation, _: tuple[str, ...]) -> Value | None:
    return None if line.has("--fork") else 0


def _sorts(word: str, *, prefixed: bool) -> tuple[Sets, ...]:
    prefix = (text("naming.prefix"),) if prefixed else ()
    return (
        fixed("naming.sort", word),
        *prefix,
        Sets(dotted("studies.scope"), _scope, '"daemon"; with --fork "association"'),
        Sets(dotted("studies.end_of_study_timeout"), _no_timer, "0; with --fork 60"),
    )


_STUDIES = "with --fork all associations know of a study: its objects go to one directory, whoever sends them"
_PREFIX = "a prefix with a slash is refused"

DIRECTORY = Section(
    "general",
    (
        Option(
            "--output-directory",
            "-od",
            "existing directory for what is received",
            (Argument("DIRECTORY", Kind.PATH),),
            sets=(directory("storage.directory"),),
            initial=".",
        ),
    ),
    _OUTPUT,
)

BITS = Section(
    "bit preserving mode",
    (
        _switch(
            "--normal",
            "-B",
            "data sets are read and written anew",
            "bits",
            fixed("storage.bit_preserving", value=False),
            default=True,
            refused=False,
        ),
        _switch(
            "--bit-preserving",
            "+B",
            "data sets are written as they come",
            "bits",
            fixed("storage.bit_preserving", value=True),
            refused=False,
        ),
    ),
    _OUTPUT,
)

FORMAT = Section(
    "format of files",
    (
        _switch(
            "--write-file",
            "+F",
            "files with a meta header",
            "format of files",
            fixed("storage.format", "file"),
            default=True,
            refused=False,
        ),
        _switch(
            "--write-dataset",
            "-F",
            "the data set alone",
            "format of files",
            fixed("storage.format", "dataset"),
            refused=False,
        ),
    ),
    _OUTPUT,
)

SYNTAX = Section(
    "transfer syntax of files",
    (
        Option(
            "--write-xfer-same",
            "+t=",
            "as received",
            group="write",
            default=True,
            sets=(fixed("encoding.transfer_syntax", "same"),),
        ),
        _write("--write-xfer-little", "+te", "explicit VR little endian", "explicit-little"),
        _write("--write-xfer-big", "+tb", "explicit VR big endian", "explicit-big"),
        _write("--write-xfer-implicit", "+ti", "implicit VR little endian", "implicit"),
        _write("--write-xfer-deflated", "+td", "deflated explicit VR little endian", "deflated"),
    ),
    _OUTPUT,
    "not with --bit-preserving, nor where compressed ones are taken first",
)

NEW_VR = Section(
    "newer value representations",
    (
        _switch(
            "--enable-new-vr",
            "+u",
            "write UN, UT and newer ones",
            "new vr",
            fixed("encoding.new_vr", value=True),
            default=True,
        ),
        _switch("--disable-new-vr", "-u", "write OB instead", "new vr", fixed("encoding.new_vr", value=False)),
    ),
    _OUTPUT,
    _BITS,
)

GROUP_LENGTH = Section(
    "group lengths",
    (
        _switch(
            "--group-length-recalc",
            "+g=",
            "correct those that are there",
            "group length",
            fixed("encoding.group_length", "recalculate"),
            default=True,
        ),
        _switch("--group-length-create", "+g", "write all", "group length", fixed("encoding.group_length", "create")),
        _switch("--group-length-remove", "-g", "write none", "group length", fixed("encoding.group_length", "remove")),
    ),
    _OUTPUT,
    _BITS,
)

SEQUENCE_LENGTH = Section(
    "lengths of sequences and items",
    (
        _switch(
            "--length-explicit",
            "+e",
            "explicit",
            "sequence length",
            fixed("encoding.sequence_length", "explicit"),
            default=True,
        ),
        _switch(
            "--length-undefined", "-e", "undefined", "sequence length", fixed("encoding.sequence_length", "undefined")
        ),
    ),
    _OUTPUT,
    _BITS,
)

LARGEST_PAD = 2**31 - 1
"""Bytes; also the configuration's limit."""

PADDING = Section(
    "padding",
    (
        Option("--padding-off", "-p", "none", group="padding", default=True),
        Option(
            "--padding-create",
            "+p",
            "files to a multiple of FILE bytes, items to one of ITEM",
            (
                Argument("FILE", Kind.UNSIGNED, most=LARGEST_PAD),
                Argument("ITEM", Kind.UNSIGNED, most=LARGEST_PAD),
            ),
            group="padding",
            checks=(Forbids(("--write-dataset",)), *_NOT_BITS),
            sets=(integer("encoding.padding.file"), integer("encoding.padding.item", 1)),
        ),
    ),
    _OUTPUT,
    "not with --write-dataset or --bit-preserving",
)

UNKNOWN = Section(
    "elements of VR UN with a defined length",
    (
        Option("--retain-un", "-uc", "stay UN", group="un", default=True, era=Era.NEWER),
        Option(
            "--convert-un",
            "+uc",
            "get the VR that the dictionary has",
            group="un",
            era=Era.NEWER,
            sets=(unless_bit_preserving("encoding.convert_un", fixed("encoding.convert_un", value=True)),),
        ),
    ),
    _OUTPUT,
)

DEFLATE = Section(
    "compression of deflated files",
    (
        Option(
            "--compression-level",
            "+cl",
            "from 0 (none) to 9 (smallest)",
            (Argument("LEVEL", Kind.UNSIGNED, 0, 9),),
            checks=(Needs(("--write-xfer-deflated", "--write-xfer-same")),),
            sets=(unless_bit_preserving("encoding.compression_level", integer("encoding.compression_level")),),
            initial="6",
        ),
    ),
    _OUTPUT,
    "only with --write-xfer-deflated or --write-xfer-same",
)

SORTING = Section(
    "a directory for each study",
    (
        Option(
            "--sort-conc-studies",
            "-ss",
            "named by PREFIX, date and time",
            (Argument("PREFIX"),),
            group="sort",
            checks=_NOT_BITS,
            sets=_sorts("study", prefixed=True),
            forked=_STUDIES,
            refuses=_PREFIX,
        ),
        Option(
            "--sort-on-study-uid",
            "-su",
            "named by PREFIX and Study Instance UID",
            (Argument("PREFIX"),),
            group="sort",
            era=Era.NEWER,
            checks=_NOT_BITS,
            sets=_sorts("study-uid", prefixed=True),
            forked=_STUDIES,
            refuses=_PREFIX,
        ),
        Option(
            "--sort-on-patientname",
            "-sp",
            "named by patient, date and time",
            group="sort",
            era=Era.NEWER,
            checks=_NOT_BITS,
            sets=_sorts("patient-name", prefixed=False),
            forked=_STUDIES,
        ),
    ),
    _OUTPUT,
    _BITS,
)

NAMES = Section(
    "names of files",
    (
        Option(
            "--default-filenames",
            "-uf",
            "by modality and instance UID",
            group="names",
            default=True,
            sets=(fixed("naming.filenames", "default"),),
        ),
        Option(
            "--unique-filenames",
            "+uf",
            "by modality and a new UID",
            group="names",
            sets=(fixed("naming.filenames", "unique"),),
        ),
        Option(
            "--timenames",
            "-tn",
            "by date and time",
            checks=(Forbids(("--unique-filenames",)),),
            sets=(fixed("naming.filenames", "time"),),
        ),
        Option(
            "--filename-extension",
            "-fe",
            "put this behind every name",
            (Argument("EXTENSION"),),
            sets=(text("naming.extension"),),
            refuses="an extension with a slash is refused",
        ),
    ),
    _OUTPUT,
)

_OUTLIVES = (Forbids(("--fork",)), Forbids(("--inetd",)), _SORTED)

EVENTS = Section(
    "event options",
    (
        Option(
            "--exec-on-reception",
            "-xcr",
            "run a command for each object",
            (Argument("COMMAND"),),
            sets=(command("hooks.on_reception"),),
            changes="values from peers have no characters that mean something to a shell; the objects of one study "
            "have their commands one after another",
        ),
        Option(
            "--exec-on-eostudy",
            "-xcs",
            "run a command for each complete study",
            (Argument("COMMAND"),),
            checks=_OUTLIVES,
            sets=(command("hooks.on_end_of_study"),),
            changes="#a, #c and #r name the sender of that study; it is also run for studies that were open when the "
            "program was stopped",
        ),
        Option(
            "--rename-on-eostudy",
            "-rns",
            "rename the files of a complete study",
            checks=_OUTLIVES,
            sets=(fixed("studies.rename", value=True),),
            changes="numbers go on where files are there already",
        ),
        Option(
            "--eostudy-timeout",
            "-tos",
            "a study is complete when nothing comes for so long",
            (Argument("SECONDS", Kind.SIGNED, 0),),
            checks=(Needs((*_SORTED.names, "--exec-on-eostudy", "--rename-on-eostudy")),),
            sets=(
                Sets(dotted("studies.end_of_study_timeout"), quiet_time, "SECONDS; 0.001 for 0"),
                fixed("association.idle_timeout", 0),
            ),
        ),
        Option(
            "--exec-sync",
            "-xs",
            "wait for each command",
            sets=(fixed("hooks.synchronous", value=True),),
        ),
    ),
)
