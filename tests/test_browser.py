"""A person's way in a real browser: search, article, next match, back; on a phone, a desktop, without JavaScript."""

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from archive.bootstrap import open_archive
from archive.settings import load_settings
from web import create_app

pytestmark = pytest.mark.browser

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
PHONE, DESKTOP, NARROW = (390, 844), (1280, 900), (320, 640)
FOUNDING = Path(__file__).parents[1] / "docs" / "demo" / "turkiye-iraq-border.txt"


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server over an archive with the founding article and thirty more."""
    folder = tmp_path_factory.mktemp("browser")
    lines = folder / "articles.jsonl"
    body = "The border is long.\n\nSecurity matters. " + "x" * 200
    records = [
        {"title": f"Border article {n}", "body": f"{body} {n}", "date": str(2000 + n), "source": "Wire", "lang": "en"}
        for n in range(30)
    ]
    lines.write_text("\n".join(map(json.dumps, records)))
    with open_archive(load_settings({"data": str(folder / "data")}, {})) as archive:
        archive.import_paths([str(FOUNDING), str(lines)])
        with make_server("127.0.0.1", 0, create_app(archive), handler_class=_Quiet) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
            thread.start()
            yield f"http://127.0.0.1:{server.server_port}"
            server.shutdown()
            thread.join()


Browser = webdriver.Chrome


@pytest.fixture
def browse(tmp_path: Path) -> Iterator[Callable[..., Browser]]:
    """Opens a browser of a size, with or without JavaScript."""
    opened: list[Browser] = []

    def start(size: tuple[int, int], *, javascript: bool = True, dark: bool = False) -> Browser:
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for flag in (*FLAGS, f"--user-data-dir={tmp_path / f'profile{len(opened)}'}"):
            options.add_argument(flag)
        if not javascript:
            options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
        browser = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        opened.append(browser)
        width, height = size
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        if dark:
            features = [{"name": "prefers-color-scheme", "value": "dark"}]
            browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        return browser

    yield start
    for browser in opened:
        browser.quit()


def one(browser: Browser, css: str) -> WebElement:
    return WebDriverWait(browser, 10).until(lambda page: page.find_element(By.CSS_SELECTOR, css))


def every(browser: Browser, css: str) -> list[WebElement]:
    return browser.find_elements(By.CSS_SELECTOR, css)


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "no javascript"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_the_way_of_a_reader(
    address: str, browse: Callable[..., Browser], size: tuple[int, int], *, javascript: bool
) -> None:
    browser = browse(size, javascript=javascript)
    browser.get(address)
    box = one(browser, "#q")
    box.send_keys('"border security"', Keys.ENTER)
    (hit,) = WebDriverWait(browser, 10).until(lambda _: every(browser, ".found .results > li"))
    assert "Türkiye Seeks Cooperation" in hit.text
    assert {mark.text for mark in every(browser, ".results mark")} == {"border security"}

    hit.find_element(By.CSS_SELECTOR, "h3 a").click()
    one(browser, "article h1")
    assert [mark.text for mark in every(browser, "article mark")] == ["border security", "border security"]
    first, second = every(browser, "article mark")
    one(browser, ".matches .next").click()
    WebDriverWait(browser, 10).until(lambda _: _is_seen(first, size))
    if javascript:
        assert "current" in str(first.get_attribute("class"))
        assert one(browser, ".matches .where").text == "1 of 2"
        browser.switch_to.active_element.send_keys("n")
        assert one(browser, ".matches .where").text == "2 of 2"
    else:
        one(browser, ".matches .list summary").click()
        every(browser, ".matches .list a")[1].click()
    WebDriverWait(browser, 10).until(lambda _: _is_seen(second, size))

    while "/articles/" in browser.current_url:
        browser.back()
    assert [mark.text for mark in every(browser, ".results mark")] == ["border security", "border security"]
    assert one(browser, ".understood").text == '"border security"'
    assert one(browser, "#q").get_attribute("value") == '"border security"'


def _is_seen(element: WebElement, size: tuple[int, int]) -> bool:
    """Whether it is in the window and not under the header."""
    scrolled = element.parent.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssVisualViewport"]["pageY"]
    return bool(40 < element.rect["y"] - scrolled < size[1] - 20)


def test_a_snippet_leads_to_its_paragraph(address: str, browse: Callable[..., Browser]) -> None:
    browser = browse(DESKTOP)
    browser.get(f"{address}/search?q=%22border+security%22")
    one(browser, ".results .paragraph").click()
    assert browser.current_url.endswith("#p2")
    assert _is_seen(one(browser, "#p2"), DESKTOP)


def test_nothing_scrolls_sideways_on_the_narrowest_phone(address: str, browse: Callable[..., Browser]) -> None:
    browser = browse(NARROW)
    paths = (
        "/",
        "/search?q=border",
        "/search?q=nothing+at+all&source=Wire",
        "/articles/1?q=border",
        "/nowhere",
        "/saved",
    )
    for path in (*paths, "/kwic?q=border&order=left", "/kwic?q=border+/P+terrorism", "/kwic?q=x*&source=Wire"):
        browser.get(address + path)
        one(browser, "main")
        width = browser.execute_script("return document.documentElement.scrollWidth")
        assert width <= NARROW[0], path


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "no javascript"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_a_search_is_saved_and_removed(
    address: str, browse: Callable[..., Browser], size: tuple[int, int], *, javascript: bool
) -> None:
    """What a browser says of a form of ours is believed."""
    browser = browse(size, javascript=javascript)
    browser.get(f"{address}/search?q=border&source=Wire&sort=newest")
    one(browser, ".save summary").click()
    name = one(browser, ".save input[name=name]")
    assert name.get_attribute("value") == "border"
    name.clear()
    name.send_keys("Watch", Keys.ENTER)
    link = one(browser, ".saving .results h3 a")
    assert (link.text, link.get_attribute("href")) == ("Watch", f"{address}/search?q=border&source=Wire&sort=newest")
    assert "30 articles" in one(browser, ".saving .meta").text
    one(browser, ".acts button").click()
    assert "No searches are saved" in one(browser, ".saving .empty").text


def test_a_page_of_another_site_saves_nothing(address: str, browse: Callable[..., Browser]) -> None:
    browser = browse(DESKTOP)
    fields = "".join(f"<input name={name} value=x{name}>" for name in ("name", "q"))
    page = f"<form method=post action={address}/saved>{fields}<input name=sequence value=1><button>Go</button></form>"
    browser.get(f"data:text/html,{page}")
    one(browser, "button").click()
    assert "from a page of another site" in one(browser, ".empty").text
    browser.get(f"{address}/saved")
    assert "No searches are saved" in one(browser, ".saving .empty").text


def test_keys(address: str, browse: Callable[..., Browser]) -> None:
    browser = browse(DESKTOP)
    browser.get(f"{address}/search?q=border")
    body = one(browser, "body")
    body.send_keys("j")
    body.send_keys("j")
    second = every(browser, ".results h3 a")[1]
    assert browser.switch_to.active_element == second
    browser.switch_to.active_element.send_keys("/")
    assert browser.switch_to.active_element == one(browser, "#q")
    browser.switch_to.active_element.send_keys("j")  # typed, not a command
    assert "j" in str(one(browser, "#q").get_attribute("value"))
    browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    browser.find_element(By.TAG_NAME, "body").send_keys("?")
    assert one(browser, ".help .sheet").is_displayed()


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "no javascript"])
def test_every_match_is_a_line_that_leads_to_its_paragraph(
    address: str, browse: Callable[..., Browser], *, javascript: bool
) -> None:
    browser = browse(DESKTOP, javascript=javascript)
    browser.get(f"{address}/search?q=%22border+security%22")
    one(browser, ".sorts .aside").click()
    one(browser, ".lines li")
    rows = every(browser, ".lines li")
    assert [row.find_element(By.TAG_NAME, "mark").text for row in rows] == ["border security"] * 2
    middles = [_middle(row.find_element(By.TAG_NAME, "mark")) for row in rows]
    assert max(middles) - min(middles) < 1  # one below the other
    assert {row.rect["height"] < 40 for row in rows} == {True}  # a line each
    one(browser, ".sorts a[href*='order=right']").click()
    WebDriverWait(browser, 10).until(lambda _: "Word after" in one(browser, ".sorts strong").text)
    assert [row.find_element(By.CSS_SELECTOR, ".right").text.split()[0] for row in every(browser, ".lines li")] == [
        "and",
        "but",
    ]
    if javascript:
        one(browser, "body").send_keys("jj")
        assert browser.switch_to.active_element == every(browser, ".lines .line")[1]
    one(browser, ".lines .line").click()
    WebDriverWait(browser, 10).until(lambda _: browser.current_url.endswith("#p2"))
    assert _is_seen(one(browser, "#p2"), DESKTOP)
    browser.back()
    one(browser, ".back a").click()
    WebDriverWait(browser, 10).until(lambda _: every(browser, ".results mark"))


def _middle(element: WebElement) -> float:
    return float(element.rect["x"] + element.rect["width"] / 2)


def _copied(browser: Browser) -> str:
    """What is in the clipboard, once something is said to be."""
    WebDriverWait(browser, 10).until(lambda _: one(browser, "main > [role=status]").get_attribute("textContent"))
    browser.execute_script("delete navigator.clipboard")
    return str(browser.execute_async_script("navigator.clipboard.readText().then(arguments[0])"))


SELECT = """
const [from, to] = ["#p2", "#p3"].map((id) => document.querySelector(id));
const range = document.createRange();
range.setStart(from.firstChild, from.firstChild.length - 20);
range.setEnd(to.firstChild, 18);
getSelection().removeAllRanges();
getSelection().addRange(range);
"""


@pytest.mark.parametrize("by", ["button", "key", "button without a clipboard"])
def test_what_is_selected_is_copied_with_its_citation(address: str, browse: Callable[..., Browser], by: str) -> None:
    browser = browse(DESKTOP)
    permissions = {"origin": address, "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    browser.execute_cdp_cmd("Browser.grantPermissions", permissions)
    browser.get(f"{address}/articles/1")
    assert not one(browser, ".quote").is_displayed()
    browser.execute_script(SELECT)
    WebDriverWait(browser, 10).until(lambda _: one(browser, ".quote").is_displayed())
    if "without" in by:  # as where the page did not come from this machine, nor encrypted
        browser.execute_script("Object.defineProperty(navigator, 'clipboard', {value: undefined, configurable: true})")
    if "button" in by:
        one(browser, ".quote").click()
    else:
        one(browser, "body").send_keys("c")
    quotation, citation = _copied(browser).rsplit("\n", 1)
    assert quotation == "“threat of terrorism.\n\nTürkiye and Iraq s”"
    assert citation.startswith(
        "“Türkiye Seeks Cooperation with Iraq to Combat Terrorism on Shared Border”. Archived at "
    )
    assert f" {address}/articles/1#p2 (accessed " in citation


def test_a_paragraph_is_copied_with_its_citation_by_the_keyboard(address: str, browse: Callable[..., Browser]) -> None:
    browser = browse(DESKTOP)
    permissions = {"origin": address, "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    browser.execute_cdp_cmd("Browser.grantPermissions", permissions)
    browser.get(f"{address}/articles/1?q=security")
    browser.execute_script("document.querySelector('#p4 .anchor').focus()")
    browser.switch_to.active_element.send_keys(Keys.TAB)
    button = browser.switch_to.active_element
    assert button.accessible_name == "Copy paragraph 4 with its citation"
    button.send_keys(Keys.ENTER)
    copied = _copied(browser)
    paragraph = FOUNDING.read_text().split("\n")[4].strip()
    assert copied.startswith(f"“{paragraph}”\n“Türkiye Seeks")
    assert f"{address}/articles/1#p4 (accessed" in copied


def test_without_a_script_the_citation_is_on_the_page(address: str, browse: Callable[..., Browser]) -> None:
    browser = browse(PHONE, javascript=False)
    browser.get(f"{address}/articles/1")
    assert f"Archived at {address}/articles/1 (accessed" in one(browser, ".citation").text
    assert not every(browser, ".copy, .quote")


def test_what_is_typed_is_completed(address: str, browse: Callable[..., Browser]) -> None:
    browser = browse(DESKTOP)
    browser.get(address)
    one(browser, "#q").send_keys("bord")
    one(browser, "#suggestions option")
    assert "border" in [option.get_attribute("value") for option in every(browser, "#suggestions option")]


CONTRAST = """
const linear = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
const luminance = (colour) => {
  const [red, green, blue] = colour.match(/[\\d.]+/g).map((text) => linear(text / 255));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};
const background = (node) => {
  while (getComputedStyle(node).backgroundColor === "rgba(0, 0, 0, 0)") node = node.parentElement;
  return getComputedStyle(node).backgroundColor;
};
const kinds = "body, .snippet, .meta, mark, .results h3 a, .number, .summary, .paragraph, .sorts a, .place, button, "
  + ".exports a, .save summary, .to-saved";
return [...document.querySelectorAll(kinds)].map((node) => {
  const both = [luminance(getComputedStyle(node).color), luminance(background(node))];
  return [node.className || node.tagName, (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05)];
});
"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_everything_can_be_read(address: str, browse: Callable[..., Browser], *, dark: bool) -> None:
    """Contrast of at least 4.5:1 for text (WCAG 2.2, 1.4.3)."""
    browser = browse(DESKTOP, dark=dark)
    for path in ("kwic", "search"):
        browser.get(f"{address}/{path}?q=border+security")
        one(browser, "main mark")
        contrasts = browser.execute_script(CONTRAST)
        assert len(contrasts) > 10
        assert [row for row in contrasts if row[1] < 4.5] == []
    background = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(23, 22, 20)") is dark


def test_the_browser_finds_nothing_to_complain_about(address: str, browse: Callable[..., Browser]) -> None:
    """No script error, nothing blocked by the content security policy, nothing missing."""
    browser = browse(DESKTOP)
    for path in ("/", "/search?q=border", "/articles/1?q=border", "/kwic?q=border", "/saved"):
        browser.get(address + path)
        one(browser, "main")
    assert [entry for entry in browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")] == []  # type: ignore[no-untyped-call]
