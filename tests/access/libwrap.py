"""libwrap's decisions, one JSON object a line on stdin; a program, so that whatever it does to its process is far away.

The tables are redirected to the directory that is the argument. The library keeps pointers: what they point to must be
kept too.
"""

import ctypes
import json
import os
import sys

DAEMON, CLIENT_NAME, CLIENT_ADDRESS, SERVER_NAME, SERVER_ADDRESS, END = 2, 4, 5, 7, 8, 0
"""Keys of request_init(3)."""


def main() -> None:
    library = ctypes.CDLL("libwrap.so.0")
    library.request_init.restype = ctypes.c_void_p
    tables = {name: os.path.join(sys.argv[1], name).encode() for name in ("hosts.allow", "hosts.deny")}
    for name, path in tables.items():
        ctypes.c_char_p.in_dll(library, name.replace(".", "_") + "_table").value = path
    keys = (DAEMON, CLIENT_NAME, CLIENT_ADDRESS, SERVER_NAME, SERVER_ADDRESS)
    for row in sys.stdin:
        case = json.loads(row)
        for name, path in tables.items():
            with open(path, "w") as file:
                file.write(case[name.removeprefix("hosts.")])
        for path, text in case["files"].items():
            with open(path, "w") as file:
                file.write(text)
        values = [case[field].encode() for field in ("daemon", "name", "address", "sname", "saddress")]
        request = ctypes.create_string_buffer(1 << 16)
        pairs = [part for pair in zip(keys, values, strict=True) for part in pair]
        library.request_init(request, *pairs, END)
        print(int(library.hosts_access(request)), flush=True)


main()
