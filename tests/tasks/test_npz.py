"""npz files: the usual names, and damage refused in one line."""

import numpy as np
import pytest
import torch

from thalweg.tasks import npz


def arrays(rows=20, seed=0):
    random = np.random.default_rng(seed)
    return random.integers(0, 256, (rows, 4, 4), dtype=np.uint8), np.arange(rows) % 2


@pytest.mark.parametrize("names", ["{side}_{part}", "{part}_{side}"])
@pytest.mark.parametrize("sides", [("x", "y"), ("images", "labels")])
def test_keras_and_medmnist_names_are_known(tmp_path, names, sides):
    stored = {}
    for seed, part in enumerate(("train", "val", "test")):
        for side, array in zip(sides, arrays(seed=seed), strict=True):
            stored[names.format(side=side, part=part)] = array
    np.savez(tmp_path / "all.npz", **stored)
    data = npz(tmp_path)
    assert torch.equal(
        data.validation.inputs[:, 0] * 255, torch.from_numpy(arrays(seed=1)[0]).float()
    )
    assert data.test.inputs.dtype == torch.float32
    assert data.test.targets.dtype == torch.int64


def test_validation_is_cut_where_there_is_none(tmp_path):
    (x, y), (u, v) = arrays(rows=24, seed=0), arrays(seed=1)
    np.savez_compressed(tmp_path / "two.npz", x_train=x, y_train=y[:, None], x_test=u, y_test=v)
    data = npz(tmp_path / "two.npz", validation=0.25)
    assert [len(part) for part in (data.train, data.validation, data.test)] == [18, 6, 20]
    assert data.train.targets.ndim == 1


def test_one_pair_is_dealt_60_20_20_and_real_targets_stay_real(tmp_path):
    np.savez(tmp_path / "one.npz", x=np.eye(10), y=np.linspace(0, 1, 10)[:, None])
    data = npz(tmp_path / "one.npz")
    assert [len(part) for part in (data.train, data.validation, data.test)] == [6, 2, 2]
    assert data.train.targets.dtype == torch.float32
    assert data.train.targets.shape == (6, 1)


def test_python_objects_are_never_unpickled(tmp_path):
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("unpickled",))

    np.savez(tmp_path / "trap.npz", x=np.array([Trap()], dtype=object), y=np.zeros(1))
    with pytest.raises(ValueError, match=r"trap.npz: can't be read as npz: Object arrays cannot"):
        npz(tmp_path / "trap.npz")


def test_a_file_cut_anywhere_is_refused_in_one_line(tmp_path):
    np.savez_compressed(tmp_path / "whole.npz", x=np.eye(4), y=np.arange(4))
    whole = (tmp_path / "whole.npz").read_bytes()
    path = tmp_path / "cut.npz"
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"cut.npz: can't be read as npz") as caught:
            npz(path)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("stored", "line"),
    [
        ({"a": np.eye(2)}, r"holds a; needs x_train, y_train, x_test and y_test, or x and y$"),
        ({"x_train": np.eye(2), "y_train": np.ones(2)}, r"needs x_train"),
        ({"x": np.eye(2), "y": np.ones(3)}, r"x has 2 rows and y 3; each row needs one$"),
        (
            {"x": np.array(["a", "b"]), "y": np.ones(2)},
            r"x or y holds values of type <U1, not real",
        ),
        ({"x": np.float64(1), "y": np.ones(2)}, r"x is one number; one row per sample is needed$"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, stored, line):
    np.savez(tmp_path / "odd.npz", **stored)
    with pytest.raises(ValueError, match=line):
        npz(tmp_path / "odd.npz")


def test_a_bare_array_is_no_npz(tmp_path):
    np.save(tmp_path / "bare.npy", np.eye(2))
    with pytest.raises(ValueError, match=r"bare.npy: can't be read as npz: it is a single array"):
        npz(tmp_path / "bare.npy")


def test_a_missing_or_unclear_file_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"^npz: there is no file"):
        npz(tmp_path / "none.npz")
    with pytest.raises(ValueError, match=r"needs exactly one .npz file, there is none$"):
        npz(tmp_path)
    for name in "ab":
        np.savez(tmp_path / f"{name}.npz", x=np.eye(2), y=np.ones(2))
    with pytest.raises(ValueError, match=r"there is a.npz, b.npz$"):
        npz(tmp_path)
