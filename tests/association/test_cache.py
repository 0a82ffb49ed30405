"""The negotiation cache: the same answers, in bounded memory."""

import tracemalloc

from storescpd.association import NegotiationCache
from tests.association.driver import POLICY, Driver
from tests.association.messages import CT, IMPLICIT, RELEASE, STANDARD, context, echoed, proposing, stored


def test_the_cache_does_not_keep_large_requests():
    """What many different requests of more than 100 kB leave in a worker is less than four of them."""
    cache = NegotiationCache(POLICY)
    tracemalloc.start()
    try:
        for number in range(16):
            body = proposing(*(context(1, f"1.2.{number}.{at}", IMPLICIT) for at in range(3500)))[6:]
            cache.lookup(body)
        kept = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert len(body) > 100_000
    assert kept < 400_000


def test_the_cache_forgets_as_many_as_it_may_not_keep():
    cache = NegotiationCache(POLICY, size=4)
    tracemalloc.start()
    try:
        for number in range(2000):
            cache.lookup(proposing(context(1, f"1.2.{number}", IMPLICIT))[6:])
        kept = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert kept < 500_000  # all of them would be megabytes; other threads count too


def test_requests_that_differ_in_their_titles_alone_are_told_apart():
    cache = NegotiationCache(POLICY)
    bodies = [proposing(context(1, CT, IMPLICIT), called=called)[6:] for called in (b"ONE", b"TWO", b"ONE")]
    found = [cache.lookup(body) for body in bodies]
    assert [request.called_ae_title for request, _ in found] == ["ONE", "TWO", "ONE"]
    assert found[0][1] is found[1][1]


def test_answers_of_a_cached_negotiation_are_the_same():
    cache = NegotiationCache(POLICY)
    raw = STANDARD + echoed() + stored() + RELEASE
    first, second = Driver(cache=cache).play([raw]), Driver(cache=cache).play([raw])
    assert (first.sent, first.story) == (second.sent, second.story)
    other = Driver(cache=cache).play([STANDARD.replace(b"ANY-SCP", b"ANOTHER")])
    assert b"ANOTHER" in other.sent
    assert b"ANY-SCP" not in other.sent


def test_requests_that_differ_in_their_version_alone_are_told_apart():
    cache = NegotiationCache(POLICY)
    contexts = [context(1, CT, IMPLICIT)]
    for version, kind in ((1, 2), (2, 3), (3, 2), (2, 3), (1, 2)):
        answer = Driver(cache=cache).play([proposing(*contexts, version=version)]).sent
        assert answer[0] == kind, version
