"""Where a receiver's database is, as an operator writes it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urlsplit

from gateway.ports import SecretRef
from gateway.sync.cloud.database import Database
from gateway.sync.cloud.postgresql import open_postgresql
from gateway.sync.cloud.sqlite import open_sqlite

FORMS = "sqlite:///path/to/file, sqlite:file or postgresql://user@host/database"


@dataclass(frozen=True, slots=True)
class Address:
    """`open` raises `StoreError`. `shared`: several receivers may open it at once."""

    shared: bool
    open: Callable[[], Database]


def of_file(path: Path) -> Address:
    return Address(shared=False, open=partial(open_sqlite, path))


def read_address(text: str, password: SecretRef | None = None) -> Address:
    """Raises `ValueError` with a sentence."""
    try:
        parts = urlsplit(text)
        secret = parts.password
    except ValueError as error:
        raise ValueError(f"{text!r} is no address: {error}; write {FORMS}") from error
    if secret is not None:
        raise ValueError(
            "a password in the address is seen by everybody on this machine: use --db-password"
            " file:/path, or a .pgpass file"
        )
    if parts.scheme == "sqlite":
        path = unquote(parts.netloc + parts.path)
        if not path.strip("/"):
            raise ValueError(f"{text!r} names no file; write {FORMS}")
        return of_file(Path(path))
    if parts.scheme in ("postgresql", "postgres"):
        return Address(shared=True, open=partial(open_postgresql, text, password))
    raise ValueError(f"{text!r} is no address of a database; write {FORMS}")
