"""Opening and upgrading: every kind of file that may stand where the database should, and what migrations make."""

import shutil
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from archive.errors import SchemaOutOfDateError, StoreCorruptError, StoreError
from archive.types import NewArticle, Origin, Original, SavedSearch, SearchRequest
from db import migrate
from db.engine import make_engine, reading
from db.models import Base
from db.store import SqlStore

NOW = datetime(2024, 5, 6, tzinfo=UTC)
ROOT = Path(__file__).parent.parent
VERSIONS = ROOT / "db" / "migrations" / "versions"

NOW_AT = migrate.HEAD

NEXT = '''
"""A next migration that makes the article table anew, as SQLite must for many changes."""

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "%s"


def upgrade() -> None:
    with op.batch_alter_table("article", recreate="always") as batch:
        batch.add_column(sa.Column("note", sa.Text))
    %s
'''


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "archive.db"


def sql(path: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection, connection:
        return connection.execute(statement).fetchall()


def filled(path: Path) -> None:
    """An archive with an article of two versions."""
    store = SqlStore(path)
    for title in ("One", "Two"):
        original = Original(title.encode(), "text/plain")
        url = "https://news.example/a"
        store.add([NewArticle(title=title, body="b", url=url, origin=Origin("x", "text"), original=original)])
    store.close()


def next_migration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: str = "") -> None:
    """From now on there is a migration 9999."""
    folder = tmp_path / "code" / "migrations"
    shutil.copytree(VERSIONS.parent, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "9999_next.py").write_text(NEXT % (NOW_AT, more))
    monkeypatch.setattr(migrate, "__file__", str(folder.parent / "migrate.py"))
    monkeypatch.setattr(migrate, "HEAD", "9999")


# -- the schema


def test_migrations_make_exactly_the_models(path: Path) -> None:
    SqlStore(path).close()
    engine = make_engine(path)
    with reading(engine) as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True, "render_as_batch": True}
        )
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_migrations_make_the_same_tables_as_the_models(path: Path, tmp_path: Path) -> None:
    """What Alembic does not compare: primary keys, AUTOINCREMENT, ON DELETE, NOT NULL, uniqueness."""
    SqlStore(path).close()
    engine = make_engine(tmp_path / "models.db")
    Base.metadata.create_all(engine)
    engine.dispose()

    def schema(of: Path) -> dict[str, object]:
        made: dict[str, object] = {}
        for name, kind, text in sql(of, "SELECT name, type, sql FROM sqlite_master WHERE sql IS NOT NULL"):
            if kind == "table" and name != "alembic_version":
                columns = sql(of, f'SELECT name, type, "notnull", pk FROM pragma_table_info("{name}")')
                made[str(name)] = (
                    sorted(map(str, columns)),
                    sql(of, f'SELECT "table", "from", "to", on_delete FROM pragma_foreign_key_list("{name}")'),
                    "AUTOINCREMENT" in str(text),
                )
            elif kind == "index":
                made[str(name)] = text
        return made

    assert schema(path) == schema(tmp_path / "models.db")


def test_head_is_the_newest_migration() -> None:
    names = sorted(file.name for file in VERSIONS.glob("[0-9]*.py"))
    assert names[-1].split("_")[0] == migrate.HEAD
    assert migrate._known() == {name.split("_")[0] for name in names}


def test_each_change_of_articles_has_its_trigger(path: Path) -> None:
    SqlStore(path).close()
    found = sql(path, "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger' ORDER BY name")
    assert found == [("article_added", "article"), ("article_changed", "article"), ("article_deleted", "article")]


# -- opening


def test_a_new_database_is_made_silently(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    store = SqlStore(path)
    assert store.article_ids() == []
    name = store.database_id
    store.close()
    assert len(name) == 32
    assert [found.name for found in path.parent.iterdir()] == [path.name]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = SqlStore(path)
    assert again.database_id == name
    again.close()
    other = SqlStore(path.with_name("other.db"))
    assert other.database_id != name
    other.close()
    assert capfd.readouterr() == ("", "")


def test_files_beside_an_open_database_are_private_too(path: Path) -> None:
    store = SqlStore(path)
    store.add([NewArticle(title="t", body="b", origin=Origin("x", "text"))])
    modes = {found.name: stat.S_IMODE(found.stat().st_mode) for found in path.parent.iterdir()}
    store.close()
    assert modes == dict.fromkeys(("archive.db", "archive.db-wal", "archive.db-shm"), 0o600)


def test_an_empty_file_becomes_a_database(path: Path) -> None:
    path.touch()
    store = SqlStore(path)
    assert store.article_ids() == []
    store.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [b"no database", b"\0" * 9000, b"SQLite format 3\0" + b"\xff" * 5000])
def test_garbage_is_refused_and_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StoreCorruptError, match=r"archive\.db"):
        SqlStore(path)
    with pytest.raises(StoreCorruptError):
        migrate.upgrade(path)
    assert path.read_bytes() == content
    assert [found.name for found in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE cats (name TEXT)",
        "CREATE TABLE article (id INTEGER PRIMARY KEY)",
        "CREATE TABLE alembic_version (version_num TEXT)",
        "PRAGMA user_version = 7",
    ],
)
def test_a_foreign_database_is_refused_and_left_alone(path: Path, statement: str) -> None:
    sql(path, statement)
    before = path.read_bytes()
    assert before
    with pytest.raises(StoreCorruptError, match="not one of the archive"):
        SqlStore(path)
    assert path.read_bytes() == before


def test_a_database_without_revision_is_refused(path: Path) -> None:
    filled(path)
    sql(path, "DELETE FROM alembic_version")
    with pytest.raises(StoreCorruptError, match="does not say which version"):
        SqlStore(path)


def test_a_database_without_its_tables_is_refused(path: Path) -> None:
    filled(path)
    sql(path, "DROP TABLE meta")
    with pytest.raises(StoreError, match="meta"):
        SqlStore(path)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreCorruptError, match="is no file"):
        SqlStore(tmp_path)
    with pytest.raises(StoreError, match="is no folder"):
        SqlStore(tmp_path / "missing" / "archive.db")


def test_a_folder_that_cannot_be_written_to_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(migrate.Path, "replace", refuse)
    with pytest.raises(StoreError, match=r"cannot create .* Permission denied"):
        SqlStore(path)
    assert list(path.parent.iterdir()) == []


def test_a_newer_database_is_refused_and_left_alone(path: Path) -> None:
    filled(path)
    sql(path, "UPDATE alembic_version SET version_num = 'zzzz'")
    for ask in (SqlStore, migrate.upgrade):
        with pytest.raises(SchemaOutOfDateError, match="newer version of the archive"):
            ask(path)
    assert sql(path, "SELECT version_num FROM alembic_version") == [("zzzz",)]
    assert [found.name for found in path.parent.iterdir()] == [path.name]


CREATE = "import sys; from pathlib import Path; from db.store import SqlStore; s = SqlStore(Path(sys.argv[1])); "
CREATE += "print(s.database_id); s.close()"


@pytest.mark.parametrize("empty", [False, True])
def test_processes_that_create_at_once_share_one_database(path: Path, empty: bool) -> None:
    if empty:
        path.touch()
    command = [sys.executable, "-W", "error", "-c", CREATE, str(path)]
    processes = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(6)
    ]
    names = set[str]()
    for process in processes:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        names.add(out)
    assert len(names) == 1
    # SQLite leaves the log when the last two close it at the same moment, each waiting for the other to be the last.
    SqlStore(path).close()
    assert [found.name for found in path.parent.iterdir()] == [path.name]


# -- upgrading


def test_nothing_to_upgrade(path: Path) -> None:
    assert migrate.upgrade(path) is None  # there was none: it is made
    filled(path)
    assert migrate.upgrade(path) is None
    assert [found.name for found in path.parent.iterdir()] == [path.name]


def test_an_older_database_asks_for_an_upgrade(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(path)
    next_migration(tmp_path, monkeypatch)
    with pytest.raises(SchemaOutOfDateError, match="run: archive upgrade"):
        SqlStore(path)
    assert sql(path, "SELECT version_num FROM alembic_version") == [(NOW_AT,)]


def first_schema(path: Path) -> None:
    """A database with an article as the first version of the archive made it."""
    migrate._run(path, "0001")
    filled_with = "title, body, url, authors, tags, origin_path, origin_format, fingerprint, changed, version, added"
    values = "'One', 'b', 'https://news.example/a', '[]', '[]', 'x', 'text', x'00', '2024-01-01', 1, '2024-01-01'"
    sql(path, f"INSERT INTO article ({filled_with}) VALUES ({values})")


def test_a_database_from_before_saved_searches_asks_for_an_upgrade_and_loses_nothing(path: Path) -> None:
    first_schema(path)
    assert sql(path, "SELECT name FROM sqlite_master WHERE name = 'saved_search'") == []
    with pytest.raises(SchemaOutOfDateError, match="run: archive upgrade"):
        SqlStore(path)
    tables = "article", "change", "meta", "version", "original"
    columns = {
        table: ", ".join(str(name) for _, name, *_ in sql(path, f"PRAGMA table_info({table})")) for table in tables
    }

    def rows(of: Path) -> list[object]:
        return [sql(of, f"SELECT {columns[table]} FROM {table}") for table in tables]

    before = rows(path)
    copy = migrate.upgrade(path)
    assert copy is not None
    assert sql(path, "SELECT story FROM article") == [(None,)]
    assert sql(path, "SELECT article_id FROM uncompared") == [(1,)]
    assert rows(path) == before
    assert rows(copy) == before
    store = SqlStore(path)
    assert store.get(1).title == "One"
    assert store.saved_searches() == []
    assert store.check() == []
    store.close()


def test_saved_searches_survive_the_next_upgrade(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = SqlStore(path)
    saved = SavedSearch(name="x", request=SearchRequest(query="q"), created=NOW, last_run=None, seen=3)
    store.save_search(saved)
    store.close()
    next_migration(tmp_path, monkeypatch)
    migrate.upgrade(path)
    store = SqlStore(path)
    assert store.saved_searches() == [saved]
    store.close()


def test_an_upgrade_keeps_a_private_copy_and_loses_nothing(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(path)
    tables = "version", "original", "change", "meta"
    before = [sql(path, f"SELECT * FROM {table}") for table in tables]
    articles = sql(path, "SELECT * FROM article")
    next_migration(tmp_path, monkeypatch)
    copy = migrate.upgrade(path)
    assert copy is not None
    assert copy.parent == path.parent
    assert copy.name.startswith("archive.db.before-9999-")
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert sql(copy, "SELECT version_num FROM alembic_version") == [(NOW_AT,)]
    assert sql(copy, "SELECT * FROM article") == articles
    assert sql(path, "SELECT version_num FROM alembic_version") == [("9999",)]
    assert [sql(path, f"SELECT * FROM {table}") for table in tables] == before
    assert sql(path, "SELECT id, title, note FROM article") == [(1, "Two", None)]
    assert migrate.upgrade(path) is None
    store = SqlStore(path)
    assert [version.title for version in store.versions(1)] == ["Two", "One"]
    assert store.check() == []
    store.close()


def test_a_failing_upgrade_changes_nothing(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(path)
    before = sql(path, "SELECT name, sql FROM sqlite_master"), sql(path, "SELECT * FROM version")
    next_migration(tmp_path, monkeypatch, more='op.execute("SELECT * FROM nowhere")')
    with pytest.raises(StoreError, match="nowhere"):
        migrate.upgrade(path)
    assert (sql(path, "SELECT name, sql FROM sqlite_master"), sql(path, "SELECT * FROM version")) == before
    assert sql(path, "SELECT version_num FROM alembic_version") == [(NOW_AT,)]
