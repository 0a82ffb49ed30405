"""[encoding]: how stored data sets are written. Not with storage.bit_preserving."""

from typing import Literal

from storescpd.config.section import Section, setting
from storescpd.config.texts import RequiredPath, Several


class Padding(Section):
    """Data set trailing padding."""

    file: int = setting(0, "files are padded to a multiple of this; 0: not", unit="bytes", ge=0, le=2**31 - 1)
    item: int = setting(0, "items are padded to a multiple of this; 0: not", unit="bytes", ge=0, le=2**31 - 1)


class Encoding(Section):
    """How data sets are written. Not with storage.bit_preserving."""

    transfer_syntax: Literal["same", "explicit-little", "explicit-big", "implicit", "deflated"] = setting(
        "same", "transfer syntax of stored files; same: as received", option="+t= +te +tb +ti +td"
    )
    new_vr: bool = setting(default=True, text="write the value representations UN, UT and newer ones", option="+u, -u")
    group_length: Literal["recalculate", "create", "remove"] = setting(
        "recalculate", "group length elements: correct those that are there, write all, or none", option="+g= +g -g"
    )
    sequence_length: Literal["explicit", "undefined"] = setting(
        "explicit", "length of sequences and items", option="+e, -e"
    )
    padding: Padding = setting(
        Padding.standard(),
        'data set trailing padding; not with storage.format = "dataset"',
        unit="bytes",
        option="+p, -p",
        shown="{ file = 0, item = 0 }",
    )
    convert_un: bool = setting(default=False, text="give elements of VR UN the VR of the dictionary", option="+uc, -uc")
    compression_level: int = setting(
        6, "zlib level of deflated data sets; 0 stores, 9 is smallest", option="+cl", ge=0, le=9
    )
    dictionaries: Several[RequiredPath] = setting(
        (), "data dictionaries in dicom.dic format, on top of the built-in one", option="DCMDICTPATH"
    )
