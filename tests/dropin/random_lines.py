"""Command lines by chance, good ones and bad ones; always the same."""

import random
from collections.abc import Iterator

from storescpd.cli.storescp.option import Kind, Option
from storescpd.cli.storescp.table import EXCLUSIVE
from tests.dropin.cases import KNOWN, NO_NUMBERS, Words, good_values

COUNT = 300
SEED = 20261123

_CHOICES = {
    "--padding-create": (("512", "8"), ("0", "0"), ("256", "2"), ("256", "0")),
    "--compression-level": (("1",), ("9",), ("6x",)),
    "--sort-conc-studies": (("",), ("P",), ("a b",)),
    "--sort-on-study-uid": (("",), ("P",)),
    "--eostudy-timeout": (("60",), ("300",)),
    "--exec-on-reception": (("true",), ("true #p/#f #a",)),
    "--exec-on-eostudy": (("true",),),
    "--filename-extension": ((".dcm",), ("",), ("x y",)),
    "--max-pdu": (("4096",), ("32769",), ("131072",), ("16384 ",)),
    "--sleep-after": (("0",),),
    "--sleep-during": (("0",),),
    "--aetitle": (("STORE",), ("",), ("-v",)),
    "--socket-timeout": (("-1",), ("0",), ("30",)),
    "--output-directory": ((".",), ("elsewhere",)),
}
"""Values that matter, or that do no harm: nothing sleeps, no study ends, nothing has an odd padding."""


_NUMBERS = (Kind.SIGNED, Kind.UNSIGNED)


def random_lines() -> Iterator[Words]:
    """Lines without their port."""
    rng = random.Random(SEED)
    for _ in range(COUNT):
        yield tuple(word for _ in range(rng.choice((1, 2, 2, 3, 3, 4, 5, 7))) for word in _random_option(rng))


def _random_option(rng: random.Random) -> Words:
    if rng.random() < 0.02:
        return (rng.choice(("-z", "--no-such", "+pdu", "-", "@missing", "--", "+q")),)
    candidates = [option for option in KNOWN if option.long not in {*EXCLUSIVE, "--inetd"}]
    # Most options of TLS are refused without the one, and there is nothing to see with it.
    weights = [0.1 if any("--enable-tls" in check.names for check in option.checks) else 1.0 for option in candidates]
    (option,) = rng.choices(candidates, weights)
    values = list(_values(rng, option))
    if values and option.arguments[0].kind in _NUMBERS and rng.random() < 0.12:
        values[rng.randrange(len(values))] = rng.choice(("-1", "99999999", *NO_NUMBERS))
    return (rng.choice(option.names), *values)


def _values(rng: random.Random, option: Option) -> Words:
    if option.long in _CHOICES:
        return rng.choice(_CHOICES[option.long])
    values = good_values(option)
    numeric = [argument.kind in _NUMBERS for argument in option.arguments]
    return tuple("30" if is_number else value for is_number, value in zip(numeric, values, strict=True))
