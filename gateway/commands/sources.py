"""What `lanegate read` is given: pictures, folders, videos, addresses."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import click

from gateway.ports import SecretRef

_SCHEMES = ("rtsp", "rtsps")
_PASSWORD_WORDS = ("password=", "passwd=", "pwd=")


class Address(str):
    """rtsp://host:port/path, without a user name and a password."""

    __slots__ = ()


class Source(click.ParamType[Path | Address]):
    """A file or a folder that is there, or an RTSP address. What it refuses it does not repeat.

    A password that was typed is already in the shell's history and in `ps`.
    """

    name = "source"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Path | Address:
        if isinstance(value, (Path, Address)):
            return value
        if "://" not in value:
            path = Path(value)
            return path if path.exists() else self.fail(f"there is no {value}", param, ctx)
        if wrong := _wrong_with(value):
            self.fail(wrong, param, ctx)
        return Address(value)


def _wrong_with(address: str) -> str:
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return "this address has a port or a host that cannot be: expected rtsp://host:554/path"
    if parts.username is not None or parts.password is not None or _hides_a_password(parts):
        return (
            "a user name or password does not belong in the address, where every user of this "
            "box sees it: give --username, and --password-from file:/path or credential:name; "
            "without the latter you are asked for it"
        )
    if parts.scheme not in _SCHEMES or not parts.hostname:
        return "this address cannot be read: expected rtsp://host:554/path or rtsps://host/path"
    return ""


def _hides_a_password(parts: SplitResult) -> bool:
    return any(word in f"{parts.path}?{parts.query}".lower() for word in _PASSWORD_WORDS)


class Secret(click.ParamType[str]):
    """A reference to a secret, never the secret, which is not repeated either."""

    name = "where"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> SecretRef:
        from pydantic import TypeAdapter, ValidationError

        try:
            reference: SecretRef = TypeAdapter(SecretRef).validate_python(value)
        except ValidationError:
            self.fail("says where the password is kept, file:/path or credential:name", param, ctx)
        return reference


@contextmanager
def password_for(username: str | None, kept: SecretRef | None) -> Iterator[SecretRef | None]:
    """Where the password is; asked for at the terminal where it is not said.

    A typed password is kept in memory alone, under a name that only this process has.
    """
    if username is None and kept is not None:
        raise click.UsageError("--password-from needs --username")
    if username is None or kept is not None:
        yield kept
        return
    if not sys.stdin.isatty():
        raise click.UsageError(
            "--username needs --password-from where nobody can be asked for the password"
        )
    typed = click.prompt(f"Password of {username}", hide_input=True, err=True)
    file = os.memfd_create("password")
    try:
        os.write(file, typed.encode())
        yield f"file:/proc/self/fd/{file}"
    finally:
        os.close(file)
