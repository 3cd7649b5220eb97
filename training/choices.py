"""Flags that are chosen by the data where none was given, and how that is said."""

import argparse
import logging
from collections.abc import Mapping
from typing import Any

log = logging.getLogger(__name__)


def fill(arguments: argparse.Namespace, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Set flags that were not given; return those that were set."""
    taken = {flag: value for flag, value in chosen.items() if getattr(arguments, flag) is None}
    for flag, value in taken.items():
        setattr(arguments, flag, value)
    return taken


def say_chosen(arguments: argparse.Namespace, what: str, taken: Mapping[str, Any]) -> None:
    """Say what was chosen for what, as the flags that would ask for it, and keep it."""
    if taken:
        flags = " ".join(f"--{flag.replace('_', '-')} {value}" for flag, value in taken.items())
        say(arguments, f"chosen for {what}: {flags}")


def say(arguments: argparse.Namespace, choice: str) -> None:
    """Say a choice, and keep it for the version's card."""
    log.info("%s", choice)
    arguments.choices.append(choice)


def section(arguments: argparse.Namespace) -> dict[str, str]:
    """Return the card's section of what was chosen, if anything was."""
    if not arguments.choices:
        return {}
    return {"Chosen by the data": "\n".join(f"- {choice}" for choice in arguments.choices)}
