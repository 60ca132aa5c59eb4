"""Rules of the house that no linter knows."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.catalog import KINDS, Catalog

ROOT = Path(__file__).parents[1]
SOURCES = sorted(
    path for folder in ("gateway", "drivers", "bench") for path in (ROOT / folder).rglob("*.py")
)
DRIVERS = [(kind, name) for kind in KINDS for name in Catalog().names(kind)]
LONGEST_FUNCTION, LONGEST_FILE = 40, 300
DEVICE_LIBRARIES = ("cv2", "numpy", "onnxruntime", "av", "PIL", "torch")


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_files_and_functions_are_small_enough_to_see_whole(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= LONGEST_FILE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < LONGEST_FUNCTION, node.name


@pytest.mark.parametrize(("kind", "name"), DRIVERS)
def test_a_driver_is_named_after_its_file_and_has_settings_and_connect(kind, name):
    settings = Catalog().settings(kind, name)
    assert settings.model_json_schema()["properties"]["driver"]["const"] == name
    assert callable(Catalog().connector(kind, name))


@pytest.mark.parametrize(("kind", "name"), DRIVERS)
def test_a_driver_has_a_test_that_names_it(kind, name):
    texts = [path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py")]
    words = (f"drivers.{kind}.{name}", f"drivers.{kind} import", f'"{name}"')
    assert any(name in text and any(word in text for word in words) for text in texts)


@pytest.mark.parametrize(("kind", "name"), DRIVERS)
def test_a_driver_is_described_for_the_technician(kind, name):
    text = (ROOT / "docs" / "drivers.md").read_text("utf-8")
    assert f"`{kind}/{name}`" in text


@pytest.mark.parametrize(
    "profile", sorted((ROOT / "config" / "profiles").rglob("*.yaml")), ids=relative
)
def test_a_profile_is_described_for_the_technician(profile):
    text = (ROOT / "docs" / "drivers.md").read_text("utf-8")
    assert f"`{profile.parent.name}/{profile.stem}`" in text


def test_the_control_process_loads_no_library_for_pictures():
    program = (
        "import sys, gateway.app, gateway.commands.run; from gateway.catalog import *\n"
        "[Catalog().settings(kind, name) for kind in KINDS for name in Catalog().names(kind)]\n"
        f"print([name for name in {DEVICE_LIBRARIES!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_every_document_that_a_page_links_to_is_there():
    for page in [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "models").glob("*.md"),
    ]:
        for link in _links(page.read_text("utf-8")):
            target = (page.parent / link.split("#")[0]).resolve()
            assert target.exists(), f"{relative(page)} links to {link}"


def _links(text: str) -> list[str]:
    found = [part.split(")")[0] for part in text.split("](")[1:]]
    return [link for link in found if not link.startswith(("http", "#", "mailto"))]
