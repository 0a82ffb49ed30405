"""What pynetdicom writes we read, and what we write pynetdicom reads."""

import pytest
from pydicom.uid import UID
from pynetdicom import pdu as peer
from pynetdicom import pdu_primitives as primitives
from pynetdicom.presentation import build_context

from storescpd.wire import pdu
from storescpd.wire.codes import ContextResult, PduType, RejectResult, RejectSource
from storescpd.wire.items import AnsweredContext, ProposedContext, UserInformation
from storescpd.wire.sub_items import (
    AsynchronousOperationsWindow,
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    RoleSelection,
    UserIdentity,
)

CT = "1.2.840.10008.5.1.4.1.1.2"
MR = "1.2.840.10008.5.1.4.1.1.4"
IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"

REQUESTED = UserInformation(
    maximum_length=16382,
    implementation_class_uid="1.2.826.0.1.3680043.9.3811.3.0.4",
    implementation_version_name="PYNETDICOM_304",
    asynchronous_window=AsynchronousOperationsWindow(3, 2),
    roles=(RoleSelection(CT, scu=True, scp=False), RoleSelection(MR, scu=False, scp=True)),
    extended=(ExtendedNegotiation(CT, b"\x02\x00\x03\x00\x01\x00"),),
    common_extended=(CommonExtendedNegotiation(MR, "1.2.840.10008.4.2", ("1.2.3.4", "1.2.3.45")),),
    user_identity=UserIdentity(2, response_requested=True, primary=b"jane", secondary=b"secret"),
)
PROPOSED = (ProposedContext(1, CT, (IMPLICIT, EXPLICIT)), ProposedContext(3, MR, (EXPLICIT,)))


def role(uid: str, scu: bool, scp: bool) -> primitives.SCP_SCU_RoleSelectionNegotiation:
    item = primitives.SCP_SCU_RoleSelectionNegotiation()
    item.sop_class_uid, item.scu_role, item.scp_role = UID(uid), scu, scp
    return item


def user_information() -> list[object]:
    """The primitives that say what REQUESTED says."""
    length = primitives.MaximumLengthNotification()
    length.maximum_length_received = 16382
    class_uid = primitives.ImplementationClassUIDNotification()
    class_uid.implementation_class_uid = UID("1.2.826.0.1.3680043.9.3811.3.0.4")
    version = primitives.ImplementationVersionNameNotification()
    version.implementation_version_name = "PYNETDICOM_304"
    window = primitives.AsynchronousOperationsWindowNegotiation()
    window.maximum_number_operations_invoked, window.maximum_number_operations_performed = 3, 2
    extended = primitives.SOPClassExtendedNegotiation()
    extended.sop_class_uid = UID(CT)
    extended.service_class_application_information = b"\x02\x00\x03\x00\x01\x00"
    common = primitives.SOPClassCommonExtendedNegotiation()
    common.sop_class_uid, common.service_class_uid = UID(MR), UID("1.2.840.10008.4.2")
    common.related_general_sop_class_identification = [UID("1.2.3.4"), UID("1.2.3.45")]
    identity = primitives.UserIdentityNegotiation()
    identity.user_identity_type, identity.positive_response_requested = 2, True
    identity.primary_field, identity.secondary_field = b"jane", b"secret"
    return [
        length,
        class_uid,
        version,
        window,
        role(CT, True, False),
        role(MR, False, True),
        extended,
        common,
        identity,
    ]


def associate(result: int | None = None) -> primitives.A_ASSOCIATE:
    """An A-ASSOCIATE request, or its answer."""
    primitive = primitives.A_ASSOCIATE()
    primitive.application_context_name = "1.2.840.10008.3.1.1.1"
    primitive.calling_ae_title, primitive.called_ae_title = "PYNET", "STORE"
    if result is not None:
        primitive.result, primitive.result_source = result, 1
    return primitive


def requested() -> bytes:
    primitive = associate()
    primitive.user_information = user_information()
    contexts = [build_context(CT, [IMPLICIT, EXPLICIT]), build_context(MR, [EXPLICIT])]
    for number, context in zip((1, 3), contexts, strict=True):
        context.context_id = number
    primitive.presentation_context_definition_list = contexts
    message = peer.A_ASSOCIATE_RQ()
    message.from_primitive(primitive)
    return message.encode()


def accepted() -> bytes:
    primitive = associate(0)
    identity = primitives.UserIdentityNegotiation()
    identity.server_response = b"welcome"
    primitive.user_information = [*user_information()[:3], user_information()[4], identity]
    answers = []
    for number, uid, syntax, result in ((1, CT, EXPLICIT, 0), (3, MR, IMPLICIT, 3), (5, MR, IMPLICIT, 4)):
        context = build_context(uid, [syntax])
        context.context_id, context.result = number, result
        answers.append(context)
    primitive.presentation_context_definition_results_list = answers
    message = peer.A_ASSOCIATE_AC()
    message.from_primitive(primitive)
    return message.encode()


ACCEPTED = pdu.AssociateAC(
    "STORE",
    "PYNET",
    presentation_contexts=(
        AnsweredContext(1, ContextResult.ACCEPTANCE, EXPLICIT),
        AnsweredContext(3, ContextResult.ABSTRACT_SYNTAX_NOT_SUPPORTED, IMPLICIT),
        AnsweredContext(5, ContextResult.TRANSFER_SYNTAXES_NOT_SUPPORTED, IMPLICIT),
    ),
    user_information=UserInformation(
        maximum_length=16382,
        implementation_class_uid="1.2.826.0.1.3680043.9.3811.3.0.4",
        implementation_version_name="PYNETDICOM_304",
        roles=(RoleSelection(CT, scu=True, scp=False),),
        user_identity_response=b"welcome",
    ),
)


def rejected() -> bytes:
    primitive = associate(2)
    primitive.result_source, primitive.diagnostic = 3, 2
    message = peer.A_ASSOCIATE_RJ()
    message.from_primitive(primitive)
    return message.encode()


def released(response: bool) -> bytes:
    primitive = primitives.A_RELEASE()
    primitive.result = "affirmative" if response else None
    message = peer.A_RELEASE_RP() if response else peer.A_RELEASE_RQ()
    message.from_primitive(primitive)
    return message.encode()


def aborted() -> bytes:
    primitive = primitives.A_P_ABORT()
    primitive.provider_reason = 2
    message = peer.A_ABORT_RQ()
    message.from_primitive(primitive)
    return message.encode()


def data() -> bytes:
    primitive = primitives.P_DATA()
    primitive.presentation_data_value_list = [[1, b"\x03\xaa\xbb"], [3, b"\x00\xcc\xdd"], [3, b"\x02"]]
    message = peer.P_DATA_TF()
    message.from_primitive(primitive)
    return message.encode()


WRITTEN = {
    "A-ASSOCIATE-RQ": (
        requested,
        pdu.AssociateRQ("STORE", "PYNET", presentation_contexts=PROPOSED, user_information=REQUESTED),
    ),
    "A-ASSOCIATE-AC": (accepted, ACCEPTED),
    "A-ASSOCIATE-RJ": (
        rejected,
        pdu.AssociateRJ(RejectResult.TRANSIENT, RejectSource.SERVICE_PROVIDER_PRESENTATION, 2),
    ),
    "P-DATA-TF": (
        data,
        pdu.PDataTF(
            (
                pdu.PresentationDataValue(1, command=True, last=True, value=b"\xaa\xbb"),
                pdu.PresentationDataValue(3, command=False, last=False, value=b"\xcc\xdd"),
                pdu.PresentationDataValue(3, command=False, last=True, value=b""),
            )
        ),
    ),
    "A-RELEASE-RQ": (lambda: released(response=False), pdu.ReleaseRQ()),
    "A-RELEASE-RP": (lambda: released(response=True), pdu.ReleaseRP()),
    "A-ABORT": (aborted, pdu.Abort(2, 2)),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_we_read_what_pynetdicom_writes(name):
    write, expected = WRITTEN[name]
    raw = write()
    assert pdu.decode(PduType(raw[0]), raw[6:]) == expected


def read(kind: type, message: pdu.Pdu) -> peer.PDU:
    """Our bytes as pynetdicom understands them."""
    found = kind()
    found.decode(pdu.encode(message))
    return found


def test_pynetdicom_reads_our_acceptance():
    found = read(peer.A_ASSOCIATE_AC, ACCEPTED)
    primitive = found.to_primitive()
    contexts = primitive.presentation_context_definition_results_list
    assert [(one.context_id, one.result, one.transfer_syntax[0]) for one in contexts] == [
        (1, 0, EXPLICIT),
        (3, 3, IMPLICIT),
        (5, 4, IMPLICIT),
    ]
    assert (found.protocol_version, found.application_context_name) == (1, "1.2.840.10008.3.1.1.1")
    assert primitive.maximum_length_received == 16382
    assert primitive.implementation_class_uid == "1.2.826.0.1.3680043.9.3811.3.0.4"
    rest = {type(one).__name__: one for one in primitive.user_information}
    assert rest["ImplementationVersionNameNotification"].implementation_version_name == "PYNETDICOM_304"
    answered = rest["SCP_SCU_RoleSelectionNegotiation"]
    assert (answered.sop_class_uid, answered.scu_role, answered.scp_role) == (CT, True, False)
    assert rest["UserIdentityNegotiation"].server_response == b"welcome"


def test_pynetdicom_reads_our_request():
    found = read(peer.A_ASSOCIATE_RQ, WRITTEN["A-ASSOCIATE-RQ"][1]).to_primitive()
    assert (found.called_ae_title, found.calling_ae_title) == ("STORE", "PYNET")
    proposed = found.presentation_context_definition_list
    assert [(one.context_id, one.abstract_syntax, list(one.transfer_syntax)) for one in proposed] == [
        (1, CT, [IMPLICIT, EXPLICIT]),
        (3, MR, [EXPLICIT]),
    ]
    # A primitive has no order; each of the nine sub-items says what was asked for.
    assert sorted(map(repr, map(vars, found.user_information))) == sorted(map(repr, map(vars, user_information())))


def test_pynetdicom_reads_our_rejection():
    found = read(peer.A_ASSOCIATE_RJ, WRITTEN["A-ASSOCIATE-RJ"][1])
    assert (found.result, found.source, found.reason_diagnostic) == (2, 3, 2)


def test_pynetdicom_reads_our_abort():
    found = read(peer.A_ABORT_RQ, pdu.Abort(2, 2))
    assert (found.source, found.reason_diagnostic) == (2, 2)


def test_pynetdicom_reads_our_data():
    found = read(peer.P_DATA_TF, WRITTEN["P-DATA-TF"][1])
    values = [(one.context_id, one.presentation_data_value) for one in found.presentation_data_value_items]
    assert values == [(1, b"\x03\xaa\xbb"), (3, b"\x00\xcc\xdd"), (3, b"\x02")]


@pytest.mark.parametrize("name", ["A-RELEASE-RQ", "A-RELEASE-RP"])
def test_releases_are_equal(name):
    write, message = WRITTEN[name]
    assert pdu.encode(message) == write()
