"""Gradients vanish where first layers get a thousandth of what the last ones get."""

import pytest

from tests.doctor.made import judged, layer, stack


@pytest.mark.parametrize(("first", "severity"), [(2e-3, None), (5e-4, "warning"), (1e-6, "severe")])
def test_the_ratio_of_first_to_last_decides(first, severity):
    found = judged("vanishing-gradients", layers=stack("gradient", first, 0.1, 1.0))
    assert (found and found.severity) == severity


def test_adam_hides_it_in_updates_and_the_profile_shows_it_for_sgd():
    assert judged("vanishing-gradients", layers=stack("update", 1e-7, 1e-3, 1e-3)) is not None
    assert judged("vanishing-gradients", layers=stack("update", 1e-5, 1e-3, 1e-3)) is None


def test_the_scale_of_all_gradients_says_nothing():
    assert judged("vanishing-gradients", layers=stack("gradient", 1e-9, 1e-9, 1e-9)) is None


def test_two_layers_or_frozen_ones_say_nothing():
    assert judged("vanishing-gradients", layers=stack("gradient", 1e-6, 1.0)) is None
    frozen = [layer("0", gradient=None, trainable=False), *stack("gradient", 0.1, 0.1)]
    assert judged("vanishing-gradients", layers=frozen) is None


def test_without_the_order_of_layers_nothing_is_said():
    layers = [layer(str(i), depth=None, gradient=g) for i, g in enumerate([1e-6, 0.1, 1.0])]
    assert judged("vanishing-gradients", layers=layers) is None
