"""The cpu engine says what it can't do, and shares work evenly."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from thalweg.engines import cpu
from thalweg.engines.layout import PIECE


@pytest.mark.parametrize(
    ("tensor", "why"),
    [
        (torch.zeros(3, dtype=torch.complex64), "complex64 has no kernel"),
        (torch.zeros(3, dtype=torch.int64), "int64 has no kernel"),
        (torch.zeros(3, device="meta"), "it lies on meta"),
        (torch.zeros(3, 4).to_sparse(), "its layout is sparse_coo"),
        (torch.zeros(3, 4)[:, ::2], "its elements have gaps between them, or overlap"),
        (torch.zeros(1, 4).expand(3, 4), "its elements have gaps between them, or overlap"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_it_says_why_not(tensor, why):
    assert cpu.why_not(tensor) == why


@pytest.mark.parametrize(
    "tensor",
    [
        torch.zeros(()),
        torch.zeros(0, 3),
        torch.zeros(3, 4).t(),
        torch.zeros(2, 3, 4, 5).to(memory_format=torch.channels_last),
        torch.zeros(10)[2:7],
    ],
    ids=["0-dim", "empty", "transposed", "channels last", "offset"],
)
def test_dense_tensors_of_any_order_will_do(tensor):
    assert cpu.why_not(tensor) is None


def test_tensors_in_different_order_do_not_go_together():
    why = cpu.why_not_beside(torch.zeros(3, 4), torch.zeros(4, 3).t())
    assert why == "it is laid out otherwise than its parameter"


@given(st.lists(st.integers(0, 100_000), max_size=30), st.integers(1, 9))
def test_pieces_cover_every_element_once(sizes, threads):
    pieces, spans = cpu.share(sizes, threads)
    seen = dict.fromkeys(range(len(sizes)), 0)
    for tensor, start, count in pieces.tolist():
        assert start == seen[tensor]
        seen[tensor] += count
    assert list(seen.values()) == sizes
    assert spans[0] == 0
    assert spans[-1] == len(pieces)
    assert len(spans) - 1 <= threads


@given(st.lists(st.integers(0, 100_000), max_size=30), st.integers(1, 9))
def test_pieces_do_not_depend_on_the_number_of_threads(sizes, threads):
    assert cpu.share(sizes, threads)[0].tolist() == cpu.share(sizes, 1)[0].tolist()


@given(st.lists(st.integers(0, 100_000), max_size=30), st.integers(1, 9))
def test_pieces_begin_where_the_noise_of_a_tensor_begins_anew(sizes, threads):
    pieces, _ = cpu.share(sizes, threads)
    assert all(start % PIECE == 0 and 0 < count <= PIECE for _, start, count in pieces.tolist())


@given(st.lists(st.integers(1, 100_000), min_size=1, max_size=30), st.integers(1, 9))
def test_no_thread_gets_much_more_than_its_share(sizes, threads):
    pieces, spans = cpu.share(sizes, threads)
    assert all(a <= b for a, b in pairwise(spans))
    shares = [pieces[a:b, 2].sum() for a, b in pairwise(spans)]
    assert max(shares) <= sum(sizes) / threads + PIECE
