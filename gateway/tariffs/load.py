"""Reads tariffs from a file or a folder, and tells every problem with its place."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from gateway.catalog import Catalog
from gateway.config import yamlfile
from gateway.config.document import Document
from gateway.config.problems import ConfigError, Place, Problem, path_text
from gateway.config.sentences import problems_of
from gateway.rules.tariff.finding import Finding
from gateway.rules.tariff.findings import findings_of
from gateway.rules.tariff.shapes import Tariff, TariffSet
from gateway.tariffs.build import build
from gateway.tariffs.models import TariffText


@dataclass(frozen=True, slots=True)
class Read:
    """`broken`: why the tariffs cannot be used. `doubts`: what is never reached in them."""

    tariffs: TariffSet
    broken: tuple[Problem, ...]
    doubts: tuple[Problem, ...]


def load(path: Path) -> TariffSet:
    """Raises `ConfigError` with every problem at once; doubts are passed over."""
    found = read(path)
    if found.broken:
        raise ConfigError(found.broken)
    return found.tariffs


def read(path: Path) -> Read:
    """A file is one version of one area's tariff; a folder holds all of a car park's, *.yaml."""
    files = sorted(path.glob("[!.]*.yaml")) if path.is_dir() else [path]
    broken: list[Problem] = []
    doubts: list[Problem] = []
    tariffs: list[tuple[Tariff, Document]] = []
    for file in files:
        document = yamlfile.read(file)
        tariff, findings = _tariff(document)
        broken += document.problems
        for finding in findings:
            (doubts if finding.usable else broken).append(_problem(finding, document))
        if tariff is not None:
            tariffs.append((tariff, document))
    broken += _of_folder(path, tariffs, empty=not files)
    doubts += _passed_over(path)
    return Read(TariffSet(tuple(one for one, _ in tariffs)), _told(broken), _told(doubts))


def _tariff(document: Document) -> tuple[Tariff | None, list[Finding]]:
    document.must_be_mapping("area:, version:, effective: and plans: stand at its left edge")
    if not document.whole:
        return None, []
    try:
        text = TariffText.model_validate(document.data)
    except ValidationError as error:
        document.problems += problems_of(error, document, TariffText, Catalog())
        return None, []
    tariff, findings = build(text)
    return tariff, [*findings, *findings_of(tariff)]


def _problem(finding: Finding, document: Document) -> Problem:
    spot = document.key_spot(finding.where)
    what = f"{finding.kind}: {finding.what}"
    return Problem(spot.place, path_text(spot.path), what, finding.fix)


def _passed_over(path: Path) -> Iterator[Problem]:
    """Files that look like tariffs, but that nobody reads."""
    for file in sorted(path.glob("[!.]*")) if path.is_dir() else ():
        if file.suffix != ".yaml" and file.suffix.lower() in {".yml", ".yaml"}:
            what, fix = "never reached: only files *.yaml are read", f"call it {file.stem}.yaml"
            yield Problem(Place(str(file), 1, 1), "", what, fix)


def _of_folder(
    path: Path, tariffs: list[tuple[Tariff, Document]], *, empty: bool
) -> Iterator[Problem]:
    if empty:
        what, fix = "this folder holds no tariff", "put a file *.yaml into it"
        yield Problem(Place(str(path), 1, 1), "", what, fix)
    seen: dict[tuple[str, object], str] = {}
    versions: dict[tuple[str, str], str] = {}
    for tariff, document in tariffs:
        first = seen.setdefault((tariff.area, tariff.effective), document.file)
        same = versions.setdefault((tariff.area, tariff.version), document.file)
        if first != document.file:
            what = f"contradictory: {first} has a tariff of this area from the same day on"
            yield _at(document, "effective", what, "give one of them another day")
        elif same != document.file:
            what = f"contradictory: {same} has the same version of this area"
            yield _at(document, "version", what, "give each its own version")


def _at(document: Document, key: str, what: str, fix: str) -> Problem:
    return Problem(document.key_spot((key,)).place, key, what, fix)


def _told(problems: list[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(set(problems)))
