"""[association]: titles, sizes and waits of one association."""

from typing import Literal

from storescpd.config.quantities import Duration, Limit
from storescpd.config.section import Section, setting
from storescpd.config.texts import AETitle, Pattern, Several


class Association(Section):
    """One association. Title patterns are case-sensitive shell patterns; NULs and blanks around titles do not count."""

    ae_title: AETitle = setting("STORESCP", "own title; it decides nothing unless check_called_ae_title", option="-aet")
    check_called_ae_title: bool = setting(
        default=False,
        text="reject (1/1/7) called titles that are neither ae_title nor in accepted_called_ae_titles",
    )
    accepted_called_ae_titles: Several[Pattern] = setting((), "called titles accepted besides ae_title; patterns")
    calling_ae_titles: Several[Pattern] = setting((), "not empty: reject (1/1/3) calling titles not listed; patterns")
    max_pdu: int = setting(16384, "largest PDU that peers may send", unit="bytes", option="-pdu", ge=4096, le=131072)
    acse_timeout: Limit = setting(
        30.0, "from accept to the whole A-ASSOCIATE-RQ, PROXY header and TLS handshake included", unit="s", option="-ta"
    )
    dimse_timeout: Duration = setting(0.0, "between the PDUs of a data set; 0: unlimited", unit="s", option="-td")
    dimse_timeout_ends: Literal["association", "object"] = setting(
        "association", "what ends after dimse_timeout; object: the association goes on, as with storescp's -td"
    )
    socket_timeout: Duration = setting(
        60.0,
        "for a begun PDU, plus its length at 1 KiB/s, and for every write; 0: unlimited",
        unit="s",
        option="-ts",
    )
    idle_timeout: Duration = setting(3600.0, "between commands; 0: unlimited", unit="s")
    keepalive: Duration = setting(60.0, "until a peer that vanished is noticed and its place freed; 0: off", unit="s")
    host_lookup: bool = setting(default=False, text="look up the host names of peers (reverse DNS)", option="-dhl")
    reject_without_implementation_uid: bool = setting(
        default=False, text="reject peers that send no implementation class UID", option="--reject"
    )
    uid_padding: bool = setting(default=False, text="tolerate UIDs padded with blanks", option="-up")
    error_comment: bool = setting(
        default=True, text="failures carry an Error Comment (0000,0902) that says why in plain words"
    )
