"""What a sender could not get stands in the log once, by name and with a remedy; and every remedy helps."""

import re
import tomllib

import pytest
import tomli_w

from storescpd.association import negotiate
from storescpd.config import ConfigError, parse
from storescpd.wire.codes import ContextResult
from storescpd.wire.items import ProposedContext, UserInformation
from storescpd.wire.request import APPLICATION_CONTEXT, AssociateRQ
from storescpd.worker.refusals import Refusals
from storescpd.worker.remedies import NOT_STORAGE, Remedies
from storescpd.worker.scoreboard import Scoreboard
from storescpd.worker.settings import settings
from storescpd.worker.told import MOST_REMEMBERED, Told
from tests.support.daemon import merged, storescpd
from tests.support.objects import CT_IMAGE, EXPLICIT_LITTLE
from tests.support.processes import eventually
from tests.support.scenes import associate

IMPLICIT, JPEG, JPEG_LOSSLESS, DEFLATED = (
    "1.2.840.10008.1.2", "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.1.99",
)  # fmt: skip
MR_IMAGE, WORKLIST, COMMITMENT, MPPS, HANGING, PRIVATE = (
    "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.31", "1.2.840.10008.1.20.1", "1.2.840.10008.3.1.2.3.3",
    "1.2.840.10008.5.1.4.38.1", "1.2.3.4.5",
)  # fmt: skip


def refused(log: str) -> list[str]:
    return [line for line in log.splitlines() if "SOP classes refused" in line]


def test_refused_classes_are_named_once_by_all_workers(tmp_path):
    contexts = [
        (1, CT_IMAGE, [JPEG_LOSSLESS]),
        (3, CT_IMAGE, [EXPLICIT_LITTLE]),
        (5, MR_IMAGE, [JPEG_LOSSLESS]),
        (7, WORKLIST, [EXPLICIT_LITTLE]),
        (9, PRIVATE, [EXPLICIT_LITTLE]),
    ]
    with storescpd(tmp_path / "out", workers=2) as daemon:
        for calling in ("CT1", "CT1", "CT1", "CT1", "CT2"):
            with associate(daemon.port, contexts=contexts, calling=calling) as association:
                association.release()
        with associate(daemon.port, contexts=[*contexts, (11, MPPS, [IMPLICIT])], calling="CT2") as association:
            association.release()
        eventually(lambda: daemon.log().count("association ended") == 6)
        lines = [line for line in refused(daemon.log()) if "calling=CT1" in line]
        assert len(lines) == 4
        [other] = [line for line in lines if "accepted in other" in line]
        [compressed] = [line for line in lines if "negotiation.prefer" in line and line != other]
        [unknown] = [line for line in lines if "extra_sop_classes" in line]
        [service] = [line for line in lines if NOT_STORAGE in line]
        assert f"CTImageStorage({CT_IMAGE}) in JPEGLossless" in other
        assert f"MRImageStorage({MR_IMAGE}) in JPEGLossless" in compressed
        assert PRIVATE in unknown
        assert WORKLIST in service
        assert all("MRImage" not in line for line in (other, unknown, service))
        assert len(refused(daemon.log())) == 9
        assert MPPS in refused(daemon.log())[-1]


def test_refused_contexts_are_dumped_too(tmp_path):
    contexts = [(1, CT_IMAGE, [JPEG]), (3, CT_IMAGE, [EXPLICIT_LITTLE]), (5, COMMITMENT, [IMPLICIT])]
    with storescpd(tmp_path / "out", {"logging": {"dump_presentation_contexts": True}}) as daemon:
        with associate(daemon.port, contexts=contexts) as association:
            association.release()
        lines = eventually(lambda: [line for line in daemon.log().splitlines() if "context refused" in line])
        assert [(f"id={number} " in line, code in line) for line, number, code in zip(
            lines, (1, 5), ('result="4 ', 'result="3 '), strict=True
        )] == [(True, True)] * 2  # fmt: skip
        assert f"syntaxes={JPEG}" in lines[0]


PROFILE = {
    "negotiation": {
        "profile": "few",
        "transfer_syntaxes": {"plain": [IMPLICIT], "wide": [IMPLICIT, JPEG]},
        "presentation_contexts": {"few": [{"sop_class": MR_IMAGE, "transfer_syntaxes": "plain"}]},
        "roles": {"few": [{"sop_class": MR_IMAGE, "role": "scu"}]},
        "profiles": {"few": {"presentation_contexts": "few", "roles": "few"}},
    }
}
WITHOUT_ROLES = merged(PROFILE, {"negotiation": {"profiles": {"few": {"roles": ""}}}})
RECODING = {"encoding": {"transfer_syntax": "explicit-little"}}
CASES = {
    "a private class": ({}, PRIVATE, [EXPLICIT_LITTLE]),
    "a class that is storage but not accepted": ({}, HANGING, [EXPLICIT_LITTLE]),
    "storage commitment": ({}, COMMITMENT, [IMPLICIT]),
    "procedure steps": ({"negotiation": {"promiscuous": True}}, MPPS, [IMPLICIT]),
    "a worklist under a profile": (PROFILE, WORKLIST, [IMPLICIT]),
    "no UID": ({}, "1.2.x", [IMPLICIT]),
    "compressed": ({}, CT_IMAGE, [JPEG]),
    "compressed otherwise": ({"negotiation": {"prefer": "lossless"}}, CT_IMAGE, [JPEG]),
    "compressed, of those we know and do not": ({}, CT_IMAGE, ["1.2.3.4", JPEG_LOSSLESS]),
    "deflated": ({}, CT_IMAGE, [DEFLATED]),
    "explicit, where implicit alone is taken": ({"negotiation": {"prefer": "implicit"}}, CT_IMAGE, [EXPLICIT_LITTLE]),
    "a syntax that nobody knows": ({}, CT_IMAGE, ["1.2.3.4"]),
    "compressed, where all is written anew": (RECODING, CT_IMAGE, [JPEG]),
    "deflated, where all is written anew": (RECODING, CT_IMAGE, [DEFLATED]),
    "a class outside of the profile": (WITHOUT_ROLES, CT_IMAGE, [JPEG]),
    "a private class outside of the profile": (WITHOUT_ROLES, PRIVATE, [IMPLICIT]),
    "a syntax outside of the profile": (WITHOUT_ROLES, MR_IMAGE, [JPEG]),
    "a role of the profile": (PROFILE, MR_IMAGE, [IMPLICIT]),
}
AT_THE_SENDER = (NOT_STORAGE, "not a UID", "let the sender offer")
"""Remedies that leave the configuration as it is."""


def outcome(config: dict, uid: str, syntaxes: list[str]) -> tuple[str, bool]:
    """The remedy for a context, and whether it is accepted, by a configuration that has to load."""
    made = settings(parse(tomli_w.dumps(config), "remedied"), alone=True)
    request = AssociateRQ(
        "A", "B", APPLICATION_CONTEXT, (ProposedContext(1, uid, tuple(syntaxes)),), UserInformation(), 1
    )
    agreements = made.service.agreements
    negotiation = negotiate(request, agreements.default.policy)
    if negotiation.contexts:
        return "", True
    [(proposed, result)] = negotiation.refused
    return agreements.remedies_at("dicom").of(proposed, result), False


def remedied(config: dict, remedy: str, uid: str) -> dict:
    """The configuration that somebody makes who does what the log says."""
    if "negotiation.extra_sop_classes accepts" in remedy:
        return merged(config, {"negotiation": {"extra_sop_classes": [uid]}})
    value = re.search(r'negotiation\.prefer = ("[\w-]+") accepts', remedy)
    if value:
        return merged(config, {"negotiation": tomllib.loads(f"prefer = {value[1]}")})
    if "encoding.transfer_syntax" in remedy:
        assert 'set it to "same"' in remedy
        return merged(config, {"encoding": {"transfer_syntax": "same"}})
    if "add class and transfer syntax to its presentation_contexts" in remedy:
        more = [{"sop_class": uid, "transfer_syntaxes": "wide"}]
        return merged(config, {"negotiation": {"presentation_contexts": {"few": more}}})
    assert "take the class out of its roles" in remedy
    return WITHOUT_ROLES


@pytest.mark.parametrize("name", CASES)
def test_every_remedy_helps(name):
    """Whoever does what it says, once or twice, gets the context accepted, or has been told to look at the sender."""
    config, uid, syntaxes = CASES[name]
    for _ in range(3):
        remedy, accepted = outcome(config, uid, syntaxes)
        if accepted or remedy.startswith(AT_THE_SENDER) or "let the sender offer" in remedy:
            break
        config = remedied(config, remedy, uid)
    assert accepted or "sender" in remedy
    if not accepted:
        assert uid in {COMMITMENT, MPPS, WORKLIST, "1.2.x"} or syntaxes == ["1.2.3.4"]


def test_what_is_not_storage_is_refused_by_the_configuration():
    """As the remedy says: without this, it would be advised."""
    for uid in (COMMITMENT, MPPS, WORKLIST):
        assert Remedies().of(ProposedContext(1, uid, (IMPLICIT,)), ContextResult.ABSTRACT_SYNTAX_NOT_SUPPORTED) == (
            NOT_STORAGE
        )
        with pytest.raises(ConfigError):
            parse(tomli_w.dumps({"negotiation": {"extra_sop_classes": [uid]}}), "x")


def test_what_was_told_takes_no_more_memory_than_it_has():
    told = Told()
    for thing in range(1, 3 * MOST_REMEMBERED):
        assert not told.is_told(thing)
        told.tell(thing)
    assert sum(told.is_told(thing) for thing in range(1, 3 * MOST_REMEMBERED)) == MOST_REMEMBERED


def test_another_generation_tells_anew():
    board = Scoreboard(slots=1)
    request = AssociateRQ(
        "A", "B", APPLICATION_CONTEXT, (ProposedContext(1, PRIVATE, (IMPLICIT,)),), UserInformation(), 1
    )
    negotiation = negotiate(request, settings(parse("", "x"), alone=True).service.agreements.default.policy)
    counts = [
        len(Refusals(board, generation).news(address, "CT", negotiation, Remedies()))
        for generation, address in ((1, "10.0.0.1"), (1, "10.0.0.1"), (1, "10.0.0.2"), (2, "10.0.0.1"))
    ]
    assert counts == [1, 0, 1, 1]
