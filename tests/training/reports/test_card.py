"""A card tells a person what the model is, how good it is and how to call it."""

import shlex

from model_store import About, ClassifierConfig, Dataset, GeneratorConfig
from training.reports.card import figures_section, renewed_card, sections_of, write_card
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
    return write_card(
        "toy", config, about, **{"example": "It's fine", "notes": {}, "parameters": 1234, **more}
    )


def test_card_has_network_labels_figures_data_limits_and_command():
    text = card()

    assert "LSTM, 1 x 6, embedding 5, vocabulary 12,000; 1,234 parameters." in text
    assert "Labels: bad, good." in text
    assert "| figure | toy test |\n| --- | --- |\n| accuracy | 0.9123 |" in text
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


def test_figures_have_a_column_for_each_set():
    """They were one column of 34 names in alphabetical order."""
    metrics = {"validation_loss": 0.5, "imdb_test_loss": 0.25, "imdb_test_accuracy": 0.9,
               "new_share": 1.0, "test_loss": 2.0}  # fmt: skip
    lines = figures_section(metrics, "Meaning.").splitlines()

    assert lines[0] == "| figure | value | imdb test | test | validation |"
    assert lines[2:5] == [
        "| accuracy |  | 0.9 |  |  |",
        "| loss |  | 0.25 | 2 | 0.5 |",
        "| new_share | 1 |  |  |  |",
    ]


def test_renewed_card_keeps_its_call_and_sections_and_takes_new_ones():
    old = card(notes={"Confusion": "a table", "In use": "an old example"})
    new = renewed_card(
        old.replace("1,234 parameters", "many"), CLASSIFIER, ABOUT,
        notes={"In use": "a new example", "Speed": "quick"}, parameters=5678,
    )  # fmt: skip
    above, sections = sections_of(new)

    assert "5,678 parameters" in above
    assert "curl -s" in above
    assert list(sections)[:3] == ["Figures", "In use", "Speed"]
    assert sections["In use"] == "a new example"
    assert sections["Confusion"] == "a table"
    assert sections["Made by"] == sections_of(old)[1]["Made by"]
