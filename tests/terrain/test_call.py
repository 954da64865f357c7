"""One call for surfaces, runs and models."""

import json
import math

import numpy as np
import pytest
import torch
from torch import nn

import thalweg
from tests.terrain.net import data, mlp, normalised
from thalweg.terrain.network import flat
from thalweg.terrain.result import Terrain
from thalweg.train import fit

LOSS = nn.functional.cross_entropy


def trained(steps: int = 40) -> tuple[nn.Module, list[dict[str, torch.Tensor]]]:
    model, path = mlp(), []
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    inputs, targets = data()
    for step in range(steps):
        if step % 4 == 0:
            path.append({name: one.clone() for name, one in model.state_dict().items()})
        optimizer.zero_grad()
        LOSS(model(inputs), targets).backward()
        optimizer.step()
    return model, [*path, model.state_dict()]


def test_a_surface_has_its_known_minima_and_tracks():
    made = thalweg.terrain("himmelblau", rules={"adam": {"lr": 0.1}}, size=41, steps=50)
    known = {(round(m.x, 6), round(m.y, 6)) for m in thalweg.tasks.surface("himmelblau").minima}
    found = {(round(f.x, 6), round(f.y, 6)) for f in made.features if f.kind == "minimum"}
    assert found == known
    assert len(made.tracks[0]) == 50
    assert (made.kind, made.ground.noise) == ("surface", 0.0)


def test_every_iterate_is_shown_at_its_true_loss():
    model, path = trained()
    inputs, targets = data()
    made = thalweg.terrain(model, LOSS, data(), path=path, size=5)
    assert made.directions == "pca"
    (line,) = made.trajectories
    assert len(line) == len(path)
    for state, loss in zip(path, line.loss, strict=True):
        other = mlp()
        other.load_state_dict(state)
        assert loss == pytest.approx(LOSS(other(inputs), targets).item(), rel=1e-5)
    assert (line.x[-1], line.y[-1], line.out[-1]) == (0.0, 0.0, 0.0)
    assert all(0 <= out <= 1 for out in line.out)
    assert any("of a random walk 60.8 / 15.2 / 6.8 %" in note for note in made.notes)


def test_the_mode_and_the_noise_are_in_the_result():
    generator = torch.Generator().manual_seed(0)
    inputs, targets = torch.randn(640, 6, generator=generator), data(count=640)[1]
    made = thalweg.terrain(normalised(), LOSS, (inputs, targets), size=3, samples=320)
    assert made.mode == "batch normalisation by the statistics of the sample"
    assert made.samples == 320
    between = thalweg.terrain(normalised(), LOSS, (inputs, targets), other=mlp_like(), size=3)
    assert between.mode == "batch normalisation by averages made anew at every point"
    # The spread of the losses of single samples, over the root of their number.
    each = LOSS(normalised().eval()(inputs), targets, reduction="none")
    running = thalweg.terrain(normalised(), LOSS, (inputs, targets), size=3, mode="running")
    expected = each.std().item() / math.sqrt(640)
    assert running.ground.noise == pytest.approx(expected, rel=0.5)


def mlp_like() -> nn.Module:
    model = normalised()
    with torch.no_grad():
        for param in model.parameters():
            param.mul_(1.5)
    return model


def test_between_two_solutions_there_is_a_profile_of_each_part():
    model, path = trained()
    made = thalweg.terrain(
        model, LOSS, data(), other=path[2], third=path[0], validation=data(count=32), size=5
    )
    assert [one.part for one in made.profiles] == ["train", "validation"]
    train = made.profiles[0]
    assert train.loss[train.alpha.index(0.0)] == pytest.approx(made.centre, rel=1e-6)


def test_json_brings_back_all_of_it(tmp_path):
    model, path = trained()
    made = thalweg.terrain(model, LOSS, data(), path=path, size=5, window=((-1e30, 1e30), (-1, 1)))
    assert np.isnan(made.ground.height).any()
    made.write(tmp_path)
    back = Terrain.read(tmp_path)
    assert back.to_json() == made.to_json()
    json.loads(made.to_json(), parse_constant=lambda name: pytest.fail(name))  # noqa: PLW0108 - fail takes more


def test_a_run_is_drawn_from_its_folder(tmp_path):
    fit("diabetes", rule="adam", epochs=2, out=tmp_path / "run", keep=8)
    made = thalweg.terrain(tmp_path / "run", size=5)
    assert made.directions == "pca"
    assert made.trajectories[0].step[0] == 0
    assert made.title.endswith("on diabetes")
    assert list((tmp_path / "run" / "terrain").glob("*.npz"))
    fit("diabetes", rule="sgd", hypers={"lr": 1e-3}, epochs=1, seed=1, out=tmp_path / "other")
    line = thalweg.terrain(tmp_path / "run", other=tmp_path / "other", size=5)
    assert [one.part for one in line.profiles] == ["train", "validation"]


@pytest.mark.parametrize(
    ("what", "how", "words"),
    [
        ("nowhere", {}, "neither the folder of a run nor one of"),
        (mlp(), {}, "needs its loss and data"),
        (mlp(), {"loss": LOSS, "data": data(), "directions": "up"}, "none of random, pca"),
        (mlp(), {"loss": LOSS, "data": data(), "directions": "pca"}, "needs a path of three"),
        (mlp(), {"loss": LOSS, "data": data(), "directions": "between"}, "needs a second solution"),
        (mlp(), {"loss": LOSS, "data": data(), "mode": "eval"}, "none of running, batch"),
        (mlp(), {"loss": LOSS, "data": data(), "size": 2}, "51 is usual"),
    ],
)
def test_bad_input_gets_one_clear_line(what, how, words):
    with pytest.raises(ValueError, match=words) as caught:
        thalweg.terrain(what, **how)
    assert "\n" not in str(caught.value)


def test_weights_come_as_model_state_or_vector():
    from thalweg.probe import Weights

    model = mlp()
    weights = Weights.of(model)
    vector = weights.read(model)
    for given in (model, model.state_dict(), vector):
        assert torch.equal(flat(weights, given), vector)
    with pytest.raises(ValueError, match="is needed"):
        flat(weights, vector[1:])


def test_a_notebook_gets_a_picture_that_asks_nobody(monkeypatch):
    shown = thalweg.terrain("bowl", size=11)._repr_html_()
    assert shown.startswith("<iframe srcdoc=")
    assert "http://" not in shown.split("<main>")[-1][:2000]
