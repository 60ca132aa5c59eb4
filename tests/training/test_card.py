"""The model card: written from measured figures, or not at all."""

import json

import pytest

from models.training.card import FIGURES, NoFigures, read_figures, write_card

SHARE = {"count": 98, "of": 100, "percent": 98.0, "low": 93.0, "high": 99.4}
NONE = SHARE | {"count": 0, "percent": 0.0}


def reader(name):
    line = {"name": "all crops", "pictures": 100, "wrong": NONE, "median_ms": 1.5, "p95_ms": 2.0}
    lines = [line | {"right": SHARE}]
    views = {"in all": lines, "by source": lines, "by type": lines}
    return {"reader": name, "models_mb": 3.99, "memory_mb": 130.0, "licence": "x", **views}


def point(least, box):
    shares = {"crops": SHARE, "scenes": SHARE, "wrong": NONE, "false_crops": NONE}
    return {"gate": {"min_char": least, "box_score": box}, **shares}


@pytest.fixture
def figures(tmp_path):
    contest = {"readers": [reader("ours"), reader("another")]}
    points = [point(least, box) for box in (0.3, 0.4) for least in (0.5, 0.4)]
    calibration = {"default": {"min_char": 0.5, "box_score": 0.4}, "points": points}
    for name in FIGURES:
        told = calibration if name == "calibration" else contest
        (tmp_path / f"{name}.json").write_text(json.dumps(told))
    return tmp_path


def test_a_card_holds_every_figure_and_no_gap(figures, tmp_path):
    model = tmp_path / "a.onnx"
    model.write_bytes(bytes(1_990_000))

    write_card(
        tmp_path / "README.md", read_figures(figures), {"detector": model, "recogniser": model}
    )

    card = (tmp_path / "README.md").read_text()
    assert "| all crops | 100 | 98.0 % (93.0-99.4) | 98.0 % (93.0-99.4) |" in card
    assert "1.99 MB" in card
    assert "$" not in card
    gate = [line for line in card.splitlines() if line.startswith(("| 0.", "| **0."))]
    assert [line.split("|")[1].strip() for line in gate] == ["0.40", "**0.50**"]


def test_a_figure_that_was_not_measured_is_named(figures):
    (figures / "synthetic.json").unlink()

    with pytest.raises(NoFigures, match=r"synthetic\.json.*write it with python -m bench\.reader"):
        read_figures(figures)
