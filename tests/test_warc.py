"""Web archives: which records are items, pages as the server meant them, and files that are damaged or hostile."""

import gzip
import io
import uuid
import zlib
from contextlib import suppress
from pathlib import Path

import brotli
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.compression import zstd_module
from archive.errors import FormatError, NoTextError, TooLargeError, UnreadableFileError
from archive.formats import FORMATS, Failed, InputFile, Skipped, detect
from archive.formats.http import body_of
from archive.importing import ImportOptions, run
from archive.types import Outcome
from db.store import SqlStore

zstd = zstd_module()

PAGE = (
    "<html><head><title>Border opens</title>{head}</head><body><article><h1>Border opens</h1><p>"
    + "The ministers met at the border and spoke about trade. " * 5
    + "</p></article></body></html>"
)
URL = "https://wire.example/2023/border"


def record(
    kind: str, url: str, body: bytes, headers: dict[str, str] | None = None, *, type: str = "", status: str = "200 OK"
) -> bytes:
    """A record as crawlers write it; with headers of HTTP where there are any."""
    if headers is not None:
        lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        body = "\r\n".join(lines).encode() + body
    fields = {
        "WARC-Type": kind,
        "WARC-Record-ID": f"<{uuid.uuid4().urn}>",
        "WARC-Date": "2020-02-03T04:05:06Z",
        "WARC-Target-URI": url,
        "Content-Type": "application/http" if headers else type,
        "Content-Length": str(len(body)),
    }
    lines = ["WARC/1.0", *(f"{name}: {value}" for name, value in fields.items() if value), "", ""]
    return "\r\n".join(lines).encode() + body + b"\r\n\r\n"


def html(text: str = PAGE.format(head=""), url: str = URL, **headers: str) -> bytes:
    return record("response", url, text.encode(), {"Content-Type": "text/html; charset=utf-8"} | headers)


def read(data: bytes, limit: int = 1_000_000) -> list[Failed | Skipped | InputFile]:
    return list(FORMATS["warc"].read(InputFile("a.warc", io.BytesIO(data), "warc", limit)))  # type: ignore[arg-type]


@pytest.mark.parametrize("gzipped", [False, True])
def test_each_answer_is_an_item(store: SqlStore, tmp_path: Path, gzipped: bool) -> None:
    records = [
        record("warcinfo", "", b"software: x", type="application/warc-fields"),
        record("request", URL, b"", {"Host": "wire.example"}),
        html(),
        record("resource", "https://wire.example/a.txt", b"A title\nA text.", type="text/plain"),
        record("response", "https://wire.example/a.png", b"\x89PNG", {"Content-Type": "image/png"}),
        record("response", "https://wire.example/none", b"<p>", {"Content-Type": "text/html"}, status="404 Not Found"),
        record("revisit", URL, b"", {"Content-Type": "text/html"}),
        record("response", "https://wire.example/empty", b"<html></html>", {"Content-Type": "text/html"}),
        record("metadata", URL, b"via: x", type="application/warc-fields"),
        record("resource", "metadata://wget/log", b"a log", type="text/plain"),
    ]  # fmt: skip
    path = tmp_path / ("a.warc.gz" if gzipped else "a.warc")
    path.write_bytes(b"".join(map(gzip.compress, records)) if gzipped else b"".join(records))
    report = run(store, [str(path)], ImportOptions())
    assert (report.added, report.skipped, report.failed) == (2, 3, 1)
    page, text = store.get(1), store.get(2)
    assert (page.title, page.url, page.published, page.origin.format) == ("Border opens", URL, None, "html")
    assert str(page.origin.part).startswith("urn:uuid:")
    assert (text.title, text.url) == ("A title", "https://wire.example/a.txt")
    reasons = {item.origin.part: item.reason or "" for item in report.items if item.outcome is not Outcome.ADDED}
    assert all("https://wire.example/" in reason for reason in reasons.values())
    for what in ("image/png", "answered 404", "not changed", "no article text"):
        assert sum(what in reason for reason in reasons.values()) == 1
    assert [item.reason for item in report.items if item.outcome is Outcome.ADDED] == [
        "it has no date; it was fetched on 2020-02-03"
    ] * 2


def test_a_date_that_a_page_states_is_its_date(store: SqlStore, tmp_path: Path) -> None:
    page = PAGE.format(head='<meta property="article:published_time" content="2019-05-02T10:00:00+02:00">')
    (tmp_path / "a.warc").write_bytes(html(page))
    assert run(store, [str(tmp_path / "a.warc")], ImportOptions()).items == ()
    assert str(store.get(1).published) == "2019-05-02T10:00:00+02:00"


def test_an_arc_file(store: SqlStore, tmp_path: Path) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + PAGE.format(head="").encode()
    head = b"1 0 Test\nURL IP-address Archive-date Content-type Archive-length\n"
    data = b"filedesc://a.arc 127.0.0.1 20140216050221 text/plain %d\n%s\n" % (len(head), head)
    data += b"%s 127.0.0.1 20140216050221 text/html %d\n%s\n" % (URL.encode(), len(answer), answer)
    (tmp_path / "a.arc.gz").write_bytes(gzip.compress(data))
    report = run(store, [str(tmp_path / "a.arc.gz")], ImportOptions())
    assert (report.added, report.items[0].reason) == (1, "it has no date; it was fetched on 2014-02-16")
    assert store.get(1).url == URL


def test_the_encoding_that_the_server_said(store: SqlStore, tmp_path: Path) -> None:
    page = PAGE.format(head="").replace("ministers", "министры").encode("koi8-r")
    (tmp_path / "a.warc").write_bytes(record("response", URL, page, {"Content-Type": "text/html; charset=KOI8-R"}))
    run(store, [str(tmp_path / "a.warc")], ImportOptions())
    assert "министры" in store.get(1).body


@pytest.mark.parametrize("name", ["a.warc", "a", "a.warc.gz"])
def test_it_is_told_by_its_first_record(name: str) -> None:
    assert detect(name, html(), asked_for=False) == "warc"
    assert detect("a", b"filedesc://x 1.1.1.1 20140216050221 text/plain 5\n", asked_for=False) == "warc"


# --- bodies of HTTP ---------------------------------------------------------------------------------------------------

TEXT = b"The body of an answer. " * 50
RAW = zlib.compressobj(wbits=-15)
RAW_DEFLATED = RAW.compress(TEXT) + RAW.flush()


def chunked(data: bytes, size: int = 100) -> bytes:
    chunks = (data[at : at + size] for at in range(0, len(data), size))
    return b"".join(b"%x;x=y\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


@pytest.mark.parametrize(
    ("headers", "data"),
    [
        ({}, TEXT),
        ({"Transfer-Encoding": "chunked"}, chunked(TEXT)),
        ({"Transfer-Encoding": "chunked"}, TEXT),
        ({"Transfer-Encoding": "chunked"}, chunked(TEXT)[:-7] + b"\r\n"),
        ({"Content-Encoding": "gzip"}, gzip.compress(TEXT)),
        ({"Content-Encoding": "gzip"}, TEXT),
        ({"Content-Encoding": "deflate"}, zlib.compress(TEXT)),
        ({"Content-Encoding": "deflate"}, RAW_DEFLATED),
        ({"Content-Encoding": "gzip, gzip"}, gzip.compress(gzip.compress(TEXT))),
        ({"Transfer-Encoding": "chunked", "Content-Encoding": "gzip"}, chunked(gzip.compress(TEXT))),
        ({"Content-Encoding": "identity"}, TEXT),
        ({"Content-Encoding": "br"}, brotli.compress(TEXT)),
        ({"Content-Encoding": "br"}, TEXT),  # a crawler may have decompressed it
        ({"Content-Encoding": "gzip, br"}, brotli.compress(gzip.compress(TEXT))),
    ],
    ids=range(14),
)
def test_a_body_without_what_was_done_for_the_way(headers: dict[str, str], data: bytes) -> None:
    assert body_of(data, headers.get, 10_000) == TEXT


@pytest.mark.parametrize("kind", ["plain", "dictionary", "compressed dictionary"])
def test_web_archives_that_are_compressed_with_zstandard(store: SqlStore, tmp_path: Path, kind: str) -> None:
    """A frame a record, and a dictionary before them, as the IIPC has it."""
    pages = [html(PAGE.format(head=f"<meta name=number content={n}>").replace("trade", str(n))) for n in range(3)]
    content = b"".join(pages) * 5
    dictionary = zstd.ZstdDict(content[:4_000], is_raw=True) if kind == "plain" else zstd.train_dict(pages * 40, 4_000)
    stored = dictionary.dict_content if kind == "dictionary" else zstd.compress(dictionary.dict_content)
    frame = b"" if kind == "plain" else b"\x5d\x2a\x4d\x18" + len(stored).to_bytes(4, "little") + stored
    used = None if kind == "plain" else dictionary
    path = tmp_path / "a.warc.zst"
    path.write_bytes(frame + b"".join(zstd.compress(page, zstd_dict=used) for page in pages))
    report = run(store, [str(path)], ImportOptions())
    assert (report.added, report.updated, report.failed) == (1, 2, 0)
    for damaged in (path.read_bytes()[:-30], frame[:-1], frame[:4] + b"\xff" * 4 + frame[8:] if frame else b""):
        path.write_bytes(damaged)
        assert run(store, [str(path)], ImportOptions()).failed == 1


def test_a_body_that_expands_too_much_or_nobody_can_read() -> None:
    with pytest.raises(TooLargeError, match="max_item_mb"):
        body_of(gzip.compress(bytes(100_000)), {"Content-Encoding": "gzip"}.get, 10_000)
    with pytest.raises(TooLargeError, match="max_item_mb"):
        body_of(brotli.compress(bytes(100_000)), {"Content-Encoding": "br"}.get, 10_000)
    with pytest.raises(UnreadableFileError, match="'zstd'"):
        body_of(TEXT, {"Content-Encoding": "zstd"}.get, 10_000)


def test_a_page_that_is_too_large_fails_alone() -> None:
    first, second = read(html("x" * 3_000) + html(), 2_000)
    assert isinstance(first, Failed)
    assert "max_item_mb" in first.reason
    assert isinstance(second, InputFile)


# --- damage -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [b"", b" \n", record("warcinfo", "", b"x", type="application/warc-fields"), b"WARC/1.0\r\n"],
    ids=range(4),
)
def test_a_file_without_a_page_is_no_silent_success(data: bytes) -> None:
    with pytest.raises(NoTextError):
        read(data)


def test_what_came_before_the_damage_is_read(capfd: pytest.CaptureFixture[str]) -> None:
    found = []
    with pytest.raises(UnreadableFileError, match="came before"):
        found.extend(FORMATS["warc"].read(InputFile("a", io.BytesIO(html() + b"rubbish\r\n" * 9), "warc", 10**6)))
    assert capfd.readouterr() == ("", "")


def test_a_head_without_end_is_given_up() -> None:
    with pytest.raises(UnreadableFileError, match="no end"):
        read(b"WARC/1.0\r\n" + b"x" * 2_000_000)


WHOLE = (
    html() + record("resource", "https://e.org/", b"A\nB", type="text/plain") + html(**{"Transfer-Encoding": "chunked"})
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=200)
@given(data=st.data())
def test_damaged_files_raise_nothing_but_format_errors(data: st.DataObject) -> None:
    whole = bytearray(WHOLE)
    for at in data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=6)):
        whole[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    with suppress(FormatError):
        for each in read(bytes(whole[:cut])):
            assert isinstance(each, InputFile) or each.reason


@pytest.mark.corpus
def test_every_real_file_is_read_or_says_why_not(store: SqlStore) -> None:
    corpus = Path(__file__).parents[2] / "shared" / "corpora" / "files" / "warc"
    if not corpus.exists():
        pytest.skip("the real files are not here")
    report = run(store, [str(corpus)], ImportOptions())
    assert report.added + report.duplicates >= 12
    assert all(item.reason for item in report.items)
