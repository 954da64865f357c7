"""What the injected faults taught: each of these was missed, or a false alarm, before."""

import pytest

from tests.doctor.made import activation, healthy, judged, layer, near, noisy, points
from thalweg.doctor.evidence import Evaluation
from thalweg.doctor.verdict.order import decide


def evaluations(train, validation, count=8):
    return [Evaluation(50 * step, train, validation) for step in range(count)]


@pytest.mark.parametrize(
    ("train", "validation", "said"),
    [(1e-3, 0.5, True), (0.3, 0.7, False), (1e-3, 0.2, False), (0.2, 0.75, False)],
)
def test_what_is_known_by_heart_is_overfitting_though_validation_does_not_rise(
    train, validation, said
):
    found = judged("overfitting", evaluations=evaluations(train, validation))
    assert (found is not None) == said
    if found:
        assert "by heart" in found.sentence


def test_dropout_on_the_last_of_a_loss_is_no_gap():
    low = noisy(0.0, start=0.01)
    assert judged("train-eval-gap", mode_gap=0.8, dropout=0.1, losses=low) is None
    high = noisy(0.0, start=0.5)
    assert judged("train-eval-gap", mode_gap=0.8, dropout=0.1, losses=high) is not None


@pytest.mark.parametrize(
    ("calls", "norm", "said"), [(8, True, True), (1, True, False), (8, False, False)]
)
def test_evaluations_in_train_mode_are_named_where_they_matter(calls, norm, said):
    found = judged("train-eval-gap", batch_norm=norm, extra={"evaluated_awake": calls})
    assert (found is not None) == said
    if found:
        assert "model.eval() was forgotten" in found.sentence


@pytest.mark.parametrize(
    ("beta", "turning", "step", "said"),
    [
        (0.999, 0.999, 400, True),
        (0.999, 0.999, 40_000, False),
        (0.999, 0.9, 400, False),
        (0.9, 0.999, 400, False),
    ],
)
def test_a_momentum_that_remembers_more_than_the_run_is_named(beta, turning, step, said):
    hypers = {"lr": 1e-3, "beta1": beta}
    found = judged("bouncing", hypers=hypers, turning=near(turning, 1e-4), step=step)
    assert (found is not None) == said
    if found:
        assert found.prescription.hypers == {"beta1": 0.9}


def test_signals_that_explode_in_the_fresh_model_are_named():
    assert "fresh model" in judged("exploding-gradients", initial=100.0).sentence
    assert judged("exploding-gradients", initial=5.0) is None


@pytest.mark.parametrize(
    ("rule", "decay", "said"), [("sgd", 1.0, True), ("sgd", 0.1, False), ("adam", 1.0, False)]
)
def test_a_decay_that_eats_the_weights_at_every_step_is_named(rule, decay, said):
    found = judged(
        "weight-decay", rule=rule, hypers={"lr": 0.1, "weight_decay": decay}, rates=[], layers=[]
    )
    assert (found is not None) == said


def test_weights_that_decay_has_taken_are_not_called_untrained():
    gone = layer(weight=1e-43, gradient=0.0, update=0.0, moved=False)
    assert judged("not-trained", layers=[gone]) is None
    assert judged("not-trained", layers=[layer(gradient=0.0, update=0.0, moved=False)]) is not None


def test_a_loss_that_was_thrown_and_stays_is_named_and_a_catapult_is_not():
    thrown = points(1.0, 8.0, 9.0, *[1.0, 1.01] * 150)
    assert "thrown" in judged("diverging", losses=thrown).sentence
    back = points(1.0, 8.0, 9.0, *[0.01, 0.011] * 150)
    assert judged("diverging", losses=back) is None
    # With two samples a batch, single losses leap by themselves.
    assert judged("diverging", losses=thrown, batch=2) is None


@pytest.mark.parametrize(
    "other",
    [
        {"losses": noisy(0.0, start=0.01)},
        {"ratio": near(0.01)},
        {"rates": points(1e-2, 1e-3, 1e-4, every=200)},
        {"batch": 64, "noise_scale": near(1500.0)},
    ],
    ids=["learnt", "short steps", "tail", "usual batch"],
)
def test_noise_limits_no_run_that_is_done_or_hardly_moves(other):
    limited = {"noise_scale": near(1000.0), "batch": 2, "critical_probe": near(0.5)}
    flat = {"losses": noisy(0.0)}
    assert judged("noise-limited", **limited, **flat) is not None
    assert judged("noise-limited", **{**limited, **flat, **other}) is None


def test_labels_that_only_tell_their_frequencies_are_wiring():
    known = {"shuffled": 1.0, "evaluations": evaluations(0.7, 0.7)}
    assert judged("wiring", **known, blind=0.001) is not None
    assert judged("wiring", **known, blind=0.5) is None


def test_a_model_that_still_learns_is_not_too_weak():
    flat, falling = evaluations(0.7, 0.7), evaluations(0.7, 0.7)
    falling[-1] = Evaluation(400, 0.6, 0.61)
    known = {"losses": noisy(0.0, noise=0.3)}
    assert judged("underfitting", evaluations=flat, **known) is not None
    assert judged("underfitting", evaluations=falling, **known) is None


def test_inputs_come_before_the_divergence_that_they_cause():
    spoilt = healthy(
        input_scale=(0.1, 1.0, 5000.0), non_finite="loss", activations=[activation(dead=0.9)]
    )
    found = decide(spoilt)
    assert found.found[0].symptom == "inputs"
    assert {"diverging", "dead-units"} <= set(found.consequences)


def test_a_good_checkpoint_whose_tiny_loss_doubles_has_not_diverged():
    known = {"initial": 0.004, "losses": points(0.004, *[0.009] * 300)}
    assert judged("diverging", **known) is None
    assert judged("diverging", initial=0.4, losses=points(0.4, *[0.9] * 300)) is not None
