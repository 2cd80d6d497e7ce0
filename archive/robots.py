"""The Robots Exclusion Protocol (RFC 9309): which addresses of a site a program may fetch."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

MAX_BYTES = 512_000
"""Bytes of a file that are read; RFC 9309 asks for 500 KiB at least."""

MAX_RULES = 10_000

Rule = tuple[str, bool]
"""The beginning of a path, in which `*` is anything and `$` the end, and whether it is allowed."""


@dataclass(frozen=True, slots=True)
class Robots:
    """What a site asks of a program. `delay` is the seconds that it asks for between two requests, 0 for none."""

    rules: tuple[Rule, ...] = ()
    delay: float = 0.0

    def allows(self, path: str) -> bool:
        """Whether this path, with its query, may be fetched: the longest rule that matches counts; in doubt it may."""
        path = _plain(path)
        matching = [(len(pattern), allowed) for pattern, allowed in self.rules if _matches(pattern, path)]
        return max(matching, default=(0, True))[1]


EVERYTHING = Robots()
NOTHING = Robots(rules=(("/", False),))


def parse(text: str, agent: str) -> Robots:
    """What a robots.txt asks of the program with this name: all groups that name it, else those for all."""
    rules: dict[str, list[Rule]] = {}
    delays: dict[str, float] = {}
    for agents, field, value in _lines(text):
        for each in agents:
            rules.setdefault(each, [])
            if field == "crawl-delay" and re.fullmatch(r"\d{1,6}(?:\.\d+)?", value):
                delays[each] = float(value)
            elif field in ("allow", "disallow") and value and len(rules[each]) < MAX_RULES:
                rules[each].append((_plain(value), field == "allow"))
    ours = agent.lower() if agent.lower() in rules else "*"
    return Robots(tuple(rules.get(ours, ())), delays.get(ours, 0.0))


def _lines(text: str) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Each rule with the programs it is for; a name that begins a group stands for itself, too."""
    agents: tuple[str, ...] = ()
    begun = False
    for line in re.split(r"\r\n?|\n", text.removeprefix("\ufeff")):
        field, colon, value = (part.strip() for part in line.partition("#")[0].partition(":"))
        field = field.lower()
        if not colon:
            continue
        if field == "user-agent":
            name = value.lower() if value == "*" else re.match(r"[a-z_-]*", value.lower())[0]  # type: ignore[index]
            agents = (*(() if begun else agents), name)
            begun = False
        elif field in ("allow", "disallow", "crawl-delay"):
            begun = True
        if agents:
            yield agents, field, value


def _plain(path: str) -> str:
    """The path as both sides write it: bytes that are no ASCII, and none else, as %XX."""
    path = quote(path, safe="".join(map(chr, range(0x21, 0x7F))))
    return re.sub(r"%[0-9a-f]{2}", lambda code: _unquoted(code[0].upper()), path, flags=re.IGNORECASE)


def _unquoted(code: str) -> str:
    character = chr(int(code[1:], 16))
    return character if character.isascii() and (character.isalnum() or character in "-._~") else code


def _matches(pattern: str, path: str) -> bool:
    """Whether the path begins so. Each part is looked for once, so that no pattern takes long."""
    ends = pattern.endswith("$")
    first, *others = pattern.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    at = len(first)
    for place, part in enumerate(others, 1):
        if ends and place == len(others):
            return path.endswith(part) and len(path) - len(part) >= at
        at = path.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return not ends or at == len(path)
