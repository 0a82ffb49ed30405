"""The DICOM upper layer on the wire: PS3.8 PDUs and items, PS3.7 command sets, as bytes and as frozen dataclasses.

Rules of this package: no I/O, no clock, no configuration. Decoding takes what storescp takes (storescp facts 4.1,
4.8): unknown items are skipped, titles are whatever bytes the peer sent. It raises ``WireError`` and nothing else.
"""
