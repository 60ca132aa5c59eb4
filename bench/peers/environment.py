"""The environment that the other readers run in: made when it is first wanted."""

import hashlib
import subprocess
import sys
from pathlib import Path

from bench.peers.client import ROOT

FOLDER = ROOT / ".venv-peers"
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
MADE = "made-from"
PYTHONS = ((3, 11), (3, 12))
_MINUTES = 10


class NoPeers(Exception):  # noqa: N818
    """The other readers cannot be had: a sentence with the reason and the next step."""


def python(folder: Path = FOLDER) -> Path:
    """The interpreter with the other readers' libraries; installs them where they are missing.

    Wheels only, nothing is compiled. Raises `NoPeers`.
    """
    found = folder / "bin" / "python"
    stamp = folder / MADE
    if found.exists() and stamp.is_file() and stamp.read_text() == wanted():
        return found
    if sys.version_info[:2] not in PYTHONS:
        raise NoPeers("the other readers' libraries exist for Python 3.11 and 3.12 only")
    print(f"making {folder} for the other readers (100 MB to fetch)", file=sys.stderr)
    _run([sys.executable, "-m", "venv", "--clear", str(folder)])
    pip = [str(found), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*pip, "--no-deps", "--only-binary", ":all:", "--requirement", str(REQUIREMENTS)])
    stamp.write_text(wanted())
    return found


def wanted() -> str:
    """What an environment must be made from."""
    return hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()


def _run(command: list[str]) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=_MINUTES * 60)
    except subprocess.TimeoutExpired as error:
        raise NoPeers(f"`{' '.join(command)}` took over {_MINUTES} minutes; try again") from error
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip() or error.stdout.strip() or "it said nothing").splitlines()[-1]
        raise NoPeers(f"`{' '.join(command)}` failed: {last}") from error
