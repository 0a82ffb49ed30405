"""[naming]: names of files and of study directories."""

from typing import Literal

from storescpd.config.section import Section, setting
from storescpd.config.texts import NamePart


class Naming(Section):
    """Names of files and of study directories."""

    filenames: Literal["default", "unique", "time"] = setting(
        "default", "default: modality and instance UID; unique: a new UID; time: date and time", option="-uf +uf -tn"
    )
    extension: NamePart = setting("", "put after each file name; no dot is added", option="-fe")
    sort: Literal["none", "study", "study-uid", "patient-name"] = setting(
        "none", "one directory a study, named by time, study UID or patient's name", option="-ss -su -sp"
    )
    prefix: NamePart = setting(
        "", "put before the names of study directories; for sort = study and study-uid", option="-ss P, -su P"
    )
