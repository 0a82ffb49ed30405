"""Command lines as public scripts have them: options and interfaces alone, with harmless values and waits of a second.

In a line ``{out}`` is the output directory, ``{port}`` the port, ``{here}`` a folder with files of the script, and
``{tool}`` a program that notes what it was told.
"""

from typing import NamedTuple

OBJECTS = 3
"""What is sent to each: two objects of one study, then one of another."""
STUDIES = 2


class Exhibit(NamedTuple):
    """One line, and what its script looks at."""

    found: str
    """Whose script it is."""
    line: str
    tells: int = 0
    """So often is the tool called, or a line written by hand into its notes, while it serves."""
    waits_for: tuple[str, ...] = ()
    """Patterns of lines that the script waits for in the output."""
    says: str = ""
    """Pattern of the lines that hooks print, which are an interface too."""
    ordered: bool = False
    """The tool is called in the order of the objects."""
    here: str = ""
    """File below ``{here}`` that is to hold what it waits for, instead of the output."""


ROUTER = Exhibit(
    "a router: receiver.sh",
    'storescp --fork --promiscuous +xa -od "{out}" +uf '
    '-xcr "{tool} {out}/#f #r #a #c http://127.0.0.1:8080 KEY " {port}',
    OBJECTS,
)
WORKBENCH = Exhibit(
    "an imaging workbench: its DICOM listener",
    "storescp {port} --accept-all --output-directory {out} --exec-sync "
    "--exec-on-reception 'dcmdump --load-short +P 0008,0016 +P 0008,0018 \"{out}/#f\"'",
    says=r"\(0008,00.*",
)
SERVED = (
    ROUTER,
    WORKBENCH,
    Exhibit(
        "a router, without compression",
        'storescp --fork --promiscuous -od {out} +uf -xcr "{tool} {out}/#f #a #c" {port}',
        OBJECTS,
    ),
    Exhibit(
        "a study of children: storectl.sh",
        'storescp --fork --promiscuous --write-xfer-little --exec-on-reception "{tool} #a,#c,#r,#p,#f" '
        "--sort-on-study-uid scp --output-directory {out} {port}",
        OBJECTS,
    ),
    Exhibit(
        "a transfer station: profile and log configuration",
        "storescp -xf {here}/storescp.cfg Default --write-xfer-same --log-config {here}/logger.cfg -od {out} {port}",
        waits_for=(r"Association Received",),
        here="station.log",
    ),
    Exhibit(
        "a DICOMweb server: options behind the port, output parsed",
        "storescp -od {out} -aet SERVER --fork {port} --exec-sync --exec-on-reception 'dcmdump +P 0020,000d #p/#f'",
        says=r"\(0020,000d.*",
    ),
    Exhibit(
        "a pipeline: every option of encoding",
        "storescp -ll warn --fork +xe -pm +te -aet A -pdu 131072 -dhl -up -g -e -od {out} -su '' -uf "
        '-xcr "{tool} #a #r #p #f #c" {port}',
        OBJECTS,
    ),
    Exhibit("a course: the port first", "storescp {port} -v -aet HIPPOAI -od {out} --sort-on-study-uid st"),
    Exhibit(
        "a viewer's launcher: waits for lines",
        "storescp {port} -aet VIEWER +xe -v -od {out}",
        waits_for=(r"I: Association Received", r"I: Association Release"),
    ),
    Exhibit(
        "a wrapper that parses the log",
        "storescp -v -od {out} {port}",
        waits_for=(r"I: Association Received", r"I: storing DICOM file: {out}/CT\.", r"I: Received Store Request"),
    ),
    Exhibit("a swallowed option", "storescp -v -od {out} -su +B {port}"),
    Exhibit("study directories by several processes", "storescp -su '' --fork -od {out} {port}"),
    Exhibit(
        "nuclear medicine: by patient, a command for each study",
        "storescp -v -pm -sp -pdu 131072 +xa -aet NMPROC -tos 3 -od {out} -xcs \"{tool} #a #c '#r' #p\" {port}",
        STUDIES,
    ),
    Exhibit(
        "a listener of long options",
        "storescp {port} --aetitle LISTENER --output-directory {out} --sort-conc-studies st --eostudy-timeout 3 "
        '--exec-on-eostudy "{tool} #p" --prefer-little --verbose',
        STUDIES,
    ),
    Exhibit(
        "an index of studies: an empty prefix, a blank at the end",
        "storescp -aet DICOM_SERVER -pm -od {out} -su '' --eostudy-timeout 3 --exec-on-eostudy \"{tool} #p \" {port}",
        STUDIES,
    ),
    Exhibit(
        "treatment planning: both commands, output read",
        "storescp -xs -fe .dcm -sp -aet SRV --output-directory {out} --exec-on-reception 'echo object #f' "
        "--exec-on-eostudy 'echo study #p' --eostudy-timeout 3 {port}",
        says=r"(object|study) .*",
    ),
    Exhibit(
        "a competition: waits for the command of a study",
        "storescp -aet DOG --sort-on-study-uid MYDATA --eostudy-timeout 3 --exec-sync "
        '--exec-on-eostudy "{tool} #r #a #c #p" -od {out} -fe .dcm {port}',
        STUDIES,
    ),
    Exhibit(
        "teleradiology: level of compression, profile, quoted words",
        "storescp --fork +cl 6 -aet PRIMAL -ll error -od {out} -ss REC -xf {here}/storescp.cfg Default -fe .dcm "
        '-xcr "{tool} \\"#p REC\\" #f" {port}',
        OBJECTS,
    ),
    Exhibit(
        "a repacker: words in quotes",
        "storescp --fork -od {out} -pm -sp -xcr '{tool} --xcrdir \"#p\" --xcrfile \"#f\" --cleanup' {port}",
        OBJECTS,
    ),
    Exhibit("a test bench: a slash at the end, an extension behind the port",
            "storescp +xa +uf -xs -od {out}/ --aetitle D {port} -fe _17.dcm"),
    Exhibit(
        "a query script: many slots",
        'storescp +xa --aetitle SLOT1 -od {out} -uf {port} -v -su St --fork -xcr "{tool} out #p/#f tmp"',
        OBJECTS,
    ),
    Exhibit("a queue's own tests", "storescp +xa -od {out} {port}"),
    Exhibit(
        "a processing platform: studies by time",
        'storescp -v -aet STORESCP_TABS -fe .dcm -ss sorted -tos 3 -xcs "{tool} #p" -od {out} {port}',
        STUDIES,
    ),
    Exhibit(
        "a small archive: debug and verbose",
        'storescp -d -v --fork -ta 60 -aet ISISPACS -xcr "{tool} #f" -od {out} {port}',
        OBJECTS,
    ),
    Exhibit("who receives what is moved", "storescp -v -aet ME -od {out} -tn {port}"),
    Exhibit("options in a file", "storescp @{here}/options -od {out} {port}"),
    Exhibit("bytes as they come", "storescp +B -od {out} -fe .dcm {port}"),
    Exhibit("files renamed at the end", "storescp -ss ST -rns -tos 3 -xs -od {out} -xcs '{tool} #p' {port}", STUDIES),
    Exhibit("a quiet one", "storescp -q +xa -dhl -od {out} {port}"),
    Exhibit("one that keeps nothing", "storescp --ignore -v -od {out} {port}", waits_for=(r"I: Association Received",)),
    Exhibit(
        "one after another",
        'storescp -xs -od {out} -xcr "{tool} #f" {port}',
        OBJECTS,
        ordered=True,
    ),
)  # fmt: skip

REFUSED = (
    ("a fork of DCMTK: events of its own", "storescp --exec-on-sassoc true --exec-on-series true {port}"),
    ("a patched one: a pipe", "storescp --fork --datadir {out} --datapipe {here}/pipe {port}"),
    ("an option of another program", "storescp --port {port} -od {out}"),
    ("no port", "storescp -v -od {out}"),
    ("two ports", "storescp 104 {port} -od {out}"),
    ("a study's end with --fork", "storescp --fork -su '' -xcs true -od {out} {port}"),
    ("+B and sorting", "storescp +B -su '' -od {out} {port}"),
)
