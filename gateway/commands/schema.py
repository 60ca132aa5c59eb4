"""`lanegate schema`: the configuration, described for editors and for people."""

from pathlib import Path

import click

from gateway.catalog import Catalog, DriverUnusableError
from gateway.config.docs import docs_text, schema_text

CHECKOUT = Path(__file__).parents[2]
SCHEMA = Path("config/lanegate.schema.json")
DOCS = Path("docs/config.md")


@click.command()
@click.option("--docs", is_flag=True, help=f"Print {DOCS} instead of the JSON Schema.")
@click.option("--write", is_flag=True, help=f"Write {SCHEMA} and {DOCS} of this checkout.")
def schema(*, docs: bool, write: bool) -> None:
    """Print the JSON Schema of the configuration."""
    try:
        texts = {SCHEMA: schema_text(Catalog()), DOCS: docs_text(Catalog())}
    except DriverUnusableError as error:
        raise click.ClickException(f"a driver cannot be described: {error}") from error
    if write:
        for path, text in texts.items():
            _write(CHECKOUT / path, text)
    else:
        click.echo(texts[DOCS if docs else SCHEMA], nl=False)


def _write(path: Path, text: str) -> None:
    if not path.parent.is_dir():
        raise click.UsageError(f"there is no folder {path.parent}: --write is for a checkout")
    path.write_text(text, encoding="utf-8")
    click.echo(f"wrote {path}")
