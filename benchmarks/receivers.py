"""Who is measured."""

import shutil
from typing import Any

from benchmarks.others import (
    COMPILES_TLS,
    ORTHANC,
    ceiling,
    ceiling_with_tls,
    dcmtk,
    dcmtk_with_hooks,
    dcmtk_with_tls,
    orthanc,
    pynetdicom,
)
from benchmarks.ours import SLOW_SYNCS, STUDIES, ours, ours_with_hooks, ours_with_tls
from benchmarks.places import may_mount
from benchmarks.running import Receiver, Setting

STORESCP, STORESCP_BITS, CEILING = "storescp", "storescp +B", "ceiling"
ONE, TWO = "storescpd, 1 worker", "storescpd, 2 workers"
BITS = "bit-preserving"
DURABLE, DURABLE_STUDIES = "durable", "durable, studies"
UNSYNCED = "storescp, nothing synced"

SYNCED: dict[str, Any] = {"storage": {"durability": "full"}}
SORTED: dict[str, Any] = {"naming": {"sort": "study-uid"}}
ENDS: dict[str, Any] = {**SORTED, "hooks": {"on_end_of_study": ["/bin/true"]}}

QUICK = (
    Receiver(STORESCP, dcmtk(), parallel=False),
    Receiver(STORESCP_BITS, dcmtk("+B"), reencodes=False, parallel=False),
    Receiver(ONE, ours(1), STORESCP),
    Receiver(f"{ONE}, {BITS}", ours(1, bit_preserving=True), STORESCP_BITS, reencodes=False),
    Receiver(TWO, ours(2), STORESCP),
    Receiver(f"{TWO}, {BITS}", ours(2, bit_preserving=True), STORESCP_BITS, reencodes=False),
    Receiver("pynetdicom", pynetdicom, STORESCP_BITS, reencodes=False, share=4),
    Receiver(CEILING, ceiling, STORESCP_BITS, reencodes=False, parallel=False),
)
TLS = (
    Receiver("storescp +tls", dcmtk_with_tls(), parallel=False, setting=Setting.TLS),
    Receiver("storescp +tls +B", dcmtk_with_tls("+B"), reencodes=False, parallel=False, setting=Setting.TLS),
    *(
        Receiver(
            f"storescpd, TLS, {workers} worker{'s' * (workers > 1)}{f', {BITS}' * bits}",
            ours_with_tls(workers, bit_preserving=bits),
            "storescp +tls +B" if bits else "storescp +tls",
            reencodes=not bits,
            setting=Setting.TLS,
        )
        for workers in (1, 2)
        for bits in (False, True)
    ),
    Receiver(
        "ceiling, TLS", ceiling_with_tls, "storescp +tls", reencodes=False, setting=Setting.TLS,
        missing="" if COMPILES_TLS else "a C compiler and OpenSSL's headers (packages gcc, libssl-dev)",
    ),
)  # fmt: skip
DISK = (
    Receiver("storescpd, 1 worker, synced", ours(1, **SYNCED), setting=Setting.DISK),
    Receiver("storescpd, 2 workers, synced", ours(2, **SYNCED), setting=Setting.DISK),
    Receiver(
        "storescpd, 2 workers, syncs of 20 ms",
        ours(2, prefix=SLOW_SYNCS, **SYNCED),
        setting=Setting.SLOW_DISK,
        missing="" if shutil.which("strace") else "strace (package strace)",
    ),
)
HOOKS = (
    Receiver("storescp -ss -xcr", dcmtk_with_hooks("-ss", "CT"), parallel=False, setting=Setting.HOOKS),
    Receiver("storescpd, 1 worker, hooks", ours_with_hooks(1, STUDIES), "storescp -ss -xcr", setting=Setting.HOOKS),
    Receiver("storescpd, 2 workers, hooks", ours_with_hooks(2, STUDIES), "storescp -ss -xcr", setting=Setting.HOOKS),
    Receiver("storescp -su -xcs", dcmtk("-su", "", "-xcs", "/bin/true"), parallel=False, setting=Setting.ENDS),
    Receiver(f"{ONE}, studies", ours(1, **ENDS), "storescp -su -xcs", setting=Setting.ENDS),
    Receiver(f"{TWO}, studies", ours(2, **ENDS), "storescp -su -xcs", setting=Setting.ENDS),
    Receiver("storescp -xcr", dcmtk_with_hooks(), parallel=False, setting=Setting.RECEPTION),
    Receiver(f"{ONE}, on_reception", ours_with_hooks(1), "storescp -xcr", setting=Setting.RECEPTION),
    Receiver(f"{TWO}, on_reception", ours_with_hooks(2), "storescp -xcr", setting=Setting.RECEPTION),
)
NO_MOUNT = "" if may_mount() else "root, with mkfs.ext4 and losetup, to mount a file system"
JOURNALED = (
    Receiver(
        UNSYNCED, dcmtk(keeps=True), parallel=False, setting=Setting.JOURNALED, missing=NO_MOUNT,
    ),
    *(
        Receiver(f"{name}, {what}", ours(workers, keeps=True, **SYNCED, **sections), UNSYNCED,
                 setting=Setting.JOURNALED, missing=NO_MOUNT)
        for workers, name in ((1, ONE), (2, TWO))
        for what, sections in ((DURABLE, {}), (DURABLE_STUDIES, ENDS))
    ),
)  # fmt: skip
FULL = (
    *QUICK,
    *TLS,
    *DISK,
    *HOOKS,
    *JOURNALED,
    Receiver("storescp, sorted", dcmtk("-su", ""), parallel=False),
    Receiver(f"{ONE}, sorted", ours(1, **SORTED), "storescp, sorted"),
    Receiver(f"{TWO}, sorted", ours(2, **SORTED), "storescp, sorted"),
    Receiver("storescp --fork", dcmtk("--fork"), STORESCP),
    Receiver("storescp as installed", dcmtk(nodelay=False), STORESCP, parallel=False, share=16),
    Receiver(
        # It has four threads for associations, so that idle ones would keep it from all others.
        "Orthanc", orthanc, STORESCP, parallel=False, share=4,
        missing="" if ORTHANC else "Orthanc (package orthanc, whose service need not run)",
    ),
)  # fmt: skip
