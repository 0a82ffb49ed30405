"""The plainest fast receiver that pynetdicom allows: the encoded data set goes to a file as it came."""

import sys
from pathlib import Path
from typing import Any

from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import AE, AllStoragePresentationContexts, evt
from pynetdicom.events import Event


def store(event: Event, directory: Path) -> int:
    """Write one object."""
    name = str(event.request.AffectedSOPInstanceUID)  # type: ignore[union-attr]
    (directory / name).write_bytes(event.encoded_dataset())
    return 0


def main() -> None:
    """Serve on any free port, which is printed, until SIGTERM."""
    entity = AE()
    # What dcmsend proposes besides would be taken otherwise, and the file not be what was sent.
    for context in AllStoragePresentationContexts:
        entity.add_supported_context(str(context.abstract_syntax), ExplicitVRLittleEndian)
    entity.maximum_pdu_size = 16384
    entity.maximum_associations = 1000
    handlers: Any = [(evt.EVT_C_STORE, store, [Path(sys.argv[1])])]
    server = entity.make_server(("127.0.0.1", 0), evt_handlers=handlers, contexts=entity.supported_contexts)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
