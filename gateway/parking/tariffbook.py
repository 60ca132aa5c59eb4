"""The tariffs that are in force. A folder with a mistake in it leaves the last good ones."""

import logging
import shutil
from pathlib import Path

from gateway.config import Config
from gateway.config.problems import ConfigError, Place, Problem
from gateway.rights import load_calendar
from gateway.rules.clock import Calendar
from gateway.rules.tariff import TariffSet
from gateway.tariffs import load

log = logging.getLogger(__name__)

KEPT = "tariffs.good"


def folder_of(config: Config, path: Path) -> Path:
    """Where the tariffs of the configuration in `path` are."""
    assert config.parking is not None  # noqa: S101 -- callers have asked
    return path.parent / config.parking.tariffs


def read_tariffs(config: Config, path: Path) -> TariffSet:
    """Raises `ConfigError`: also where an area has no tariff."""
    assert config.parking is not None  # noqa: S101 -- callers have asked
    folder = folder_of(config, path)
    if not folder.exists():
        fix = "make it and put a tariff into it, or correct parking.tariffs"
        raise _wrong(folder, "there is no such folder of tariffs", fix)
    tariffs = load(folder)
    missing = [name for name in config.parking.areas if name not in tariffs.areas]
    if missing:
        known = ", ".join(tariffs.areas)
        what = f"no tariff for area {', '.join(missing)}, only for {known}"
        raise _wrong(folder, what, "write one with this area:, or correct parking.areas")
    return tariffs


def _wrong(folder: Path, what: str, fix: str) -> ConfigError:
    return ConfigError([Problem(Place(str(folder), 1, 1), "", what, fix)])


def read_calendar(config: Config, path: Path) -> Calendar:
    """Raises `ConfigError`."""
    assert config.parking is not None  # noqa: S101 -- callers have asked
    named = config.parking.calendar
    return Calendar() if named is None else load_calendar(path.parent / named)


def good_tariffs(config: Config, path: Path) -> tuple[TariffSet, str]:
    """The tariffs, and what is wrong with the newest where these are the last good ones.

    Raises `ConfigError` where there never were good ones.
    """
    kept = config.data / KEPT
    try:
        tariffs = read_tariffs(config, path)
    except ConfigError as error:
        if not kept.is_dir():
            raise
        log.error("tariffs not taken, the last good ones go on:\n%s", error)  # noqa: TRY400
        return load(kept), f"tariffs refused; the last good ones go on: {error.problems[0]}"
    _keep(folder_of(config, path), kept)
    return tariffs, ""


def _keep(folder: Path, kept: Path) -> None:
    """A copy that outlives a mistake. Without room for one, the box goes on all the same."""
    new, old = kept.with_suffix(".new"), kept.with_suffix(".old")
    try:
        for stale in (new, old):
            shutil.rmtree(stale, ignore_errors=True)
        new.mkdir(parents=True)
        for file in [folder] if folder.is_file() else folder.glob("[!.]*.yaml"):
            shutil.copyfile(file, new / file.name)
        if kept.exists():
            kept.rename(old)
        new.rename(kept)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        log.warning("tariffs: no copy of the good ones is kept in %s: %s", kept, error)
