"""Addresses of the web and of machines: which are fetched at all, and how they are named without what is secret."""

import ipaddress
import re
from urllib.parse import urlsplit

from archive.errors import AddressRefusedError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
_CREDENTIALS = re.compile(r"(?<=://)(?:[^/?#\\]*@|[^/?#:@\\]*:(?=[^\d/?#])[^@]*@)")
"""What stands before the host; also where a password was not written as it must be."""

_RESERVED = tuple(
    map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2001:db8::/32", "3fff::/20"))
)
"""Refused besides what Python knows, since its versions differ in them (IANA special-purpose registries)."""

_GLOBAL = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def is_address(text: str) -> bool:
    """Whether it is the address of something on the web, and no path."""
    return bool(_ADDRESS.match(text))


def without_credentials(address: str) -> str:
    """The address without a name and a password before its host, as it may be shown and kept."""
    return _CREDENTIALS.sub("", address)


def is_public(address: Address) -> bool:
    """Whether it is one of the internet, and of nothing inside a machine or a house; what it embeds is looked at, too.

    IPv4 in IPv6: mapped (RFC 4291), 6to4 (RFC 3056) and NAT64 (RFC 6052).
    """
    if isinstance(address, ipaddress.IPv6Address):
        if embedded := _embedded(address):
            return is_public(embedded)
        if address not in _GLOBAL:
            return False
    if address.is_multicast or address.is_reserved or not address.is_global:
        return False
    return not any(address in network for network in _RESERVED if network.version == address.version)


def _embedded(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour


def checked(address: str) -> str:
    """The address without its fragment, where it is one that can be fetched; raises AddressRefusedError."""
    try:
        parts = urlsplit(address)
        named = parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        named = False
    if not is_address(address) or not named or re.search(r"[\s\x00-\x1f\x7f\\]", address):
        raise AddressRefusedError("it is no address of the form https://host/path")
    return address.partition("#")[0]


def allowed(host: str, addresses: list[str], *, private: bool) -> list[str]:
    """Those of a host's addresses that may be connected to; raises AddressRefusedError where there is none."""
    found = [each for each in addresses if private or is_public(ipaddress.ip_address(each.partition("%")[0]))]
    if not found:
        where = f"{host} is" if host in addresses else f"{host} is at {', '.join(addresses)}, which is"
        raise AddressRefusedError(f"{where} inside this machine or its network; --allow-private fetches from there")
    return found
