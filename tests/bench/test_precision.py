"""What is measured side by side is the same work, and gives nearly the same answers."""

import numpy as np
import pytest

from bench.precision import LENGTHS, ROWS, cases_of, main, measure
from model_store import Store
from model_store.quantize import quantize
from recurrent.engine import PLAIN, paths
from tests.models import publish_classifier, publish_generator


@pytest.mark.parametrize(
    ("publish", "num_cases"),
    [(publish_classifier, len(LENGTHS) * len(ROWS)), (publish_generator, len(ROWS))],
    ids=["classifier", "generator"],
)
def test_both_forms_answer_nearly_alike(tmp_path, publish, num_cases):
    stored, _ = quantize(Store(tmp_path), publish(tmp_path).name, None)

    cases = list(cases_of(stored))

    assert len(cases) == num_cases
    for case in cases:
        assert [*case.runs] == ["floats", *(path for path in paths() if path != PLAIN)]
        in_floats, *others = (run() for run in case.runs.values())
        for answers in others:
            got = answers if isinstance(answers, np.ndarray) else answers[0]
            assert got.shape == in_floats[0].shape == (case.rows, got.shape[1])
            np.testing.assert_allclose(got, in_floats[0], atol=0.1)


@pytest.mark.parametrize(
    ("name", "why"), [("nosuch", "no model 'nosuch'"), ("digits", "digits:1 has no form in 8 bits")]
)
def test_a_model_that_has_not_both_forms_is_a_wrong_command_line(capsys, name, why):
    with pytest.raises(SystemExit, match="2"):
        main(["--models", "sentiment", name])

    assert why in capsys.readouterr().err


def test_each_path_has_a_figure(tmp_path):
    stored, _ = quantize(Store(tmp_path), publish_generator(tmp_path).name, None)

    figures = measure(next(cases_of(stored)), rounds=1)

    assert figures.keys() == next(cases_of(stored)).runs.keys()
    assert all(taken > 0 for taken in figures.values())
