"""IDX files: read to the last byte, or refused in one line."""

import gzip
import struct

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from thalweg import tasks
from thalweg.tasks import idx, read_idx

CODES = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}


def packed(array):
    code = CODES[array.dtype.str[1:]]
    header = struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


def pictures(rows, seed=0):
    random = np.random.default_rng(seed)
    images = random.integers(0, 256, (rows, 5, 4), dtype=np.uint8)
    return images, (np.arange(rows) % 3).astype(np.uint8)


@pytest.fixture
def folder(tmp_path):
    for part, rows in (("train", 60), ("t10k", 15)):
        images, labels = pictures(rows, seed=rows)
        (tmp_path / f"{part}-images-idx3-ubyte").write_bytes(packed(images))
        (tmp_path / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(packed(labels)))
    return tmp_path


@pytest.mark.parametrize("dtype", list(CODES))
@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 3, 4), (0, 4)])
@pytest.mark.parametrize("zipped", [False, True])
def test_what_was_written_is_read(tmp_path, dtype, shape, zipped):
    array = (np.arange(np.prod(shape)) - 3).astype(dtype).reshape(shape)
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(packed(array)) if zipped else packed(array))
    back = read_idx(path)
    assert np.array_equal(back, array)
    assert back.dtype == array.dtype


def test_a_folder_becomes_three_parts(folder):
    data = idx(folder)
    images, labels = pictures(15, seed=15)
    assert [len(p) for p in (data.train, data.validation, data.test)] == [48, 12, 15]
    assert data.test.inputs.shape == (15, 1, 5, 4)
    assert torch.equal(data.test.inputs[:, 0], torch.from_numpy(images).float() / 255)
    assert data.test.targets.tolist() == labels.tolist()
    assert data.train.targets.dtype == torch.int64
    assert data.validation.targets.bincount().tolist() == [4, 4, 4]


def test_inputs_keep_their_labels_when_validation_is_cut(folder):
    images, labels = pictures(60, seed=60)
    label_of = {image.tobytes(): int(label) for image, label in zip(images, labels, strict=True)}
    data = idx(folder, validation=0.5, seed=4)
    for part in (data.train, data.validation):
        for image, label in zip((part.inputs * 255).round().byte(), part.targets, strict=True):
            assert label_of[image.numpy().tobytes()] == int(label)


def test_the_seed_decides_which_rows_validate(folder):
    first, again, other = (idx(folder, seed=seed).validation.inputs for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_folder_trains_as_a_task(folder):
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(20, 3))
    task = tasks.Task("mine", "digits", lambda: model, lambda: idx(folder))
    tasks.check(task)


WHOLE = packed(pictures(4)[0])


@pytest.mark.parametrize("length", range(20))
def test_a_file_cut_anywhere_in_its_header_or_body_is_refused(tmp_path, length):
    path = tmp_path / "cut"
    path.write_bytes(WHOLE[:length])
    with pytest.raises(ValueError, match=r"cut: (ends after|its header .* asks for 80 bytes)"):
        read_idx(path)


@pytest.mark.parametrize("length", range(2, len(gzip.compress(WHOLE, mtime=0)), 3))
def test_a_gzipped_file_cut_anywhere_is_refused(tmp_path, length):
    path = tmp_path / "cut.gz"
    path.write_bytes(gzip.compress(WHOLE, mtime=0)[:length])
    with pytest.raises(ValueError, match=r"cut\.gz: can't be read"):
        read_idx(path)


@given(magic=st.binary(min_size=4, max_size=4), rest=st.binary(max_size=40))
def test_any_bytes_are_read_or_refused_in_one_line(tmp_path_factory, magic, rest):
    path = tmp_path_factory.mktemp("any") / "file"
    path.write_bytes(magic + rest)
    try:
        read_idx(path)
    except ValueError as error:
        line = str(error)
    else:
        line = ""
    assert "\n" not in line


@pytest.mark.parametrize(
    "magic", [b"\1\0\x08\3", b"\0\1\x08\3", b"\0\0\x0a\3", b"\0\0\x08\0", b"PK\3\4"]
)
def test_a_wrong_magic_is_shown(tmp_path, magic):
    path = tmp_path / "wrong"
    path.write_bytes(magic + WHOLE[4:])
    with pytest.raises(ValueError, match=rf"begins with {magic.hex(' ')}, which is no IDX file"):
        read_idx(path)


def test_bytes_left_over_are_refused(tmp_path):
    path = tmp_path / "long"
    path.write_bytes(WHOLE + b"x")
    with pytest.raises(ValueError, match=r"asks for 80 bytes of numbers, there are more"):
        read_idx(path)


def test_a_header_that_asks_for_the_moon_asks_for_no_memory(tmp_path):
    path = tmp_path / "moon"
    path.write_bytes(struct.pack(">HBB3I", 0, 8, 3, 2**32 - 1, 2**32 - 1, 2**32 - 1) + b"x" * 9)
    with pytest.raises(ValueError, match=r"there are 9 bytes"):
        read_idx(path)


def test_what_is_missing_is_named(folder, tmp_path):
    (folder / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(
        ValueError, match=r"there is no t10k-labels\* or test-labels\*, plain or .gz"
    ):
        idx(folder)
    with pytest.raises(ValueError, match=r"^idx: there is no folder"):
        idx(tmp_path / "nowhere")
    with pytest.raises(ValueError, match=r"^idx: there is no file"):
        read_idx(tmp_path / "nowhere")


def test_two_files_for_one_thing_are_refused_unless_one_is_the_other_zipped(folder):
    plain = folder / "train-images-idx3-ubyte"
    (folder / f"{plain.name}.gz").write_bytes(b"\x1f\x8b, not read")
    idx(folder)
    (folder / "emnist-train-images-idx3-ubyte").write_bytes(plain.read_bytes())
    with pytest.raises(ValueError, match=r"several files fit train-images\*: emnist"):
        idx(folder)


def test_labels_of_another_length_are_refused(folder):
    (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(packed(pictures(7)[1]))
    with pytest.raises(ValueError, match=r"has 15 pictures and .* 7 labels"):
        idx(folder)
