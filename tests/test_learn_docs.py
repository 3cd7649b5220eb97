"""docs/learn.md: every row leads somewhere, every figure is what a command wrote."""

import re
import shlex

import pytest

from service.api.learn import find_pages
from service.api.web import WEB_DIR, read_files
from tests import learn_figures
from training import gradients, long_range
from training.tasks.text_classification.flags import parse

PAGE = learn_figures.PAGE.read_text()
ROWS = re.findall(r"^\| (.+?) \| `/learn/([a-z-]+)` \| `(.+?)` \| `(.+?)` (\w+) \|$", PAGE, re.M)
PAGES = {page.name for page in find_pages(read_files(WEB_DIR), "en")}
PARSERS = {
    "training.gradients": lambda argv: gradients.build_parser().parse_args(argv),
    "training.long_range": lambda argv: long_range.build_parser().parse_args(argv),
    "training.train_classifier": parse,
}


def test_every_page_has_its_rows():
    assert {page for _, page, *_ in ROWS} == PAGES
    assert len(ROWS) == 9


@pytest.mark.parametrize(("point", "test", "name"), [(row[0], *row[3:]) for row in ROWS])
def test_the_test_of_a_row_is_there(point, test, name):
    source = (learn_figures.ROOT / test).read_text()

    assert re.search(rf"^def test_\w*{name}\w*\(", source, re.MULTILINE), point


@pytest.mark.parametrize("command", sorted({row[2] for row in ROWS} - {"make serve"}))
def test_the_command_of_a_row_is_one(command):
    _, _, module, *argv = shlex.split(command)

    assert PARSERS[module](argv)


def test_figures_are_those_that_the_commands_wrote():
    assert learn_figures.with_figures(PAGE) == PAGE, "run: python -m tests.learn_figures"


@pytest.mark.parametrize("name", ["gradients", "long_range"])
def test_commands_took_under_five_minutes(name):
    seconds = learn_figures.read(name)["processor_seconds"]

    assert seconds < 300
    assert f"({seconds} s of processor time" in PAGE
