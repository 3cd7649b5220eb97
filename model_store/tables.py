"""What the command line shows: plain text tables of models, versions and figures.

Pure functions from parsed documents to text; reads nothing and prints nothing.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from model_store.config import TaskConfig
from model_store.manifest import Manifest
from model_store.serving import ServingPlan


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Lay out rows under a header, each column as wide as its longest entry."""
    lines = [list(header), *([str(entry) for entry in row] for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(header))]
    return "\n".join(
        "  ".join(entry.ljust(width) for entry, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def roles(plan: ServingPlan, version: int) -> str:
    """Say what a version is served as, e.g. `default, stable`; empty if it is not."""
    found = ["default"] if plan.default == version else []
    if plan.canary and plan.canary.version == version:
        found.append(f"canary {plan.canary.weight:.3g}")
    found += sorted(label for label, labelled in plan.labels.items() if labelled == version)
    found += ["shadow"] if plan.shadow == version else []
    found += ["also"] if version in plan.also else []
    return ", ".join(found)


def primary_figure(manifest: Manifest) -> str:
    """Return the primary metric and its value, e.g. `test_accuracy 0.89`; empty without one."""
    metric = manifest.primary_metric
    return f"{metric.name} {manifest.metrics[metric.name]:.4g}" if metric else ""


def total_size(manifest: Manifest) -> str:
    """Return the size of all files, e.g. `4.1 MB`."""
    return f"{sum(info.bytes for info in manifest.files.values()) / 1e6:.1f} MB"


def moment(created: int) -> str:
    """Return Unix seconds as date and time in UTC."""
    return datetime.fromtimestamp(created, UTC).strftime("%Y-%m-%d %H:%M UTC")


def description(manifest: Manifest, config: TaskConfig, plan: ServingPlan) -> str:
    """Return all that is known about a version, in sections."""
    head = [
        ("model", f"{manifest.name}:{manifest.version}"),
        ("task", manifest.task),
        ("published", moment(manifest.created)),
        ("served as", roles(plan, manifest.version) or "not served"),
        ("made by", manifest.command or "not recorded"),
        ("libraries", " ".join(f"{k} {v}" for k, v in sorted(manifest.libraries.items()))),
    ]
    settings = config.model_dump(mode="json", exclude={"task"})
    sections = [
        table(["config", ""], [(name, json.dumps(value)) for name, value in settings.items()]),
        table(["metric", ""], sorted(manifest.metrics.items())),
        table(["data", "split", "rows"], [(d.name, d.split, d.rows) for d in manifest.datasets]),
        table(["file", "bytes", "sha256"], [(f, *_info(manifest, f)) for f in manifest.files]),
    ]
    lines = [f"{name:<11}{text}" for name, text in head if text]
    return "\n\n".join(["\n".join(lines), *(s for s in sections if "\n" in s)])


def _info(manifest: Manifest, filename: str) -> tuple[int, str]:
    return manifest.files[filename].bytes, manifest.files[filename].sha256
