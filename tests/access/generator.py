"""Rule files and clients, drawn at random but always the same ones for the same seed."""

import random
from dataclasses import asdict, dataclass, field

NAMES = ["ct1", "ct1.example.org", "mr.x.example.org", "CT1.Example.ORG", "other.net", "unknown", "paranoid", "all"]
ADDRESSES = ["10.1.2.3", "10.1.20.3", "10.12.2.3", "192.168.7.130", "127.0.0.1", "0.0.0.0",
             "2001:db8::1", "2001:db8:1::1", "::1", "fe80::1", "::ffff:10.1.2.3"]  # fmt: skip
DAEMONS = ["storescp", "STORESCP", "ALL", "other", "stor*", "st?rescp", "KNOWN", "UNKNOWN", "storescp@127.0.0.1",
           "storescp@10.", "ALL@srv", "storescp@ALL", "other@ALL", "storescp@127.0.0.0/8"]  # fmt: skip
CLIENTS = ["ALL", "all", "LOCAL", "KNOWN", "UNKNOWN", "PARANOID", ".example.org", ".ORG", "example.org", "ct1", "CT1",
           "10.", "10.1.", "10.1", "10.1.2.3", "192.168.7.", "*.example.org", "ct?", "10.1.*", "10.?.2.3", "*", "?",
           "10.1.2.0/255.255.255.0", "10.1.2.3/255.255.255.0", "10.0.0.0/8", "10.1.2.3/8", "0.0.0.0/1",
           "10.1.2.3/32", "192.168.7.128/25", "192.168.7.128/255.255.255.128", "0.0.0.0/0.0.0.0",
           "[2001:db8::]/32", "[2001:db8::1]/128", "[::]/0", "[2001:db8::1]", "[2001:DB8:0::1]", "[::1]", "[fe80::]/10",
           "ALL@10.1.2.3", "UNKNOWN@.example.org", "KNOWN@ALL", "root@ALL", "unknown@ALL", "ALL@[::1]",
           "10.1.2.3.", "..", ".", "255.255.255.255", "un*", "2001:db8::1"]  # fmt: skip
LOCAL_CLIENTS = ["ALL", "LOCAL", "KNOWN", "UNKNOWN", "PARANOID", "localhost", "LOCALHOST", "local*", "?ocalhost", "*",
                 ".host", "127.", "127.0.", "127.0", "127.0.0.1", "127.0.0.2", "127.*", "127.0.0.?", "127.0.0.0/8",
                 "127.0.0.1/8", "127.0.0.1/32", "127.0.0.0/255.0.0.0", "127.0.0.1/255.0.0.0", "128.0.0.0/1", "[::1]",
                 "[::1]/128", "[::]/0", "[0:0::1]", "[fe80::]/10", "ALL@127.0.0.1", "KNOWN@ALL", "unknown@[::1]",
                 "10."]  # fmt: skip
FILED = ["10.1.2.3", "10.1.", "KNOWN", "UNKNOWN", ".example.org", "ALL", "EXCEPT", "LOCAL", "ct1", "192.168.7.128/25",
         "[2001:db8::]/32", "#"]  # fmt: skip
FILES = ("first", "second")
"""Names of files with patterns; what a rule says is ``{folder}/first``."""
OPTIONS = ["", "", "", ": ALLOW", ": DENY", ": allow", ":deny", ": severity mail.info", ": severity mail.info : DENY",
           ": keepalive : ALLOW", ": linger 5", ": severity = info", ": rfc931 : deny"]  # fmt: skip
ODD = ["storescp", "ALL", ":", " : ", "::", "[", "]", "@", "ALL@", "a@b@c", "\\", "\n", "\\\n", " EXCEPT ", "#", "\t",
       "\r\n", ",", "=", "allow", ": DENY", "\\:", "10.", "10.1.2.3", "10.1.2.0/24", "10.1.2.3/", "[::1]", "[::1]/128",
       "[2001:db8::]/32", "[::ffff:10.1.2.3]", "ct1", "*", "?", "LOCAL", "KNOWN", "UNKNOWN", ": umask 022", "%h", '"',
       "."]  # fmt: skip
"""What files of rules are made of, in no order."""
SEPARATORS = [" ", ", ", ",", "\t", " , ", " \\\n  "]


@dataclass(frozen=True, slots=True)
class Case:
    """Two files, one connection."""

    allow: str
    deny: str
    daemon: str
    name: str
    address: str
    sname: str
    saddress: str
    files: dict[str, str] = field(default_factory=dict)
    """Texts of files that rules name."""

    def fields(self) -> dict[str, str]:
        return asdict(self)


def cases(seed: int, count: int) -> list[Case]:
    chance = random.Random(seed)
    return [case(chance) for _ in range(count)]


def case(chance: random.Random) -> Case:
    return Case(
        file(chance), file(chance), "storescp", chance.choice(NAMES), chance.choice(ADDRESSES), "srv", "127.0.0.1"
    )


def odd_cases(seed: int, count: int) -> list[Case]:
    """Like ``cases``, with files that hardly anybody would understand."""
    chance = random.Random(seed)
    return [
        Case(odd(chance), odd(chance), "storescp", chance.choice(NAMES), chance.choice(ADDRESSES), "srv", "127.0.0.1")
        for _ in range(count)
    ]


def odd(chance: random.Random) -> str:
    return "".join(
        chance.choice(["storescp:", "ALL : ", ""]) + "".join(chance.choices(ODD, k=chance.randint(1, 6))) + "\n"
        for _ in range(chance.randrange(4))
    )


def cases_with_files(seed: int, count: int, folder: str) -> list[Case]:
    """Like ``cases``, with rules that name files below a folder, which name others."""
    chance = random.Random(seed)
    paths = [f"{folder}/{name}" for name in FILES]
    return [
        Case(
            file(chance, [*CLIENTS, *paths * 12]), file(chance, [*CLIENTS, *paths * 12]), "storescp",
            chance.choice(NAMES), chance.choice(ADDRESSES), "srv", "127.0.0.1",
            {paths[0]: filed(chance, [*FILED, paths[1]]), paths[1]: filed(chance, FILED)},
        )
        for _ in range(count)
    ]  # fmt: skip


def local_cases(seed: int, count: int) -> list[Case]:
    """Like ``cases``, with clients of the loopback interface."""
    chance = random.Random(seed)
    return [local_case(chance) for _ in range(count)]


def local_case(chance: random.Random) -> Case:
    allow, deny = file(chance, LOCAL_CLIENTS), file(chance, LOCAL_CLIENTS)
    return Case(allow, deny, "storescp", "", chance.choice(["127.0.0.1", "::1"]), "", "127.0.0.1")


def filed(chance: random.Random, words: list[str]) -> str:
    return "".join(
        chance.choice(words) + chance.choice([" ", "\n", "\t", "\n\n", "\f"]) for _ in range(chance.randrange(4))
    )


def file(chance: random.Random, clients: list[str] = CLIENTS) -> str:
    return "".join(line(chance, clients) for _ in range(chance.randrange(4)))


def line(chance: random.Random, clients: list[str] = CLIENTS) -> str:
    if chance.random() < 0.2:
        return chance.choice(["# ALL: ALL\n", "\n", "   \t\n", "# x \\\nALL: ALL\n", " \\\n\n"])
    colon = chance.choice([":", " : ", ": "])
    return listed(chance, DAEMONS, 2) + colon + listed(chance, clients, 3) + chance.choice(OPTIONS) + "\n"


def listed(chance: random.Random, words: list[str], most: int) -> str:
    separator = chance.choice(SEPARATORS)
    parts = [
        separator.join(chance.choices(words, k=chance.randint(1, most)))
        for _ in range(1 + (chance.random() < 0.4) + (chance.random() < 0.15))
    ]
    return f"{separator}{chance.choice(['EXCEPT', 'except'])}{separator}".join(parts)
