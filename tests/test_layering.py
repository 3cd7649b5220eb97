"""Who may import whom, who may read the environment, and how long a file may grow.

`api -> engine -> model_store <- training`, read off the syntax trees; one test also starts a fresh
interpreter, since an import can hide inside a dependency.
"""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CODE = ("recurrent", "model_store", "service", "training", "bench", "tests")
MAX_FILE_LINES = 300
MAX_BODY_LINES = 50
TRAINING_ONLY = {"torch", "lightning", "pytorch_lightning", "training"}
WEB_ONLY = {"flask", "werkzeug", "gunicorn", "gevent"}
ENVIRONMENT = {"environ", "environb", "getenv", "getenvb"}

FORBIDDEN = {
    "recurrent": TRAINING_ONLY | WEB_ONLY | {"service", "model_store"},
    "service": TRAINING_ONLY,
    "model_store": TRAINING_ONLY | WEB_ONLY | {"service"},
    "training": WEB_ONLY | {"service"},
    "service/api": {"onnxruntime", "model_store.onnx_runtime"},
    "service/engine": {"flask", "werkzeug", "gunicorn", "service.api", "service.wsgi"},
}


def python_files(*folders):
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def named(path):
    return path.relative_to(ROOT).as_posix()


def dotted(path):
    return named(path).replace("/", ".")


def imported(tree, package):
    """Dotted names that a module of `package` imports, wherever in the file it does so."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: -node.level + 1 or None] if node.level else []
            base = ".".join([*parents, *filter(None, [node.module])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def offences(source, package, forbidden):
    names = set(imported(ast.parse(source), package))
    return {bad for bad in forbidden for name in names if f"{name}.".startswith(f"{bad}.")}


def environment_reads(source):
    """Lines that look into the environment; `os.environ[name] = value` only writes it."""
    tree = ast.parse(source)
    written = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store)
    ]
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute | ast.ImportFrom)
        and names_from_os(node) & ENVIRONMENT
        and node not in written
    ]


def names_from_os(node):
    if isinstance(node, ast.ImportFrom):
        return {alias.name for alias in node.names} if node.module == "os" else set()
    is_of_os = isinstance(node.value, ast.Name) and node.value.id == "os"
    return {node.attr} if is_of_os else set()


def body_lines(function):
    """Lines from the first statement after the docstring to the last one."""
    statements = function.body[1:] if ast.get_docstring(function) else function.body
    return statements[-1].end_lineno - statements[0].lineno + 1 if statements else 0


def long_functions(source):
    return [
        f"{node.name}, line {node.lineno}: {body_lines(node)} lines"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and body_lines(node) > MAX_BODY_LINES
    ]


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_folder_imports_nothing_forbidden(folder):
    found = {
        named(path): bad
        for path in python_files(folder)
        if (bad := offences(path.read_text(), dotted(path.parent), FORBIDDEN[folder]))
    }

    assert not found


@pytest.mark.parametrize(
    "source",
    [
        "import torch",
        "import torch.nn as nn",
        "from torch import nn",
        "def f():\n    import torch",
        "from ..training import data",
    ],
)
def test_an_import_is_seen_in_every_form(source):
    assert offences(source, "service.engine", {"torch", "service.training"})


def test_a_name_that_only_begins_alike_is_no_offence():
    assert not offences("import torchtoys", "service", {"torch"})


def test_importing_the_service_loads_no_training_library():
    modules = [
        dotted(path.with_suffix("")).removesuffix(".__init__")
        for path in python_files("service", "model_store")
        if path.name not in {"__main__.py", "gunicorn.conf.py"}
    ]
    script = f"import importlib, sys\nfor m in {modules}: importlib.import_module(m)\n"
    script += f"print(*({TRAINING_ONLY} & set(sys.modules)))"

    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


def test_one_module_imports_onnx_runtime():
    found = {
        named(path)
        for path in python_files(*CODE)
        if offences(path.read_text(), dotted(path.parent), {"onnxruntime"})
    }

    assert found == {"model_store/onnx_runtime.py"}


def test_settings_is_the_only_reader_of_the_environment():
    found = {
        named(path): lines
        for path in python_files("service")
        if named(path) != "service/settings.py" and (lines := environment_reads(path.read_text()))
    }

    assert not found


@pytest.mark.parametrize(
    "source",
    [
        "import os\nos.environ['HOST']",
        "import os\nos.environ.get('HOST')",
        "import os\nos.getenv('HOST')",
        "from os import environ",
    ],
)
def test_a_look_into_the_environment_is_seen_in_every_form(source):
    assert environment_reads(source)


@pytest.mark.parametrize("source", ["import os\nos.environ['HOST'] = 'x'", "request.environ"])
def test_setting_a_variable_and_a_wsgi_environ_are_no_reads(source):
    assert not environment_reads(source)


@pytest.mark.parametrize("folder", CODE)
def test_no_file_outgrows_one_subject(folder):
    lengths = {named(path): len(path.read_text().splitlines()) for path in python_files(folder)}

    assert {name: lines for name, lines in lengths.items() if lines > MAX_FILE_LINES} == {}


@pytest.mark.parametrize("folder", CODE)
def test_no_function_outgrows_a_screen(folder):
    found = {named(path): long_functions(path.read_text()) for path in python_files(folder)}

    assert {name: functions for name, functions in found.items() if functions} == {}


def test_a_long_function_is_seen_and_its_docstring_not_counted():
    body = "\n".join("    pass" for _ in range(MAX_BODY_LINES))
    docstring = '    """One.\n\n    Two.\n    """\n'

    assert long_functions(f"def f():\n{body}\n    pass")
    assert not long_functions(f"def f():\n{docstring}{body}")
