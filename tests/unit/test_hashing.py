"""Bucket numbers with and without the accelerator."""

import importlib
import json
import math
import sys
from hashlib import sha1
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flagengine import hashing, native
from flagengine.hashing import buckets as installed
from flagengine.hashing.buckets import BUCKETS, Algorithm, bound, upper

FIXTURES = Path(__file__).parents[2] / "fixtures" / "hashing"


def _without_accelerator() -> ModuleType:
    """Return a second copy of the module, without the extension."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native, "accelerator", None)
        patch.setattr(hashing, "buckets", installed)
        patch.delitem(sys.modules, "flagengine.hashing.buckets")
        return importlib.import_module("flagengine.hashing.buckets")


pure = _without_accelerator()
BACKENDS = {"as installed": installed, "pure Python": pure}

every_backend = pytest.mark.parametrize("hashing", BACKENDS.values(), ids=BACKENDS.keys())


def _rows(name: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = json.loads((FIXTURES / name).read_text(encoding="utf-8"))
    assert len(rows) >= 40
    return rows


def _fraction(n: int) -> float:
    return float(n) / 2**60


# The published numbers


@every_backend
@pytest.mark.parametrize("row", _rows("sha1.json"))
def test_the_published_sha1_numbers_come_out(hashing: ModuleType, row: dict[str, object]) -> None:
    assert hashing.bucket(row["prefix"], row["subject"], row["salt"]) == row["n"]
    assert row["hex"] == f"{row['n']:015x}"  # for readers whose numbers are binary64
    assert hashing.hasher("sha1", row["prefix"], row["salt"])(row["subject"]) == row["n"]


@every_backend
@pytest.mark.parametrize("row", _rows("murmur3.json"))
def test_the_published_murmur3_numbers_come_out(
    hashing: ModuleType, row: dict[str, object]
) -> None:
    assert hashing.murmur3_bucket(row["prefix"], row["subject"], row["salt"]) == row["n"]
    assert row["hex"] == f"{row['n']:015x}"
    bound_hasher = hashing.hasher(Algorithm.MURMUR3, row["prefix"], row["salt"])
    assert bound_hasher(row["subject"]) == row["n"]


@pytest.mark.parametrize("row", _rows("sha1.json") + _rows("murmur3.json"))
def test_a_published_fraction_is_the_number_over_two_to_the_sixty(row: dict[str, object]) -> None:
    assert isinstance(row["n"], int)
    assert row["h"] == _fraction(row["n"])


def test_the_numbers_the_rules_quote() -> None:
    quoted = {
        ("flag-a.", "user-0", ""): 0.178,
        ("flag-a.", "user-1", "variant"): 0.4377,
        ("holdout-", "user-1", ""): 0.1781,
        ("holdout-", "", ""): 0.9269,
    }
    for parts, fraction in quoted.items():
        assert _fraction(installed.bucket(*parts)) == pytest.approx(fraction, abs=5e-4)


# Text


@every_backend
@given(prefix=st.text(), subject=st.text(), salt=st.text())
def test_a_number_is_the_first_fifteen_hex_digits_of_sha1(
    hashing: ModuleType, prefix: str, subject: str, salt: str
) -> None:
    message = (prefix + subject + salt).encode()
    n = int(sha1(message, usedforsecurity=False).hexdigest()[:15], 16)
    assert hashing.bucket(prefix, subject, salt) == n
    assert hashing.hasher(Algorithm.SHA1, prefix, salt)(subject) == n


@every_backend
@pytest.mark.parametrize("algorithm", Algorithm)
@given(subject=st.text(max_size=20).map(lambda text: text * 30))
def test_clipping_keeps_the_first_200_characters_of_more_than_200_bytes(
    hashing: ModuleType, algorithm: Algorithm, subject: str
) -> None:
    kept = subject[:200] if len(subject.encode()) > 200 else subject
    number = hashing.hasher(algorithm, "flag-a.", "variant")
    assert hashing.hasher(algorithm, "flag-a.", "variant", clip=True)(subject) == number(kept)


@every_backend
@pytest.mark.parametrize("parts", [("\ud800", "", ""), ("", "a\udfff", ""), ("", "", "\ud83d")])
def test_a_lone_surrogate_is_refused_like_python_refuses_it(
    hashing: ModuleType, parts: tuple[str, str, str]
) -> None:
    prefix, subject, salt = parts
    with pytest.raises(UnicodeEncodeError, match="surrogates not allowed"):
        hashing.bucket(prefix, subject, salt)
    with pytest.raises(UnicodeEncodeError, match="surrogates not allowed"):
        hashing.murmur3_bucket(prefix, subject, salt)
    for algorithm in Algorithm:
        with pytest.raises(UnicodeEncodeError, match="surrogates not allowed"):
            hashing.hasher(algorithm, prefix, salt)(subject)


@every_backend
@pytest.mark.parametrize("junk", [None, 1, b"user-0", ["user-0"], 0.5, object()])
def test_only_text_is_hashed(hashing: ModuleType, junk: object) -> None:
    with pytest.raises(TypeError):
        hashing.bucket("flag-a.", junk)
    with pytest.raises(TypeError):
        hashing.murmur3_bucket("flag-a.", junk)
    for algorithm in Algorithm:
        with pytest.raises(TypeError):
            hashing.rollout(algorithm, "flag-a.", 1)(junk)


@every_backend
def test_an_enumeration_member_hashes_as_its_text(hashing: ModuleType) -> None:
    member = Algorithm.SHA1
    assert hashing.bucket(member, member, member) == hashing.bucket("sha1", "sha1", "sha1")
    assert hashing.hasher("sha1", member)(member) == hashing.bucket("sha1", "sha1")


# Rollouts and draws


@every_backend
@pytest.mark.parametrize("algorithm", Algorithm)
@given(subject=st.text(), step=st.integers(-1, 1))
def test_a_rollout_takes_in_its_bound(
    hashing: ModuleType, algorithm: Algorithm, subject: str, step: int
) -> None:
    n = hashing.hasher(algorithm, "flag-a.")(subject)
    assert hashing.rollout(algorithm, "flag-a.", n + step)(subject) is (step >= 0)


@every_backend
@pytest.mark.parametrize("algorithm", Algorithm)
def test_nobody_is_in_below_zero_and_everybody_at_the_top(
    hashing: ModuleType, algorithm: Algorithm
) -> None:
    assert hashing.rollout(algorithm, "flag-a.", -1)("user-0") is False
    assert hashing.rollout(algorithm, "flag-a.", BUCKETS - 1)("user-0") is True


@every_backend
@pytest.mark.parametrize("algorithm", Algorithm)
@given(subject=st.text(), uppers=st.lists(st.integers(0, BUCKETS)))
def test_a_draw_is_the_first_upper_above_the_number(
    hashing: ModuleType, algorithm: Algorithm, subject: str, uppers: list[int]
) -> None:
    n = hashing.hasher(algorithm, "flag-a.", "variant")(subject)
    uppers += [n, n + 1]
    expected = next(i for i, end in enumerate(uppers) if n < end)
    assert hashing.draw(algorithm, "flag-a.", uppers, "variant")(subject) == expected
    assert hashing.draw(algorithm, "flag-a.", [n, n, n], "variant")(subject) == 3
    assert hashing.draw(algorithm, "flag-a.", [], "variant")(subject) == 0


# Fractions become integers

numbers = st.integers(0, BUCKETS - 1)
fractions = st.one_of(
    st.floats(allow_nan=False),
    st.floats(0, 1),
    numbers.map(_fraction),
    st.builds(lambda a, b: a / b, st.integers(0, 1000), st.integers(1, 1000)),
    st.builds(math.nextafter, numbers.map(_fraction), st.sampled_from([0.0, 2.0])),
)
percentages = fractions | fractions.map(lambda c: c * 100) | st.floats(0, 100)


@given(percentages)
@example(100.0)
@example(math.nextafter(100.0, 0.0))
@example(0.0)
@example(-0.0)
@example(5e-324)
@example(math.inf)
@example(-math.inf)
def test_bound_is_the_greatest_number_inside_a_percentage(percentage: float) -> None:
    n = bound(percentage)
    assert -1 <= n < BUCKETS
    assert n == -1 or _fraction(n) <= percentage / 100.0
    assert n == BUCKETS - 1 or not _fraction(n + 1) <= percentage / 100.0


@given(fractions)
@example(1.0)
@example(math.nextafter(1.0, 0.0))
@example(math.nextafter(1.0, 2.0))
@example(0.0)
@example(-0.0)
@example(5e-324)
@example(math.inf)
@example(-math.inf)
def test_upper_is_the_least_number_not_below_a_fraction(cumulative: float) -> None:
    n = upper(cumulative)
    assert 0 <= n <= BUCKETS
    assert n == 0 or _fraction(n - 1) < cumulative
    assert n == BUCKETS or not _fraction(n) < cumulative


@given(numbers, percentages, fractions)
def test_integers_and_fractions_decide_alike(n: int, percentage: float, cumulative: float) -> None:
    for near in {n, bound(percentage), bound(percentage) + 1, upper(cumulative)}:
        for m in (near - 1, near, near + 1):
            if 0 <= m < BUCKETS:
                assert (m <= bound(percentage)) is (_fraction(m) <= percentage / 100.0)
                assert (m < upper(cumulative)) is (_fraction(m) < cumulative)


def test_a_whole_rollout_has_everybody_but_weights_of_one_hundred_leave_64_numbers_out() -> None:
    assert bound(100.0) == BUCKETS - 1
    assert upper(1.0) == BUCKETS - 64


def test_no_number_compares_with_nan() -> None:
    assert bound(math.nan) == -1
    assert upper(math.nan) == 0


def test_the_subject_whose_hash_is_the_bound_is_inside() -> None:
    percentage = 19.02159665425014
    n = installed.bucket("flag-a.", "b0")
    assert _fraction(n) == percentage / 100.0
    assert n <= bound(percentage)
    assert n > bound(math.nextafter(percentage, 0.0))


# The choice


def test_the_pure_backend_uses_no_accelerator() -> None:
    assert pure.ACCELERATOR == "none"
    assert pure.bucket.__module__ == "flagengine.hashing.sha1"


def test_the_installed_backend_says_what_it_uses() -> None:
    if installed.ACCELERATOR == "none":
        assert installed.bucket.__module__ == "flagengine.hashing.sha1"
    else:
        assert installed.ACCELERATOR in {"avx-512", "sha-ni", "armv8-ce", "portable-c"}
        assert installed.bucket.__module__ == "flagengine.native._accelerator"
