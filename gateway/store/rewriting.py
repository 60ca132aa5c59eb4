"""The database written anew, when deleting rows was not enough."""

import sqlite3

from gateway.store.database import transaction


def rewritten(db: sqlite3.Connection) -> None:
    """The whole file written anew: nothing of what was deleted is left in half-used pages.

    Must be called outside a transaction; nobody else can write meanwhile.
    """
    before = _row_numbers(db)
    db.execute("vacuum")
    # A row may get another number by this: then the marks of ages begin again.
    with transaction(db):
        after = _row_numbers(db)
        changed = [(book,) for book, numbers in before.items() if after[book] != numbers]
        db.executemany("delete from ages where book = ?", changed)


def _row_numbers(db: sqlite3.Connection) -> dict[str, tuple[int, ...]]:
    books = [row[0] for row in db.execute("select distinct book from ages")]
    tables = [book for book in books if " " not in book]
    sql = "select count(*), max(rowid), total(rowid) from {}"
    return {table: db.execute(sql.format(table)).fetchone() for table in tables}
