"""The data that come with the library: fixed, disjoint, balanced, float32."""

import hashlib
import math
import sys

import numpy as np
import pytest
import torch
from sklearn import datasets
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score

from thalweg import tasks
from thalweg.tasks.dataset import characters

DATA = ["breast-cancer", "diabetes", "digits", "digits-cnn"]


def parts(data):
    return data.train, data.validation, data.test


@pytest.mark.parametrize("name", [*DATA, "characters"])
def test_a_shipped_task_passes_its_own_check(name):
    data = tasks.check(tasks.find(name))
    kinds = {part.inputs.dtype for part in parts(data)}
    assert kinds == ({torch.int64} if name == "characters" else {torch.float32})


@pytest.mark.parametrize(("name", "rows"), [("breast-cancer", 569), ("diabetes", 442)])
def test_parts_are_60_20_20_and_hold_every_row_once(name, rows):
    data = tasks.find(name).load()
    sizes = [len(part) for part in parts(data)]
    assert sum(sizes) == rows
    assert sizes == pytest.approx([0.6 * rows, 0.2 * rows, 0.2 * rows], abs=2)


def test_each_digit_is_in_every_part_in_the_same_share():
    data = tasks.find("digits").load()
    for digit in range(10):
        counts = [int((part.targets == digit).sum()) for part in parts(data)]
        assert counts == pytest.approx([0.6 * sum(counts)] + [0.2 * sum(counts)] * 2, abs=1)


def test_digits_are_the_pictures_of_scikit_learn():
    data = tasks.find("digits").load()
    ours = torch.cat([part.inputs.flatten(1) for part in parts(data)]) * 16
    theirs = datasets.load_digits().data
    assert {row.tobytes() for row in ours.numpy().astype(np.float64)} == {
        row.tobytes() for row in theirs
    }


def test_the_splits_never_change():
    digest = hashlib.sha256()
    for name in ("breast-cancer", "digits"):
        for part in parts(tasks.find(name).load()):
            digest.update(np.ascontiguousarray(part.targets.numpy()))
    # If this fails, every published figure on these tasks is void.
    assert digest.hexdigest()[:16] == "bb7b2d84cabd624c"
    first = tasks.find("diabetes").load().train.targets[:3, 0]
    assert first.tolist() == pytest.approx([-1.032586, -0.152301, -0.232327], abs=1e-5)


@pytest.mark.parametrize("name", ["breast-cancer", "diabetes"])
def test_columns_are_standardised_by_the_training_part_alone(name):
    data = tasks.find(name).load()
    assert data.train.inputs.mean(dim=0).abs().max() < 1e-5
    assert torch.allclose(
        data.train.inputs.std(dim=0, correction=0), torch.ones(data.train.inputs.shape[1])
    )
    assert data.validation.inputs.mean(dim=0).abs().max() > 1e-3


def test_r2_is_that_of_scikit_learn_on_the_training_part():
    task = tasks.find("diabetes")
    train = task.load().train
    fit = LinearRegression().fit(train.inputs, train.targets)
    output = torch.from_numpy(fit.predict(train.inputs))
    assert task.metrics["r2"](output, train.targets).item() == pytest.approx(
        r2_score(train.targets, output), abs=1e-5
    )


def test_accuracy_of_log_odds_counts_the_right_side_of_zero():
    accuracy = tasks.find("breast-cancer").metrics["accuracy"]
    output = torch.tensor([[2.0], [-1.0], [0.5], [-3.0]])
    assert accuracy(output, torch.tensor([[1.0], [0.0], [0.0], [1.0]])).item() == 0.5


@pytest.mark.parametrize(
    ("name", "lr", "epochs"),
    [("digits", 1e-2, 10), ("breast-cancer", 1e-2, 25), ("diabetes", 3e-2, 20)],
)
def test_adam_solves_it_in_the_epochs_measured(name, lr, epochs):
    task = tasks.find(name)
    data, model = task.load(), task.make_model()
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    best = -math.inf
    for _ in range(epochs):
        for rows in torch.randperm(len(data.train)).split(task.batch):
            optimizer.zero_grad()
            loss = task.loss(model(data.train.inputs[rows]), data.train.targets[rows])
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            output = model(data.validation.inputs)
        reached = task.metrics[task.solved.metric](output, data.validation.targets).item()
        best = max(best, reached)
    assert best >= task.solved.value


def test_without_scikit_learn_the_way_to_get_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    task = tasks.find("digits")
    task.load.cache_clear()
    with pytest.raises(ModuleNotFoundError, match=r"^digits: .* pip install 'thalweg\[lab\]'$"):
        task.load()
    with pytest.raises(ValueError, match=r"pip install 'thalweg\[lab\]'$"):
        tasks.check(task)


def test_a_target_is_the_next_character():
    data = tasks.find("characters").load()
    assert torch.equal(data.train.inputs[:, 1:], data.train.targets[:, :-1])


def test_windows_are_text_of_the_standard_library():
    first = tasks.find("characters").load().train.inputs[0]
    text = "".join(characters.ALPHABET[code] for code in first)
    abc = characters.Path(characters.sysconfig.get_path("stdlib")) / "abc.py"
    assert text in abc.read_text()


def test_the_transformer_does_not_look_ahead():
    model = characters.Transformer().eval()
    windows = torch.randint(characters.SYMBOLS, (2, 64))
    changed = windows.clone()
    changed[:, 40:] = (changed[:, 40:] + 1) % characters.SYMBOLS
    with torch.no_grad():
        before, after = model(windows), model(changed)
    assert torch.equal(before[:, :40], after[:, :40])
    assert not torch.allclose(before[:, 40:], after[:, 40:])


def test_bits_are_nats_over_log_2():
    task = tasks.find("characters")
    output = torch.zeros(2, 64, characters.SYMBOLS)
    targets = torch.zeros(2, 64, dtype=torch.int64)
    bits = task.metrics["bits_per_character"](output, targets)
    assert bits.item() == pytest.approx(math.log2(characters.SYMBOLS), rel=1e-6)


def test_a_library_without_source_is_refused_in_one_line(tmp_path):
    with pytest.raises(ValueError, match=r"^characters: .* holds 0 usable modules"):
        characters.excerpts(tmp_path)


def test_a_row_that_two_files_share_stands_in_one_part_only(tmp_path, monkeypatch):
    for stem in ("abc", "ast", "bdb", "cmd", "csv"):
        (tmp_path / f"{stem}.py").write_text("#" * 10_000)
    monkeypatch.setattr(characters.sysconfig, "get_path", lambda _: str(tmp_path))
    data = characters.load.__wrapped__()
    assert [len(part.inputs) for part in parts(data)] == [1, 0, 0]
