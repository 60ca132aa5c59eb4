"""What only the box itself can tell of its configuration: the files that it names.

The daemon does not ask for this at its start: for want of a certificate no boom stays shut.
"""

from datetime import datetime
from pathlib import Path

from gateway.config.files import gather
from gateway.config.models import Config
from gateway.config.problems import Problem, path_text
from gateway.config.profiles import Profiles


def file_problems(path: Path, config: Config, now: datetime) -> tuple[Problem, ...]:
    """What is wrong with the files of a configuration that `load` took from `path`."""
    tls = config.cloud.tls if config.cloud else None
    if tls is None:
        return ()
    from gateway.sync.inspection import troubles

    document = gather(path, Profiles.beside(path))
    found = []
    for setting, words in troubles(tls, config.gateway, now):
        spot = document.value_spot(("cloud", "tls", setting))
        found.append(Problem(spot.place, path_text(spot.path), words))
    return tuple(sorted(found))
