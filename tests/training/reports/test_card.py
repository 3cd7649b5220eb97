"""A card tells a person what the model is, how good it is and how to call it."""

import shlex

from model_store import About, ClassifierConfig, Dataset, GeneratorConfig
from training.reports.card import write_card
from training.task import task_of

CLASSIFIER = ClassifierConfig(
    cell="lstm",
    vocab_size=12_000,
    embedding_dim=5,
    hidden_size=6,
    num_layers=1,
    bidirectional=True,
    labels=("bad", "good"),
    max_seq_len=1400,
)
GENERATOR = GeneratorConfig(
    cell="gru",
    vocab_size=12,
    embedding_dim=5,
    hidden_size=6,
    num_layers=2,
    prompts=("Greek", "Irish"),
    bos_id=3,
    max_prompt_tokens=10,
    max_tokens=512,
)
ABOUT = About(
    task="text-classification",
    datasets=(Dataset(name="toy", split="train", rows=1234, source="here", licence="MIT"),),
    metrics={"toy_test_accuracy": 0.91234},
    command="python -m training.train_classifier --data toy",
)


def card(config=CLASSIFIER, about=ABOUT, **more):
    return write_card("toy", config, about, **{"example": "It's fine", "notes": {}, **more})


def test_card_has_network_labels_figures_data_limits_and_command():
    text = card()

    assert "bidirectional LSTM, 1 x 6, embedding 5, vocabulary 12,000" in text
    assert "Labels: bad, good." in text
    assert "| toy_test_accuracy | 0.9123 |" in text
    assert "| toy | train | 1,234 | here | MIT |" in text
    assert "cut to 1,400 tokens" in text
    assert f"```bash\n{ABOUT.command}\n```" in text


def test_own_data_are_named_as_such_and_figures_explained():
    about = ABOUT.model_copy(update={"datasets": (Dataset(name="x.csv", split="train", rows=9),)})

    text = card(about=about)

    assert "| x.csv | train | 9 | own data | your own |" in text
    assert "`calibration_error` tells how far" in text


def test_notes_become_sections_in_their_order():
    text = card(notes={"First": "one", "Second": "two"})

    assert text.index("## Figures") < text.index("## First\n\none") < text.index("## Second\n\ntwo")


def test_generators_card_lists_prompts_and_warns_of_facts():
    about = About(task="text-generation", command="x")

    text = card(config=GENERATOR, about=about)

    assert "Prompts: Greek, Irish." in text
    assert "It states no facts" in text


def test_call_can_be_pasted_whatever_the_example_holds():
    example = 'It\'s "fine" $HOME `x` \\ ü'

    words = shlex.split(task_of(CLASSIFIER).call("toy", example).replace("\\\n", ""))

    assert words[2].endswith("/v1/classify")
    assert words[-1] == '{"model": "toy", "input": "It\'s \\"fine\\" $HOME `x` \\\\ ü"}'
