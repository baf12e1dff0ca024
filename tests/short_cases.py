"""The commands by which two trees are compared: every configuration and sweep of a directory, made short."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

# Of a stage. A run goes on until neurons have vanished and the loss is small enough for double-double arithmetic.
STEPS_OF_RUN, STEPS_OF_POINT = 10_000, 2000
STEPS_OF_FLOW = 20  # each is solved by hundreds of small ones
SEEDS = 2  # of each point of a sweep


@dataclass(frozen=True)
class Case:
    """One command that both trees run."""

    name: str
    arguments: tuple[str, ...]


def cases(configs: Path, place: Path) -> Iterator[Case]:
    """Every configuration and sweep below a directory, shortened; the sweeps are written to ``place``."""
    for file in sorted([*configs.glob("*.yaml"), *configs.glob("paper/*.yaml")]):
        changes = shortened(read(file), STEPS_OF_RUN)
        overrides = [part for key, value in changes.items() for part in ("--set", f"{key}={value}")]
        name = file.relative_to(configs).with_suffix("").as_posix()
        yield Case(name, ("train", "--config", str(file), *overrides))
    seen = set()  # claims share sweeps
    for name, sweep in sweeps(configs):
        text = yaml.safe_dump(sweep, sort_keys=False)
        if text not in seen:
            seen.add(text)
            path = place / f"{name.replace('/', '-')}.yaml"
            path.write_text(text, encoding="utf-8")
            yield Case(name, ("sweep", "--config", str(path)))


def sweeps(configs: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The shortened sweeps, and those of the claims as a quick reproduction has them."""
    for file in sorted(configs.glob("sweeps/*.yaml")):
        yield f"sweeps/{file.stem}", short_sweep(read(file), file.parent)
    for file in sorted(configs.glob("paper/claims/*.yaml")):
        for name, entry in read(file).get("sweeps", {}).items():
            path, quick = file.parent / entry["file"], entry.get("quick", {})
            sweep = read(path)
            grid = {**sweep.get("grid", {}), **quick.get("grid", {})}
            whole = {**sweep, **quick, "grid": {key: values for key, values in grid.items() if values is not None}}
            yield f"claims/{file.stem}/{name}", short_sweep(whole, path.parent)


def shortened(config: Mapping[str, Any], steps: int) -> dict[str, int]:
    """The keys that make a configuration short: at most so many steps a stage, and schedules that shrink with it."""
    changes = {}
    for name, stage in config["stages"].items():
        most = STEPS_OF_FLOW if stage.get("method") == "flow" else steps
        share = most / stage.get("steps", 1)
        if share < 1:
            changes[f"stages.{name}.steps"] = most
            for key in ("step_size", "weight_decay"):
                if isinstance(stage.get(key), dict):
                    every = stage[key]["every"]
                    changes[f"stages.{name}.{key}.every"] = max(1, round(every * share))
    return changes


def short_sweep(sweep: Mapping[str, Any], directory: Path) -> dict[str, Any]:
    """A sweep with few seeds, every point of it as short as ``shortened`` makes a configuration."""
    base, grid, groups = read(directory / sweep["base"]), sweep.get("grid", {}), sweep.get("zip", [])
    first = {key: values[0] for axes in (grid, *groups) for key, values in axes.items() if isinstance(values, list)}

    def short_row(row: Mapping[str, Any]) -> dict[str, Any]:
        """Values that go in step, shortened beside the first values of the other axes."""
        changes = shortened(with_settings(base, {**first, **row}), STEPS_OF_POINT)
        return {key: changes.get(key, value) for key, value in row.items()}

    def short_axes(axes: Mapping[str, Any]) -> Mapping[str, Any]:
        if not all(isinstance(values, list) for values in axes.values()):  # spaced by a rule: no numbers of steps
            return axes
        count = len(next(iter(axes.values())))
        rows = [short_row({key: values[i] for key, values in axes.items()}) for i in range(count)]
        distinct = [row for i, row in enumerate(rows) if row not in rows[:i]]  # made short, two may have become one
        return {key: [row[key] for row in distinct] for key in axes}

    return {
        **sweep,
        "base": with_settings(base, shortened(with_settings(base, first), STEPS_OF_POINT)),
        "grid": {key: short_axes({key: values})[key] for key, values in grid.items()},
        "zip": [short_axes(group) for group in groups],
        "seeds": min(SEEDS, sweep["seeds"]),
    }


def with_settings(config: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a configuration with other values at some keys, which are dotted paths."""
    changed = copy.deepcopy(dict(config))
    for path, value in settings.items():
        *parents, last = path.split(".")
        target = changed
        for key in parents:
            target = target.setdefault(key, {})
        target[last] = value
    return changed


def read(file: Path) -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return data
