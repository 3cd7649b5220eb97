import io
import json

import pytest

from bench.bare import ANSWER
from bench.layers import LAYERS, OTHERS, function, print_table, with_notes, without_engine


def test_each_layer_adds_what_it_costs_more_than_the_one_before(capsys):
    seen = {layer: [10.0 * place, 10.0 * place + 1] for place, layer in enumerate(LAYERS, 1)}
    print_table(seen | dict.fromkeys(OTHERS, [7.0]))
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines()[2:]]
    added = [row[3].strip(" |") for row in rows]
    assert added == ["10"] * len(LAYERS) + [""] * len(OTHERS)


@pytest.mark.parametrize("build", [without_engine, with_notes, function])
def test_a_layer_answers_what_the_bare_route_does(build):
    body = b'{"input": "a good film"}'
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/v1/classify",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }
    started = []
    chunks = build()(environ, lambda *head: started.append(head))
    assert json.loads(b"".join(chunks))["data"] == ANSWER["data"]
    assert started[0][0] == "200 OK"
