"""Makes an 8-bit version of a stored one, and measures what that costs in answers.

Runs both as the service does. A version is not published if it loses more than its form allows on
the texts that it is measured with, unless told otherwise.
"""

from typing import Any

from numpy.typing import NDArray

from model_store.config import INT8_WEIGHTS, RecurrentConfig
from model_store.eight_bit_form import (
    WEIGHTS,
    EightBitForm,
    Loss,
    Run,
    Texts,
    eight_bit_forms,
)
from model_store.errors import StoreError
from model_store.golden import Golden, GoldenCase, TextCase
from model_store.manifest import About
from model_store.safetensors_file import open_tensors, to_bytes
from model_store.store import Store
from model_store.version import StoredVersion
from recurrent.weights import Tensors

HEADING = "## In 8 bits"


class NotQuantized(StoreError):
    """A version has no 8-bit form, or it loses too much; the message says what to do."""


def quantize(
    store: Store, name: str, version: int | None, *, texts: Texts = (), is_forced: bool = False
) -> tuple[StoredVersion, Loss | None]:
    """Publish a version in 8 bits.

    Args:
        store: Where it lies and is published to.
        name: The model's.
        version: Its number; the served one if None.
        texts: What to measure with.
        is_forced: Publish whatever is lost.

    Returns:
        The new version, and what it loses; None if there was nothing to measure with.

    Raises:
        NotQuantized: If it has no such form or loses too much; nothing was published.
        StoreError: As in `Store.open` and `Store.publish`.
    """
    stored = store.open(name, version)
    form, config, tensors, run = _converted(stored)
    loss = _measured(form, stored, tensors, texts) if texts else None
    if loss is not None and not is_forced and loss.lost > form.max_loss:
        raise NotQuantized(
            f"{stored.name}:{stored.version} loses more than {form.max_loss:g} in 8 bits "
            f"({loss.shown}): --force publishes it all the same"
        )
    files = {kept: stored.read(kept) for kept in stored.manifest.files}
    files["config.json"] = config.to_bytes()
    files["golden.json"] = _golden(stored, run).to_bytes()
    files[INT8_WEIGHTS] = to_bytes(tensors)
    if "README.md" in files:
        files["README.md"] += _section(stored, loss).encode()
    facts = {field: getattr(stored.manifest, field) for field in About.model_fields}
    if loss is not None:
        facts["metrics"] = facts["metrics"] | {
            f"float_{loss.figure}": loss.before,
            f"int8_{loss.figure}": loss.after,
        }
    return store.publish(stored.name, files, About(**facts)), loss


def _converted(
    stored: StoredVersion,
) -> tuple[EightBitForm, RecurrentConfig, dict[str, NDArray[Any]], Run]:
    """Return a version's form, its configuration and weights in that form, and what runs them."""
    called = f"{stored.name}:{stored.version}"
    config = stored.config
    form = eight_bit_forms().get(config.task)
    if form is None or not isinstance(config, RecurrentConfig):
        raise NotQuantized(f"{called}: models for {config.task} have no 8-bit form")
    if config.precision == "int8":
        raise NotQuantized(f"{called} is in 8 bits already")
    if WEIGHTS not in stored.manifest.files:
        raise NotQuantized(f"{called} has no {WEIGHTS} to make an 8-bit form of")
    in_8_bits = config.model_copy(update={"precision": "int8"})
    try:
        tensors = form.quantized(config, open_tensors(stored.read(WEIGHTS)))
        return form, in_8_bits, tensors, form.runner(in_8_bits, tensors)
    except KeyError as exc:
        raise NotQuantized(f"{called}: {WEIGHTS} has no {exc.args[0]}") from exc
    except (IndexError, ValueError) as exc:
        raise NotQuantized(f"{called}: its weights have no 8-bit form: {exc}") from exc


def _measured(form: EightBitForm, stored: StoredVersion, tensors: Tensors, texts: Texts) -> Loss:
    try:
        loss = form.measure(stored, tensors, texts)
    except ValueError as exc:
        raise NotQuantized(str(exc)) from exc
    if loss is None:
        raise NotQuantized("no text has anything that the model can read: measure with others")
    return loss


def _golden(stored: StoredVersion, run: Run) -> Golden:
    cases: list[GoldenCase] = []
    for case in stored.golden().cases:
        assert isinstance(case, TextCase), "both tasks read texts"
        outputs = run(case.token_ids)[: len(case.outputs)].tolist()
        cases.append(case.model_copy(update={"outputs": outputs}))
    return Golden(cases=cases)


def _section(stored: StoredVersion, loss: Loss | None) -> str:
    """Return what the card says."""
    measured = "What that changes was not measured." if loss is None else f"{loss.shown}."
    measured = measured[0].upper() + measured[1:]
    return (
        f"\n{HEADING}\n\nMade of version {stored.version}, whose other figures these are: weights "
        "in 8 bits with a scale for each row, states rounded to 1/127, sums exact. Answers have "
        f"the same bits alone, in any batch and on any processor.\n\n{measured}\n"
    )
