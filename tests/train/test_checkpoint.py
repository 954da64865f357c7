"""A checkpoint is whole, or it is refused in one line that names it."""

import os
import pickle

import pytest
import torch

from thalweg.train.checkpoint import load, save


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "last.pt"
    save(path, {"model": {"weight": torch.arange(1000.0)}, "epoch": 3})
    return path


def refusal(path) -> str:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (every test looks at the text)
        load(path, {"model"})
    line = str(caught.value)
    assert str(path) in line
    assert "\n" not in line
    assert "another folder" in line or "upgrade" in line
    return line


def test_what_was_saved_is_loaded(path):
    content = load(path, {"model", "epoch"})
    assert content["model"]["weight"].equal(torch.arange(1000.0))
    assert content["epoch"] == 3


def test_a_checkpoint_cut_anywhere_is_refused(path):
    whole = path.read_bytes()
    for length in range(0, len(whole), 311):
        path.write_bytes(whole[:length])
        assert "damaged" in refusal(path)


def test_one_flipped_bit_in_a_weight_is_noticed(path):
    content = bytearray(path.read_bytes())
    where = content.find(torch.tensor([500.0, 501.0]).numpy().tobytes())
    assert where > 0
    content[where] ^= 1
    path.write_bytes(content)
    assert "damaged" in refusal(path)


@pytest.mark.parametrize("content", [b"", b"garbage", os.urandom(5000), b"\0" * 5000])
def test_garbage_is_refused(path, content):
    path.write_bytes(content)
    assert "damaged" in refusal(path)


class Bomb:
    def __init__(self, target):
        self.target = str(target)

    def __reduce__(self):
        return (os.mkdir, (self.target,))


def test_a_pickle_bomb_does_not_go_off(path):
    target = path.parent / "crater"
    torch.save({"format": 1, "model": Bomb(target)}, path)
    assert "other than tensors" in refusal(path)
    path.write_bytes(pickle.dumps(Bomb(target)))
    assert "damaged" in refusal(path)
    assert not target.exists()


def test_foreign_incomplete_and_newer_checkpoints_are_refused(path):
    torch.save({"weight": torch.zeros(1)}, path)
    assert "not a checkpoint of thalweg" in refusal(path)
    torch.save({"format": 99, "model": {}}, path)
    assert "format 99" in refusal(path)
    save(path, {"epoch": 3})
    assert "lacks model" in refusal(path)
