"""Where samples come from: IDX files, the shipped digits, splits, batches, small examples."""

import gzip
import hashlib
import math
import os
import struct
import tracemalloc
from contextlib import suppress
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from autograd_lite import FormatError, data

# Worked example 000-idx: the tiny images and labels, in bytes and in numbers.
IMAGES = bytes.fromhex("00000803000000020000000200000003000102030405fafbfcfdfeff")
LABELS = bytes.fromhex("00000801000000020702")
# A zip of one file's bytes that no clock or path has touched.
ZIPPED = gzip.compress(IMAGES, mtime=0)


# --- reading IDX --------------------------------------------------------------------


def test_images_of_the_worked_example():
    expected = [[[0, 1, 2], [3, 4, 5]], [[250, 251, 252], [253, 254, 255]]]
    images = data.read_idx(IMAGES)
    assert images.tolist() == expected
    assert images.shape == (2, 2, 3)
    assert images.dtype == np.uint8


def test_labels_of_the_worked_example():
    assert data.read_idx(LABELS).tolist() == [7, 2]


@pytest.mark.parametrize(
    ("name", "dims"),
    [("train-images-idx3-ubyte.gz", (60000, 28, 28)), ("t10k-labels-idx1-ubyte.gz", (10000,))],
)
def test_an_mnist_sized_file_has_the_stated_shape(tmp_path, name, dims):
    """The magic numbers 2051 and 2049 of the worked example are 0x08 and the dimensions."""
    magic = {3: 2051, 1: 2049}[len(dims)]
    header = struct.pack(f">{1 + len(dims)}I", magic, *dims)
    path = tmp_path / name
    path.write_bytes(gzip.compress(header + bytes(math.prod(dims)), 1))
    assert data.read_idx(path).shape == dims


@pytest.mark.parametrize(
    ("code", "item", "value"),
    [
        (0x08, "ff", 255),
        (0x09, "ff", -1),
        (0x0B, "0102", 258),  # 1 * 256 + 2: the high byte stands first
        (0x0C, "fffffffe", -2),
        (0x0D, "3fc00000", 1.5),  # IEEE 754: sign 0, exponent 127, significand 1.1 in binary
        (0x0E, "3ff8000000000000", 1.5),
    ],
)
def test_every_type_code_is_read_with_its_high_byte_first(code, item, value):
    array = data.read_idx(bytes([0, 0, code, 1, 0, 0, 0, 1]) + bytes.fromhex(item))
    assert array.tolist() == [value]
    assert array.dtype.isnative


def test_gzip_is_recognised_by_its_bytes_whatever_the_name(tmp_path):
    misnamed = tmp_path / "images"
    misnamed.write_bytes(ZIPPED)
    for source in (ZIPPED, misnamed, str(misnamed)):
        assert np.array_equal(data.read_idx(source), data.read_idx(IMAGES))


def test_no_dimensions_is_one_item_and_a_zero_size_is_none():
    assert data.read_idx(b"\0\0\x08\x00\x05").tolist() == 5
    assert data.read_idx(b"\0\0\x08\x02\0\0\0\0\0\0\0\x07").shape == (0, 7)


def test_what_is_read_may_be_changed():
    for source in (IMAGES, ZIPPED):
        data.read_idx(source)[0, 0, 0] = 9


# --- files that are not what they claim -----------------------------------------------


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "the magic number needs 4 bytes from byte 0 on, but 0 are there"),
        (b"\0\0\x08", "the magic number needs 4 bytes from byte 0 on, but 3 are there"),
        (b"PK\3\4", "bytes 0 and 1 are 50 4b"),
        (b"\0\0\x0a\x01\0\0\0\1\0", "byte 2 is the type code 0x0a"),
        (IMAGES[:9], "3 sizes needs 12 bytes from byte 4 on, but 5 are there"),
        (IMAGES[:-1], r"shape \(2, 2, 3\) needs 12 bytes from byte 16 on, but 11 are there"),
        (IMAGES + b"\0", r"ends at byte 28, but more bytes follow"),
        (LABELS[:7] + b"\3\7\2", r"shape \(3,\) needs 3 bytes from byte 8 on, but 2 are there"),
        (LABELS[:7] + b"\1\7\2", "ends at byte 9, but more bytes follow"),
        (b"\0\0\x08\x21" + bytes(4 * 33), "byte 3 announces 33 dimensions"),
        (ZIPPED[:-1], "gzip"),
        (ZIPPED[:-8], "gzip"),
        (ZIPPED[:12], "gzip"),
        (ZIPPED[:-5] + bytes([ZIPPED[-5] ^ 1]) + ZIPPED[-4:], "gzip.*CRC"),
        (ZIPPED + b"x", "gzip"),
        (gzip.compress(ZIPPED), "bytes 0 and 1 are 1f 8b"),
    ],
)
def test_a_bad_file_is_told_with_value_and_place(tmp_path, content, told):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=told) as caught:
        data.read_idx(path)
    assert str(path) in str(caught.value)
    assert ";" in str(caught.value)  # what happened; the next step
    with pytest.raises(FormatError, match=told):
        data.read_idx(content)


def test_sizes_that_no_array_can_have_are_a_format_error():
    """0 items in all, and yet (0, 2^32 - 1, 2^32 - 1, 2^32 - 1) is beyond NumPy's index."""
    with pytest.raises(FormatError, match="4294967295"):
        data.read_idx(b"\0\0\x08\x04" + bytes(4) + b"\xff" * 12)


@pytest.mark.parametrize("zipped", [False, True])
def test_a_header_that_claims_1e12_items_allocates_nothing(zipped):
    """10^12 = 10^6 * 10^6 items, in a file of 1 KB."""
    content = struct.pack(">4B2I", 0, 0, 8, 2, 10**6, 10**6) + bytes(1000)
    content = gzip.compress(content) if zipped else content
    tracemalloc.start()
    try:
        with pytest.raises(FormatError, match=r"1000000000000 bytes.*max_bytes"):
            data.read_idx(content)
        with pytest.raises(FormatError, match="but 1000 are there"):
            data.read_idx(content, max_bytes=10**13)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10e6


def test_a_gzip_bomb_is_unpacked_only_as_far_as_its_header_says():
    """100 MB of zeros pack into 100 KB; the header claims two items."""
    bomb = gzip.compress(LABELS + bytes(100_000_000), 1)
    tracemalloc.start()
    try:
        with pytest.raises(FormatError, match="ends at byte 10, but more bytes follow"):
            data.read_idx(bomb)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10e6


def test_max_bytes_is_the_largest_size_that_is_read():
    assert data.read_idx(IMAGES, max_bytes=12).size == 12
    with pytest.raises(FormatError, match=r"12 bytes.*max_bytes = 11"):
        data.read_idx(IMAGES, max_bytes=11)


def test_every_truncation_is_a_format_error():
    for whole in (IMAGES, LABELS, ZIPPED):
        for end in range(len(whole)):
            with pytest.raises(FormatError):
                data.read_idx(whole[:end])


def test_a_flipped_bit_is_a_format_error_or_an_array_of_what_the_bytes_say():
    """Plain IDX has no checksum: bits of the type byte and of the items change the array."""
    for bit in range(8 * len(IMAGES)):
        damaged = bytearray(IMAGES)
        damaged[bit // 8] ^= 1 << bit % 8
        try:
            array = data.read_idx(bytes(damaged))
        except FormatError:
            continue
        assert array.shape == (2, 2, 3)
        assert array.tobytes() == damaged[16:]


def test_a_flipped_bit_in_a_gzip_file_never_changes_the_array():
    for bit in range(8 * len(ZIPPED)):
        damaged = bytearray(ZIPPED)
        damaged[bit // 8] ^= 1 << bit % 8
        try:
            array = data.read_idx(bytes(damaged))
        except FormatError:
            continue
        assert array.tobytes() == IMAGES[16:]


def array_or_format_error(content):
    with suppress(FormatError):
        assert isinstance(data.read_idx(content, max_bytes=10**6), np.ndarray)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_give_an_array_or_a_format_error(content):
    array_or_format_error(content)
    array_or_format_error(b"\0\0" + content)
    array_or_format_error(b"\x1f\x8b\x08" + content)
    array_or_format_error(gzip.compress(content))


@given(
    st.sampled_from([0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E]),
    st.lists(st.sampled_from([0, 1, 2, 2**31, 2**32 - 1]), max_size=70),
    st.binary(max_size=40),
)
def test_arbitrary_headers_give_an_array_or_a_format_error(code, sizes, items):
    header = bytes([0, 0, code, len(sizes)]) + struct.pack(f">{len(sizes)}I", *sizes)
    array_or_format_error(header + items)


def test_a_missing_file_is_an_os_error_and_a_number_is_no_path(tmp_path):
    with pytest.raises(FileNotFoundError):
        data.read_idx(tmp_path / "none")
    with pytest.raises(TypeError, match=r"path or bytes.*int: 0"):
        data.read_idx(0)  # open(0) would wait for the keyboard
    for wrong in (0, -1):
        with pytest.raises(ValueError, match="max_bytes"):
            data.read_idx(IMAGES, max_bytes=wrong)


# --- writing IDX ----------------------------------------------------------------------


def test_written_bytes_are_those_of_the_worked_example(tmp_path):
    data.write_idx(tmp_path / "labels", np.array([7, 2], np.uint8))
    assert (tmp_path / "labels").read_bytes() == LABELS
    data.write_idx(str(tmp_path / "labels.gz"), np.array([7, 2], np.uint8))
    assert gzip.decompress((tmp_path / "labels.gz").read_bytes()) == LABELS


@given(
    npst.arrays(
        st.one_of(
            npst.integer_dtypes(endianness="?", sizes=(8, 16, 32)),
            npst.unsigned_integer_dtypes(sizes=8),
            npst.floating_dtypes(endianness="?", sizes=(32, 64)),
        ),
        npst.array_shapes(min_dims=0, min_side=0),
    ),
    st.sampled_from(["x", "x.gz"]),
)
def test_what_is_written_is_read_back_bit_for_bit(tmp_path_factory, array, name):
    path = tmp_path_factory.mktemp("idx") / name
    data.write_idx(path, array)
    again = data.read_idx(path)
    assert again.dtype == array.dtype.newbyteorder("=")
    assert again.shape == array.shape
    assert again.tobytes() == array.astype(again.dtype).tobytes()


def test_every_nan_and_signed_zero_survives(tmp_path):
    bits = np.array([0x7FF0000000000001, 0xFFF8000000000123, 1 << 63, 1], np.uint64)
    data.write_idx(tmp_path / "x", bits.view(np.float64))
    assert data.read_idx(tmp_path / "x").view(np.uint64).tolist() == bits.tolist()


def test_a_gzip_file_is_the_same_bytes_whenever_and_wherever_it_is_written(tmp_path):
    for name in ("a.gz", "b.gz"):
        data.write_idx(tmp_path / name, np.arange(3, dtype=np.uint8))
    first = (tmp_path / "a.gz").read_bytes()
    assert first == (tmp_path / "b.gz").read_bytes()
    assert first[3:8] == bytes(5)  # RFC 1952: no flags (so no file name), and the time 0


@pytest.mark.parametrize("dtype", ["bool", "int64", "uint16", "float16", "complex64", "U1", "O"])
def test_a_type_that_idx_lacks_is_refused_with_the_remedy(tmp_path, dtype):
    with pytest.raises(TypeError, match=r"astype\(numpy.uint8\)"):
        data.write_idx(tmp_path / "x", np.zeros(2, dtype))
    assert list(tmp_path.iterdir()) == []


def test_sizes_that_idx_cannot_state_are_refused(tmp_path):
    """A size has 32 bits; the reader takes 32 dimensions. Neither array takes memory."""
    for shape, told in [((2**32,), "4294967296"), ((1,) * 33, "33 dimensions")]:
        if len(shape) > 32 and np.lib.NumpyVersion(np.__version__) < "2.0.0":
            continue  # NumPy 1 has no such array
        with pytest.raises(ValueError, match=told):
            data.write_idx(tmp_path / "x", np.broadcast_to(np.uint8(0), shape))


def test_a_failed_write_keeps_the_old_file_and_leaves_nothing_behind(tmp_path, monkeypatch):
    def full_disk(*_):
        raise OSError("no space left")

    path = tmp_path / "labels"
    path.write_bytes(LABELS)
    for broken in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(os, broken, full_disk)
            with pytest.raises(OSError, match="no space left"):
                data.write_idx(path, np.zeros(5, np.uint8))
        assert path.read_bytes() == LABELS
        assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask")
def test_a_new_file_has_the_mode_that_the_umask_says(tmp_path):
    old = os.umask(0o027)
    try:
        data.write_idx(tmp_path / "x", np.zeros(1, np.uint8))
    finally:
        os.umask(old)
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o640


# --- the digits -----------------------------------------------------------------------


def test_the_digits_are_those_that_uci_describes():
    """optdigits.names: 1,797 test samples of 64 integers in 0..16, so many of each class."""
    X, labels = data.digits()
    assert X.shape == (1797, 64)
    assert X.dtype == np.float64
    assert labels.shape == (1797,)
    assert labels.dtype == np.int64
    counts = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert np.bincount(labels).tolist() == counts
    assert set((X * 16).ravel().tolist()) == set(range(17))
    assert (X * 16).sum() == 561718  # scikit-learn's load_digits().data.sum()


def test_the_first_digit_is_the_zero_that_stands_first_in_uci_s_file():
    """The first line of optdigits.tes; the picture's rows follow each other."""
    X, labels = data.digits()
    first = [0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0]
    assert (X[0, :16] * 16).tolist() == first
    assert labels[:10].tolist() == list(range(10))


def test_every_pixel_and_label_is_scikit_learn_s():
    """Both sums were taken of load_digits() itself, as unsigned bytes, not of our files."""
    X, labels = data.digits()
    pixels = (X * 16).astype(np.uint8).tobytes()
    assert hashlib.sha256(pixels).hexdigest() == (
        "8f26b2bd9d135c256808f68f14fdabddde6d9c7f869ae419704b051f0f14b3b3"
    )
    assert hashlib.sha256(labels.astype(np.uint8).tobytes()).hexdigest() == (
        "8ba4f891220f5e4c9c819638d1602d74b83618f167043c6da52a2a247841ddf0"
    )


def test_changing_the_digits_changes_no_later_call():
    X, labels = data.digits()
    X[:], labels[:] = 7.0, 7
    again, labels_again = data.digits()
    assert again[0, 0] == 0.0
    assert labels_again[0] == 0


def test_the_shipped_files_are_small_and_name_their_source():
    folder = Path(data.__file__).parent / "digits"
    files = sorted(path.name for path in folder.iterdir())
    assert files == ["README.md", "images-idx3-ubyte.gz", "labels-idx1-ubyte.gz"]
    assert sum(path.stat().st_size for path in folder.iterdir()) < 60_000
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert "CC BY 4.0" in text
    assert "Alpaydin" in text


# --- one-hot ----------------------------------------------------------------------------


@pytest.mark.parametrize("labels", [[2, 0], np.array([2, 0]), (np.uint8(2), np.int64(0))])
def test_one_hot_rows_have_their_one_at_the_label(labels):
    rows = data.one_hot(labels, 3)
    assert rows.tolist() == [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    assert rows.dtype == np.float64


def test_one_hot_of_no_labels_has_no_rows():
    assert data.one_hot([], 3).shape == (0, 3)


@pytest.mark.parametrize(
    ("labels", "classes", "error", "told"),
    [
        ([0, 3], 3, ValueError, r"labels\[1\] is 3.*0 to 2"),
        ([-1], 3, ValueError, r"labels\[0\] is -1.*0 to 2"),
        ([0, 1.0], 3, TypeError, r"labels\[1\] is 1.0"),
        ([True], 3, TypeError, r"labels\[0\] is True"),
        (np.array([0.5]), 3, TypeError, r"labels\[0\] is .*0.5"),
        (np.array([True]), 3, TypeError, r"labels\[0\] is .*True"),
        ([[0, 1]], 3, TypeError, r"labels\[0\] is \[0, 1\]"),
        ([0], 0, ValueError, "classes is 0.*at least 1"),
        ([0], -2, ValueError, "classes is -2.*at least 1"),
        ([0], 2.0, TypeError, "classes is 2.0.*int"),
        ([0], True, TypeError, "classes is True.*int"),
    ],
)
def test_one_hot_refuses_what_is_no_class(labels, classes, error, told):
    with pytest.raises(error, match=told):
        data.one_hot(labels, classes)


# --- the split --------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "train", "test"), [(10, 8, 2), (70000, 56000, 14000)])
def test_the_lectures_8_to_2(n, train, test):
    """Worked example 000-idx, `split`."""
    X_train, T_train, X_test, T_test = data.split(np.arange(n), np.arange(n))
    assert (len(X_train), len(T_train)) == (train, train)
    assert (len(X_test), len(T_test)) == (test, test)


def test_split_puts_every_sample_on_one_side_with_its_target():
    X = np.arange(20.0).reshape(10, 2)
    X_train, T_train, X_test, T_test = data.split(X, 2 * X[:, 0])
    assert sorted([*X_train[:, 0], *X_test[:, 0]]) == X[:, 0].tolist()
    assert T_train.tolist() == (2 * X_train[:, 0]).tolist()
    assert T_test.tolist() == (2 * X_test[:, 0]).tolist()


def test_split_is_shuffled_by_its_seed_alone():
    parts = [data.split(range(100), range(100), seed=seed)[0].tolist() for seed in (0, 0, 1)]
    assert parts[0] == parts[1] != parts[2]
    assert sorted(parts[0]) != parts[0]


def test_split_takes_lists_and_leaves_its_arguments_alone():
    X, labels = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0], [9.0, 0.0]], [0, 1, 2, 3, 4]
    X_train, T_train, _, _ = data.split(X, labels)
    assert X_train.shape == (4, 2)
    assert T_train.dtype.kind == "i"
    assert labels == [0, 1, 2, 3, 4]
    array = np.arange(5.0)
    data.split(array, array)[0][:] = -1.0
    assert array.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]


@pytest.mark.parametrize(
    ("n", "share", "train"),
    [(5, 0.5, 2), (7, 0.5, 4), (3, 0.8, 2), (2, 0.6, 1), (1797, 0.8, 1438)],
)
def test_the_training_part_is_the_rounded_share(n, share, train):
    """2.5 and 3.5 go to the even neighbour; 2.4, 1.2 and 1437.6 to the nearest."""
    assert len(data.split(range(n), range(n), share)[0]) == train


@pytest.mark.parametrize(
    ("X", "T", "options", "error", "told"),
    [
        ([1, 2, 3], [1, 2], {}, ValueError, "3 samples but 2 targets"),
        ([1, 2], [1, 2], {}, ValueError, "2 samples.*share 0.8.*none for the test"),
        ([1, 2], [1, 2], {"share": 0.1}, ValueError, "2 samples.*share 0.1.*none for training"),
        ([], [], {}, ValueError, "0 samples"),
        ([1, 2], [1, 2], {"share": 0.0}, ValueError, "share is 0.0.*between 0 and 1"),
        ([1, 2], [1, 2], {"share": 1.0}, ValueError, "share is 1.0"),
        ([1, 2], [1, 2], {"share": 80}, ValueError, "share is 80.*0.8"),
        ([1, 2], [1, 2], {"share": math.nan}, ValueError, "share is nan"),
        ([1, 2], [1, 2], {"share": True}, TypeError, "share is True"),
        ([1, 2], [1, 2], {"share": "0.8"}, TypeError, "share is '0.8'"),
        ([1, 2, 3], [1, 2, 3], {"seed": None}, TypeError, "seed is None"),
        ([1, 2, 3], [1, 2, 3], {"seed": -1}, ValueError, "seed is -1"),
    ],
)
def test_split_refuses_what_it_cannot_divide(X, T, options, error, told):
    with pytest.raises(error, match=told):
        data.split(X, T, **options)


# --- batches ----------------------------------------------------------------------------


def test_batches_in_order_with_a_smaller_last_one():
    assert list(data.batches(5, 2)) == [[0, 1], [2, 3], [4]]
    assert list(data.batches(4, 2)) == [[0, 1], [2, 3]]


def test_all_is_one_batch_and_so_is_a_size_beyond_the_count():
    assert list(data.batches(3, "all")) == list(data.batches(3, 99)) == [[0, 1, 2]]


@given(st.integers(1, 50), st.one_of(st.integers(1, 60), st.just("all")), st.integers(0, 9))
def test_every_index_comes_once_an_epoch(count, batch_size, seed):
    batches = list(data.batches(count, batch_size, Random(seed)))
    assert sorted(index for batch in batches for index in batch) == list(range(count))
    assert all(len(batch) == len(batches[0]) for batch in batches[:-1])
    assert 1 <= len(batches[-1]) <= len(batches[0])


def test_a_generator_shuffles_every_epoch_anew_and_its_seed_repeats_them():
    rng, same = Random(1), Random(1)
    epochs = [list(data.batches(20, 4, rng)) for _ in range(2)]
    assert epochs[0] != epochs[1]
    assert epochs == [list(data.batches(20, 4, same)) for _ in range(2)]


def test_batches_index_lists_and_arrays():
    X = np.arange(8.0).reshape(4, 2)
    assert [X[batch].tolist() for batch in data.batches(4, 3)][1] == [[6.0, 7.0]]


@pytest.mark.parametrize(
    ("arguments", "error", "told"),
    [
        ((0, 2), ValueError, "count is 0"),
        ((4.0, 2), TypeError, "count is 4.0"),
        ((4, 0), ValueError, "batch_size is 0"),
        ((4, -1), ValueError, "batch_size is -1"),
        ((4, 2.0), TypeError, "batch_size is 2.0.*'all'"),
        ((4, True), TypeError, "batch_size is True"),
        ((4, None), TypeError, "batch_size is None.*'all'"),
        ((4, "full"), ValueError, "batch_size is 'full'.*'all'"),
        ((4, 2, 0), TypeError, r"rng is 0.*random\.Random\(0\)"),
    ],
)
def test_batches_are_refused_at_the_call_not_at_the_first_batch(arguments, error, told):
    with pytest.raises(error, match=told):
        data.batches(*arguments)


# --- two moons --------------------------------------------------------------------------


def test_moons_without_noise_lie_on_their_half_circles():
    """Upper: radius 1 about (0, 0), y >= 0. Lower: radius 1 about (1, 0.5), y <= 0.5."""
    X, labels = data.two_moons(101, noise=0.0)
    upper, lower = X[labels == -1], X[labels == 1]
    assert (len(upper), len(lower)) == (51, 50)
    np.testing.assert_allclose(np.hypot(*upper.T), 1.0, rtol=1e-15)
    np.testing.assert_allclose(np.hypot(*(lower - [1.0, 0.5]).T), 1.0, rtol=1e-15)
    assert (upper[:, 1] >= 0).all()
    assert (lower[:, 1] <= 0.5).all()


def test_four_points_by_hand():
    """Two a moon at the angles pi/4 and 3 pi/4, the moons taking turns; s = sqrt(1/2)."""
    s = math.sqrt(0.5)
    X, labels = data.two_moons(4, noise=0.0)
    expected = [[s, s], [1 - s, 0.5 - s], [-s, s], [1 + s, 0.5 - s]]
    np.testing.assert_allclose(X, expected, rtol=0, atol=1e-15)
    assert labels.tolist() == [-1.0, 1.0, -1.0, 1.0]
    assert X.dtype == labels.dtype == np.float64


def test_noise_is_the_standard_deviation_of_each_coordinate():
    """Of 20,000 draws the deviation is known to 0.1 / sqrt(40000) = 0.0005; 5 of these."""
    deviation = data.two_moons(10_000, 0.1)[0] - data.two_moons(10_000, 0.0)[0]
    assert abs(deviation.std() - 0.1) < 0.0025
    assert abs(deviation.mean()) < 0.0035


def test_moons_are_repeated_by_their_seed():
    first, again, other = (data.two_moons(10, seed=seed)[0].tolist() for seed in (0, 0, 1))
    assert first == again != other
    assert data.two_moons()[0].shape == (100, 2)


@pytest.mark.parametrize(
    ("options", "error", "told"),
    [
        ({"count": 1}, ValueError, "count is 1.*at least 2"),
        ({"count": 10.0}, TypeError, "count is 10.0"),
        ({"count": True}, TypeError, "count is True"),
        ({"noise": -0.1}, ValueError, "noise is -0.1"),
        ({"noise": math.nan}, ValueError, "noise is nan"),
        ({"noise": math.inf}, ValueError, "noise is inf"),
        ({"noise": True}, TypeError, "noise is True"),
        ({"noise": None}, TypeError, "noise is None"),
        ({"seed": 0.5}, TypeError, "seed is 0.5"),
    ],
)
def test_moons_refuse_wrong_sizes(options, error, told):
    with pytest.raises(error, match=told):
        data.two_moons(**options)


# --- truth tables -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("OR", [1, 1, 1, 0]),  # these three: worked example 001-xor, in its row order
        ("NAND", [0, 1, 1, 1]),
        ("XOR", [0, 1, 1, 0]),
        ("AND", [1, 0, 0, 0]),
    ],
)
def test_truth_tables_of_the_lectures(name, column):
    X, T = data.truth_table(name)
    assert X.tolist() == [[1, 1], [1, 0], [0, 1], [0, 0]]
    assert T.tolist() == [[truth] for truth in column]
    assert X.dtype == T.dtype == np.float64


def test_xor_is_and_of_or_and_nand():
    columns = {name: data.truth_table(name)[1] for name in ("OR", "NAND", "XOR")}
    assert np.array_equal(columns["XOR"], columns["OR"] * columns["NAND"])


def test_an_unknown_table_is_told_which_there_are():
    for wrong, error in [("xor", ValueError), ("NOR", ValueError), (3, ValueError)]:
        with pytest.raises(error, match=f"{wrong}.*AND, OR, NAND, XOR"):
            data.truth_table(wrong)


def test_changing_a_table_changes_no_later_call():
    X, T = data.truth_table("XOR")
    X[:], T[:] = 7.0, 7.0
    assert data.truth_table("XOR")[0].max() == 1.0
    assert data.truth_table("XOR")[1].max() == 1.0
