"""Three seeds, three streams, none of which touches another."""

import pytest
import torch

from thalweg.train.seeds import Seeds, generators_kept


def weights(seeds):
    with generators_kept():
        seeds.seed_init()
        return torch.rand(50)


def masks(seeds, step=1):
    with generators_kept():
        seeds.seed_dropout(step)
        return torch.rand(50)


STREAMS = {"init": weights, "order": lambda seeds: seeds.shuffled(50, epoch=1), "dropout": masks}


@pytest.mark.parametrize("changed", STREAMS)
def test_a_seed_moves_its_own_stream_and_no_other(changed):
    before, after = Seeds.of(4), Seeds(**{**vars(Seeds.of(4)), changed: 5})
    moved = [name for name, draw in STREAMS.items() if not draw(before).equal(draw(after))]
    assert moved == [changed]


def test_one_number_gives_three_unrelated_streams():
    assert not weights(Seeds.of(4)).equal(masks(Seeds.of(4)))


def test_an_epochs_order_is_a_permutation_and_depends_on_seed_and_epoch_alone():
    orders = [Seeds.of(0).shuffled(1000, epoch=epoch) for epoch in (1, 2, 1)]
    assert all(order.sort().values.equal(torch.arange(1000)) for order in orders)
    assert orders[0].equal(orders[2])
    assert not orders[0].equal(orders[1])


def test_every_step_has_its_own_dropout():
    assert not masks(Seeds.of(0), step=1).equal(masks(Seeds.of(0), step=2))


def test_generators_are_as_before_even_after_an_exception():
    before = torch.random.get_rng_state()

    def fail():
        with generators_kept():
            torch.rand(3)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert torch.random.get_rng_state().equal(before)


@pytest.mark.parametrize("bad", [-1, 0.5, "7", True, None])
def test_a_seed_that_is_no_whole_number_is_refused(bad):
    with pytest.raises(ValueError, match=r"init=.* is not a whole number from 0 on"):
        Seeds.of(bad)
