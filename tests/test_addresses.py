"""Which addresses are fetched, and what a robots.txt allows."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.addresses import allowed, checked, is_address, is_public, without_credentials
from archive.errors import AddressRefusedError
from archive.robots import MAX_RULES, parse

PUBLIC = [
    "8.8.8.8", "1.1.1.1", "172.32.0.1", "192.169.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450:4001::8a",
    "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1",
]  # fmt: skip

INSIDE = [
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "169.254.169.254", "100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
    "192.88.99.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "::1", "fe80::1", "fec0::1", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1", "3fff::1", "5f00::1",
    "100::1", "2001::1", "2001:10::1", "4000::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::7f00:1",
    "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::808:808", "2002:7f00:1::1", "2002:c0a8:101::1",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_addresses_of_the_internet(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))
    assert allowed("host.example", [address], private=False) == [address]


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_inside_a_machine_or_a_house_are_refused_unless_allowed(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))
    with pytest.raises(AddressRefusedError, match="inside this machine or its network"):
        allowed("host.example", [address], private=False)
    assert allowed("host.example", [address], private=True) == [address]


def test_of_several_addresses_only_those_of_the_internet_are_connected_to() -> None:
    assert allowed("host.example", ["10.0.0.1", "8.8.8.8", "fe80::1%eth0"], private=False) == ["8.8.8.8"]


@given(st.ip_addresses())
def test_every_address_is_one_or_the_other(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    if is_public(address):
        assert address.is_global
        assert not any((address.is_loopback, address.is_link_local, address.is_private, address.is_multicast))


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://user:secret@e.org/a", "https://e.org/a"), ("https://secret@e.org", "https://e.org"),
        ("https://user:sec@ret@e.org/a@b", "https://e.org/a@b"), ("http://user:sec/ret@e.org/a", "http://e.org/a"),
        ("http://user:sec?ret@e.org/a", "http://e.org/a"), ("http://e.org:80/@user", "http://e.org:80/@user"),
        ("http://e.org/@a?b=c@d", "http://e.org/@a?b=c@d"), ("HTTP://user:secret@e.org", "HTTP://e.org"),
    ],
)  # fmt: skip
def test_a_password_is_never_shown(address: str, shown: str) -> None:
    assert without_credentials(address) == shown


@pytest.mark.parametrize(
    "address",
    [
        "ftp://e.org/a", "file:///etc/passwd", "e.org", "https://", "https:///a", "https://e.org:0/", "https://e.org:x/",
        "https://e.org:99999/", "https://e.org/a b", "https://e.org/a\nb", "https://e.org\\@f.org/", "http://[::1", "",
        "gopher://e.org", "javascript:alert(1)", "https://user:secret@/a",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(AddressRefusedError) as told:
        checked(address)
    assert "secret" not in str(told.value)


def test_what_is_an_address() -> None:
    assert is_address("HTTPS://e.org")
    assert not any(map(is_address, ("-", "a.html", "/https://e.org", "https:", "https:/e.org")))
    assert checked("https://e.org/a?b#c") == "https://e.org/a?b"


# --- robots.txt -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "path", "may"),
    [
        ("", "/a", True),
        ("User-agent: *\nDisallow: /", "/a", False),
        ("User-agent: *\nDisallow:", "/a", True),
        ("User-agent: other\nDisallow: /", "/a", True),
        ("User-agent: other\nUser-agent: Article-Archive\nDisallow: /a", "/ab", False),
        ("User-agent: article-archive/2.0 # ours\nDisallow: /a\n\nUser-agent: *\nDisallow: /", "/b", True),
        ("user-AGENT:*\r\ndisallow:/a\r\n", "/a", False),
        ("\ufeffUser-agent: *\rDisallow: /a\r", "/a", False),
        ("User-agent: *\nDisallow: /a\nUser-agent: *\nDisallow: /b", "/b", False),  # groups are joined
        ("User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/b/c", True),  # the longest counts
        ("User-agent: *\nAllow: /a\nDisallow: /a", "/a", True),  # as long: allowed
        ("User-agent: *\nDisallow: /*.pdf$", "/x/a.pdf", False),
        ("User-agent: *\nDisallow: /*.pdf$", "/x/a.pdf?b", True),
        ("User-agent: *\nDisallow: /a*/c*e$", "/ab/c/d/e", False),
        ("User-agent: *\nDisallow: /a*b$", "/ab", False),
        ("User-agent: *\nDisallow: /ab*b$", "/ab", True),
        ("User-agent: *\nDisallow: /a$", "/ab", True),
        ("User-agent: *\nDisallow: /?s=", "/?s=x", False),
        ("User-agent: *\nDisallow: /ä", "/%c3%a4/x", False),
        ("User-agent: *\nDisallow: /%7Ejoe", "/~joe/a", False),
        ("User-agent: *\nDisallow: /a%2Fb", "/a/b", True),
        ("User-agent: *\nSitemap: https://e.org/s\nDisallow: /a", "/a", False),
        ("Disallow: /\nno line of it\n<html>", "/a", True),
    ],
)
def test_what_a_robots_txt_allows(text: str, path: str, may: bool) -> None:
    assert parse(text, "article-archive").allows(path) is may


def test_the_delay_that_a_robots_txt_asks_for() -> None:
    assert parse("User-agent: *\nCrawl-delay: 2.5", "a").delay == 2.5
    assert parse("User-agent: *\nCrawl-delay: soon", "a").delay == 0


def test_hostile_rules_take_no_time() -> None:
    text = "User-agent: *\n" + "Disallow: /" + "a*" * 2_000 + "b$\n" + "Disallow: /x\n" * (MAX_RULES + 10)
    robots = parse(text, "a")
    assert len(robots.rules) == MAX_RULES
    assert robots.allows("/" + "a" * 5_000)


@given(st.text(), st.text())
def test_any_text_is_a_robots_txt(text: str, path: str) -> None:
    parse("User-agent: *\nDisallow: " + text + "\n" + text, "a").allows("/" + path.encode("utf-8", "replace").decode())
