"""`lanegate schema`: the configuration and the up-link, described for programs and for people."""

from pathlib import Path

import click

from gateway.catalog import Catalog, DriverUnusableError
from gateway.config.docs import docs_text, schema_text

CHECKOUT = Path(__file__).parents[2]
SCHEMA = Path("config/lanegate.schema.json")
DOCS = Path("docs/config.md")
ASYNCAPI = Path("docs/asyncapi.yaml")
MESSAGES = Path("docs/schemas")
PAGE = Path("docs/mqtt.md")


@click.command()
@click.option("--docs", is_flag=True, help=f"Print {DOCS} instead of the JSON Schema.")
@click.option("--uplink", is_flag=True, help=f"Print {ASYNCAPI}: the messages to the cloud.")
@click.option("--write", is_flag=True, help="Write all that is generated in this checkout.")
def schema(*, docs: bool, uplink: bool, write: bool) -> None:
    """Print the JSON Schema of the configuration."""
    if write:
        for path, text in {**_configuration(), **_messages()}.items():
            _write(CHECKOUT / path, text)
    elif uplink:
        from gateway.contract import asyncapi

        click.echo(asyncapi.text(), nl=False)
    else:
        click.echo(_configuration()[DOCS if docs else SCHEMA], nl=False)


def _configuration() -> dict[Path, str]:
    try:
        return {SCHEMA: schema_text(Catalog()), DOCS: docs_text(Catalog())}
    except DriverUnusableError as error:
        raise click.ClickException(f"a driver cannot be described: {error}") from error


def _messages() -> dict[Path, str]:
    """The page is written by hand, but for its examples and tables."""
    from gateway.contract import asyncapi, examples, page, schemas

    texts = {ASYNCAPI: asyncapi.text()}
    texts |= {MESSAGES / f"{name}.json": schemas.schema_text(name) for name in schemas.FILES}
    texts[MESSAGES / "rec.example.jsonl"] = examples.PAYLOADS["rec"].decode() + "\n"
    texts[MESSAGES / "packed.dictionary.json"] = schemas.dictionary_text()
    source = CHECKOUT / PAGE
    if source.is_file():
        texts[PAGE] = page.filled(source.read_text(encoding="utf-8"))
    return texts


def _write(path: Path, text: str) -> None:
    if not path.parent.is_dir():
        raise click.UsageError(f"there is no folder {path.parent}: --write is for a checkout")
    path.write_text(text, encoding="utf-8")
    click.echo(f"wrote {path}")
