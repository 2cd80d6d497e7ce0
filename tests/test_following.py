"""Feeds that are followed: what a line of cron would meet, from real servers on this machine."""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.discovery import discover
from archive.errors import FeedExistsError, FeedNotFoundError, FetchError
from archive.types import Feed, NewArticle, NewFeed, Origin, Seen
from db.store import SqlStore

pytestmark = pytest.mark.usefixtures("hurried")

Run = Callable[..., Any]
NOW = datetime(2024, 5, 6, tzinfo=UTC)
TEXT = "The bridge over the river was closed on Monday, officials said, because its pillars had begun to move. " * 4


def item(title: str, link: str = "", summary: str = "A summary.") -> str:
    link = link or f"https://e.org/{title}"
    return f"<item><title>{title}</title><link>{link}</link><description>{summary}</description></item>"


def put_feed(site: Any, *items: str, title: str = "Test News", path: str = "/feed", **options: Any) -> str:
    body = f'<?xml version="1.0"?><rss version="2.0"><channel><title>{title}</title>{"".join(items)}</channel></rss>'
    return str(site.put(path, body, type="application/rss+xml", **options))


@pytest.fixture
def feed(run: Run) -> Run:
    """`archive feed` that may fetch from this machine, as JSON."""

    def run_feed(command: str, *arguments: object, status: int = 0) -> Any:
        private = ["--allow-private"] if command in ("add", "update") else []
        return run("feed", command, "--json", *private, *arguments, status=status).json

    return run_feed


@pytest.fixture
def update(feed: Run) -> Run:
    """`archive feed update` of the only feed."""

    def run_update(*arguments: object, status: int = 0) -> Any:
        (found,) = feed("update", *arguments, status=status)["feeds"]
        return found

    return run_update


def counts(updated: Any) -> dict[str, int]:
    return {
        name: count for name, count in (updated["import"] or {}).items() if name not in ("seconds", "items") and count
    }


def titles(run: Run) -> list[str]:
    return sorted(each["title"] for each in run("list", "--json", "--limit", 200).json["articles"])


# -- following


def test_a_feed_is_followed_and_gives_only_what_is_new(site: Any, run: Run, feed: Run, update: Run) -> None:
    url = put_feed(site, item("One"))
    added = feed("add", url, "--source", "The News", "--language", "de", "--tag", "a", "--tag", "b")
    assert [added[name] for name in ("id", "url", "title", "source", "language", "tags", "checked", "failures")] == [
        1, url, "Test News", "The News", "de", ["a", "b"], None, 0,
    ]  # fmt: skip
    assert titles(run) == []
    assert counts(update()) == {"added": 1}
    put_feed(site, item("Two"), item("One"))
    assert counts(update()) == {"added": 1, "duplicates": 1}
    assert titles(run) == ["One", "Two"]
    assert run("imports", "list", "--json").json["imports"] == []
    article = run("show", 1, "--json").json
    assert (article["source"], article["language"], article["tags"]) == ("The News", "de", ["a", "b"])
    (listed,) = feed("list")["feeds"]
    assert listed["checked"] >= listed["changed"] > added["added"]


def test_what_has_not_changed_is_not_read_again(site: Any, feed: Run, update: Run) -> None:
    url = put_feed(site, item("One"), headers={"ETag": '"1"', "Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT"})
    feed("add", url)
    first = update()
    whole = site.pages["/feed"]
    site.pages["/feed"] = lambda asked: site.answer(status=304) if asked["If-None-Match"] == '"1"' else whole
    again = update()
    assert (again["import"], again["error"]) == (None, None)
    assert (again["checked"] > first["checked"], again["changed"]) == (True, first["changed"])
    assert site.asked[-1][1]["If-Modified-Since"] == "Mon, 01 Jan 2024 00:00:00 GMT"


def test_the_first_update_reads_what_adding_has_seen(site: Any, feed: Run, update: Run) -> None:
    feed("add", put_feed(site, item("One"), headers={"ETag": '"1"'}))
    update()
    assert site.asked[-1][1]["If-None-Match"] is None


def test_an_item_whose_text_changed_is_a_new_version(site: Any, run: Run, feed: Run, update: Run) -> None:
    feed("add", put_feed(site, item("One")))
    update()
    put_feed(site, item("One", summary="Another summary."))
    assert counts(update()) == {"updated": 1}
    assert run("show", 1, "--json").json["versions"] == 2


def test_what_was_deleted_stays_so(site: Any, run: Run, feed: Run, update: Run) -> None:
    feed("add", put_feed(site, item("One"), item("Two")))
    update()
    run("delete", 1)
    again = update()
    assert counts(again) == {"duplicates": 1, "skipped": 1}
    assert again["import"]["items"][0]["reason"] == "its article was deleted (https://e.org/One)"
    assert titles(run) == ["Two"]


def test_pages_are_fetched_once(site: Any, run: Run, feed: Run, update: Run) -> None:
    target = site.page("/there", "One", TEXT)
    feed("add", put_feed(site, item("One", site.redirect("/1", "/there")), item("Two", f"{site.url}/none")))
    assert counts(update("--fetch")) == {"added": 2}
    assert run("show", 1, "--json").json["summary"] == "A summary."
    put_feed(site, item("Three", site.page("/3", "Three", "3. " + TEXT)), item("One", f"{site.url}/1"))
    site.asked.clear()
    assert counts(update("--fetch")) == {"added": 1, "duplicates": 1}
    assert site.paths == ["/feed", "/3"]
    assert counts(update()) == {"duplicates": 2}  # a summary takes no page's place
    assert {each["url"] for each in run("list", "--json").json["articles"]} == {
        target, f"{site.url}/none", f"{site.url}/3",
    }  # fmt: skip
    assert run("show", 1, "--json").json["versions"] == 1


def test_an_empty_feed_is_no_failure(site: Any, feed: Run, update: Run) -> None:
    feed("add", put_feed(site))
    assert (counts(update()), update()["error"]) == ({}, None)


def test_two_updates_at_once_import_nothing_twice(
    site: Any, start: Callable[..., Any], run: Run, feed: Run, make_site: Any
) -> None:
    feed("add", put_feed(site, *(item(f"{n}", site.page(f"/{n}", f"{n}", f"{n}. {TEXT}")) for n in range(3))))
    started = [start("feed", "update", "--allow-private", "--fetch", "--json") for _ in range(2)]
    reports = []
    for process in started:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        reports.append(json.loads(out)["feeds"][0]["import"])
    assert sum(each["added"] for each in reports) == 3
    assert sum(each["updated"] for each in reports) == 0
    assert titles(run) == sorted(map(str, range(3)))


# -- what goes wrong


def test_one_that_fails_does_not_stop_the_others(site: Any, run: Run, feed: Run) -> None:
    for name in "abc":
        feed("add", put_feed(site, item(f"Of {name}"), title=name, path=f"/{name}"))
    site.put("/b", status=500)
    ran = run("feed", "update", "--allow-private", status=1)
    assert ran.stdout.splitlines()[0].startswith("a: Added 1 article")
    assert ran.stdout.splitlines()[1].startswith("c: Added 1 article")
    assert f"feed 2, b ({site.url}/b): the server answered 500 (Internal Server Error)" in ran.stderr
    assert titles(run) == ["Of a", "Of c"]
    run("feed", "update", "--allow-private", "b", 1, status=1)  # b is the title, and no name of it
    failing = feed("update", 2, status=1)["feeds"][0]
    assert (failing["failures"], failing["error"]) == (2, "the server answered 500 (Internal Server Error)")
    assert "failed 2 times in a row: the server answered 500" in run("feed", "list").stdout
    put_feed(site, item("Of b"), title="b", path="/b")
    mended = feed("update", f"{site.url}/b")["feeds"][0]
    assert (mended["failures"], mended["error"], counts(mended)) == (0, None, {"added": 1})


def test_an_item_that_fails_is_named(site: Any, run: Run, feed: Run) -> None:
    feed("add", put_feed(site, item("One"), "<item><link>https://e.org/x</link></item>"))
    assert f"{site.url}/feed#2: it has no text" in run("feed", "update", "--allow-private", status=1).stderr
    assert titles(run) == ["One"]


def test_a_feed_that_is_gone_is_told(site: Any, feed: Run, update: Run) -> None:
    feed("add", put_feed(site, item("One")))
    site.put("/feed", status=410)
    told = update(status=1)["error"]
    assert told == (
        "the server answered 410 (Gone): it is there no longer, for good; archive feed remove 1 looks no longer"
    )


def test_a_feed_that_became_a_page_is_told_and_not_imported(site: Any, run: Run, feed: Run, update: Run) -> None:
    feed("add", put_feed(site, item("One")))
    site.page("/feed", "Please log in", TEXT)
    assert update(status=1)["error"] == "it is no feed any more"
    assert titles(run) == []


def test_a_server_that_asks_to_wait_is_not_asked_before(site: Any, run: Run, feed: Run, update: Run) -> None:
    feed("add", put_feed(site, item("One")))
    site.put("/feed", status=429, headers={"Retry-After": "3600"})
    assert "asks to wait until" in update(status=1)["error"]
    site.asked.clear()
    waiting = update()
    assert (waiting["waiting"], waiting["failures"]) == (True, 1)
    assert not site.asked
    assert "its server asked to wait until" in run("feed", "update", "--allow-private").stderr


def test_a_feed_that_moved_for_good_is_followed_there(site: Any, run: Run, feed: Run, update: Run) -> None:
    feed("add", put_feed(site, item("One"), path="/old"))
    new = put_feed(site, item("One"))
    site.redirect("/old", "/feed", status=302)
    assert update()["moved"] is None
    site.redirect("/old", "/feed", status=301)
    assert (
        f"it has moved for good, and is followed at {new} from now on"
        in run("feed", "update", "--allow-private").stderr
    )
    site.asked.clear()
    assert update()["url"] == new
    assert site.paths == ["/feed"]


def test_a_feed_that_moved_to_what_is_no_feed_or_another_s_place_stays(site: Any, feed: Run) -> None:
    old, other = put_feed(site, item("One"), path="/old"), put_feed(site, item("One"))
    for url in old, other:
        feed("add", url)
    site.page("/login", "Log in", TEXT)
    for target, reason in (("/login", "it is no feed any more"), ("/feed", "is followed already, as feed 2")):
        site.redirect("/old", target, status=301)
        found = feed("update", 1, status=1)["feeds"][0]
        assert found["url"] == old
        assert reason in found["error"]


# -- adding and removing


def page_with_links(site: Any, *links: str) -> str:
    links_to = "".join(f'<link rel="alternate" type="application/rss+xml" href="{link}">' for link in links)
    return str(site.put("/", f"<html><head><title>Front</title>{links_to}</head><body><p>{TEXT}</p></body></html>"))


def test_the_only_feed_that_a_page_links_to_is_followed(site: Any, feed: Run) -> None:
    url = put_feed(site, item("One"))
    assert feed("add", page_with_links(site, "/feed", "/feed"))["url"] == url


def test_of_several_feeds_none_is_chosen(site: Any, run: Run) -> None:
    told = run("feed", "add", "--allow-private", page_with_links(site, "/a", "/b"), status=1).stderr
    assert f"it is no feed, and links to several; add one of them: {site.url}/a {site.url}/b" in told


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/", "it is no feed, and links to none"),
        ("/text", "it is no feed, and links to none"),
        ("/none", "answered 404"),
    ],
)
def test_what_is_no_feed_is_not_followed(site: Any, run: Run, path: str, reason: str) -> None:
    page_with_links(site)
    site.put("/text", "Some text", type="text/plain")
    told = run("feed", "add", "--allow-private", site.url + path, status=1).stderr
    assert f"{site.url}{path}: " in told
    assert reason in told
    assert run("feed", "list", "--json").json == {"feeds": []}


def test_a_feed_is_followed_once_and_without_a_password(site: Any, run: Run) -> None:
    url = put_feed(site, item("One"))
    run("feed", "add", "--allow-private", url)
    told = run("feed", "add", "--allow-private", url, status=1).stderr
    assert f"{url} is followed already, as feed 1" in told
    told = run("feed", "add", url.replace("//", "//user:hunter2@"), status=1).stderr
    assert "a password would have to be kept" in told
    assert "hunter2" not in told


def test_nothing_inside_this_machine_is_asked_unless_allowed(site: Any, run: Run) -> None:
    url = put_feed(site, item("One"))
    assert "inside this machine" in run("feed", "add", url, status=1).stderr
    run("feed", "add", "--allow-private", url)
    site.asked.clear()
    assert "inside this machine" in run("feed", "update", status=1).stderr
    assert not site.asked


def test_following_no_longer(site: Any, run: Run, feed: Run, update: Run) -> None:
    url = put_feed(site, item("One"))
    feed("add", url)
    update()
    assert "No longer following Test News" in run("feed", "remove", 1).stdout
    assert titles(run) == ["One"]
    missing = feed("remove", url, status=1)
    assert missing == {"removed": [], "missing": [url]}
    assert feed("add", url)["id"] == 2  # a number is never used twice
    assert feed("update", 1, status=1) == {"feeds": []}


def test_without_feeds_there_is_nothing_to_do(run: Run, feed: Run) -> None:
    assert "No feed is followed" in run("feed", "list").stderr
    assert feed("update") == {"feeds": []}


# -- links to feeds


def test_links_are_those_of_the_page_and_its_base() -> None:
    page = b"""<html><head><base href="/news/"><link REL="Alternate nofollow" TYPE="application/atom+xml" href="feed">
    <link rel=alternate type="text/html" href="/de"><link rel="alternate" type="application/feed+json" href="//f.org/j">
    <link rel=stylesheet type="application/rss+xml" href=x><link rel="alternate" type="application/rss+xml">
    <link rel="alternate" type="application/rss+xml" href="javascript:x"></head>"""
    assert discover(page, "https://e.org/a/b", None).links == ("https://e.org/news/feed", "https://f.org/j")


@given(st.binary() | st.text().map(lambda text: f"<html><link rel=alternate {text}".encode()))
def test_any_bytes_are_a_feed_or_none(data: bytes) -> None:
    with suppress(FetchError):
        discover(data, "https://e.org/", None)


# -- the store

TEXTS = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)
MOMENTS = st.none() | st.datetimes().map(lambda moment: moment.replace(tzinfo=UTC))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TEXTS, st.lists(TEXTS, max_size=3).map(tuple), st.none() | TEXTS, MOMENTS, st.integers(0, 99))
def test_what_is_kept_of_a_feed_is_what_is_read(
    store: SqlStore, text: str, tags: tuple[str, ...], none: str | None, moment: datetime | None, count: int
) -> None:
    feed = store.add_feed(NewFeed(url=f"https://e.org/{text}", title=text, source=none, language=none, tags=tags), NOW)
    try:
        assert store.feeds() == [feed]
        later = Feed(
            id=feed.id, url="https://e.org/", title=text * 2, added=NOW, checked=moment, changed=moment, etag=none,
            modified=none, error=none, failures=count, wait_until=moment,
        )  # fmt: skip
        store.update_feed(later)
        assert store.feeds() == [later]
    finally:
        store.remove_feed(feed.id)


def test_numbers_and_addresses_of_feeds(store: SqlStore) -> None:
    one, two = (store.add_feed(NewFeed(url=f"https://e.org/{n}", title="t"), NOW) for n in (1, 2))
    with pytest.raises(FeedExistsError):
        store.add_feed(NewFeed(url=one.url, title="t"), NOW)
    with pytest.raises(FeedExistsError):
        store.update_feed(Feed(id=two.id, url=one.url, title="t", added=NOW))
    for number in 99, 10**30, -1:
        with pytest.raises(FeedNotFoundError):
            store.remove_feed(number)
    with pytest.raises(FeedNotFoundError):
        store.update_feed(Feed(id=99, url="https://e.org/9", title="t", added=NOW))
    assert store.feeds() == [one, two]


def test_what_addresses_gave(store: SqlStore) -> None:
    a, b = "https://e.org/a", "https://e.org/b"
    store.add(
        [NewArticle(title=t, body=t, url=u, origin=Origin("x", f)) for t, u, f in (("1", a, "html"), ("2", b, "feed"))]
    )
    assert store.seen_addresses([a, b, "c"]) == {a: Seen(1, page=True), b: Seen(2, page=False)}
    store.note_addresses({"c": Seen(1, page=True), "d": Seen(99, page=False)})
    store.note_addresses({"c": Seen(2, page=False)})
    assert store.seen_addresses(["c", "d"]) == {"c": Seen(2, page=True), "d": Seen(None, page=False)}
    store.note_addresses({b: Seen(2, page=False)})
    store.delete([2])
    assert store.seen_addresses([b, "c"]) == {b: Seen(None, page=False), "c": Seen(None, page=True)}
    store.note_addresses({})
