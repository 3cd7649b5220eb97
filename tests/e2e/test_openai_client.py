"""OpenAI's own client, unmodified, against the real server."""

import asyncio

import openai
import pytest

pytestmark = pytest.mark.e2e

PROMPT = {"model": "shakespeare", "prompt": "To be", "max_tokens": 12}


def connect(url, **options):
    return openai.OpenAI(base_url=f"{url}/v1", api_key="unused", timeout=20, **options)


@pytest.fixture
def client(base_url):
    with connect(base_url) as client:
        yield client


@pytest.fixture(scope="module")
def failing_url(start_shared):
    """The address of a service that fails in the way that the prompt names."""
    return start_shared(app="tests.e2e.failing_service:build()").base_url


def test_a_prompt_is_completed_and_the_seed_holds(client):
    first, second = (client.completions.create(**PROMPT, seed=7) for _ in range(2))
    assert first.object == "text_completion"
    assert first.choices[0].finish_reason in ("stop", "length")
    assert first.choices[0].text == second.choices[0].text
    assert first.system_fingerprint == "shakespeare:1"
    assert first.usage.total_tokens == first.usage.prompt_tokens + first.usage.completion_tokens


def test_a_stream_joins_to_the_whole_text_and_ends_with_the_usage(client):
    fields = PROMPT | {"n": 2, "seed": 3, "logprobs": 2, "echo": True}
    whole = client.completions.create(**fields)
    texts = {0: "", 1: ""}
    with client.completions.create(
        **fields, stream=True, stream_options={"include_usage": True}
    ) as chunks:
        for chunk in chunks:
            for choice in chunk.choices:
                texts[choice.index] += choice.text
    assert texts == {choice.index: choice.text for choice in whole.choices}
    assert chunk.usage == whole.usage


def test_echo_with_logprobs_scores_the_prompt(client):
    fields = PROMPT | {"max_tokens": 0, "echo": True, "logprobs": 3}
    [choice] = client.completions.create(**fields).choices
    assert choice.text == "To be"
    assert "".join(choice.logprobs.tokens) == "To be"
    assert choice.logprobs.text_offset == [0, 1, 2, 3, 4]
    assert choice.logprobs.token_logprobs[0] is None
    assert all(logprob <= 0 for logprob in choice.logprobs.token_logprobs[1:])
    assert all(len(top) in (3, 4) for top in choice.logprobs.top_logprobs[1:])


def test_prompts_token_ids_best_of_and_extras_are_taken(client):
    fields = PROMPT | {"n": 1, "best_of": 3, "stop": ["zz"], "logit_bias": {"5": -100}}
    extras = {"top_k": 5, "min_p": 0.01, "repetition_penalty": 1.1}
    answer = client.completions.create(
        **fields | {"prompt": ["To", "be"]}, presence_penalty=0.5, extra_body=extras
    )
    assert [choice.index for choice in answer.choices] == [0, 1]
    ids = client.completions.create(**PROMPT | {"prompt": [[5, 6], [7]]})
    assert ids.usage.prompt_tokens == 3


def test_the_async_client_streams_side_by_side(base_url):
    async def write(client, seed):
        chunks = await client.completions.create(**PROMPT, seed=seed, stream=True)
        return "".join([chunk.choices[0].text async for chunk in chunks])

    async def both():
        async with openai.AsyncOpenAI(base_url=f"{base_url}/v1", api_key="unused") as client:
            return await asyncio.gather(*(write(client, seed) for seed in (1, 2, 1)))

    first, other, again = asyncio.run(both())
    assert first == again != other


def test_models_are_listed_and_retrieved(client):
    models = {model.id: model for model in client.models.list()}
    assert set(models) == {"sentiment", "shakespeare", "names"}
    found = client.models.retrieve("shakespeare").model_dump()
    listed = models["shakespeare"].model_dump()
    assert {field: found[field] for field in listed} == listed
    assert client.models.retrieve("shakespeare:1").id == "shakespeare"


@pytest.mark.parametrize(
    ("fields", "error", "param", "code"),
    [
        ({"suffix": "end"}, openai.BadRequestError, "suffix", "unsupported_field"),
        ({"temperature": 3}, openai.BadRequestError, "temperature", "invalid_value"),
        ({"model": "gpt-9"}, openai.NotFoundError, "model", "model_not_found"),
        ({"model": "sentiment"}, openai.BadRequestError, "model", "wrong_task"),
        ({"stream_options": {}}, openai.BadRequestError, "stream_options", "invalid_value"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_bad_request_raises_the_clients_own_error(client, fields, error, param, code, stream):
    if "stream_options" in fields and stream:
        stream = None
    with pytest.raises(error) as caught:
        client.completions.create(**PROMPT | fields, stream=stream)
    assert (caught.value.param, caught.value.code) == (param, code)
    assert caught.value.type == "invalid_request_error"
    assert caught.value.request_id


def test_chat_is_not_found_and_the_way_is_told(client):
    with pytest.raises(openai.NotFoundError, match="/v1/completions"):
        client.chat.completions.create(
            model="shakespeare", messages=[{"role": "user", "content": "hi"}]
        )


def test_an_error_in_a_stream_raises(failing_url):
    with connect(failing_url) as client, pytest.raises(openai.APIError, match="failed midway"):
        for _ in client.completions.create(model="shakespeare", prompt="midway", stream=True):
            pass


def test_a_full_queue_is_tried_again_after_the_time_told(failing_url):
    with connect(failing_url, max_retries=1) as client:
        answer = client.completions.with_raw_response.create(model="shakespeare", prompt="full")
    assert answer.retries_taken == 1
    assert answer.parse().choices[0].text


def test_a_queue_that_stays_full_raises_with_the_time_told(failing_url):
    with (
        connect(failing_url, max_retries=0) as client,
        pytest.raises(openai.InternalServerError) as caught,
    ):
        client.completions.create(model="shakespeare", prompt="full")
    assert caught.value.status_code == 503
    assert caught.value.response.headers["retry-after"] == "1"
    assert caught.value.code == "queue_full"


def test_what_fails_for_good_is_not_tried_again(failing_url):
    with (
        connect(failing_url, max_retries=2) as client,
        pytest.raises(openai.InternalServerError) as caught,
    ):
        client.completions.create(model="shakespeare", prompt="broken")
    assert caught.value.response.headers["x-should-retry"] == "false"
    assert caught.value.response.request.headers["x-stainless-retry-count"] == "0"
