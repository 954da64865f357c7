"""Who comes too fast waits; nobody is turned away."""

from thalweg.serve.cache import Cache
from thalweg.serve.limit import Bucket


def test_a_burst_passes_and_what_follows_comes_at_the_rate():
    now = 0.0
    bucket = Bucket(rate=10, burst=5, clock=lambda: now)
    passed = []
    for _ in range(25):
        now += bucket.take()
        passed.append(now)
    assert passed[:5] == [0.0] * 5
    assert abs(passed[-1] - 2.0) < 1e-9


def test_rest_fills_the_bucket_up_to_its_brim():
    now = 0.0
    bucket = Bucket(rate=10, burst=5, clock=lambda: now)
    now = 1000.0
    assert [bucket.take() for _ in range(6)] == [0, 0, 0, 0, 0, 0.1]


def test_a_cache_holds_no_more_than_its_size():
    cache = Cache(1000)
    for number in range(100):
        cache.put(number, "x" * 300)
    assert [number for number in range(100) if cache.get(number)] == [97, 98, 99]
    cache.put("huge", "x" * 2000)
    assert cache.get("huge") is None
    cache.put(1, "x" * 300)
    assert cache.get(1) == "x" * 300
