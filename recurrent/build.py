"""Compile the recurrent engine for this machine; once is enough.

    python -m recurrent.build

Takes the C compiler that `CC` names, else `cc`, `gcc` or `clang`, else the one that the package
`ziglang` carries. Without any the service runs the same numbers in numpy, slower.
"""

import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

KERNELS = Path(__file__).parent / "kernels"
BUILT = Path(__file__).parent / "built"

FLAGS = ("-O3", "-std=gnu11", "-fPIC", "-ffp-contract=off", "-fno-math-errno", "-Wno-psabi")
PATHS = {
    "x86_64": {
        "avx512vnni": ("-mavx512f", "-mavx512bw", "-mavx512vl", "-mavx512dq", "-mavx512vnni"),
        "avx2": ("-mavx2",),
        "portable": (),
    },
    "aarch64": {"neon": ("-march=armv8.2-a+dotprod",), "portable": ()},
}
"""Instruction sets of each kind of machine, the fastest first, and what makes a compiler use it."""

MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


def machine() -> str:
    """Return the kind of this machine as `PATHS` calls it."""
    name = platform.machine().lower()
    return MACHINES.get(name, name)


def instruction_sets() -> dict[str, tuple[str, ...]]:
    """Return what is compiled on this machine; see `PATHS`."""
    return PATHS.get(machine(), {"portable": ()})


def library_file() -> Path:
    """Return where the library lies that was compiled from the sources as they are now."""
    digest = hashlib.sha256(repr((FLAGS, PATHS)).encode())
    for source in sorted(KERNELS.iterdir()):
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    name = f"recurrent-{platform.system().lower()}-{machine()}-{digest.hexdigest()[:12]}.so"
    return BUILT / name


def compilers() -> Iterator[list[str]]:
    """Yield the commands that may compile C here, the most wanted first."""
    if chosen := os.environ.get("CC"):
        yield _words(chosen)
    yield from ([name] for name in ("cc", "gcc", "clang") if shutil.which(name))
    if find_spec("ziglang") is not None:
        # Without the flag it compiles everything for the processor that it runs on.
        yield [sys.executable, "-m", "ziglang", "cc", "-mcpu=baseline"]


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:  # a quotation mark without its other: no such program, and it is named
        return [command]


def compile_library(compiler: Sequence[str], target: Path) -> None:
    """Compile the engine once for each instruction set, and join what comes out.

    Raises:
        OSError: If the compiler cannot be started, or the folder not be written to.
        subprocess.CalledProcessError: If it refuses.
    """
    target.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        objects: list[str | Path] = [Path(folder) / "processor.o"]
        _run([*compiler, *FLAGS, "-c", KERNELS / "processor.c", "-o", objects[0]])
        for name, flags in instruction_sets().items():
            objects.append(Path(folder) / f"{name}.o")
            source = KERNELS / "engine.c"
            _run([*compiler, *FLAGS, *flags, f"-DPATH={name}", "-c", source, "-o", objects[-1]])
        library = Path(folder) / target.name
        _run([*compiler, "-shared", *objects, "-o", library])
        library.rename(target)  # whole or not at all: several may build at once


def _run(command: Sequence[str | Path]) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)


def build(target: Path, wanted: Iterable[Sequence[str]]) -> str | None:
    """Compile with the first compiler that can; return why none could, in one line, or None."""
    why = "there is no C compiler"
    for compiler in wanted:
        try:
            compile_library(compiler, target)
        except (OSError, subprocess.CalledProcessError) as exc:
            said = (getattr(exc, "stderr", None) or "").strip() or str(exc)
            why = f"{shlex.join(compiler)}: {said.splitlines()[-1]}"
        else:
            return None
    return why


def main() -> int:
    """Compile unless that was done; say what happened in one line."""
    target = library_file()
    if target.exists():
        return 0
    if why := build(target, compilers()):
        print(f"not compiled, so 8-bit models will run in numpy: {why}", file=sys.stderr)
        return 1
    for other in BUILT.glob("*.so"):
        if other != target:
            other.unlink(missing_ok=True)
    print(f"compiled the recurrent engine: {', '.join(instruction_sets())}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
