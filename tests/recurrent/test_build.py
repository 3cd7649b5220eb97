"""A compiler that cannot is passed over and named; one that can leaves a whole library."""

import shutil
import sys

import pytest

from recurrent.build import build, compilers

COPIES = "import sys; open(sys.argv[sys.argv.index('-o') + 1], 'w').write('made')"


def compiler(folder, name, script):
    path = folder / f"{name}.py"
    path.write_text(script)
    return [sys.executable, str(path)]


def test_nothing_to_compile_with_is_told(tmp_path):
    assert build(tmp_path / "engine.so", []) == "there is no C compiler"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("import sys; sys.exit('first line\\nno such flag')", "no such flag"),
        ("import sys; print(file=sys.stderr); sys.exit(3)", "exit status 3"),
        ("import sys; sys.exit(3)", "exit status 3"),
    ],
    ids=["its last line", "a blank line", "nothing"],
)
def test_a_compiler_that_refuses_is_named_with_its_reason(tmp_path, script, said):
    why = build(tmp_path / "engine.so", [compiler(tmp_path, "broken", script)])

    assert why is not None
    assert "broken.py: " in why
    assert said in why
    assert not (tmp_path / "engine.so").exists()


def test_the_next_compiler_is_taken(tmp_path):
    broken = compiler(tmp_path, "broken", "import sys; sys.exit(1)")

    why = build(tmp_path / "engine.so", [["/no/such/cc"], broken, compiler(tmp_path, "c", COPIES)])

    assert why is None
    assert (tmp_path / "engine.so").read_text() == "made"


@pytest.mark.parametrize("chosen", ["/no/such/cc '", "  "])
def test_a_chosen_compiler_that_is_no_command_is_passed_over(tmp_path, monkeypatch, chosen):
    """An odd quotation mark ended `make` with a traceback."""
    monkeypatch.setenv("CC", chosen)

    first = next(compilers())

    assert build(tmp_path / "engine.so", [first]) is not None
    if shutil.which("cc"):
        assert ["cc"] in list(compilers())
