"""Which version is served after a training: never one that measured worse, unless asked for."""

import logging
import shlex
from pathlib import Path

from model_store import About, Store, StoredVersion
from training.errors import UsageError

log = logging.getLogger(__name__)


def served_version(store: Store, name: str) -> StoredVersion | None:
    """Return the version of a model that is served now, None where there is none."""
    if not store.root.exists() or name not in store.names():
        return None
    return store.open(name)


def check_better(served: StoredVersion, about: About, run: Path) -> None:
    """See that a run measured better than a version, by the same figure.

    Raises:
        UsageError: It did not, or cannot be compared.
    """
    metric = about.primary_metric
    if metric is None or metric.name not in served.manifest.metrics:
        return
    had, got = served.manifest.metrics[metric.name], about.metrics[metric.name]
    if metric.is_worse(had, got):
        return
    raise UsageError(
        f"not published: {metric.name} is {got:g}, that of {served.name}:{served.version}, which "
        f"is served, {had:g}; the weights are in {run}. Without --only-if-better it becomes a "
        "version that can be promoted"
    )


def keep_better(store: Store, served: StoredVersion, stored: StoredVersion) -> None:
    """Go on serving the version before where the new one measured worse, and say so."""
    plan = store.serving(stored.name)
    if plan.default != stored.version:
        return
    finding = store.worse(stored.name, stored.version, than=served.version)
    if finding is None:
        return
    store.promote(stored.name, served.version)
    log.warning(
        "warning: %s: version %d goes on being served. Figures of other data may differ by chance",
        *(finding, served.version),
    )


def promote_command(store: Store, stored: StoredVersion, default: int) -> str:
    """Return the command that serves a version in the place of the default one.

    One that measured worse is promoted only if that is asked for twice.
    """
    command = ["python", "-m", "model_store", "promote", stored.name, str(stored.version)]
    command += ["--store", str(store.root)]
    is_worse = store.worse(stored.name, stored.version, than=default) is not None
    return shlex.join([*command, "--force"] if is_worse else command)
