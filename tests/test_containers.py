"""Files inside files: each is read or accounted for, and no archive writes, fills the memory or stops the rest."""

import bz2
import gzip
import io
import lzma
import os
import stat
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive import reading, streams
from archive.compression import zstd_module
from archive.errors import FormatError
from archive.formats import FORMATS, InputFile, detect
from archive.importing import ImportOptions, run
from archive.paths import File
from archive.types import ImportItem, ImportReport, NewArticle, Outcome
from db.store import SqlStore

FILES = {
    "news/a.txt": b"The first title\nThe first text.",
    "news/b.html": b"<html><body><article><h1>A page</h1><p>"
    + b"They met at the border. " * 20
    + b"</p></article></body>",
    "c.jsonl": b'{"title": "One", "body": "Line"}\n{"title": "Two", "body": "Line"}\nnonsense\n',
    "d.png": b"\x89PNG\r\n\x1a\n" + bytes(50),
    "e.py": b"print(1)",
    "f.md.gz": gzip.compress(b"# Heading\n\nA text."),
    ".hidden.txt": b"Never seen",
    "__MACOSX/._a.txt": b"Never seen",
}
OUTCOMES = {
    "news/a.txt": "added", "news/b.html": "added", "c.jsonl#1": "added", "c.jsonl#2": "added", "c.jsonl#3": "failed",
    "d.png": "skipped", "e.py": "skipped", "f.md.gz": "added",
}  # fmt: skip

zstd = zstd_module()


def zipped(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return made.getvalue()


def tarred(files: dict[str, bytes], *others: tarfile.TarInfo) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for info in others:
            archive.addfile(info)
    return made.getvalue()


class Tell:
    """Remembers the items, by what stands after the name of the file that was imported."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.items: list[ImportItem] = []
        self.size = self.read = 0

    def total(self, size: int) -> None:
        self.size = size

    def advance(self, size: int) -> None:
        self.read += size

    def item(self, item: ImportItem) -> None:
        self.items.append(item)

    @property
    def outcomes(self) -> dict[str, str]:
        return {str(item.origin).removeprefix(f"{self.folder}/"): item.outcome.value for item in self.items}

    @property
    def reasons(self) -> dict[str, str]:
        return {str(item.origin).removeprefix(f"{self.folder}/"): item.reason or "" for item in self.items}


Import = Callable[..., Tell]


@pytest.fixture
def imported(store: SqlStore, tmp_path: Path) -> Import:
    """Imports these bytes as a file of this name; checks that everything is accounted for and nothing is written."""

    def import_file(name: str, data: bytes, **options: int) -> Tell:
        folder = tmp_path / "in"
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)
        before = {path for path in tmp_path.rglob("*") if "data" not in path.parts}
        tell = Tell(folder)
        report = run(store, [str(folder / name)], ImportOptions(**options), observer=tell)  # type: ignore[arg-type]
        assert count(report) == len(tell.items) > 0
        assert tell.read == tell.size == len(data)
        assert {path for path in tmp_path.rglob("*") if "data" not in path.parts} == before
        assert all(item.reason for item in tell.items if item.outcome is not Outcome.ADDED)
        (folder / name).unlink()
        return tell

    return import_file


def count(report: ImportReport) -> int:
    stored = report.added + report.near_duplicates + report.updated
    return stored + report.duplicates + report.skipped + report.failed


# --- what is read -----------------------------------------------------------------------------------------------------

KINDS: dict[str, Callable[[dict[str, bytes]], bytes]] = {
    "a.zip": zipped,
    "a.tar": tarred,
    "a.tar.gz": lambda files: gzip.compress(tarred(files)),
    "a.tgz": lambda files: gzip.compress(tarred(files)),
    "a.tar.bz2": lambda files: bz2.compress(tarred(files)),
    "a.tar.xz": lambda files: lzma.compress(tarred(files)),
    "a.tar.zst": lambda files: zstd.compress(tarred(files)),
    "a.zip.gz": lambda files: gzip.compress(zipped(files)),
}


@pytest.mark.parametrize("name", KINDS)
def test_each_file_in_an_archive_is_an_item(imported: Import, name: str) -> None:
    assert imported(name, KINDS[name](FILES)).outcomes == {f"{name}#{part}": done for part, done in OUTCOMES.items()}


@pytest.mark.parametrize("name", KINDS)
def test_archives_in_a_folder_are_read_too(store: SqlStore, tmp_path: Path, name: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / name).write_bytes(KINDS[name]({"a.txt": b"A title\nA text."}))
    assert run(store, [str(tmp_path / "in")], ImportOptions()).added == 1
    origin = store.get(1).origin
    assert (origin.path, origin.part, origin.format) == (str(tmp_path / "in" / name), "a.txt", "text")


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress, zstd.compress])
def test_any_file_may_be_compressed(imported: Import, compress: Callable[[bytes], bytes]) -> None:
    data = compress(b"A title\nA text.\n") + compress(b"More text.")
    assert imported("a.txt.xz", data).outcomes == {"a.txt.xz": "added"}
    assert imported("b.txt.xz", compress(b"Another title\n" + os.urandom(3_000).hex().encode())[:-20]).outcomes == {
        "b.txt.xz": "failed"
    }


def test_an_archive_from_a_pipe(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from archive.cli import main; main()", "--data", str(tmp_path / "data")]
    for data in (zipped(FILES), gzip.compress(tarred(FILES))):
        result = subprocess.run([*command, "import", "-"], input=data, capture_output=True, check=False)
        assert b"-#c.jsonl#3" in result.stderr
        assert b"1 failed" in result.stdout
    assert b"5 duplicates" in result.stdout


def test_archives_in_archives(imported: Import) -> None:
    text = {"a.txt": b"A title\nA text."}
    deep = zipped({"2.tar.gz": gzip.compress(tarred({"3.zip": zipped(text), "b.txt": b"Another\nText."}))})
    assert imported("1.zip", deep).outcomes == {"1.zip#2.tar.gz#3.zip#a.txt": "added", "1.zip#2.tar.gz#b.txt": "added"}
    deeper = imported("0.zip", zipped({"1.zip": deep}))
    assert deeper.outcomes == {"0.zip#1.zip#2.tar.gz#3.zip#a.txt": "failed", "0.zip#1.zip#2.tar.gz#b.txt": "duplicate"}
    assert "3 files deep" in deeper.reasons["0.zip#1.zip#2.tar.gz#3.zip#a.txt"]


def test_a_document_that_is_a_zip_inside_is_no_archive(imported: Import) -> None:
    mimetype = zipped({"mimetype": b"application/epub+zip", "a.xhtml": FILES["news/b.html"]})
    types = zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>", "docProps/a.txt": b"A\nB"})
    late = zipped({"word/a.txt": b"A\nB" + os.urandom(9_000), "[Content_Types].xml": b"<Types/>"})
    for data in (mimetype, types, late):
        (reason,) = imported("a.epub", data).reasons.values()
        assert "it is a zip archive, but no" in reason
        assert imported("a.zip", zipped({"a.docx": data})).outcomes == {"a.zip#a.docx": "failed"}


def test_a_zip_by_another_name_is_skipped_in_a_folder() -> None:
    assert detect("a.zip", zipped(FILES), asked_for=False) == detect("a.cbz", zipped(FILES), asked_for=True) == "zip"
    with pytest.raises(FormatError):
        detect("a.cbz", zipped(FILES), asked_for=False)


# --- what must not be followed ----------------------------------------------------------------------------------------


def test_names_links_and_devices_lead_nowhere(imported: Import) -> None:
    names = ["/etc/passwd.txt", "../up.txt", "a/../../up.txt", "C:\\up.txt", "..\\up.txt"]
    good = {"./good.txt": b"A title\nA text."}
    others = []
    for name, kind in [("sym.txt", tarfile.SYMTYPE), ("hard.txt", tarfile.LNKTYPE), ("null.txt", tarfile.CHRTYPE),
                       ("pipe.txt", tarfile.FIFOTYPE)]:  # fmt: skip
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, "/etc/passwd"
        others.append(info)
    told = imported("a.tar", tarred(dict.fromkeys(names, b"Evil\ntext.") | good, *others))
    assert set(told.outcomes.values()) == {"skipped", "added"}
    assert len(told.items) == len(names) + len(others) + 1
    made = io.BytesIO(zipped(dict.fromkeys(names, b"Evil\ntext.") | good))
    with zipfile.ZipFile(made, "a") as archive:
        link = zipfile.ZipInfo("sym.txt")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    told = imported("b.zip", made.getvalue())
    assert sorted(told.outcomes.values()) == ["duplicate", *["skipped"] * 6]
    assert sum("leads out" in reason for reason in told.reasons.values()) == len(names)


def test_an_encrypted_file_fails_alone(imported: Import) -> None:
    data = bytearray(zipped({"a.txt": b"A title\nA text.", "b.txt": b"Another\ntext."}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    told = imported("a.zip", bytes(data))
    assert told.outcomes == {"a.zip#a.txt": "failed", "a.zip#b.txt": "added"}
    assert "encrypted" in told.reasons["a.zip#a.txt"]


def test_a_file_with_holes_is_never_filled(imported: Import) -> None:
    info = tarfile.TarInfo("hole.txt")
    info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "hole.txt",
                        "GNU.sparse.realsize": str(10**15)}  # fmt: skip
    info.size = 512
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(info, io.BytesIO(b"1\n0\n1\n" + bytes(506)))
    assert imported("a.tar", made.getvalue()).outcomes == {"a.tar#hole.txt": "skipped"}


# --- bombs ------------------------------------------------------------------------------------------------------------

GOOD = {"good.txt": b"A title\nA text."}


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz", "a.tar.xz", "a.tar.zst"])
def test_what_expands_far_too_much_fails(imported: Import, name: str) -> None:
    """Before the limit of an item is reached; in a zip the other files go on."""
    told = imported(name, KINDS[name]({"bomb.txt": b"a" * 20_000_000} | GOOD))
    assert any("200 times" in reason for reason in told.reasons.values())
    if name == "a.zip":
        assert told.outcomes == {"a.zip#bomb.txt": "failed", "a.zip#good.txt": "added"}


def test_a_member_that_is_too_large_fails_alone(imported: Import) -> None:
    for name in ("a.zip", "a.tar"):
        told = imported(name, KINDS[name]({"big.txt": os.urandom(1_000).hex().encode()} | GOOD), max_item_bytes=1_500)
        assert told.outcomes[f"{name}#big.txt"] == "failed"
        assert "max_item_mb" in told.reasons[f"{name}#big.txt"]
        assert told.outcomes[f"{name}#good.txt"] in ("added", "duplicate")


class _Nobody:
    """Watches nothing."""

    def advance(self, size: int) -> None: ...

    def member(self, ordinal: int) -> None: ...


def read_here(path: Path, content: bytes) -> list[NewArticle | ImportItem]:
    """What is in a file, read by this process, in which a bound can be changed."""
    path.write_bytes(content)
    return list(reading.read(File(str(path), len(content)), ImportOptions(), _Nobody()))


def reason_of_last(found: list[NewArticle | ImportItem]) -> str:
    last = found[-1]
    assert isinstance(last, ImportItem)
    return last.reason or ""


def test_the_bytes_of_all_files_have_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However they are nested: here many archives that hold little each."""
    monkeypatch.setattr(streams, "MAX_EXPANDED", 50_000)
    monkeypatch.setattr(streams, "MAX_GROWTH", 0)
    inner = zipped({f"{number}.txt": b"A title\n" + b"word " * 2_000 for number in range(4)})
    found = read_here(tmp_path / "a.zip", zipped({f"{number}.zip": inner for number in range(9)}))
    assert "in parts" in reason_of_last(found)
    assert len(found) < 10


def test_the_number_of_files_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams.Expansion, "of", lambda _: streams.Expansion(10**9, 10))
    files = {f"{number}.txt": b"Title %d\nText." % number for number in range(30)}
    for name in ("a.zip", "a.tar"):
        found = read_here(tmp_path / name, KINDS[name](files))
        assert "more files" in reason_of_last(found)
        assert len(found) == 12


def test_a_large_file_may_expand_to_more_than_a_small_one() -> None:
    assert streams.Expansion.of(1_000).bytes_left == streams.MAX_EXPANDED
    assert streams.Expansion.of(10**9).bytes_left == streams.MAX_GROWTH * 10**9


def test_a_header_that_claims_a_gigabyte_is_not_believed(imported: Import) -> None:
    info = tarfile.TarInfo("long")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 10**9
    data = tarred(GOOD)[:1024] + info.tobuf() + bytes(4_000_000)
    told = imported("a.tar", data)
    assert told.outcomes == {"a.tar#good.txt": "added", "a.tar": "failed"}
    assert "longer" in told.reasons["a.tar"]


def test_a_zip_in_itself_ends(imported: Import) -> None:
    data = zipped(GOOD)
    for number in range(30):
        data = zipped({f"{number}.zip": data, f"{number}-again.zip": data})
    told = imported("quine.zip", data)
    assert set(told.outcomes.values()) == {"failed"}
    assert len(told.items) == 16


# --- damage -----------------------------------------------------------------------------------------------------------


def test_a_file_whose_bytes_are_damaged_fails_alone(imported: Import) -> None:
    data = bytearray(zipped({"a.txt": b"A title\n" + os.urandom(500).hex().encode()} | GOOD))
    data[100] ^= 0xFF
    told = imported("a.zip", bytes(data))
    assert told.outcomes == {"a.zip#a.txt": "failed", "a.zip#good.txt": "added"}
    assert "unpacked" in told.reasons["a.zip#a.txt"]


def test_of_a_tar_that_is_cut_off_the_beginning_is_read(imported: Import) -> None:
    data = tarred({f"{number}.txt": b"Title %d\n" % number + b"word " * 500 for number in range(9)})
    for name, cut in (("a.tar", data[:9_000]), ("a.tgz", gzip.compress(data)[:-50])):
        told = imported(name, cut)
        assert told.outcomes[f"{name}#0.txt"] in ("added", "duplicate")
        assert any("came before" in reason or "cut off" in reason for reason in told.reasons.values())


@pytest.mark.parametrize(
    "data", [b"", b" \n", zipped({}), tarred({}), zipped({".hidden": b"x"}), zipped({"a/": b""})], ids=range(6)
)
def test_an_archive_without_files_is_no_silent_success(imported: Import, data: bytes) -> None:
    assert list(imported("a.zip", data).outcomes.values()) == ["failed"]


def everything(file: InputFile, depth: int = 0) -> int:
    """Reads a file and what is in it, as an import does; how many items that are."""
    found = 0
    for each in FORMATS[file.format].read(file):
        found += 1
        if isinstance(each, InputFile) and depth < 3:
            try:
                data = each.stream.read(100_000)
                name = detect(each.name, data[:8_192], asked_for=False)
                inner = InputFile("file", io.BytesIO(data), name, 100_000)
                found += everything(inner, depth + 1) if name != "html" else 0
            except FormatError:
                continue
    return found


WHOLE = {
    "zip": zipped(FILES | {"g.tar": tarred(GOOD)}),
    "tar": tarred(FILES | {"g.zip": zipped(GOOD)}),
}


@pytest.mark.parametrize("name", WHOLE)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=150)
@given(data=st.data())
def test_damaged_archives_raise_nothing_but_format_errors(name: str, data: st.DataObject) -> None:
    whole = bytearray(WHOLE[name])
    for at in data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=4)):
        whole[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    with suppress(FormatError):
        everything(InputFile("file", io.BytesIO(bytes(whole[:cut])), name, 100_000))


@pytest.mark.corpus
def test_thousands_of_malformed_files_in_one_archive(store: SqlStore, tmp_path: Path) -> None:
    corpus = Path(__file__).parents[2] / "shared" / "corpora" / "files" / "hostile" / "fuzz.tar.gz"
    if not corpus.exists():
        pytest.skip("the real files are not here")
    tell = Tell(corpus.parent)
    report = run(store, [str(corpus)], ImportOptions(), observer=tell)
    assert count(report) == len(tell.items) > 5_000
    assert report.added > 3_000
    assert all(item.reason for item in tell.items if item.outcome is not Outcome.ADDED)
