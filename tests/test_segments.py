"""The files of the index below its words: packed numbers, sorted strings, segment files, and the cache over them."""

import json
import struct
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from index import dictionary
from index.cache import Cache
from index.dictionary import BLOCK, Dictionary, Strings, encode
from index.packing import WIDTHS, Array, Bits, Packed, PackedWriter, choose_width, count_bit_lengths
from index.segment import SegmentDamagedError, SegmentFile, SegmentFileWriter

# --- packed numbers -------------------------------------------------------------------------------------------------


def _joined(planes: dict[str, list[Array]], prefix: str) -> dict[str, Array]:
    """The arrays that were written in pieces, as a segment file gives them."""
    for pieces in planes.values():
        assert len({piece.dtype for piece in pieces}) == 1
    return {f"{prefix}.{name}": np.concatenate(pieces) for name, pieces in planes.items()}


def _pack(width: int, pieces: list[Array]) -> Packed:
    planes: dict[str, list[Array]] = defaultdict(list)
    writer = PackedWriter(
        width, 1 << 40 if width % 2 else 1 << 20, lambda name: lambda array: planes[name].append(array.copy())
    )
    for piece in pieces:
        writer.append(piece)
    writer.close()
    return Packed.open(width, _joined(planes, "numbers"), "numbers")


def _cut(values: list[int], cuts: list[int]) -> list[Array]:
    bounds = [0, *sorted(min(cut, len(values)) for cut in cuts), len(values)]
    return [np.array(values[a:b], dtype=np.int64) for a, b in pairwise(bounds)]


numbers = st.one_of(*(st.integers(0, (1 << bits) - 1) for bits in (0, 1, 3, 4, 8, 9, 12, 16, 17, 20, 24, 31)))


@given(
    width=st.sampled_from(WIDTHS),
    values=st.lists(numbers, max_size=60),
    cuts=st.lists(st.integers(0, 60), max_size=4),
    data=st.data(),
)
def test_packed_numbers_come_back_in_slices_and_at_places(
    width: int, values: list[int], cuts: list[int], data: st.DataObject
) -> None:
    packed = _pack(width, _cut(values, cuts))
    start = data.draw(st.integers(0, len(values)))
    end = data.draw(st.integers(start, len(values)))
    assert packed.slice(0, len(values)).tolist() == values
    assert packed.slice(start, end).tolist() == values[start:end]
    places = data.draw(st.lists(st.integers(0, len(values) - 1), max_size=20)) if values else []
    assert packed.at(np.array(places, dtype=np.int64)).tolist() == [values[place] for place in places]


@pytest.mark.parametrize("width", WIDTHS)
def test_every_width_holds_its_limits_and_patches_what_is_beyond(width: int) -> None:
    edge = (1 << width) - 1
    values = [0, edge, edge // 2, edge + 1, 0, 2**31 - 1, edge, 1, 2**30, edge] * 7
    values = [min(value, 2**31 - 1) for value in values]
    packed = _pack(width, _cut(values, [3, 20, 21]))
    assert len(packed.place) == sum(value >> width > 0 for value in values)
    assert packed.at(np.arange(len(values))).tolist() == values
    for start in range(len(values)):
        assert packed.slice(start, min(start + 19, len(values))).tolist() == values[start : start + 19]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("value", [2**31, 2**32 - 1])
def test_a_number_of_32_bits_is_refused(width: int, value: int) -> None:
    with pytest.raises(OverflowError, match=f"{value:,}"):
        _pack(width, [np.array([0, value, 1], dtype=np.uint32)])


@pytest.mark.parametrize("width", WIDTHS)
def test_no_numbers_are_packed_and_read(width: int) -> None:
    for pieces in ([], [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.uint32)] * 2):
        packed = _pack(width, pieces)
        assert packed.slice(0, 0).tolist() == []
        assert packed.at(np.zeros(0, dtype=np.int64)).tolist() == []


@given(st.lists(st.lists(st.booleans(), max_size=40), max_size=5))
def test_truth_values_are_packed_as_bits(pieces: list[list[bool]]) -> None:
    packed = _pack(1, [np.array(piece, dtype=bool) for piece in pieces])
    values = [int(value) for piece in pieces for value in piece]
    assert packed.slice(0, len(values)).tolist() == values
    assert packed.at(np.arange(len(values))).tolist() == values
    assert packed.high is not None
    assert len(packed.high) == -(-len(values) // 8)


@given(st.lists(st.integers(0, 2**32 - 1) | numbers, max_size=200))
def test_bit_lengths_are_those_of_the_numbers(values: list[int]) -> None:
    counted = count_bit_lengths(np.array(values, dtype=np.int64))
    lengths = [value.bit_length() for value in values]
    assert counted.tolist() == [lengths.count(bits) for bits in range(33)]
    weights = np.arange(1, len(values) + 1)
    weighted = count_bit_lengths(np.array(values, dtype=np.int64), weights)
    assert weighted.tolist() == [
        sum(int(w) for w, own in zip(weights, lengths, strict=True) if own == bits) for bits in range(33)
    ]


def test_the_width_is_the_cheapest() -> None:
    counts = np.zeros(33, dtype=np.int64)
    assert choose_width(counts) == 0
    counts[3] = 1000
    assert choose_width(counts) == 4
    counts[30] = 1
    assert choose_width(counts) == 4  # one patch is cheaper than 1001 wide numbers
    counts[30] = 1000
    assert choose_width(counts) == 32
    counts[31] = 10**6
    assert choose_width(counts) == 32


# --- bits -----------------------------------------------------------------------------------------------------------


def _ranks(bits: list[int]) -> Array:
    """How many bits are set before each 512th, and at last in all: as `index.merge` writes them."""
    blocks = -(-len(bits) // 512)
    return np.array([sum(bits[: 512 * block]) for block in range(blocks + 1)], dtype="<i8")


bit_strings = st.builds(
    lambda pattern, length: (pattern * (length // len(pattern) + 1))[:length],
    st.lists(st.integers(0, 1), min_size=1, max_size=97),
    st.sampled_from([0, 1, 7, 8, 9, 63, 511, 512, 513, 1023, 1024, 1025, 1600]) | st.integers(0, 1600),
)


@given(bits=bit_strings, data=st.data())
@example(bits=[1] * 512, data=None)
@example(bits=[1] * 1025, data=None)
def test_bits_are_counted_and_read_as_one_by_one(bits: list[int], data: st.DataObject | None) -> None:
    joined = np.packbits(np.array(bits, dtype=np.uint8), bitorder="little")
    string = Bits(joined, _ranks(bits))  # type: ignore[arg-type]
    places = [place for place in (0, 1, 7, 8, 511, 512, 513, 1024, len(bits)) if place <= len(bits)]
    if data is not None:
        places += data.draw(st.lists(st.integers(0, len(bits)), max_size=20))
    for place in places:
        assert string.rank(place) == sum(bits[:place])
    for start, end in pairwise(places):
        start, end = min(start, end), max(start, end)
        assert string.slice(start, end).tolist() == bits[start:end]
    inside = [place for place in places if place < len(bits)]
    assert string.at(np.array(inside, dtype=np.int64)).tolist() == [bits[place] for place in inside]


# --- sorted strings -------------------------------------------------------------------------------------------------

strings = st.one_of(
    st.binary(max_size=12),
    st.text(alphabet="abİé中", max_size=8).map(str.encode),
    st.builds(
        lambda stem, length, end: stem * length + end,
        st.sampled_from([b"a", b"ab", b"\xff", b"\0"]),
        st.sampled_from([100, 127, 128, 254, 255, 256, 257, 300, 600]),
        st.binary(max_size=3),
    ),
)
string_sets = st.lists(strings, unique=True, max_size=70).map(sorted)


def _dictionary(listed: list[bytes]) -> Dictionary:
    planes: dict[str, list[Array]] = defaultdict(list)
    encode(Strings.join(listed), lambda name, array: planes[name].append(array))
    return Dictionary(_joined(planes, "words"), "words")


def _check_dictionary(listed: list[bytes], sought: list[bytes]) -> None:
    found = _dictionary(listed)
    assert len(found) == len(listed)
    assert found.all() == listed
    assert [found[number] for number in range(len(listed))] == listed
    for first in {0, 1, BLOCK - 1, BLOCK, BLOCK + 1, len(listed) - 1, len(listed), len(listed) + 1}:
        if first >= 0:
            assert list(found.iterate(first)) == listed[first:]
    for number in (-1, len(listed)):
        with pytest.raises(IndexError):
            found[number]
    for string in [*listed, *(string[:-1] for string in listed), *(string + b"\0" for string in listed), *sought]:
        assert found.position(string) == bisect_left(listed, string)
        assert found.find(string) == (listed.index(string) if string in listed else -1)
    for prefix in {
        b"",
        b"\xff",
        b"\xff\xff",
        *sought,
        *(string[:2] for string in listed),
        *(string[:255] for string in listed),
    }:
        assert [listed[number] for number in found.starting_with(prefix)] == [s for s in listed if s.startswith(prefix)]


@given(listed=string_sets, sought=st.lists(strings, max_size=5))
def test_a_dictionary_has_its_strings_and_no_others(listed: list[bytes], sought: list[bytes]) -> None:
    _check_dictionary(listed, sought)


@pytest.mark.parametrize("count", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 10 * BLOCK + 3])
def test_a_dictionary_of_whole_and_broken_blocks_has_its_strings(count: int) -> None:
    _check_dictionary([b"word%04d" % (2 * number) for number in range(count)], [b"", b"word", b"word0001", b"x"])


def test_long_strings_that_share_more_than_255_bytes_are_kept() -> None:
    listed = sorted([b"a" * length for length in (254, 255, 256, 257, 511, 5000)] + [b"a" * 300 + b"b", b"b" * 70_000])
    _check_dictionary(listed, [b"a" * 258, b"a" * 6000])


def test_an_empty_dictionary_finds_nothing() -> None:
    empty = _dictionary([])
    assert empty.all() == list(empty.iterate()) == []
    assert empty.position(b"a") == 0
    assert empty.find(b"") == -1
    assert not empty.starting_with(b"")


@given(
    st.lists(
        st.text(alphabet=st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=9), max_size=20
    )
)
def test_strings_are_encoded_taken_and_kept(texts: list[str]) -> None:
    encoded = [text.encode() for text in texts]
    found = Strings.encode(texts)
    assert len(found) == len(texts)
    assert found.tolist() == Strings.join(encoded).tolist() == encoded
    assert found.take(np.arange(len(texts))[::-1]).tolist() == encoded[::-1]
    kept = np.arange(len(texts)) % 3 == 0
    assert found.kept(kept).tolist() == encoded[::3]
    assert found.kept(np.ones(len(texts), dtype=bool)).tolist() == encoded


@given(st.lists(strings, max_size=40))
def test_shared_beginnings_are_measured_up_to_255_bytes(listed: list[bytes]) -> None:
    wanted = [0] * len(listed)
    for at in range(1, len(listed)):
        one, other = listed[at - 1], listed[at]
        while wanted[at] < min(255, len(one), len(other)) and one[wanted[at]] == other[wanted[at]]:
            wanted[at] += 1
    assert Strings.join(listed).shared().tolist() == wanted


def test_ranges_are_put_one_after_the_other() -> None:
    found = dictionary.ranges(np.array([5, 0, 9, 2]), np.array([3, 0, 1, 2]))
    assert found.tolist() == [5, 6, 7, 9, 2, 3]
    assert dictionary.ranges(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)).tolist() == []


def _helpers() -> Iterator[str]:
    """Lets a test run with the compiled helper and then without it."""
    if dictionary._strings is not None:
        yield "compiled"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dictionary, "_strings", None)
        yield "plain"


@pytest.mark.skipif(dictionary._strings is None, reason="index._strings was not built: there is no C compiler here")
def test_the_tests_below_run_with_and_without_the_compiled_helper() -> None:
    assert [(helper, dictionary._strings is None) for helper in _helpers()] == [("compiled", False), ("plain", True)]
    assert dictionary._strings is not None


@given(st.lists(string_sets, min_size=1, max_size=5))
@example([[], []])
@example([[b""], [b"", b"\0"], [b"\0\0"]])
@example([[b"a", b"b"], [b"a", b"b"], [b"b", b"c"]])
def test_joined_sources_are_sorted_and_know_their_places(sources: list[list[bytes]]) -> None:
    wanted = sorted({string for source in sources for string in source})
    for helper in _helpers():
        joined, places = dictionary.join([Strings.join(source) for source in sources])
        assert joined.tolist() == wanted, helper
        assert [own.tolist() for own in places] == [[wanted.index(each) for each in own] for own in sources], helper


@given(sources=st.lists(string_sets, min_size=2, max_size=4))
def test_sources_that_are_parts_of_others_are_joined(sources: list[list[bytes]]) -> None:
    wanted = sorted({string for source in sources for string in source[::2]})
    for helper in _helpers():
        parts = [Strings.join(source).take(np.arange(0, len(source), 2)) for source in sources]
        joined, places = dictionary.join(parts)
        assert joined.tolist() == wanted, helper
        assert [[wanted[place] for place in own] for own in places] == [source[::2] for source in sources], helper


@given(st.lists(strings, max_size=60))
@example([b"", b"\0", b"\0\0", b"", b"a\0", b"a"])
@example([b"12345678", b"1234567", b"12345678\0", b"123456789", b"12345678"])
@example([b"\xff", b"\x7f", b"\x80"])
def test_order_sorts_and_leaves_equals_as_they_were(listed: list[bytes]) -> None:
    wanted = sorted(range(len(listed)), key=listed.__getitem__)
    for helper in _helpers():
        assert Strings.join(listed).order().tolist() == wanted, helper


# --- segment files --------------------------------------------------------------------------------------------------

ARRAYS: dict[str, Array] = {
    "bytes": np.arange(70, dtype=np.uint8),
    "nothing": np.zeros(0, dtype="<u4"),
    "words": np.array([0, 1, 2**32 - 1], dtype="<u4"),
    "places": np.array([-1, 2**62, 0, 5], dtype="<i8"),
    "real": np.array([0.5, -1e300]),
    "true": np.array([True, False, True]),
    "last": np.array([7], dtype="<u2"),
}


def _write(path: Path) -> bytes:
    writer = SegmentFileWriter(path.parent)
    writer.about["language"] = "tr – Türkçe"
    for name, array in ARRAYS.items():
        writer.append(name, array[:2])
        writer.append(name, array[2:])
    writer.close(path)
    return path.read_bytes()


def _open_and_check(path: Path) -> None:
    SegmentFile(path).check()


def test_a_segment_file_gives_back_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "segment"
    _write(path)
    file = SegmentFile(path)
    file.check()
    assert list(file) == list(ARRAYS)
    assert len(file) == len(ARRAYS)
    assert file.about == {"widths": {}, "language": "tr – Türkçe"}
    for name, array in ARRAYS.items():
        assert file[name].dtype == array.dtype
        assert file[name].tolist() == array.tolist()
        assert not file[name].flags.writeable or not len(array)
    assert [each.name for each in tmp_path.iterdir()] == ["segment"]


def test_arrays_stay_readable_when_their_file_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "segment"
    _write(path)
    array = SegmentFile(path)["places"]
    path.unlink()
    assert array.tolist() == ARRAYS["places"].tolist()


def test_a_segment_without_arrays_is_a_segment(tmp_path: Path) -> None:
    path = tmp_path / "segment"
    SegmentFileWriter(tmp_path).close(path)
    file = SegmentFile(path)
    file.check()
    assert dict(file) == {}
    with pytest.raises(KeyError):
        file["absent"]


def test_large_arrays_in_interleaved_pieces_come_back(tmp_path: Path) -> None:
    path = tmp_path / "segment"
    writer = SegmentFileWriter(tmp_path)
    generator = np.random.default_rng(1)
    pieces = generator.integers(0, 2**32, size=(6, 100_000), dtype=np.uint32)
    for piece in pieces:
        writer.append("all", piece)
        writer.append("even", piece[::2])  # not contiguous
    writer.close(path)
    file = SegmentFile(path)
    file.check()
    assert np.array_equal(file["all"], pieces.ravel())
    assert np.array_equal(file["even"], pieces[:, ::2].ravel())


@given(values=st.lists(numbers, max_size=50))
def test_a_packed_array_is_written_and_read(tmp_path_factory: pytest.TempPathFactory, values: list[int]) -> None:
    path = tmp_path_factory.mktemp("packed") / "segment"
    writer = SegmentFileWriter(path.parent)
    writer.pack("numbers", np.array(values, dtype=np.int64))
    packed = writer.packed("others", 9, 1_000)
    packed.append(np.array(values, dtype=np.int64))
    packed.close()
    writer.close(path)
    file = SegmentFile(path)
    file.check()
    for name in ("numbers", "others"):
        assert file.packed(name).slice(0, len(values)).tolist() == values
        assert file.packed(name).at(np.arange(len(values))[::-1]).tolist() == values[::-1]


def test_a_dictionary_is_written_and_read(tmp_path: Path) -> None:
    listed = sorted([b"word%d" % number for number in range(100)] + [b"x" * 1000])
    path = tmp_path / "segment"
    writer = SegmentFileWriter(tmp_path)
    encode(Strings.join(listed), writer.sink("words"))
    encode(Strings.join([]), writer.sink("none"))
    writer.close(path)
    assert Dictionary(SegmentFile(path), "words").all() == listed
    assert Dictionary(SegmentFile(path), "words").find(b"word42") == listed.index(b"word42")
    assert Dictionary(SegmentFile(path), "none").find(b"word42") == -1


def test_an_array_of_two_types_is_refused(tmp_path: Path) -> None:
    writer = SegmentFileWriter(tmp_path)
    writer.append("numbers", np.zeros(2, dtype="<u4"))
    with pytest.raises(TypeError, match="numbers is of <u4, not <i8"):
        writer.append("numbers", np.zeros(2, dtype="<i8"))
    writer.discard()
    assert list(tmp_path.iterdir()) == []


def _padding(written: bytes) -> set[int]:
    """The places between arrays, whose content means nothing."""
    length = struct.unpack_from("<8sQI", written)[1]
    header = json.loads(written[20 : 20 + length])
    data = -(-(20 + length) // 64) * 64
    used = {*range(20 + length)}
    for offset, kind, count, _ in header["arrays"].values():
        used |= {*range(data + offset, data + offset + count * np.dtype(kind).itemsize)}
    return {*range(len(written))} - used


def test_a_flipped_byte_anywhere_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "segment"
    written = _write(path)
    padding = _padding(written)
    assert len(padding) < len(ARRAYS) * 64
    unnoticed = []
    for place in range(len(written)):
        for mask in (0x01, 0x80, 0xFF):
            damaged = bytearray(written)
            damaged[place] ^= mask
            path.write_bytes(damaged)
            try:
                _open_and_check(path)
            except SegmentDamagedError:
                continue
            unnoticed.append(place)
    assert {*unnoticed} <= padding


def test_damage_is_named_by_its_array(tmp_path: Path) -> None:
    path = tmp_path / "segment"
    damaged = bytearray(_write(path))
    damaged[-1] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(SegmentDamagedError, match="last in segment"):
        SegmentFile(path).check()


def test_a_file_that_is_cut_off_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "segment"
    written = _write(path)
    for length in range(len(written)):
        path.write_bytes(written[:length])
        with pytest.raises(ValueError):  # SegmentDamagedError is one; so is what mmap says of an empty file
            _open_and_check(path)


def test_a_file_of_another_kind_is_no_segment(tmp_path: Path) -> None:
    path = tmp_path / "segment"
    for content in (b"SQLite format 3\0" * 9, b"ARCHSEG2" + _write(path)[8:], b"\0" * 100):
        path.write_bytes(content)
        with pytest.raises(SegmentDamagedError):
            SegmentFile(path)


# --- the cache ------------------------------------------------------------------------------------------------------


def test_a_cache_keeps_what_fits_and_drops_what_was_used_longest_ago() -> None:
    cache: Cache[str] = Cache(30)
    assert cache.get("a") is None
    assert [cache.keep(key, key.upper(), 10) for key in "abc"] == ["A", "B", "C"]
    assert [cache.get(key) for key in "abc"] == ["A", "B", "C"]
    assert cache.get("a") == "A"  # now b was used longest ago
    cache.keep("d", "D", 10)
    assert [cache.get(key) for key in "abcd"] == ["A", None, "C", "D"]


def test_a_large_item_drops_as_many_as_it_needs() -> None:
    cache: Cache[int] = Cache(30)
    for key in range(6):
        cache.keep(key, key, 5)
    cache.keep("large", 99, 12)
    assert [cache.get(key) for key in range(6)] == [None, None, None, 3, 4, 5]
    assert cache.get("large") == 99


def test_an_item_larger_than_the_cache_is_kept_alone_until_the_next_comes() -> None:
    cache: Cache[str] = Cache(10)
    cache.keep("small", "s", 1)
    assert cache.keep("large", "L", 100) == "L"
    assert cache.get("small") is None
    assert cache.get("large") == "L"
    cache.keep("small", "s", 1)
    assert cache.get("large") is None
    assert cache.get("small") == "s"
    cache.keep("other", "o", 9)
    assert cache.get("small") == "s"  # the room of what was dropped is free again


def test_an_item_kept_again_takes_its_room_once() -> None:
    cache: Cache[str] = Cache(10)
    for item in ("old", "new"):
        cache.keep("a", item, 4)
    cache.keep("b", "b", 4)
    assert cache.get("a") == "new"
    assert cache.get("b") == "b"


def test_an_item_kept_again_counts_as_used() -> None:
    cache: Cache[str] = Cache(10)
    cache.keep("a", "a", 1)
    cache.keep("b", "b", 1)
    cache.keep("a", "A", 1)
    cache.keep("large", "L", 9)
    assert cache.get("a") == "A"
    assert cache.get("b") is None


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 12)), max_size=60))
def test_a_cache_never_holds_more_than_its_room_but_for_one_item(steps: list[tuple[int, int]]) -> None:
    cache: Cache[int] = Cache(20)
    sizes: dict[int, int] = {}
    for key, size in steps:
        if cache.get(key) is None:
            sizes[key] = size
            cache.keep(key, key + 1, size)
        there = [other for other in sizes if other in cache._items]
        assert sum(sizes[other] for other in there) <= 20
        assert cache.get(key) == key + 1


def test_numbers_that_are_too_large_are_refused_whatever_their_type() -> None:
    for number in (1 << 31, (1 << 32) + 5, 1 << 62):
        with pytest.raises(OverflowError):
            _pack(8, [np.array([number])])


@pytest.mark.parametrize("width", [0, 1, 9, 17])
def test_bits_are_packed_at_any_width(width: int) -> None:
    bits = [True, False, False, True, True] * 7
    assert _pack(width, [np.array(bits)]).slice(0, 35).tolist() == [int(bit) for bit in bits]
