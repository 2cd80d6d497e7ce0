"""The command `archive upgrade`: an older database, and articles that nobody has compared, are brought up to date."""

import click

from archive.opening import chosen_settings, opened_archive


@click.command()
def upgrade() -> None:
    """Bring an older database up to date.

    A copy of it is kept beside it. Then near-duplicates are looked for among all articles that were stored without.
    """
    from archive.bootstrap import upgrade_database
    from archive.console import articles, show_line

    copy = upgrade_database(chosen_settings())
    show_line(f"Upgraded; the database as it was is {copy}." if copy else "The database is up to date.")
    with opened_archive() as archive:
        compared, near = archive.compare_waiting()
        if compared:
            archive.sync()
            show_line(f"{articles(compared)} compared: {near:,} near-duplicates found.")
