"""Every PDU, item and sub-item as bytes written down from PS3.8 section 9.3 and PS3.7 annex D.3.3.

Lengths are written as numbers in the bytes themselves, so nothing here is computed by what is tested.
"""

from storescpd.wire import pdu
from storescpd.wire.codes import ContextResult, RejectResult, RejectSource
from storescpd.wire.items import AnsweredContext, ProposedContext, UserInformation
from storescpd.wire.sub_items import (
    AsynchronousOperationsWindow,
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    RoleSelection,
    UserIdentity,
)

CT = "1.2.840.10008.5.1.4.1.1.2"
IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"

APPLICATION_CONTEXT_ITEM = b"\x10\x00\x00\x15" + b"1.2.840.10008.3.1.1.1"
"""PS3.8 table 9-12: type 10H, reserved, length 21, name."""
FIXED_RQ = b"\x00\x01\x00\x00" + b"STORE           " + b"SCU-1           " + bytes(32)
"""PS3.8 table 9-11 from byte 7: version 1, reserved, called, calling, 32 reserved bytes. 68 bytes."""
FIXED_AC = FIXED_RQ
"""PS3.8 table 9-17: the titles' places are reserved and hold what the request held."""

PROPOSED_ITEM = (
    b"\x20\x00\x00\x4a"  # PS3.8 table 9-13, length 74 = 4 + 29 + 21 + 20
    b"\x01\x00\x00\x00"  # context id 1, three reserved bytes
    b"\x30\x00\x00\x19" + b"1.2.840.10008.5.1.4.1.1.2"  # table 9-14: 4 + 25
    b"\x40\x00\x00\x11" + b"1.2.840.10008.1.2"  # table 9-15: 4 + 17
    b"\x40\x00\x00\x10" + b"1.2.840.10008.1."  # 4 + 16
)
PROPOSED = ProposedContext(1, CT, (IMPLICIT, "1.2.840.10008.1."))

ACCEPTED_ITEM = (
    b"\x21\x00\x00\x1b"  # PS3.8 table 9-18, length 27 = 4 + 4 + 19
    b"\x01\x00\x00\x00"  # context id 1, reserved, result 0, reserved
    b"\x40\x00\x00\x13" + b"1.2.840.10008.1.2.1"
)
ACCEPTED = AnsweredContext(1, ContextResult.ACCEPTANCE, EXPLICIT)
REFUSED_ITEMS = b"".join(
    (
        b"\x21\x00\x00\x19\x03\x00\x01\x00\x40\x00\x00\x11" + b"1.2.840.10008.1.2",
        b"\x21\x00\x00\x19\x05\x00\x02\x00\x40\x00\x00\x11" + b"1.2.840.10008.1.2",
        b"\x21\x00\x00\x19\x07\x00\x03\x00\x40\x00\x00\x11" + b"1.2.840.10008.1.2",
        b"\x21\x00\x00\x19\xff\x00\x04\x00\x40\x00\x00\x11" + b"1.2.840.10008.1.2",
    )
)
REFUSED = (
    AnsweredContext(3, ContextResult.USER_REJECTION, IMPLICIT),
    AnsweredContext(5, ContextResult.NO_REASON, IMPLICIT),
    AnsweredContext(7, ContextResult.ABSTRACT_SYNTAX_NOT_SUPPORTED, IMPLICIT),
    AnsweredContext(255, ContextResult.TRANSFER_SYNTAXES_NOT_SUPPORTED, IMPLICIT),
)

# Sub-item bytes, and the user information that holds this one alone. Each is in both an RQ and an AC, but for the
# user identity, whose two forms have types of their own.
SUB_ITEMS: dict[str, tuple[bytes, UserInformation]] = {
    "maximum length": (b"\x51\x00\x00\x04\x00\x00\x40\x00", UserInformation(maximum_length=16384)),
    "no maximum length": (b"\x51\x00\x00\x04\x00\x00\x00\x00", UserInformation(maximum_length=0)),
    "largest maximum length": (b"\x51\x00\x00\x04\xff\xff\xff\xff", UserInformation(maximum_length=4294967295)),
    "implementation class UID": (
        b"\x52\x00\x00\x0b" + b"1.2.3.4.5.6",
        UserInformation(implementation_class_uid="1.2.3.4.5.6"),
    ),
    "asynchronous operations window": (
        b"\x53\x00\x00\x04\x00\x05\x01\x00",
        UserInformation(asynchronous_window=AsynchronousOperationsWindow(5, 256)),
    ),
    "role selection": (
        b"\x54\x00\x00\x09\x00\x05" + b"1.2.3" + b"\x00\x01",
        UserInformation(roles=(RoleSelection("1.2.3", scu=False, scp=True),)),
    ),
    "two roles": (
        b"\x54\x00\x00\x09\x00\x05" + b"1.2.3" + b"\x01\x00" + b"\x54\x00\x00\x0a\x00\x06" + b"1.2.34" + b"\x01\x01",
        UserInformation(
            roles=(RoleSelection("1.2.3", scu=True, scp=False), RoleSelection("1.2.34", scu=True, scp=True))
        ),
    ),
    "implementation version name": (
        b"\x55\x00\x00\x09" + b"VERSION_1",
        UserInformation(implementation_version_name="VERSION_1"),
    ),
    "extended negotiation": (
        b"\x56\x00\x00\x0d\x00\x05" + b"1.2.3" + b"\x02\x00\x03\x00\x01\x00",
        UserInformation(extended=(ExtendedNegotiation("1.2.3", b"\x02\x00\x03\x00\x01\x00"),)),
    ),
    "extended negotiation without information": (
        b"\x56\x00\x00\x07\x00\x05" + b"1.2.3",
        UserInformation(extended=(ExtendedNegotiation("1.2.3", b""),)),
    ),
    # PS3.7 table D.3-12: class, service class, related classes, each with a length; the related ones are counted
    # together first and then one by one.
    "common extended negotiation": (
        b"\x57\x00\x00\x23\x00\x05" + b"1.2.3" + b"\x00\x09" + b"1.2.840.4" + b"\x00\x0f"
        b"\x00\x07" + b"1.2.3.1" + b"\x00\x04" + b"1.23",
        UserInformation(common_extended=(CommonExtendedNegotiation("1.2.3", "1.2.840.4", ("1.2.3.1", "1.23")),)),
    ),
    "common extended negotiation without related classes": (
        b"\x57\x00\x00\x14\x00\x05" + b"1.2.3" + b"\x00\x09" + b"1.2.840.4" + b"\x00\x00",
        UserInformation(common_extended=(CommonExtendedNegotiation("1.2.3", "1.2.840.4"),)),
    ),
    "user identity: name": (
        b"\x58\x00\x00\x0a\x01\x01\x00\x04" + b"jane" + b"\x00\x00",
        UserInformation(user_identity=UserIdentity(1, response_requested=True, primary=b"jane")),
    ),
    "user identity: name and passcode": (
        b"\x58\x00\x00\x0d\x02\x00\x00\x04" + b"jane" + b"\x00\x03" + b"pw\xff",
        UserInformation(user_identity=UserIdentity(2, response_requested=False, primary=b"jane", secondary=b"pw\xff")),
    ),
    "user identity: response": (
        b"\x59\x00\x00\x06\x00\x04" + b"\x00\x01\x02\x03",
        UserInformation(user_identity_response=b"\x00\x01\x02\x03"),
    ),
    "user identity: empty response": (b"\x59\x00\x00\x02\x00\x00", UserInformation(user_identity_response=b"")),
}

WHOLE_INFORMATION_ITEM = (
    b"\x50\x00\x00\x59"  # length 89 = 8 + 15 + 8 + 13 + 13 + 17 + 15
    b"\x51\x00\x00\x04\x00\x02\x00\x00"
    b"\x52\x00\x00\x0b" + b"1.2.3.4.5.6"
    b"\x53\x00\x00\x04\x00\x01\x00\x01"
    b"\x54\x00\x00\x09\x00\x05" + b"1.2.3" + b"\x01\x00"
    b"\x55\x00\x00\x09" + b"VERSION_1"
    b"\x56\x00\x00\x0d\x00\x05" + b"1.2.3" + b"\x02\x00\x03\x00\x01\x00"
    b"\x58\x00\x00\x0b\x03\x00\x00\x05" + b"token" + b"\x00\x00"
)
WHOLE_INFORMATION = UserInformation(
    maximum_length=131072,
    implementation_class_uid="1.2.3.4.5.6",
    implementation_version_name="VERSION_1",
    asynchronous_window=AsynchronousOperationsWindow(1, 1),
    roles=(RoleSelection("1.2.3", scu=True, scp=False),),
    extended=(ExtendedNegotiation("1.2.3", b"\x02\x00\x03\x00\x01\x00"),),
    user_identity=UserIdentity(3, response_requested=False, primary=b"token"),
)

PDUS: dict[str, tuple[bytes, pdu.Pdu]] = {
    "A-ASSOCIATE-RQ": (
        b"\x01\x00\x00\x00\x01\x08"  # length 264 = 68 + 25 + 78 + 93
        + FIXED_RQ
        + APPLICATION_CONTEXT_ITEM
        + PROPOSED_ITEM
        + WHOLE_INFORMATION_ITEM,
        pdu.AssociateRQ("STORE", "SCU-1", presentation_contexts=(PROPOSED,), user_information=WHOLE_INFORMATION),
    ),
    "A-ASSOCIATE-RQ with nothing in it": (
        b"\x01\x00\x00\x00\x00\x61" + FIXED_RQ + APPLICATION_CONTEXT_ITEM + b"\x50\x00\x00\x00",  # 68 + 25 + 4
        pdu.AssociateRQ("STORE", "SCU-1"),
    ),
    "A-ASSOCIATE-AC": (
        b"\x02\x00\x00\x00\x00\xf4"  # length 244 = 68 + 25 + 31 + 4 * 29 + 4
        + FIXED_AC
        + APPLICATION_CONTEXT_ITEM
        + ACCEPTED_ITEM
        + REFUSED_ITEMS
        + b"\x50\x00\x00\x00",
        pdu.AssociateAC("STORE", "SCU-1", presentation_contexts=(ACCEPTED, *REFUSED)),
    ),
    # PS3.8 table 9-21: reserved, result, source, reason.
    "A-ASSOCIATE-RJ permanent by user, no application context": (
        b"\x03\x00\x00\x00\x00\x04\x00\x01\x01\x02",
        pdu.AssociateRJ(RejectResult.PERMANENT, RejectSource.SERVICE_USER, 2),
    ),
    "A-ASSOCIATE-RJ permanent by ACSE, version": (
        b"\x03\x00\x00\x00\x00\x04\x00\x01\x02\x02",
        pdu.AssociateRJ(RejectResult.PERMANENT, RejectSource.SERVICE_PROVIDER_ACSE, 2),
    ),
    "A-ASSOCIATE-RJ transient by presentation, limit": (
        b"\x03\x00\x00\x00\x00\x04\x00\x02\x03\x02",
        pdu.AssociateRJ(RejectResult.TRANSIENT, RejectSource.SERVICE_PROVIDER_PRESENTATION, 2),
    ),
    # PS3.8 table 9-22, 9-23 and annex E.2: length, context id, control (bit 0 command, bit 1 last), value.
    "P-DATA-TF": (
        (
            b"\x04\x00\x00\x00\x00\x20"  # length 32 = 8 + 10 + 6 + 8
            b"\x00\x00\x00\x04\x01\x01\xaa\xbb"
            b"\x00\x00\x00\x06\x01\x03\xcc\xdd\xee\xff"
            b"\x00\x00\x00\x02\xfe\x00"
            b"\x00\x00\x00\x04\xff\x02\x11\x22"
        ),
        pdu.PDataTF(
            (
                pdu.PresentationDataValue(1, command=True, last=False, value=b"\xaa\xbb"),
                pdu.PresentationDataValue(1, command=True, last=True, value=b"\xcc\xdd\xee\xff"),
                pdu.PresentationDataValue(254, command=False, last=False, value=b""),
                pdu.PresentationDataValue(255, command=False, last=True, value=b"\x11\x22"),
            )
        ),
    ),
    "A-RELEASE-RQ": (b"\x05\x00\x00\x00\x00\x04\x00\x00\x00\x00", pdu.ReleaseRQ()),
    "A-RELEASE-RP": (b"\x06\x00\x00\x00\x00\x04\x00\x00\x00\x00", pdu.ReleaseRP()),
    # PS3.8 table 9-26: two reserved bytes, source, reason.
    "A-ABORT by user": (b"\x07\x00\x00\x00\x00\x04\x00\x00\x00\x00", pdu.Abort(0, 0)),
    "A-ABORT by provider": (b"\x07\x00\x00\x00\x00\x04\x00\x00\x02\x06", pdu.Abort(2, 6)),
}
