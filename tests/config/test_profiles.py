"""Association profiles in TOML."""

import pytest

from storescpd.config import parse
from storescpd.config.negotiation_profiles import profiles
from storescpd.config.problems import dotted
from storescpd.config.rules import broken_rules

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


def profile(lists, name):
    return profiles(parse(f'[negotiation]\nprofile = "{name}"\n{lists}', "x", not_yet=()))[name]


def test_resolved():
    found = profile(LISTS, "all")
    assert found.transfer_syntaxes == {CT: (LITTLE, BIG, IMPLICIT), MR: (LITTLE, BIG, IMPLICIT)}
    assert found.roles == {CT: "both"}
    assert found.extended == {CT: b"\x01\xff"}
    bare = profile(LISTS, "bare")
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
    lists = LISTS.replace("1.2.840.10008.5.1.4.1.1.4", older)
    assert list(profile(lists, "bare").transfer_syntaxes) == [CT, uid]


# Where a profile is named, and what is wrong with the name or with what stands beside it: key, remedy.
CHOICES = [
    ('[negotiation]\nprofile = "al"', "negotiation.profile", 'did you mean "all"?'),
    ('[negotiation]\nprofile = "x"', "negotiation.profile", "write all or bare"),
    ('[[listeners]]\nprofile = "Bare"\n[[listeners]]\nname = "b"\nport = 4242\nprofile = "bar"', "listeners[1].profile",
     'did you mean "bare"?'),
    ('[negotiation]\nprofile = "all"\nprefer = "rle"', "negotiation.prefer", "remove this key or the profile"),
    ('[negotiation]\nprofile = "all"\npromiscuous = true', "negotiation.promiscuous", "remove this key or the profile"),
    ('[negotiation]\nprofile = "all"\nextra_sop_classes = ["1.2.3"]', "negotiation.extra_sop_classes",
     "remove this key or the profile"),
    ('[negotiation]\nprofile = "all"\nprofile_file = "/x"', "negotiation.profile_file", "keep one of them"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "key", "remedy"), CHOICES)
def test_the_choice_of_a_profile(problems, text, key, remedy):
    found = [(problem.key, problem.remedy) for problem in problems(text + LISTS)]
    assert (key, remedy) in found


def test_a_class_that_is_known_but_stores_nothing_is_no_extra_class(problems):
    text = '[negotiation]\nextra_sop_classes = ["1.2.3", "1.2.840.10008.5.1.4.31", "1.2.840.10008.1.1"]'
    assert [problem.key for problem in problems(text)] == [
        "negotiation.extra_sop_classes[1]",
        "negotiation.extra_sop_classes[2]",
    ]


STRANGE = LISTS.replace('"1.2.840.10008.1.2"]', '"1.2.840.113619.5.2"]')
PRESERVING = "[storage]\nbit_preserving = true\n"
CHOSEN = '[negotiation]\nprofile = "bare"\n'


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (CHOSEN, "negotiation.profile"),
        ('[[listeners]]\nprofile = "bare"\n', "listeners[0].profile"),
        ('[[peers]]\nnegotiation = { profile = "bare" }\n', "peers[0].negotiation.profile"),
        (PRESERVING + CHOSEN + "[[peers]]\nstorage = { bit_preserving = false }\n", "negotiation.profile"),
    ],
)
def test_a_transfer_syntax_that_nobody_knows_is_not_accepted(text, key, problems):
    [problem] = problems(text + STRANGE)
    assert problem.key == key
    assert "1.2.840.113619.5.2" in problem.message


@pytest.mark.parametrize(
    "text",
    [
        "",
        PRESERVING + CHOSEN,
        PRESERVING + '[[listeners]]\nprofile = "bare"\n',
        '[[peers]]\nstorage = { bit_preserving = true }\nnegotiation = { profile = "bare" }\n',
        PRESERVING + CHOSEN + "[[peers]]\naccept = false\n",
    ],
)
def test_it_is_where_objects_are_stored_as_received(text, problems):
    assert problems(text + STRANGE) == []


COMPRESSED = LISTS.replace('"1.2.840.10008.1.2"]', '"JPEGBaseline"]')
CONVERTED = "[encoding]\ntransfer_syntax = 'implicit'\n"


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        (CHOSEN, []),
        (CONVERTED + CHOSEN, ["negotiation.profile"]),
        (CONVERTED + '[[listeners]]\nprofile = "bare"\n', ["listeners[0].profile"]),
        (CONVERTED + '[[peers]]\nnegotiation = { profile = "bare" }\n', ["peers[0].negotiation.profile"]),
        (CHOSEN + "[[peers]]\nencoding = { transfer_syntax = 'implicit' }\n", ["negotiation.profile"]),
        (CHOSEN + "[[peers]]\naccept = false\n", []),
    ],
)
def test_images_that_a_profile_accepts_and_nobody_can_convert_are_worth_a_note(text, keys):
    """What has no pixel data is converted all the same, as storescp does it."""
    found = list(broken_rules(parse(text + COMPRESSED, "test.toml")))
    assert [(dotted(one.key), one.note) for one in found] == [(key, True) for key in keys]
    assert list(broken_rules(parse(text + LISTS, "test.toml"))) == []
