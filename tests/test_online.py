"""Importing from the web with the command as a user runs it, from real servers on this machine."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from archive.service import Archive

pytestmark = pytest.mark.usefixtures("hurried")

Run = Callable[..., Any]
TEXT = "The bridge over the river was closed on Monday, officials said, because its pillars had begun to move. " * 4


@pytest.fixture
def fetch(run: Run) -> Run:
    """`archive import` that may fetch from this machine, as JSON."""

    def run_import(*arguments: object, status: int = 0) -> Any:
        return run("import", "--allow-private", "--json", *arguments, status=status).json

    return run_import


@pytest.fixture
def stored(run: Run) -> Callable[[], list[Any]]:
    """What is stored, oldest first, each with its text."""

    def read() -> list[Any]:
        listed = run("list", "--json", "--limit", 200).json["articles"]
        return sorted((run("show", each["id"], "--json").json for each in listed), key=lambda each: int(each["id"]))

    return read


def outcomes(report: Any) -> dict[str, int]:
    return {name: report[name] for name in ("added", "updated", "duplicates", "skipped", "failed") if report[name]}


def feed(site: Any, *items: str, title: str = "Test News") -> str:
    body = f'<?xml version="1.0"?><rss version="2.0"><channel><title>{title}</title>{"".join(items)}</channel></rss>'
    return site.put("/feed.xml", body, type="application/rss+xml")


def item(title: str, link: str, more: str = "") -> str:
    return f"<item><title>{title}</title><link>{link}</link>{more}</item>"


# -- addresses


def test_a_page_is_an_article_with_its_address(site: Any, fetch: Run, stored: Any) -> None:
    target = site.page("/bridge", "A bridge", TEXT)
    assert outcomes(fetch(site.redirect("/old", "/bridge"))) == {"added": 1}
    (article,) = stored()
    assert (article["title"], article["url"]) == ("A bridge", target)
    assert article["origin"] == f"{site.url}/old"
    assert TEXT.strip() in " ".join(each["text"] for each in article["paragraphs"])
    assert outcomes(fetch(f"{site.url}/old")) == {"duplicates": 1}
    site.page("/bridge", "A bridge", "It was opened again. " + TEXT)
    assert outcomes(fetch(target)) == {"updated": 1}
    assert stored()[0]["versions"] == 2


def test_the_canonical_address_counts_unless_it_is_a_mere_front_page(site: Any, fetch: Run, stored: Any) -> None:
    page = (
        '<html><head><title>{}</title><link rel="canonical" href="{}"></head><body><article><p>{}</p></article></body>'
    )
    site.put("/a?ref=feed", page.format("A", "https://news.example/a", TEXT))
    site.put("/b", page.format("B", "https://news.example/", "Other. " + TEXT))
    fetch(f"{site.url}/a?ref=feed", f"{site.url}/b")
    assert [each["url"] for each in stored()] == ["https://news.example/a", f"{site.url}/b"]


def test_the_encoding_is_the_one_that_the_server_says(site: Any, fetch: Run, stored: Any) -> None:
    body = f"<html><head><title>Müller</title></head><body><p>{TEXT}</p></body>".encode("cp1252")
    fetch(site.put("/a", body, type="text/html; charset=iso-8859-1"))
    assert stored()[0]["title"] == "Müller"


def test_what_it_is_is_told_by_content_and_type(site: Any, fetch: Run, stored: Any) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as opened:
        opened.writestr("a.txt", "In a zip\n\nText in a zip.")
        opened.writestr("b.jpg", b"\xff\xd8\xff")
    urls = [
        site.put("/text?x=1", "A title\n\nSome text.", type="text/plain"),
        site.put("/news.jsonl", '{"title": "J", "text": "In JSON"}\n', type="application/octet-stream"),
        site.put("/a", packed.getvalue(), type="application/zip"),
        site.put("/c", '{"version": "https://jsonfeed.org/version/1.1", "title": "JF", "items": '
                 '[{"id": "1", "url": "https://e.org/1", "content_text": "Of a feed"}]}', type="application/json"),
        site.put("/picture", b"\x89PNG\r\n", type="image/png"),
    ]  # fmt: skip
    report = fetch(*urls, status=1)
    assert outcomes(report) == {"added": 4, "skipped": 1, "failed": 1}
    found = stored()
    assert [each["title"] for each in found] == ["A title", "J", "In a zip", "Of a feed"]
    assert [each["url"] for each in found] == [urls[0], None, None, "https://e.org/1"]
    assert [each["origin"] for each in found] == [urls[0], f"{urls[1]}#1", f"{urls[2]}#a.txt", f"{urls[3]}#1"]
    assert {each["reason"] for each in report["items"] if each["outcome"] == "failed"} == {
        "this is a PNG image, which the archive does not read yet"
    }


def test_a_feed_is_its_items(site: Any, fetch: Run, stored: Any) -> None:
    url = feed(site, item("One", "https://e.org/1", "<description>Of a bridge</description>"), item("Two", "/two"))
    assert outcomes(fetch(url)) == {"added": 2}
    assert [(each["title"], each["url"], each["source"]) for each in stored()] == [
        ("One", "https://e.org/1", "Test News"), ("Two", f"{site.url}/two", "Test News"),
    ]  # fmt: skip
    assert site.paths == ["/feed.xml"]


def test_what_cannot_be_fetched_fails_alone_and_is_named(site: Any, fetch: Run, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("A file\n\nWith a text.")
    report = fetch(
        f"{site.url}/none", "https://user:secret@/x", tmp_path / "a.txt", site.page("/b", "B", TEXT), status=1
    )
    assert outcomes(report) == {"added": 2, "failed": 2}
    assert [(each["origin"], each["reason"]) for each in report["items"]] == [
        (f"{site.url}/none", "the server answered 404 (Not Found)"),
        ("https:///x", "it is no address of the form https://host/path"),
    ]


def test_nothing_inside_this_machine_is_fetched_unless_allowed(site: Any, run: Run, monkeypatch: Any) -> None:
    url = site.page("/a", "A", TEXT)
    told = run("import", url, status=1).stderr
    assert f"{url}: 127.0.0.1 is inside this machine or its network; --allow-private fetches from there" in told
    assert not site.asked
    monkeypatch.setenv("ARCHIVE_ALLOW_PRIVATE", "1")
    run("import", url)


def test_a_password_is_shown_and_stored_nowhere(site: Any, run: Run, settings: Any, tmp_path: Path) -> None:
    site.page("/a", "A", TEXT)
    report = tmp_path / "report.jsonl"
    urls = [f"http://user:hunter2@127.0.0.1:{site.port}/{path}" for path in ("a", "none")]
    ran = run("import", "--allow-private", "--report", report, *urls, status=1)
    assert "Added 1 article" in ran.stdout
    assert [headers["Authorization"] for path, headers in site.asked if path == "/a"] == ["Basic dXNlcjpodW50ZXIy"]
    seen = [ran.stdout, ran.stderr, report.read_text(), run("show", 1, "--json").stdout]
    kept = [path.read_bytes().decode("latin-1") for path in settings.data.rglob("*") if path.is_file()]
    assert not any("hunter2" in text for text in (*seen, *kept))


def test_a_dry_run_fetches_and_stores_nothing(site: Any, fetch: Run, stored: Any) -> None:
    url = feed(site, item("One", site.page("/1", "One", TEXT)))
    assert outcomes(fetch(url, "--fetch", "--dry-run")) == {"added": 1}
    assert site.paths == ["/feed.xml", "/1"]
    assert stored() == []
    assert outcomes(fetch(url, "--fetch")) == {"added": 1}


def test_what_is_too_large_is_refused(site: Any, run: Run, monkeypatch: Any) -> None:
    monkeypatch.setenv("ARCHIVE_MAX_ITEM_MB", "1")
    url = site.put("/a", b"x" * 1_000_001, type="text/plain")
    assert "more than 1,000,000 bytes" in run("import", "--allow-private", url, status=1).stderr


def test_without_a_fetcher_an_address_is_no_file(archive: Archive) -> None:
    report = archive.import_paths(["https://e.org/a"])
    assert [each.reason for each in report.items] == ["it is an address, and nothing is fetched here"]


# -- entries


BOOKMARKS = """<!DOCTYPE NETSCAPE-Bookmark-file-1>
<DL><p><DT><A HREF="{0}/1" ADD_DATE="1683000000" TAGS="border,news">Saved as one</A>
<DT><A HREF="{0}/none">Missing</A>
<DT><A HREF="javascript:void(0)">A button</A>
<DT><A HREF="{0}/2">Two</A><DD>My own note about it.
<DT><A HREF="{0}/1#again">The same</A>
</DL>"""


def test_pages_of_bookmarks_are_fetched_when_asked_for(site: Any, fetch: Run, stored: Any, tmp_path: Path) -> None:
    url = site.page("/1", "One", TEXT)
    path = tmp_path / "bookmarks.html"
    path.write_text(BOOKMARKS.format(site.url))
    assert outcomes(fetch(path)) == {"added": 1, "skipped": 4}
    assert not site.asked
    report = fetch(path, "--fetch", "--tag", "mine", status=1)
    assert outcomes(report) == {"added": 1, "duplicates": 2, "skipped": 1, "failed": 1}
    note, page = stored()
    assert note["url"] == f"{site.url}/2"
    assert (page["title"], page["url"], page["tags"], page["published"]) == (
        "One",
        url,
        ["border", "news", "mine"],
        None,
    )
    assert page["origin"] == url
    (failed,) = (each for each in report["items"] if each["outcome"] == "failed")
    assert failed["origin"] == f"{path}#2 Missing {site.url}/none"
    assert failed["reason"] == "the server answered 404 (Not Found)"
    site.asked.clear()
    assert outcomes(fetch(path, "--fetch", status=1)) == {"duplicates": 3, "skipped": 1, "failed": 1}
    assert site.paths == ["/none"]  # what is stored is not fetched again


def test_a_page_without_a_title_has_that_of_its_entry(site: Any, fetch: Run, stored: Any, tmp_path: Path) -> None:
    site.put("/1", f"<html><body><article><p>{TEXT}</p><p>{TEXT}</p></article></body></html>")
    path = tmp_path / "export.json"
    path.write_text(f'[{{"href": "{site.url}/1", "description": "As I called it", "extended": "", "tags": "a b"}}]')
    assert outcomes(fetch(path, "--fetch")) == {"added": 1}
    (page,) = stored()
    assert (page["title"], page["tags"]) == ("As I called it", ["a", "b"])


def test_pages_are_fetched_where_a_feed_has_only_a_summary(site: Any, fetch: Run, stored: Any) -> None:
    whole = f"<content:encoded xmlns:content='http://purl.org/rss/1.0/modules/content/'>{TEXT}</content:encoded>"
    dated = "<pubDate>Mon, 01 Jan 2024 10:00:00 GMT</pubDate><category>c</category>"
    one = item("In the feed", site.page("/1", "One", TEXT), f"<description>A summary.</description>{dated}")
    three = item("Only a link", site.page("/3", "Three", "3. " + TEXT))
    url = feed(
        site, one, item("Whole", f"{site.url}/whole", whole), three,
        item("Gone", f"{site.url}/gone", "<description>What is left of it.</description>"),
        item("Short", site.page("/5", "Five", "Please log in to read on."), f"<description>5. {TEXT}</description>"),
    )  # fmt: skip
    report = fetch(url, "--fetch")
    assert outcomes(report) == {"added": 5}
    by_title = {each["title"]: each for each in stored()}
    assert set(by_title) == {"One", "Whole", "Three", "Gone", "Five"}
    assert by_title["One"]["summary"] == "A summary."
    assert by_title["One"]["published"] == "2024-01-01T10:00:00+00:00"
    assert by_title["One"]["tags"] == ["c"]
    assert by_title["Five"]["paragraphs"][0]["text"].startswith("5. The bridge")
    assert {each["reason"] for each in report["items"]} == {
        "only what the feed says of it; of its page: the server answered 404 (Not Found)",
        "the text is that of the feed; its page has less",
    }
    assert "/whole" not in site.paths
    site.asked.clear()
    assert outcomes(fetch(url, "--fetch")) == {"duplicates": 5}
    assert site.paths == ["/feed.xml"]


def test_the_page_of_an_entry_may_redirect_and_is_not_fetched_again(site: Any, fetch: Run, stored: Any) -> None:
    target = site.page("/there", "There", TEXT)
    url = feed(site, item("Here", site.redirect("/here", "/there"), "<description>A summary.</description>"))
    fetch(url, "--fetch")
    assert [each["url"] for each in stored()] == [target]
    site.asked.clear()
    assert outcomes(fetch(url, "--fetch")) == {"duplicates": 1}
    assert site.paths == ["/feed.xml"]


def test_what_was_a_summary_becomes_the_page_as_its_next_version(site: Any, fetch: Run, stored: Any) -> None:
    url = feed(site, item("One", site.redirect("/1", "/there"), "<description>A summary.</description>"))
    site.page("/there", "One", TEXT)
    assert outcomes(fetch(url)) == {"added": 1}
    assert outcomes(fetch(url, "--fetch")) == {"updated": 1}
    (article,) = stored()
    assert (article["url"], article["versions"]) == (f"{site.url}/1", 2)


def test_a_page_whose_server_fails_is_asked_again_another_time(site: Any, fetch: Run, stored: Any) -> None:
    url = feed(site, item("One", site.put("/1", status=500), "<description>A summary.</description>"))
    assert outcomes(fetch(url, "--fetch")) == {"added": 1}
    site.page("/1", "One", TEXT)
    assert outcomes(fetch(url, "--fetch")) == {"updated": 1}
    assert stored()[0]["versions"] == 2


def test_an_import_from_the_web_has_its_account_and_begins_anew(
    site: Any, fetch: Run, run: Run, tmp_path: Path
) -> None:
    site.page("/1", "One", TEXT)
    path = tmp_path / "bookmarks.html"
    path.write_text(BOOKMARKS.format(site.url))
    fetch(path, "--fetch", status=1)
    told = [json.loads(line) for line in run("imports", "show", 1, "--json").stdout.splitlines()]
    assert [(each["origin"], each["outcome"]) for each in told] == [
        (f"{path}#3 A button javascript:void(0)", "skipped"),
        (f"{path}#4", "added"),
        (f"{path}#5 The same {site.url}/1#again", "duplicate"),
        (f"{site.url}/1", "added"),
        (f"{site.url}/none#2 Missing {site.url}/none", "failed"),
    ]
    fetch(path, "--fetch", status=1)
    assert len(run("imports", "list", "--json").json["imports"]) == 2
