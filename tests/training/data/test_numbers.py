import json

import numpy as np
import pytest

from training.data.numbers import are_numbers, load_numbers
from training.errors import DataError

LABELS = np.array(["off", "on"] * 20)


def sequences(rows=40):
    return np.arange(rows * 6 * 2, dtype=np.float64).reshape(rows, 6, 2)


@pytest.fixture
def npz(tmp_path):
    def write(**arrays):
        path = tmp_path / "data.npz"
        np.savez(path, **arrays)
        return str(path)

    return write


def test_rows_behind_an_input_s_length_are_not_read(npz):
    lengths = np.array([1 + place % 6 for place in range(40)])
    data = load_numbers(npz(x=sequences(), y=LABELS, lengths=lengths))
    parts = (data.train, data.validation, data.tests["user"])
    assert sorted(len(one) for part in parts for one in part.values) == sorted(lengths.tolist())
    assert (data.is_sequence, data.num_features, data.labels) == (True, 2, ("off", "on"))


def test_inputs_of_a_fixed_size_have_one_row(npz):
    data = load_numbers(npz(x=sequences()[:, 0], y=LABELS))
    assert not data.is_sequence
    assert {one.shape for one in data.train.values} == {(1, 2)}


def test_every_split_has_every_label_and_the_seed_draws_it_again(npz):
    path = npz(x=sequences(), y=LABELS)
    first, again = (load_numbers(path, seed=3) for _ in range(2))
    assert set(first.validation.labels) == set(first.tests["user"].labels) == {0, 1}
    assert first.train.labels == again.train.labels


def test_what_cannot_be_used_is_told_with_its_place(npz):
    x = sequences()
    x[4, 2, 1] = np.nan
    data = load_numbers(npz(x=x, y=LABELS))
    [bad] = data.report.bad_rows
    assert (bad.line, bad.reason) == (5, "a value is NaN or infinite")


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"x": sequences()}, "array 'y' is missing"),
        ({"x": sequences(), "y": LABELS[:5]}, "a label for each input"),
        ({"x": sequences(), "y": LABELS, "lengths": np.ones(3)}, "one for each of 40 inputs"),
        ({"x": sequences(), "y": np.array([{}] * 40)}, "pickle"),
        ({"x": sequences(), "y": np.array(["same"] * 40)}, "two labels or more, found 1"),
        ({"x": sequences(6), "y": np.array(["a"] * 4 + ["b"] * 2)}, "'a' has 4 inputs"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_one_line(npz, arrays, words):
    with pytest.raises(DataError, match=words) as refused:
        load_numbers(npz(**arrays))
    assert "\n" not in str(refused.value)


def test_a_csv_has_a_line_a_row_and_columns_by_name(tmp_path):
    path = tmp_path / "sensors.csv"
    lines = ["run,t,state,a,b"]
    for run in range(20):
        for step in (2, 0, 1):  # out of order
            lines.append(f"{run},{step},{'on' if run % 2 else 'off'},{step},{run}")
    lines.append("20,0,on,x,1")
    path.write_text("\n".join(lines))
    data = load_numbers(
        str(path), label_column="state", id_column="run", time_column="t", test_split=0.2
    )
    assert all(one[:, 0].tolist() == [0, 1, 2] for one in data.train.values)
    [bad] = data.report.bad_rows
    assert bad.line == 62
    assert "no number" in bad.reason


def test_json_lines_are_known_for_numbers_by_their_first_line(tmp_path):
    path = tmp_path / "data.jsonl"
    rows = [{"values": [[place, 1.5]], "label": place % 2} for place in range(30)]
    path.write_text("\n".join([*map(json.dumps, rows), '{"label": 1}']))
    texts = tmp_path / "texts.jsonl"
    texts.write_text('{"text": "a", "label": "b"}')
    assert are_numbers(str(path), id_column=None)
    assert not are_numbers(str(texts), id_column=None)
    data = load_numbers(str(path))
    assert data.labels == ("0", "1")
    assert data.report.bad_rows[0].line == 31


def test_inputs_that_are_too_long_or_of_another_width_are_left_out(tmp_path):
    path = tmp_path / "data.jsonl"
    rows = [{"values": [[place, 1.5]], "label": place % 2} for place in range(30)]
    rows += [{"values": [[1, 2]] * 9, "label": 1}, {"values": [[1, 2, 3]], "label": 1}]
    path.write_text("\n".join(map(json.dumps, rows)))
    reasons = {bad.reason for bad in load_numbers(str(path), max_seq_len=5).report.bad_rows}
    assert reasons == {
        "9 rows, over --max-seq-len 5", "3 numbers in a row, the others have 2"
    }  # fmt: skip


def test_the_digits_are_split_the_same_each_time():
    data = load_numbers("digits")
    assert (len(data.tests["digits"]), data.num_features, len(data.labels)) == (360, 64, 10)
