"""Association profiles, in TOML and in storescp's own files."""

import pytest

from storescpd.config import ConfigError, parse
from storescpd.config.negotiation_profiles import profile
from storescpd.config.profile_file import normalised, parse_profiles, read_profile_file

CT, MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"
LITTLE, BIG, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2"

LISTS = """
[negotiation.transfer_syntaxes]
plain = ["LocalEndianExplicit", "OppositeEndianExplicit", "1.2.840.10008.1.2"]
[negotiation.presentation_contexts]
ct = [
  { sop_class = "CTImageStorage", transfer_syntaxes = "plain" },
  { sop_class = "1.2.840.10008.5.1.4.1.1.4", transfer_syntaxes = "plain" },
]
[negotiation.roles]
ct = [{ sop_class = "CTImageStorage", role = "both" }]
[negotiation.extended]
ct = [{ sop_class = "CTImageStorage", data = "01fF" }]
[negotiation.profiles]
all = { presentation_contexts = "ct", roles = "ct", extended = "ct" }
bare = { presentation_contexts = "ct" }
"""


def test_resolved():
    config = parse(LISTS, "x", not_yet=())
    found = profile(config, "all")
    assert found.transfer_syntaxes == {CT: (LITTLE, BIG, IMPLICIT), MR: (LITTLE, BIG, IMPLICIT)}
    assert found.roles == {CT: "both"}
    assert found.extended == {CT: b"\x01\xff"}
    bare = profile(config, "bare")
    assert (bare.roles, bare.extended) == ({}, {})


CONTEXTS, ROLES = "negotiation.presentation_contexts.ct", "negotiation.roles.ct"


@pytest.mark.parametrize(
    ("old", "new", "key", "remedy"),
    [
        ('"LocalEndianExplicit"', '"LocalEndianExplcit"', "negotiation.transfer_syntaxes.plain[0]",
         'did you mean "LocalEndianExplicit"?'),
        ('"LocalEndianExplicit"', '"1.2.x"', "negotiation.transfer_syntaxes.plain[0]", "write its UID"),
        ('"CTImageStorage", tra', '"CTImage", tra', CONTEXTS + "[0].sop_class", 'did you mean "CTImageStorage"?'),
        ('sop_class = "CTImageStorage", tra', "tra", CONTEXTS + "[0].sop_class", "name the SOP class, or give its UID"),
        ('1.1.4", transfer_syntaxes = "plain"', '1.1.4", transfer_syntaxes = "plane"',
         CONTEXTS + "[1].transfer_syntaxes", 'did you mean "plain"?'),
        ('1.1.4", transfer_syntaxes = "plain"', '1.1.4"', CONTEXTS + "[1].transfer_syntaxes",
         "name a list of [negotiation.transfer_syntaxes]"),
        ("1.2.840.10008.5.1.4.1.1.4", CT, CONTEXTS + "[1].sop_class", "keep one entry of it"),
        ('role = "both"', 'role = "boht"', ROLES + "[0].role", 'did you mean "both"?'),
        ('"CTImageStorage", role = "both"', '"UltrasoundImageStorage", role = "both"', "negotiation.profiles.all.roles",
         "add it there, or remove it here"),
        ('"CTImageStorage", data', '"UltrasoundImageStorage", data', "negotiation.profiles.all.extended",
         "add it there, or remove it here"),
        ('[{ sop_class = "CTImageStorage", role = "both" }]',
         '[{ sop_class = "CTImageStorage", role = "both" }, { sop_class = "CTImageStorage", role = "scu" }]',
         ROLES + "[1].sop_class", "keep one entry of it"),
        *(("01fF", data, "negotiation.extended.ct[0].data", 'write two digits a byte, such as "0101"')
          for data in ("", "1", "0 1 ", "0x01", "00" * 1024)),
        ('roles = "ct"', 'roles = "mr"', "negotiation.profiles.all.roles", "add it to [negotiation.roles]"),
        ('bare = { presentation_contexts = "ct" }', "bare = {}", "negotiation.profiles.bare.presentation_contexts",
         "name a list of [negotiation.presentation_contexts]"),
        ("[negotiation.transfer_syntaxes]", "[negotiation.transfer_syntaxes]\nempty = []",
         "negotiation.transfer_syntaxes.empty", "add an entry, or remove the list"),
    ],
)  # fmt: skip
def test_broken_lists(old, new, key, remedy, problems):
    assert LISTS.count(old) >= 1
    found = problems(LISTS.replace(old, new, 1))
    assert [(problem.key, problem.remedy) for problem in found] == [(key, remedy)]


def test_longest_data(problems):
    assert problems(LISTS.replace("01fF", "00" * 1023)) == []


@pytest.mark.parametrize(
    ("older", "uid"),
    [
        ("BasicTextSR", "1.2.840.10008.5.1.4.1.1.88.11"),
        ("PETImageStorage", "1.2.840.10008.5.1.4.1.1.128"),
        ("StandaloneVOILUTStorage", "1.2.840.10008.5.1.4.1.1.11"),
        ("RETIRED_VLMultiFrameImageStorage", "1.2.840.10008.5.1.4.1.1.77.2"),
        ("XRayFluoroscopyImageStorage", "1.2.840.10008.5.1.4.1.1.12.2"),
        ("ImplantationPlanSRDocumentStorage", "1.2.840.10008.5.1.4.1.1.88.70"),
        ("HardcopyColorImageStorage", "1.2.840.10008.5.1.1.30"),
    ],
)
def test_older_spellings(older, uid):
    config = parse(LISTS.replace("1.2.840.10008.5.1.4.1.1.4", older), "x", not_yet=())
    assert list(profile(config, "bare").transfer_syntaxes) == [CT, uid]


# --- storescp's own files (storescp facts 7.1 - 7.3) ------------------------------------------------------------------

FILE = """\
# comment
[[ transfer syntaxes ]]
[Uncompressed]
TransferSyntax1 = LocalEndianExplicit
TransferSyntax2=LittleEndianImplicit
   TRANSFER syntax 3 = this continues the line above
[[PresentationContexts]]
[Generic Storage-SCP]
  PresentationContext 1 = VerificationSOPClass\\uncompressed

PresentationContext2   = CTImageStorage\\uncom pressed
PresentationContext4   = nonsense behind a gap
[[SCPSCURoleSelection]]
[ct]
Role1 = CTImageStorage\\SCP
[[ExtendedNegotiation]]
[ct]
ExtendedNegotiation1 = CTImageStorage\\0101
[[Profiles]]
[Default]
PresentationContexts = GENERIC STORAGE-SCP
[de tail]
PresentationContexts = GenericStorage-SCP
SCPSCURoleSelection = Ct
ExtendedNegotiation = ct
UnknownKey = ignored
[[Unknown]]
[x]
y = z
"""
GOOD = FILE.replace("   TRANSFER syntax 3 = this continues the line above\n", "")


@pytest.fixture
def config(tmp_path):
    """A configuration that takes its profile from a file with the given text."""

    def write(text, name="default"):
        (tmp_path / "profiles.cfg").write_bytes(text.encode())
        return parse(f'[negotiation]\nprofile_file = "{tmp_path}/profiles.cfg"\nprofile = "{name}"', "x", not_yet=())

    return write


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_profile_files(config, ending):
    found = profile(config(GOOD.replace("\n", ending)), "De Tail")
    assert found.transfer_syntaxes == {"1.2.840.10008.1.1": (LITTLE, IMPLICIT), CT: (LITTLE, IMPLICIT)}
    assert found.roles == {CT: "scp"}
    assert found.extended == {CT: b"\x01\x01"}


def test_names_are_normalised():
    assert normalised(' "de" fa_ult-1 ') == "DEFA_ULT-1"


def wrong(text):
    with pytest.raises(ConfigError) as raised:
        parse_profiles(text, "f")
    return [(problem.line, problem.message) for problem in raised.value.problems]


def test_an_indented_line_continues_the_value():
    assert wrong(FILE) == [(5, "contains a control character")]


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("LocalEndianExplicit", "LocalEndianExplicit ", 4,
         '"LocalEndianExplicit " is not the name of a transfer syntax'),
        ("LocalEndianExplicit", "1.2.a", 4, '"1.2.a" is not the name of a transfer syntax'),
        ("CTImageStorage\\uncom", "CTImage Storage\\uncom", 10, '"CTImage Storage" is not the name of a SOP class'),
        ("VerificationSOPClass\\", "VerificationSOPClass/", 8, '"VerificationSOPClass/uncompressed" has no backslash'),
        ("uncom pressed", "compressed", 10, 'there is no list "COMPRESSED" in [negotiation.transfer_syntaxes]'),
        ("\\SCP", "\\SPC", 14, '"spc" is not known here'),
        ("\\0101", "\\010", 17, "is not 1 to 1023 bytes in hexadecimal"),
        ("= GENERIC STORAGE-SCP", "= other", 20, 'there is no list "OTHER" in [negotiation.presentation_contexts]'),
        ("PresentationContexts = GENERIC STORAGE-SCP\n", "", 19, "is missing"),
        ("[de tail]", "[DEFAULT]", 21, "there are two profiles DEFAULT"),
        ("Role1 = CTImageStorage", "Role1 = MRImageStorage", 23,
         'names MRImageStorage, which is not in presentation_contexts "GENERICSTORAGE-SCP"'),
        ("[[Profiles]]", "[[Profile]]", 1, "there is no section [[PROFILES]]"),
    ],
)  # fmt: skip
def test_broken_profile_files(old, new, line, message):
    assert GOOD.count(old) >= 1
    assert (line, message) in wrong(GOOD.replace(old, new, 1))


def test_a_class_named_twice_matters_only_in_the_chosen_profile(config, problems):
    text = GOOD + "\n[[PresentationContexts]]\n[no]\n"
    twice = (
        GOOD.replace("VerificationSOPClass", "CTImageStorage")
        .replace("[[SCPSCU", "[one]\nPresentationContext1 = CTImageStorage\\uncompressed\n[[SCPSCU")
        .replace("[Default]\nPresentationContexts = GENERIC STORAGE-SCP", "[Default]\nPresentationContexts = one")
    )
    assert list(profile(config(twice), "default").transfer_syntaxes) == [CT]
    with pytest.raises(ConfigError, match=f"names {CT} twice"):
        profile(config(twice), "detail")
    assert profile(config(text), "default")


def test_sections_with_one_name_are_one_list():
    text = GOOD.replace(
        "[[SCPSCU", "[generic storage-scp]\nPresentationContext1 = MRImageStorage\\uncompressed\n[[SCPSCU"
    )
    contexts = parse_profiles(text, "f").presentation_contexts["GENERICSTORAGE-SCP"]
    assert [context.sop_class for context in contexts] == ["VerificationSOPClass", "CTImageStorage", "MRImageStorage"]


def test_the_first_of_two_keys_wins():
    text = GOOD.replace("TransferSyntax2", "TransferSyntax1 = BigEndianExplicit\nTransferSyntax2")
    assert parse_profiles(text, "f").transfer_syntaxes["UNCOMPRESSED"][0] == "LocalEndianExplicit"


def test_a_profile_that_is_not_there(config):
    with pytest.raises(ConfigError, match="there is no profile OTHER"):
        profile(config(GOOD), "other")


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_profile_file(tmp_path / "x")
