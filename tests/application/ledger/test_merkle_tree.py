"""The Merkle tree: the published vectors of certificate transparency, and the naive definition."""

from collections.abc import Sequence
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plangate.application.ledger.merkle_tree import (
    Frontier,
    consistency_spans,
    inclusion_spans,
    is_consistent,
    is_included,
    leaf_hash,
    node_hash,
    roots_of,
)

# The test tree of certificate transparency: the data of its leaves, and the root of each size.
DATA = [
    bytes.fromhex(data)
    for data in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
LEAVES = [leaf_hash(data) for data in DATA]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
A = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
B = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
C = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
D = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
E = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
F = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
INCLUSION = [
    (0, 1, []),
    (0, 8, [A, B, C]),
    (5, 8, [D, E, ROOTS[4]]),
    (2, 3, [ROOTS[2]]),
    (1, 5, [ROOTS[1], B, D]),
]
CONSISTENCY = [(1, 1, []), (1, 8, [A, B, C]), (6, 8, [F, E, ROOTS[4]]), (2, 5, [B, D])]


def hexes(hashes: Sequence[bytes]) -> list[str]:
    return [hashed.hex() for hashed in hashes]


@pytest.mark.parametrize("size", range(9))
def test_the_published_roots(size: int) -> None:
    assert Frontier().extended(LEAVES[:size]).root().hex() == ROOTS[size]


@pytest.mark.parametrize("leaf, size, proof", INCLUSION)
def test_the_published_inclusion_proofs(leaf: int, size: int, proof: list[str]) -> None:
    assert hexes(roots_of(inclusion_spans(leaf, size), LEAVES[:size])) == proof
    steps, root = [bytes.fromhex(step) for step in proof], bytes.fromhex(ROOTS[size])
    assert is_included(LEAVES[leaf], leaf, size, steps, root)


@pytest.mark.parametrize("old, new, proof", CONSISTENCY)
def test_the_published_consistency_proofs(old: int, new: int, proof: list[str]) -> None:
    assert hexes(roots_of(consistency_spans(old, new), LEAVES[:new])) == proof
    steps = [bytes.fromhex(step) for step in proof]
    assert is_consistent(old, bytes.fromhex(ROOTS[old]), new, bytes.fromhex(ROOTS[new]), steps)


# --- against the definitions of RFC 6962, section 2.1, word for word ---


def mth(leaves: Sequence[bytes]) -> bytes:
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = largest_power_below(len(leaves))
    return node_hash(mth(leaves[:k]), mth(leaves[k:]))


def path(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    k = largest_power_below(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: Sequence[bytes], *, whole: bool) -> list[bytes]:
    if m == len(leaves):
        return [] if whole else [mth(leaves)]
    k = largest_power_below(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], whole=whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], whole=False), mth(leaves[:k])]


def largest_power_below(number: int) -> int:
    power = 1
    while power * 2 < number:
        power *= 2
    return power


SIZES = st.integers(1, 70)


def some_leaves(size: int) -> list[bytes]:
    return [leaf_hash(str(number).encode()) for number in range(size)]


@given(SIZES, st.data())
def test_a_tree_grows_to_the_root_of_its_definition(size: int, data: st.DataObject) -> None:
    leaves = some_leaves(size)
    cut = data.draw(st.integers(0, size))
    grown = Frontier().extended(leaves[:cut]).extended(leaves[cut:])
    assert grown.root() == mth(leaves)
    assert (grown.size, len(grown.nodes)) == (size, size.bit_count())


@given(SIZES, st.data())
def test_inclusion_is_proved_as_defined_and_for_nothing_else(
    size: int, data: st.DataObject
) -> None:
    leaves = some_leaves(size)
    leaf = data.draw(st.integers(0, size - 1))
    proof = roots_of(inclusion_spans(leaf, size), leaves)
    assert proof == path(leaf, leaves)
    root = mth(leaves)
    assert is_included(leaves[leaf], leaf, size, proof, root)
    other = data.draw(st.integers(-1, size + 1).filter(lambda place: place != leaf))
    assert not is_included(leaves[leaf], other, size, proof, root)
    assert not is_included(leaf_hash(b"another"), leaf, size, proof, root)
    assert not is_included(leaves[leaf], leaf, size, [*proof, root], root)
    assert not is_included(leaves[leaf], leaf, size, proof, leaf_hash(b"another"))
    for place in range(len(proof)):
        shorter = [*proof[:place], *proof[place + 1 :]]
        assert not is_included(leaves[leaf], leaf, size, shorter, root)


@given(SIZES, st.data())
def test_consistency_is_proved_as_defined_and_for_nothing_else(
    new: int, data: st.DataObject
) -> None:
    leaves = some_leaves(new)
    old = data.draw(st.integers(1, new))
    proof = roots_of(consistency_spans(old, new), leaves)
    assert proof == subproof(old, leaves, whole=True)
    before, after, another = mth(leaves[:old]), mth(leaves), leaf_hash(b"another")
    assert is_consistent(old, before, new, after, proof)
    assert not is_consistent(old, another, new, after, proof)
    assert not is_consistent(old, before, new, another, proof)
    assert not is_consistent(old, before, new, after, [*proof, another])
    assert not is_consistent(new + 1, before, new, after, proof)
    assert is_consistent(old, before, new, after, []) is (old == new)
    for place in range(len(proof)):
        shorter = [*proof[:place], *proof[place + 1 :]]
        assert not is_consistent(old, before, new, after, shorter)


def test_the_empty_tree_is_the_beginning_of_every_tree() -> None:
    nothing, all_of_it = mth([]), mth(LEAVES)
    assert consistency_spans(0, 8) == []
    assert is_consistent(0, nothing, 8, all_of_it, [])
    assert not is_consistent(0, nothing, 8, all_of_it, [all_of_it])
