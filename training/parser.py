"""The command line of a script: its help with defaults, its mistakes in one line."""

import argparse
import signal
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, NoReturn


class _Help(argparse.HelpFormatter):
    """Shows each flag's default, and in the usage only what must be given."""

    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[argparse._MutuallyExclusiveGroup],
        prefix: str | None = None,
    ) -> None:
        """Leave optional flags to the list below."""
        needed = [action for action in actions if action.required]
        rest = argparse.Action([], "flags", nargs="*", metavar="FLAG")
        super().add_usage(usage, [*needed, rest], [], prefix)

    def _get_help_string(self, action: argparse.Action) -> str | None:
        is_told = action.help is None or "default" in action.help
        has_none = (
            action.default in (None, argparse.SUPPRESS, "") or action.required or action.nargs == 0
        )
        if is_told or has_none or not action.option_strings:
            return action.help
        shown = "%(default)s"
        if isinstance(action.default, list | dict):
            shown = " ".join(map(str, action.default)) or "none"
        return f"{action.help} (default: {shown})"


class Parser(argparse.ArgumentParser):
    """Tells a mistake in one line, with the flag that was meant."""

    def __init__(self, **more: Any) -> None:
        """Take flags by their whole names alone: `--epoch 5` was taken for `--epoch-decay 5`."""
        more = {"epilog": "docs/training.md tells more.", **more}
        super().__init__(**{"formatter_class": _Help, "allow_abbrev": False, **more})

    def error(self, message: str) -> NoReturn:
        """Exit with code 2."""
        _, is_unknown, flags = message.partition("unrecognized arguments: ")
        flag = flags.replace("=", " ").split()[0] if is_unknown else ""
        if near := self._near(flag):
            message = f"there is no {flag}; did you mean {near}?"
        self.exit(2, f"error: {message} ({self.prog} --help lists the flags)\n")

    def print_help(self, file: Any = None) -> None:
        """Print the help, quietly also into a pipe that is closed early, such as `head`'s."""
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        super().print_help(file)

    def choose_by_data(self, names: Iterable[str]) -> None:
        """Leave flags, named as fields, to what the data say; the help tells so."""
        self.set_defaults(**dict.fromkeys(names))
        for action in self._actions:
            if action.dest in names:
                action.help = f"{action.help} (default: by the data)"

    def _near(self, flag: str) -> str:
        """Return the flag that looks most like one that there is not, "" if none does."""
        whole = [one for one in self._option_string_actions if one.startswith("--")]
        return next(iter(get_close_matches(flag, whole, n=1)), "")
