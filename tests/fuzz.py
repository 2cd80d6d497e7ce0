"""`make fuzz`: readers on files that are damaged in every way one can think of. No test; it runs as long as it is told.

    seeds (one of each format, and tests/data) -> mutate(reader, number) -> read, as an import does -> a finding, or not

A finding is any exception but the archive's own, a case that takes more than a minute or more memory than is allowed,
or more output than a file of its size can have. A case is told by its reader and its number; a finding is kept as a
file in .fuzz with its reason beside it, and read again with --replay. Each reader runs in a process of its own, with a
limit of memory, and is watched from outside.
"""

import argparse
import io
import json
import os
import random
import re
import resource
import subprocess
import sys
import tarfile
import tempfile
import time
import traceback
import warnings
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / ".fuzz"
MEMORY = 1_500_000_000
SECONDS = 60.0
"""Seconds that a case may take: of the processor, since a busy machine is nobody's fault."""

SLOW = 5.0
"""Seconds after which a case is kept to be looked at."""

MOST_BYTES = 2_000_000
"""Bytes of a case; where more is needed to find something, it is the bounds of an item that should be tested."""

MOST_SEED = 100_000

NOT_BEGUN = "the process ended before its first case"

MAX_ITEM = 10_000_000
GROWTH = 250
"""How many times its size a file may become: `streams.MAX_RATIO`, and something for what is told about each item."""

NESTED = (
    b"[",
    b"(",
    b"{",
    b'{"a":',
    b"<div>",
    b"<p><b>",
    b"<item>",
    b"<w:p>",
    b"{\\b ",
    b"<<",
    b"> ",
    b"- ",
    b"*",
    b'"',
    b"&amp;",
    b"=?utf-8?q?",
)
NUMBERS = (
    b"0",
    b"-1",
    b"2147483648",
    b"9223372036854775808",
    b"1e999",
    b"9" * 400,
    b"0.0000000000000001",
    b"4294967295",
)
ODD = (
    b"\0",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\\ud800",
    b"\r",
    b"\x1a",
    b"\xe2\x80\xae",
    "İ".encode(),
    b"&#0;",
    b"%00",
    b"\n\n\n",
)
VALUES: tuple[object, ...] = (
    None,
    True,
    -1,
    1e308,
    [],
    {},
    [[]],
    {"name": []},
    "",
    "\ud800",
    "x" * 10_000,
    [None, 1, {}],
    10**400,
)


# --- seeds ----------------------------------------------------------------------------------------------------------


def seeds() -> dict[str, list[bytes]]:
    """Files by the reader that they are for; those that hold files have some of each."""
    from archive.errors import UnknownFormatError
    from archive.formats import detect
    from tests.test_reextract import write_one_of_each

    found: dict[str, list[bytes]] = {}
    with tempfile.TemporaryDirectory() as name:
        write_one_of_each(Path(name))
        paths = [*Path(name).iterdir(), *(ROOT / "tests" / "data").rglob("*.*"), *(ROOT / "docs" / "demo").iterdir()]
        if more := os.environ.get("FUZZ_SEEDS"):
            paths += Path(more).rglob("*.*")
        for path in sorted(path for path in paths if path.is_file() and path.stat().st_size <= MOST_SEED):
            data = path.read_bytes()
            try:
                found.setdefault(detect(path.name, data[:8_192], asked_for=True), []).append(data)
            except UnknownFormatError:
                continue
    found["saved-csv"] = [
        b"Highlight,Book Title,Book Author,Note,Tags\nMarked,A book,Ann,Mine,a\nMore,A book,Ann,,b\n",
        b'URL,Title,Selection,Folder,Timestamp,Tags\nhttps://a.example/,A,Chosen,Unread,1683000000,"[""a""]"\n',
        b"title,url,time_added,tags,status\nA,https://a.example/,1683000000,a|b,unread\n",
    ]
    return found | _containers(found)


def _containers(found: dict[str, list[bytes]]) -> dict[str, list[bytes]]:
    import bz2
    import gzip
    import lzma

    from archive.compression import zstd_module
    from tests.test_saved_formats import ENTRY, omnivore
    from tests.test_warc import html, record

    files = {f"{name}/{name}.{at}": data for name, each in found.items() for at, data in enumerate(each[:2])}
    packed = {"zip": io.BytesIO(), "tar": io.BytesIO()}
    with (
        zipfile.ZipFile(packed["zip"], "w", zipfile.ZIP_DEFLATED) as archive,
        tarfile.open(fileobj=packed["tar"], mode="w") as tar,
    ):
        for name, data in files.items():
            archive.writestr(name, data)
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    warc = (
        html()
        + record("resource", "https://a.example/a.txt", b"A title\nText.", type="text/plain")
        + html(**{"Content-Encoding": "br"})
    )
    both = [each.getvalue() for each in packed.values()]
    compressors: tuple[Callable[[bytes], bytes], ...] = (
        gzip.compress,
        bz2.compress,
        lzma.compress,
        zstd_module().compress,
    )
    return {
        "zip": [both[0], omnivore([ENTRY], {"content/a-bridge-18f.html": "<p>It opened.</p>"})],
        "tar": [both[1]],
        "warc": [warc, warc * 3],
        "compressed": [compress(data) for compress in compressors for data in (warc, b"A title\nText.\n" * 40)],
    }


# --- mutations ------------------------------------------------------------------------------------------------------


def case(all_seeds: dict[str, list[bytes]], reader: str, number: int) -> bytes:
    """The file of this number, always the same."""
    chance = random.Random(f"{reader} {number}")
    data = chance.choice(all_seeds[reader])
    if number < len(all_seeds[reader]):
        return all_seeds[reader][number]
    for _ in range(chance.choice((1, 1, 2, 3, 8))):
        others = all_seeds[reader] if chance.random() < 0.8 else all_seeds[chance.choice(sorted(all_seeds))]
        data = _mutated(data, chance.choice(others), chance)[:MOST_BYTES]
    return data


def _mutated(data: bytes, other: bytes, chance: random.Random) -> bytes:
    inside = {b"PK\x03": _in_zip, b"{": _in_json, b"[": _in_json}
    for mark, change in inside.items():
        if data.lstrip().startswith(mark) and chance.random() < 0.5:
            return change(data, other, chance)
    if data.startswith(b"\x1f\x8b") and chance.random() < 0.3:
        return _in_gzip(data, other, chance)
    return chance.choice(MUTATIONS)(data, other, chance)


def _flip(data: bytes, _other: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data or b"\0")
    for _ in range(chance.choice((1, 4, 64))):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _cut(data: bytes, _other: bytes, chance: random.Random) -> bytes:
    begin, end = _stretch(data, chance)
    return data[:begin] if chance.random() < 0.4 else data[:begin] + data[end:]


def _repeat(data: bytes, _other: bytes, chance: random.Random) -> bytes:
    begin, end = _stretch(data, chance)
    block = data[begin:end]
    times = min(chance.choice((2, 10, 1_000, 100_000)), MOST_BYTES // (len(block) or 1))
    return data[:begin] + block * times + data[end:]


def _splice(data: bytes, other: bytes, chance: random.Random) -> bytes:
    begin, end = _stretch(other, chance)
    at = chance.randrange(len(data) + 1)
    return data[:at] + (other[begin:] if chance.random() < 0.5 else other[begin:end] + data[at:])


def _nest(data: bytes, _other: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + chance.choice(NESTED) * chance.choice((10, 1_000, 50_000)) + data[at:]


def _number(data: bytes, _other: bytes, chance: random.Random) -> bytes:
    found = list(re.finditer(rb"\d+", data[:200_000]))
    if not found:
        return data + chance.choice(NUMBERS)
    one = chance.choice(found)
    return data[: one.start()] + chance.choice(NUMBERS) + data[one.end() :]


def _odd(data: bytes, _other: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + chance.choice(ODD) * chance.choice((1, 3, 10_000)) + data[at:]


def _words(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """A word of one in the place of a word of the other."""
    ours, theirs = list(re.finditer(rb"[\w:-]+", data[:100_000])), re.findall(rb"[\w:-]+", other[:100_000])
    if not ours or not theirs:
        return data
    one = chance.choice(ours)
    return data[: one.start()] + chance.choice(theirs) + data[one.end() :]


MUTATIONS = (_flip, _cut, _repeat, _splice, _nest, _number, _odd, _words)


def _stretch(data: bytes, chance: random.Random) -> tuple[int, int]:
    begin = chance.randrange(len(data) + 1)
    return begin, min(len(data), begin + chance.choice((1, 20, 300, 10_000, len(data))))


def _in_zip(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """A file inside is changed, so that what is damaged is not only how it is packed."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
    except Exception:  # noqa: BLE001  # it is damaged already
        return chance.choice(MUTATIONS)(data, other, chance)
    if files:
        name = chance.choice(sorted(files))
        files[name] = _mutated(files[name], chance.choice([other, *files.values()]), chance)[:MOST_BYTES]
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, content in files.items():
            archive.writestr(name, content)
    return written.getvalue()


def _in_gzip(data: bytes, other: bytes, chance: random.Random) -> bytes:
    import gzip

    try:
        return gzip.compress(chance.choice(MUTATIONS)(gzip.decompress(data), other, chance))
    except Exception:  # noqa: BLE001  # it is damaged already
        return chance.choice(MUTATIONS)(data, other, chance)


def _in_json(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """A value somewhere in it becomes another."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return chance.choice(MUTATIONS)(data, other, chance)
    places = list(_places(document))
    if places:
        holder, key = chance.choice(places)
        holder[key] = chance.choice(VALUES)  # type: ignore[index]
    return json.dumps(document).encode()


def _places(value: object) -> Iterator[tuple[object, object]]:
    inner: Iterator[tuple[object, object]] = iter(())
    if isinstance(value, dict):
        inner = iter(value.items())
    elif isinstance(value, list):
        inner = iter(enumerate(value))
    for key, each in [*inner]:
        yield value, key
        yield from _places(each)


# --- reading --------------------------------------------------------------------------------------------------------


def read(reader: str, data: bytes) -> None:
    """Read a file as an import does, with what is inside; raises what a reader raises, but for the archive's errors."""
    from archive.formats import UNKNOWN, InputFile
    from archive.streams import Expansion, in_memory, uncompressed

    output = [0]
    expansion = Expansion.of(len(data))
    stream = in_memory(data)
    name = reader
    if reader == "compressed":
        stream, name = uncompressed(stream, expansion), UNKNOWN
    _consume(
        InputFile("file", stream, name, MAX_ITEM, expansion=expansion), output, 0, max(len(data) * GROWTH, 50_000_000)
    )


def _consume(file: "InputFile", output: list[int], depth: int, most: int) -> None:  # type: ignore[name-defined]  # noqa: F821
    from dataclasses import replace

    from archive.errors import ArchiveError
    from archive.formats import FORMATS, UNKNOWN, InputFile, detect
    from archive.normalise import normalise
    from archive.streams import HEAD, uncompressed
    from archive.types import NewArticle

    try:
        if file.format == UNKNOWN:
            stream = uncompressed(file.stream, file.expansion)
            name = detect(file.name or file.path, stream.peek(HEAD)[:HEAD], asked_for=not depth)
            file = replace(file, stream=stream, format=name)
        for found in FORMATS[file.format].read(file):
            if isinstance(found, InputFile):
                file.expansion.members_left -= 1
                if depth < 3:
                    _consume(found, output, depth + 1, most)
                file.expansion.check()
                continue
            output[0] += len(found.reason) if not isinstance(found, NewArticle) else _size(found)
            if output[0] > most:
                raise AssertionError(f"more than {most:,} bytes of output")
            if isinstance(found, NewArticle):
                with suppress(ArchiveError):
                    _ = normalise(found).fingerprint
    except ArchiveError:
        pass


def _size(article: "NewArticle") -> int:  # type: ignore[name-defined]  # noqa: F821
    kept = len(article.original.data) if article.original else 0
    return len(article.title) + len(article.body) + len(article.summary or "") + kept


# --- one process ----------------------------------------------------------------------------------------------------


def work(reader: str, first: int, until: float, folder: Path) -> None:
    """Read case after case; the case at hand stands in a file, in case the process does not live to tell of it."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    warnings.simplefilter("ignore")
    all_seeds = seeds()
    number, slowest = first, 0.0
    while time.time() < until or number < first + 3:
        data = case(all_seeds, reader, number)
        (folder / "case").write_bytes(data)
        (folder / "number").write_text(f"{number} {slowest:.2f}")
        began = time.process_time()
        try:
            read(reader, data)
        except MemoryError:
            keep(reader, number, data, f"memory: {_last()}")
            os._exit(3)  # nothing can be relied on after that
        except BaseException as error:  # noqa: BLE001  # which is what is looked for
            keep(reader, number, data, f"{type(error).__name__}: {_last()}")
        took = time.process_time() - began
        if took > SLOW:
            keep(reader, number, data, f"slow: {took:.0f} s, which is no finding yet")
        slowest = max(slowest, took)
        number += 1
    (folder / "number").write_text(f"{number} {slowest:.2f}")
    os._exit(0)


def _last() -> str:
    return traceback.format_exc(limit=-6)[-3_000:]


def keep(reader: str, number: int, data: bytes, reason: str) -> None:
    """A finding: the file, and beside it why; of several for the same reason, three."""
    kind = re.sub(r"\W+", "-", reason.strip().splitlines()[0] + "-" + reason.strip().splitlines()[-1])[:80]
    FOLDER.mkdir(exist_ok=True)
    if len(list(FOLDER.glob(f"{reader}-*-{kind}.txt"))) >= 3:
        return
    (FOLDER / f"{reader}-{number}-{kind}.bin").write_bytes(data)
    (FOLDER / f"{reader}-{number}-{kind}.txt").write_text(f"reader {reader}, case {number}\n{reason}\n")


# --- all of them ----------------------------------------------------------------------------------------------------


def watch(reader: str, minutes: float, first: int) -> str:
    """Let a process read for so long; where it dies or hangs, keep the case and go on after it."""
    until = time.time() + minutes * 60
    begin = number = first
    slowest = 0.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        while number == first or time.time() < until:
            command = [
                sys.executable,
                "-m",
                "tests.fuzz",
                "--work",
                reader,
                "--from",
                str(begin),
                "--until",
                str(until),
            ]
            environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "FUZZ_CASE": name}
            with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as process:
                died = _wait(process, folder)
            if (folder / "number").exists():
                text, _, longest = (folder / "number").read_text().partition(" ")
                number, slowest = int(text), max(slowest, float(longest or 0))
            if died is None:
                break
            if not (folder / "case").exists():
                return f"{reader}: {NOT_BEGUN}: {died}"
            if died != "memory":
                keep(reader, number, (folder / "case").read_bytes(), died)
            begin = number = number + 1
    found = len({path.name for path in FOLDER.glob(f"{reader}-[0-9]*.txt")})
    return f"{reader}: {number - first:,} cases, the slowest took {slowest:.1f} s, {found} findings"


def _wait(process: "subprocess.Popen[str]", folder: Path) -> str | None:
    """Why a process ended before its time: None where it did not."""
    path = folder / "number"
    known, began, started = "", 0.0, time.time()
    while process.poll() is None:
        time.sleep(0.2)
        now = path.read_text() if path.exists() else ""
        if now != known:
            known, began, started = now, _seconds_of(process.pid), time.time()
        if _seconds_of(process.pid) - began > SECONDS or time.time() - started > 10 * SECONDS:
            process.kill()
            process.wait()
            return f"time: it took more than {SECONDS:g} seconds"
    if process.returncode in (0, 3):
        return "memory" if process.returncode else None
    errors = (process.stderr.read() if process.stderr else "")[-1_500:]
    return f"death: it ended with {process.returncode}\n{errors}"


def _seconds_of(process: int) -> float:
    """The seconds of the processor that a process has had (proc(5))."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Fuzz every reader, or those that are named; exits 1 where anything was found."""
    options = argparse.ArgumentParser(description="Readers on damaged files")
    options.add_argument("readers", nargs="*")
    options.add_argument("--minutes", type=float, default=10, help="for each reader")
    options.add_argument("--jobs", type=int, default=1, help="readers at once")
    options.add_argument("--from", dest="first", type=int, default=0, help="number of the first case")
    options.add_argument("--seeds", help="a folder with more files to begin with")
    options.add_argument("--replay", type=Path, help="read a finding again")
    options.add_argument("--work", help=argparse.SUPPRESS)
    options.add_argument("--until", type=float, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.work:
        work(given.work, given.first, given.until, Path(os.environ["FUZZ_CASE"]))
    if given.replay:
        began = time.process_time()
        read(_reader_of(given.replay), given.replay.read_bytes())
        print(f"nothing was found, in {time.process_time() - began:.1f} s")
        return
    if given.seeds:
        os.environ["FUZZ_SEEDS"] = given.seeds
    readers = given.readers or sorted(seeds())
    ran = True
    with ThreadPoolExecutor(given.jobs) as pool:
        for line in pool.map(lambda reader: watch(reader, given.minutes, given.first), readers):
            print(line, flush=True)
            ran = ran and NOT_BEGUN not in line
    kept = sorted(FOLDER.glob("*.txt"))
    for path in kept:
        print(f"found: {path.relative_to(ROOT)}")
    sys.exit(not ran or any("-slow-" not in path.name for path in kept))


def _reader_of(path: Path) -> str:
    found = re.match(r"(.+?)-\d+-", path.name)
    return found[1] if found else sys.exit(f"{path.name} is no finding: it is named READER-NUMBER-REASON.bin")


if __name__ == "__main__":
    main()
