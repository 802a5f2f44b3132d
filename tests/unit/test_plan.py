"""A plan is a value: it can be split, and its digests are those of its files."""

import hashlib

import pytest

from nameserver.plan import Action, Item, split


def _items(*sizes: int) -> list[Item]:
    return [Item(f"z{number}.example", Action.PUBLISH, 1, b"x" * size) for number, size in enumerate(sizes)]


@pytest.mark.parametrize(
    ("sizes", "batches"),
    [
        ([], []),
        ([1], [[1]]),
        ([1, 1, 1, 1], [[1, 1, 1], [1]]),
        ([6, 5, 5, 1], [[6], [5, 5], [1]]),
        ([50], [[50]]),
        ([1, 50, 1], [[1], [50], [1]]),
    ],
)
def test_split(sizes: list[int], batches: list[list[int]]) -> None:
    items = _items(*sizes)
    parts = list(split(items, most_zones=3, most_bytes=10))
    assert [[len(item.content) for item in part] for part in parts] == batches
    assert [item for part in parts for item in part] == items


def test_the_digest_is_of_the_file() -> None:
    assert Item("a.example", Action.PUBLISH, 1, b"abc").digest == hashlib.sha256(b"abc").hexdigest()
