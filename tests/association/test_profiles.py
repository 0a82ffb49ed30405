"""Negotiation with a profile, and what is accepted without one, as storescp (storescp facts 4.2 - 4.4, 7.4, 7.6)."""

import random
import subprocess

import pytest

from storescpd.association import Profile, Role, RoleProblem
from storescpd.config.shipped_profiles import contexts, profile_file, transfer_syntaxes
from storescpd.data.preferences import preferences
from storescpd.data.sop_classes import SOP_CLASSES, VERIFICATION
from tests.support.negotiating import (
    BIG,
    IMPLICIT,
    LITTLE,
    answered,
    extended_item,
    negotiated,
    policy_of_profile,
    policy_of_text,
    random_request,
    results,
    role_item,
    sub_items,
)
from tests.support.rawclient import associate_request
from tests.support.reference import storescp
from tests.support.tools import need

CT, MR, US = (f"1.2.840.10008.5.1.4.1.1.{suffix}" for suffix in ("2", "4", "6.1"))
SETS = 40
"""Random sets of proposals for each configuration."""

HAND_MADE = {
    "plain": """\
[[TransferSyntaxes]]
[little]
TransferSyntax1=LittleEndianImplicit
TransferSyntax2=LittleEndianExplicit
[big]
TransferSyntax1=OppositeEndianExplicit
[[PresentationContexts]]
[all]
PresentationContext1=CTImageStorage\\little
PresentationContext2=MRImageStorage\\big
[[Profiles]]
[P]
PresentationContexts=all
""",
    "roles and extended negotiation": """\
[[TransferSyntaxes]]
[many]
TransferSyntax1=JPEGLossless:Non-hierarchical-1stOrderPrediction
TransferSyntax2=LocalEndianExplicit
TransferSyntax3=1.2.3.4
TransferSyntax4=LittleEndianImplicit
[one]
TransferSyntax1=1.2.3.4
[[PresentationContexts]]
[all]
PresentationContext1=VerificationSOPClass\\many
PresentationContext2=CTImageStorage\\many
PresentationContext3=MRImageStorage\\many
PresentationContext4=UltrasoundImageStorage\\many
PresentationContext5=1.2.3.4\\one
[[SCPSCURoleSelection]]
[roles]
Role1=CTImageStorage\\SCP
Role2=MRImageStorage\\Both
Role3=UltrasoundImageStorage\\scu
Role4=1.2.3.4\\BOTH
[[ExtendedNegotiation]]
[extended]
ExtendedNegotiation1=UltrasoundImageStorage\\00ff
ExtendedNegotiation2=VerificationSOPClass\\01
ExtendedNegotiation3=CTImageStorage\\0A0b0C
[[Profiles]]
[P]
PresentationContexts=all
SCPSCURoleSelection=roles
ExtendedNegotiation=extended
""",
    "one class": """\
[[Profiles]]
[P]
PresentationContexts=all
SCPSCURoleSelection=roles
[[SCPSCURoleSelection]]
[roles]
Role1=CTImageStorage\\SCU
[[PresentationContexts]]
[all]
PresentationContext1=CTImageStorage\\many
[[TransferSyntaxes]]
[many]
TransferSyntax1=DeflatedLittleEndianExplicit
TransferSyntax2=BigEndianExplicit
""",
}
FEW = (VERIFICATION, CT, MR, US, "1.2.3.4", "1.2.840.10008.5.1.4.1.1.7")
SOME = (LITTLE, BIG, IMPLICIT, "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.1.99", "1.2.3.4")


@pytest.fixture(autouse=True)
def _reference():
    need("storescp")


def agree(port, made, requests):
    """Every item of every answer: ids, results, transfer syntaxes, 54H, 56H and what else there is, in their order."""
    accepted = 0
    for request in requests:
        theirs = answered(port, request)
        assert negotiated(made, request).items == theirs, request.hex()
        accepted += sum(result == 0 for result, _ in results(theirs).values())
    assert accepted > SETS // 4, "hardly anything was accepted: the proposals show nothing"


# --- profiles ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HAND_MADE)
def test_a_profile_file_negotiates_as_in_storescp(tmp_path, name):
    path = tmp_path / "profiles.cfg"
    path.write_text(HAND_MADE[name])
    rng = random.Random(name)
    with storescp(tmp_path / "out", "-xf", str(path), "p") as receiver:
        agree(receiver.port, policy_of_profile(path, "p"), [random_request(rng, FEW, SOME) for _ in range(SETS)] * 2)


@pytest.mark.parametrize("name", ["Default", "AllDICOM"])
def test_the_file_of_dcmtk_negotiates_as_in_storescp(tmp_path, name):
    path = tmp_path.joinpath("/etc/dcmtk/storescp.cfg")
    need(str(path))
    rng = random.Random(name)
    with storescp(tmp_path / "out", "-xf", str(path), name) as receiver:
        agree(receiver.port, policy_of_profile(path, name), [random_request(rng) for _ in range(SETS)])


def known_to_storescp(tmp_path, lists, write):
    """The lists without the names that this version of storescp refuses, which it tells one at a time."""
    path = tmp_path / "probe.cfg"
    dropped = set()
    while True:
        left = {name: [one for one in entries if one not in dropped] for name, entries in lists.items()}
        path.write_text(write(left))
        said = subprocess.run(
            ["storescp", "-xf", str(path), "no such profile", "1"], capture_output=True, text=True, check=False
        ).stderr
        if "not a valid" not in said:
            assert "unknown configuration profile name" in said
            return left
        name = said.strip().rpartition(": ")[2]
        wrong = {one for entries in lists.values() for one in entries if name in (one, one[0])}
        assert wrong - dropped, said
        dropped |= wrong


@pytest.mark.parametrize(("profile", "known", "all_names"), [("Default", 185, 212), ("AllDICOM", 150, 180)])
def test_the_shipped_profiles_negotiate_as_in_storescp(tmp_path, profile, known, all_names):
    one = {name: [("1.2", "Uncompressed")] for name in contexts()}
    syntaxes = known_to_storescp(tmp_path, transfer_syntaxes(), lambda left: profile_file(left, one))
    classes = known_to_storescp(
        tmp_path, {name: rows[:128] for name, rows in contexts().items()}, lambda left: profile_file(syntaxes, left)
    )
    rest = known_to_storescp(
        tmp_path, {name: rows[128:] for name, rows in contexts().items()}, lambda left: profile_file(syntaxes, left)
    )
    rng = random.Random(profile)
    path = tmp_path / "shipped.cfg"
    # storescp 3.6.7 takes 128 classes in one list.
    for part in (classes, rest):
        path.write_text(profile_file(syntaxes, part))
        with storescp(tmp_path / "out", "-xf", str(path), profile) as receiver:
            agree(receiver.port, policy_of_profile(path, profile), [random_request(rng) for _ in range(SETS)])
    name = {"Default": "GenericStorageSCP", "AllDICOM": "AllDICOMStorageSCP"}[profile]
    assert known < len(classes[name]) + len(rest[name]) < all_names == len(contexts()[name])


# Configured, proposed (None: no item), result, answered roles, warning: storescp facts 7.6, row by row.
ROLE_ROWS = [
    ("SCP", None, 2, None, RoleProblem.DEFAULT_REFUSED),
    ("SCP", (1, 0), 0, (0, 0), RoleProblem.NONE_LEFT),
    ("SCP", (0, 1), 0, (0, 1), None),
    ("SCP", (1, 1), 0, (0, 1), None),
    ("SCP", (0, 0), 0, (0, 1), RoleProblem.NONE_PROPOSED),
    ("SCU", (1, 0), 0, (1, 0), None),
    ("SCU", (1, 1), 0, (1, 0), None),
    ("SCU", (0, 0), 0, (1, 0), RoleProblem.NONE_PROPOSED),
    ("SCU", (0, 1), 0, (0, 0), RoleProblem.NONE_LEFT),
    ("SCU", None, 0, None, None),
    ("BOTH", (1, 0), 0, (1, 0), None),
    ("BOTH", (0, 1), 0, (0, 1), None),
    ("BOTH", (1, 1), 0, (1, 1), None),
    ("BOTH", (0, 0), 0, (1, 1), RoleProblem.NONE_PROPOSED),
    ("BOTH", None, 0, None, None),
    (None, (0, 1), 0, None, None),
    (None, (1, 1), 0, None, None),
    (None, None, 0, None, None),
]


@pytest.mark.parametrize("configured", ["SCP", "SCU", "BOTH", None])
def test_roles(tmp_path, configured):
    path = tmp_path / "roles.cfg"
    text = HAND_MADE["one class"]
    without = text.replace("SCPSCURoleSelection=roles\n", "")
    path.write_text(text.replace("\\SCU", f"\\{configured}") if configured else without)
    made = policy_of_profile(path, "p")
    with storescp(tmp_path / "out", "-xf", str(path), "p") as receiver:
        for _, proposed, result, roles, problem in (row for row in ROLE_ROWS if row[0] == configured):
            extra = role_item(CT, *proposed) if proposed else b""
            request = associate_request([(1, CT, [BIG])], extra=extra)
            theirs = answered(receiver.port, request)
            ours = negotiated(made, request)
            assert ours.items == theirs
            assert results(theirs)[1] == (result, IMPLICIT if result else BIG)
            assert [value[-2:] for value in sub_items(theirs, 0x54)] == ([bytes(roles)] if roles else [])
            assert [(warning.sop_class, warning.problem) for warning in ours.warnings] == (
                [(CT, problem)] if problem else []
            )


@pytest.mark.parametrize(("proposed", "theirs", "ours"), [((2, 0), b"\0\0", b"\1\0"), ((0, 2), b"\0\0", b"\0\0")])
def test_roles_that_are_neither_0_nor_1(tmp_path, proposed, theirs, ours):
    """storescp takes what is not 1 for the other role; here it is support (differences.md)."""
    path = tmp_path / "roles.cfg"
    path.write_text(HAND_MADE["one class"])
    request = associate_request([(1, CT, [BIG])], extra=role_item(CT, *proposed))
    with storescp(tmp_path / "out", "-xf", str(path), "p") as receiver:
        assert sub_items(answered(receiver.port, request), 0x54)[0][-2:] == theirs
    assert sub_items(negotiated(policy_of_profile(path, "p"), request).items, 0x54)[0][-2:] == ours


# Contexts and role items: several items for one class, for a class that is not proposed, with a NUL, with a blank; two
# contexts of one class; contexts with one id, of which the last counts.
ODD_ROLES = [
    ([(1, CT, [BIG])], role_item(CT, 1, 0) + role_item(CT, 0, 1), [b"\1\0"]),
    ([(1, CT, [BIG])], role_item(CT, 0, 1) + role_item(CT, 1, 0), [b"\0\0"]),
    ([(1, CT, [BIG])], role_item(MR, 1, 1), []),
    ([(1, CT, [BIG])], role_item(CT + "\0", 1, 1), [b"\1\0"]),
    ([(1, CT, [BIG])], role_item(CT + " ", 1, 1), []),
    ([(3, CT, [BIG]), (1, CT, [BIG])], role_item(CT, 1, 1), [b"\1\0", b"\1\0"]),
    ([(1, CT, [BIG]), (1, MR, [BIG])], role_item(CT, 1, 1), [b"\1\0"]),
    ([(1, MR, [BIG]), (1, CT, [BIG])], role_item(CT, 1, 1), []),
]


@pytest.mark.parametrize(("proposed", "extra", "roles"), ODD_ROLES)
def test_odd_role_items(tmp_path, proposed, extra, roles):
    path = tmp_path / "roles.cfg"
    path.write_text(HAND_MADE["one class"])
    request = associate_request(proposed, extra=extra)
    with storescp(tmp_path / "out", "-xf", str(path), "p") as receiver:
        theirs = answered(receiver.port, request)
    assert negotiated(policy_of_profile(path, "p"), request).items == theirs
    assert [value[-2:] for value in sub_items(theirs, 0x54)] == roles


def test_a_profile_alone_decides(tmp_path):
    path = tmp_path / "profiles.cfg"
    path.write_text(HAND_MADE["plain"])
    request = associate_request([(1, VERIFICATION, [LITTLE]), (3, CT, [BIG]), (5, CT, [LITTLE, IMPLICIT])])
    answer = negotiated(policy_of_profile(path, "P"), request).items
    assert results(answer) == {1: (3, IMPLICIT), 3: (4, IMPLICIT), 5: (0, IMPLICIT)}


def test_order_of_the_user_information(tmp_path):
    path = tmp_path / "profiles.cfg"
    path.write_text(HAND_MADE["roles and extended negotiation"])
    window = bytes.fromhex("5300000400050005")
    request = associate_request([(1, MR, [LITTLE]), (3, US, [IMPLICIT])], extra=role_item(MR, 1, 1) + window)
    answer = negotiated(policy_of_profile(path, "P"), request).items
    information = answer[answer.index(b"\x51\0\0\4") :]
    kinds = []
    while information:
        kinds.append(information[0])
        information = information[4 + int.from_bytes(information[2:4], "big") :]
    assert kinds == [0x51, 0x52, 0x53, 0x54, 0x55, 0x56]


def test_without_a_profile_roles_and_extended_negotiation_are_not_answered(tmp_path):
    request = associate_request([(1, CT, [LITTLE])], extra=role_item(CT, 0, 1) + extended_item(CT, b"\1\1"))
    ours = negotiated(policy_of_text(""), request)
    assert results(ours.items) == {1: (0, LITTLE)}
    assert (sub_items(ours.items, 0x54), sub_items(ours.items, 0x56), ours.warnings) == ([], [], ())
    with storescp(tmp_path / "out") as receiver:
        assert answered(receiver.port, request) == ours.items


def test_roles_of_a_refused_context_are_not_answered():
    made = policy_of_text("")._replace(
        profile=Profile({CT: (LITTLE,)}, {CT: Role.SCP, MR: Role.BOTH}, {CT: b"\1", MR: b"\2"})
    )
    request = associate_request([(1, CT, [BIG]), (3, MR, [LITTLE])], extra=role_item(CT, 0, 1) + role_item(MR, 1, 1))
    ours = negotiated(made, request)
    assert {number: result for number, (result, _) in results(ours.items).items()} == {1: 4, 3: 3}
    assert (sub_items(ours.items, 0x54), sub_items(ours.items, 0x56)) == ([], [])


# --- preferences ------------------------------------------------------------------------------------------------------

OPTIONS = {
    "uncompressed": "+x=", "little": "+xe", "big": "+xb", "implicit": "+xi", "lossless": "+xs", "jpeg8": "+xy",
    "jpeg12": "+xx", "j2k-lossless": "+xv", "j2k-lossy": "+xw", "jls-lossless": "+xt", "jls-lossy": "+xu",
    "mpeg2": "+xm", "mpeg2-high": "+xh", "mpeg4": "+xn", "mpeg4-bd": "+xl", "mpeg4-2-2d": "+x2", "mpeg4-2-3d": "+x3",
    "mpeg4-2-st": "+xo", "hevc": "+x4", "hevc10": "+x5", "rle": "+xr", "deflated": "+xd", "all": "+xa",
}  # fmt: skip
NEWER = {
    f"1.2.840.10008.1.2{suffix}"
    for suffix in (
        ".4.100.1", ".4.101.1", ".4.102.1", ".4.103.1", ".4.104.1", ".4.105.1", ".4.106.1", ".4.201", ".4.202",
        ".4.203", ".4.110", ".4.111", ".4.112", ".8.1", ".1.98",
    )
}  # fmt: skip
"""Of +xa, what came after 3.6.7 (storescp facts 4.4)."""


def of_3_6_7(made):
    """The same with the classes and transfer syntaxes that storescp 3.6.7 has."""
    newer = {uid for uid, row in SOP_CLASSES.items() if "H" in row.accepted and "7" not in row.accepted}
    return made._replace(
        abstract_syntaxes=made.abstract_syntaxes - newer,
        transfer_syntaxes=tuple(uid for uid in made.transfer_syntaxes if uid not in NEWER),
        known_uids=None if made.known_uids is None else made.known_uids | newer,
    )


def test_every_preference_is_tested():
    assert set(OPTIONS) == set(preferences("little"))


@pytest.mark.parametrize("prefer", OPTIONS)
def test_preferences_choose_as_storescp(tmp_path, prefer):
    rng = random.Random(prefer)
    made = of_3_6_7(policy_of_text(f'[negotiation]\nprefer = "{prefer}"'))
    syntaxes = (*made.transfer_syntaxes * 4, IMPLICIT, *preferences("little")["all"])
    with storescp(tmp_path / "out", OPTIONS[prefer]) as receiver:
        requests = [random_request(rng, syntaxes=rng.sample(syntaxes, 12)) for _ in range(SETS)]
        agree(receiver.port, made, requests)


@pytest.mark.parametrize(
    ("prefer", "first"),
    [("uncompressed", (BIG, LITTLE, IMPLICIT)), ("all", (BIG, LITTLE, IMPLICIT)), ("little", (LITTLE, BIG, IMPLICIT)),
     ("big", (BIG, LITTLE, IMPLICIT)), ("implicit", (IMPLICIT,)), ("lossless", (LITTLE, BIG, IMPLICIT)),
     ("deflated", (LITTLE, BIG, IMPLICIT))],
)  # fmt: skip
def test_preferences_on_a_big_endian_host(prefer, first):
    assert preferences("big")[prefer][-3:] == first


@pytest.mark.parametrize("promiscuous", [False, True])
def test_promiscuous(tmp_path, promiscuous):
    rng = random.Random(promiscuous)
    made = of_3_6_7(policy_of_text(f"[negotiation]\npromiscuous = {str(promiscuous).lower()}"))
    with storescp(tmp_path / "out", *(["-pm"] if promiscuous else [])) as receiver:
        # What became known after 3.6.7 is unknown to it.
        known = [uid for uid, row in SOP_CLASSES.items() if "7" in row.accepted or row.accepted == "-"]
        classes = (
            *known,
            "1.2.3.4",
            "1.2.840.10008.5.1.4.1.1.2.9",
            "1.2.840.10008.5.1.4.31",
            "1.2.840.10008.5.1.4.38.1",
        )
        agree(receiver.port, made, [random_request(rng, classes, SOME) for _ in range(SETS)])
        request = associate_request(
            [
                (1, "1.2.3.4", [LITTLE]),
                (3, "1.2.840.10008.5.1.4.38.1", [LITTLE]),
                (5, "1.2.840.10008.5.1.4.31", [LITTLE]),
            ]
        )
        assert {number: result for number, (result, _) in results(answered(receiver.port, request)).items()} == {
            1: 0 if promiscuous else 3, 3: 3, 5: 3
        }  # fmt: skip


def test_extra_sop_classes(tmp_path):
    request = associate_request([(1, "1.2.3.4", [BIG, LITTLE]), (3, "1.2.3.5", [LITTLE]), (5, CT, [LITTLE])])
    ours = negotiated(policy_of_text('[negotiation]\nextra_sop_classes = ["1.2.3.4"]'), request).items
    assert results(ours) == {1: (0, LITTLE), 3: (3, IMPLICIT), 5: (0, LITTLE)}
    # storescp has no such option; the context is what -pm makes of it.
    with storescp(tmp_path / "out", "-pm") as receiver:
        assert results(answered(receiver.port, request))[1] == (0, LITTLE)


@pytest.mark.parametrize("size", [4096, 4097, 131071, 131072])
def test_announced_maximum_length(tmp_path, size):
    request = associate_request([(1, CT, [LITTLE])])
    ours = negotiated(policy_of_text(f"[association]\nmax_pdu = {size}"), request).items
    with storescp(tmp_path / "out", "-pdu", str(size)) as receiver:
        assert answered(receiver.port, request) == ours
    assert sub_items(ours, 0x51) == [(size - size % 2).to_bytes(4, "big")]
