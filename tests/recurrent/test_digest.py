"""A made-up network has one answer, to the last bit, from every path and every compiler here."""

import shutil
import subprocess
from pathlib import Path

import pytest

from recurrent.build import FLAGS, KERNELS, PATHS, compilers, instruction_sets
from recurrent.native import available

SOURCE = Path(__file__).with_name("digest.c")
DIGEST = "f3974483c629b3f8"
"""Also seen of both paths of 64-bit Arm, under an emulator."""

SANITIZERS = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined")

ARM_COMPILER, ARM_EMULATOR = "aarch64-linux-gnu-gcc", "qemu-aarch64"


def digest(compiler, name, flags, target, *, run=()):
    sources = [KERNELS / "engine.c", SOURCE]
    command = [*compiler, *FLAGS, *flags, f"-DPATH={name}", *sources, "-o", target, "-lm"]
    subprocess.run(command, check=True, capture_output=True)
    done = subprocess.run([*run, target], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.mark.parametrize("name", available())
def test_every_path_gives_the_same_digest(tmp_path, name):
    compiler = next(compilers(), None)
    if compiler is None:
        pytest.skip("no C compiler")

    assert digest(compiler, name, instruction_sets()[name], tmp_path / name) == DIGEST


@pytest.mark.slow
@pytest.mark.parametrize("name", available())
def test_no_path_leaves_its_memory_or_the_language(tmp_path, monkeypatch, name):
    """Addresses, alignment, overflows and conversions are watched while the digest is made."""
    watched = (*instruction_sets()[name], *SANITIZERS)
    compiler = next(compilers(), None)
    if compiler is None or not has_sanitizers(compiler, tmp_path / "empty"):
        pytest.skip("no C compiler with sanitizers")

    monkeypatch.setenv("ASAN_OPTIONS", "detect_leaks=0")  # digest.c frees nothing at its end
    assert digest(compiler, name, watched, tmp_path / name) == DIGEST


def has_sanitizers(compiler, target):
    command = [*compiler, *SANITIZERS, "-x", "c", "-", "-o", target]
    done = subprocess.run(command, input=b"int main(void) {return 0;}", capture_output=True)
    return done.returncode == 0 and subprocess.run([target]).returncode == 0


@pytest.mark.parametrize("name", PATHS["aarch64"])
@pytest.mark.skipif(
    not (shutil.which(ARM_COMPILER) and shutil.which(ARM_EMULATOR)),
    reason="needs gcc-aarch64-linux-gnu, libc6-dev-arm64-cross and qemu-user",
)
def test_arm_gives_the_same_digest(tmp_path, name):
    flags = (*PATHS["aarch64"][name], "-static")

    got = digest([ARM_COMPILER], name, flags, tmp_path / name, run=[ARM_EMULATOR])

    assert got == DIGEST
