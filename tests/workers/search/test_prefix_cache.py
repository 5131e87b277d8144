from __future__ import annotations

import pytest

from workers.search.prefix_cache import PrefixCache


@pytest.fixture
def cache() -> PrefixCache[str]:
    return PrefixCache(max_bytes=10)


def test_the_longest_known_prefix_is_found(cache: PrefixCache[str]) -> None:
    cache.put("a", "one", 1)
    cache.put("abc", "three", 1)
    assert cache.longest("abcd") == "three"
    assert cache.longest("abx") == "one"
    assert cache.longest("xab") is None
    assert cache.longest("") is None


def test_beyond_the_bound_the_least_recently_used_goes(cache: PrefixCache[str]) -> None:
    for frames in ("a", "b", "c"):
        cache.put(frames, frames, 3)
    assert cache.longest("a") == "a"
    cache.put("d", "d", 3)
    assert [cache.longest(each) for each in "abcd"] == ["a", None, "c", "d"]
    assert (cache.bytes, len(cache)) == (9, 3)


def test_shorter_prefixes_of_what_is_used_outlive_it(cache: PrefixCache[str]) -> None:
    cache.put("a", "a", 4)
    cache.put("ab", "ab", 4)
    assert cache.longest("abc") == "ab"
    cache.put("x", "x", 4)
    assert cache.longest("ab") == "a"


def test_what_is_larger_than_the_bound_is_not_kept_and_drives_nothing_out(cache: PrefixCache[str]) -> None:
    cache.put("a", "a", 4)
    cache.put("b", "b", 11)
    assert (cache.longest("a"), cache.longest("b"), cache.bytes) == ("a", None, 4)


def test_a_value_put_again_is_counted_once(cache: PrefixCache[str]) -> None:
    cache.put("a", "old", 4)
    cache.put("a", "new", 6)
    assert (cache.longest("a"), cache.bytes, len(cache), cache.peak_bytes) == ("new", 6, 1, 6)
    cache.put("a", "too large", 11)
    assert (cache.longest("a"), cache.bytes, len(cache)) == (None, 0, 0)
