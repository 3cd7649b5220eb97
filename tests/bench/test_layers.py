import json

from bench.bare import ANSWER
from bench.layers import LAYERS, OTHERS, function, print_table, with_notes
from tests.service.api.test_both_ways import call

JSON = {"CONTENT_TYPE": "application/json"}


def test_each_layer_adds_what_it_costs_more_than_the_one_before(capsys):
    seen = {layer: [10.0 * place, 10.0 * place + 1] for place, layer in enumerate(LAYERS, 1)}
    print_table(seen | dict.fromkeys(OTHERS, [7.0]))
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines()[2:]]
    added = [row[3].strip(" |") for row in rows]
    assert added == ["10"] * len(LAYERS) + [""] * len(OTHERS)


def test_the_layers_answer_what_the_bare_route_does():
    body = b'{"input": "a good film"}'
    whole = call(with_notes(), "/v1/classify", body, JSON)
    plain = call(function(), "/v1/classify", body, JSON)
    assert whole[0] == plain[0] == "200 OK"
    text = whole[2].replace(b'"created":', b'"created":0')
    [told], [expected] = json.loads(text)["data"], ANSWER["data"]
    assert told == expected
