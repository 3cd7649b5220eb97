"""Tokens counted in a stream of `/v1/completions`."""

from tests.service.api.test_completions import events


def test_usage_is_an_event_of_its_own_if_asked_for(client):
    *chunks, last = events(client, stream_options={"include_usage": True})
    assert all(chunk["usage"] is None for chunk in chunks)
    assert last["choices"] == []
    assert last["usage"]["total_tokens"] == 9
    assert all("usage" not in chunk for chunk in events(client))


def test_usage_may_be_told_in_every_event(client):
    options = {"include_usage": True, "continuous_usage_stats": True}
    *chunks, last = events(client, stream_options=options)
    counts = [chunk["usage"]["completion_tokens"] for chunk in chunks]
    assert counts == sorted(counts)
    assert chunks[-1]["usage"] == last["usage"]
