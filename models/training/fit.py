"""One training loop for both networks: seeded, resumable, with progress and a picture of it."""

import copy
import json
import math
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from models.training.curve import draw_curve

Batch = Mapping[str, Tensor]


class Task(Protocol):
    """What is learnt. `batch` depends on nothing but its number, so that a run can be cut."""

    @property
    def name(self) -> str: ...
    def net(self) -> nn.Module: ...
    def batch(self, number: int) -> Mapping[str, np.ndarray]: ...
    def loss(self, net: nn.Module, batch: Batch) -> Tensor: ...
    def validate(self, net: nn.Module) -> dict[str, float]:
        """Figures; the first one is the one to be high."""
        ...


@dataclass(frozen=True, slots=True)
class Recipe:
    """How long and how fast. The rate warms up, then falls along a cosine."""

    steps: int
    rate: float = 3e-3
    last_rate: float = 2e-6
    warm_up: int = 100
    weight_decay: float = 0.02
    save_every_s: float = 60.0
    validate_every: int = 1000
    threads: int = 1
    workers: int = 0
    seed: int = 1


@dataclass
class _Run:
    """Everything a cut run needs to go on."""

    net: nn.Module
    average: nn.Module
    optimiser: torch.optim.Optimizer
    step: int
    log: list[dict[str, float]]


class _Batches(Dataset[Mapping[str, np.ndarray]]):
    def __init__(self, task: Task) -> None:
        self._task = task

    def __getitem__(self, number: int) -> Mapping[str, np.ndarray]:
        return self._task.batch(number)


def fit(task: Task, recipe: Recipe, folder: Path) -> nn.Module:
    """Train, or go on where `folder/state.pt` stopped; the averaged network is the result.

    Writes `state.pt`, `log.json`, `curve.png`, and `weights.pt` at the end.
    """
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(recipe.threads)
    torch.manual_seed(recipe.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    run = _started(task, recipe, device, folder / "state.pt")
    _learn(task, recipe, run, folder, device)
    torch.save(run.average.state_dict(), folder / "weights.pt")
    _save(run, folder / "state.pt")
    return run.average


def _started(task: Task, recipe: Recipe, device: torch.device, state: Path) -> _Run:
    net = task.net().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    run = _Run(net, copy.deepcopy(net).eval(), _optimiser(net, recipe), 0, [])
    if state.is_file():
        saved = torch.load(state, map_location=device, weights_only=True)
        run.net.load_state_dict(saved["net"])
        run.average.load_state_dict(saved["average"])
        run.optimiser.load_state_dict(saved["optimiser"])
        run.step, run.log = saved["step"], saved["log"]
    return run


def _optimiser(net: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """Weights shrink; biases, norms and places do not."""
    shrink = [p for name, p in net.named_parameters() if p.ndim > 1 and "places" not in name]
    keep = [p for name, p in net.named_parameters() if p.ndim <= 1 or "places" in name]
    groups = [
        {"params": shrink, "weight_decay": recipe.weight_decay},
        {"params": keep, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, recipe.rate)


def _learn(task: Task, recipe: Recipe, run: _Run, folder: Path, device: torch.device) -> None:
    saved_at = time.monotonic()
    meter = _Meter(task.name, recipe.steps, run.step)
    for batch in _batches(task, recipe, run.step):
        loss = _one_step(task, recipe, run, {k: v.to(device) for k, v in batch.items()})
        meter.saw(run.step, loss)
        if run.step % recipe.validate_every == 0 or run.step == recipe.steps:
            figures = task.validate(run.average.eval())
            run.log.append({"step": run.step, "loss": meter.loss, **figures})
            meter.say(run.step, figures)
            draw_curve(run.log, folder / "curve.png")
            (folder / "log.json").write_text(json.dumps(run.log, indent=1), encoding="utf-8")
        if time.monotonic() - saved_at > recipe.save_every_s:
            _save(run, folder / "state.pt")
            saved_at = time.monotonic()


def _batches(task: Task, recipe: Recipe, first: int) -> Iterator[dict[str, Tensor]]:
    loader: DataLoader[Any] = DataLoader(
        _Batches(task),
        batch_size=None,
        sampler=range(first, recipe.steps),
        num_workers=recipe.workers,
    )
    yield from loader


def _one_step(task: Task, recipe: Recipe, run: _Run, batch: Batch) -> float:
    for group in run.optimiser.param_groups:
        group["lr"] = rate_at(recipe, run.step)
    run.net.train()
    kind = next(iter(batch.values())).device.type
    with torch.autocast(kind, torch.bfloat16, enabled=_has_bf16(kind)):
        loss = task.loss(run.net, batch)
    run.optimiser.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(run.net.parameters(), 5.0)
    run.optimiser.step()
    run.step += 1
    _follow(run.average, run.net, min(0.999, (1 + run.step) / (10 + run.step)))
    return float(loss.detach())


def rate_at(recipe: Recipe, step: int) -> float:
    warm = recipe.rate * (step + 1) / recipe.warm_up
    swing = 0.5 * (1 + math.cos(math.pi * step / recipe.steps))
    return min(warm, recipe.last_rate + (recipe.rate - recipe.last_rate) * swing)


def _has_bf16(device: str) -> bool:
    """In software it is slower than float32."""
    return device == "cuda" or torch.backends.cpu.get_cpu_capability() == "AVX512"


@torch.no_grad()
def _follow(average: nn.Module, net: nn.Module, keep: float) -> None:
    for old, new in zip(average.state_dict().values(), net.state_dict().values(), strict=True):
        if old.dtype.is_floating_point:
            old.lerp_(new, 1 - keep)
        else:
            old.copy_(new)


def _save(run: _Run, path: Path) -> None:
    """Whole or not at all: a cut in mid-write leaves the older one."""
    part = path.with_suffix(".part")
    state = {
        "net": run.net.state_dict(),
        "average": run.average.state_dict(),
        "optimiser": run.optimiser.state_dict(),
        "step": run.step,
        "log": run.log,
    }
    torch.save(state, part)
    part.replace(path)


class _Meter:
    """One line of progress now and then."""

    def __init__(self, name: str, steps: int, first: int) -> None:
        self._name, self._steps, self._first = name, steps, first
        self._began = self._said = time.monotonic()
        self.loss = float("nan")

    def saw(self, step: int, loss: float) -> None:
        self.loss = loss if math.isnan(self.loss) else 0.99 * self.loss + 0.01 * loss
        if time.monotonic() - self._said > 15:  # seconds
            self.say(step, {})

    def say(self, step: int, figures: dict[str, float]) -> None:
        self._said = time.monotonic()
        pace = (step - self._first) / (self._said - self._began)
        left_min = (self._steps - step) / max(pace, 1e-9) / 60
        told = " ".join(f"{name} {value:.4g}" for name, value in figures.items())
        line = f"{self._name} {step}/{self._steps} {pace:.2f} steps/s {left_min:.0f} min left"
        print(f"{line} loss {self.loss:.4f} {told}", file=sys.stderr, flush=True)  # noqa: T201
