"""The training loop: a cut run goes on as if it had not been cut."""

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra `training`")

from models.training.fit import Recipe, fit, rate_at


class Line:
    """Learns y = 2 x + 1 from batches that depend on nothing but their number."""

    name = "line"

    def net(self):
        torch.manual_seed(5)
        return torch.nn.Sequential(torch.nn.Conv2d(1, 4, 1), torch.nn.Conv2d(4, 1, 1))

    def batch(self, number):
        x = np.random.default_rng(number).normal(size=(16, 1, 1, 1)).astype(np.float32)
        return {"x": x, "y": 2 * x + 1}

    def loss(self, net, batch):
        return (net(batch["x"]).float() - batch["y"]).square().mean()

    def validate(self, net):
        error = (net(torch.ones(1, 1, 1, 1)) - 3).abs().item()
        return {"right": 100 - error}


RECIPE = Recipe(steps=300, rate=2e-2, warm_up=10, validate_every=100, save_every_s=0)


def weights(net):
    return torch.cat([p.detach().flatten() for p in net.parameters()])


class Cut(Exception):
    pass


class CutLine(Line):
    def batch(self, number):
        if number == 137:
            raise Cut
        return super().batch(number)


def test_it_learns_and_leaves_its_log_and_its_curve(tmp_path):
    fit(Line(), RECIPE, tmp_path)

    log = json.loads((tmp_path / "log.json").read_text())
    assert [entry["step"] for entry in log] == [100, 200, 300]
    assert log[-1]["right"] > 99.5
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "weights.pt").is_file()


def test_a_run_that_was_cut_ends_as_one_that_was_not(tmp_path):
    whole = fit(Line(), RECIPE, tmp_path / "whole")

    with pytest.raises(Cut):
        fit(CutLine(), RECIPE, tmp_path / "cut")
    again = fit(Line(), RECIPE, tmp_path / "cut")

    assert torch.equal(weights(whole), weights(again))


def test_a_finished_run_is_not_trained_further(tmp_path):
    first = fit(Line(), RECIPE, tmp_path)

    assert torch.equal(weights(first), weights(fit(Line(), RECIPE, tmp_path)))


def test_the_rate_warms_up_and_falls_to_the_last():
    rates = [rate_at(RECIPE, step) for step in range(RECIPE.steps)]

    assert rates[0] == pytest.approx(RECIPE.rate / 10)
    assert max(rates) <= RECIPE.rate
    assert rates[-1] < 0.001 * RECIPE.rate
