"""What is chosen by the data, and that a flag given wins."""

import pytest

from training import choices
from training.tasks.text_classification import recipe
from training.tasks.text_classification.flags import parse


def arguments(*given):
    return parse(["--data", "x.csv", "--name", "x", *given])


def scheduled(*given, num_rows=10_000, tokens=12, is_started=False):
    chosen = arguments(*given)
    recipe.choose_schedule(chosen, [range(tokens)] * num_rows, is_started=is_started)
    return chosen


@pytest.mark.parametrize(
    ("texts", "kind"),
    [(["Kowalski", "de la Cruz", "Ng"], "char"), (["it broke after two days"], "subword")],
    ids=["names", "sentences"],
)
def test_names_are_read_by_character_and_sentences_by_piece(texts, kind):
    chosen = arguments()

    recipe.choose_tokenizer(chosen, texts)

    assert chosen.tokenizer == kind


def test_every_choice_gives_way_to_its_flag():
    chosen = scheduled("--max-epochs", "3", "--batch-size", "7", "--learning-rate", "0.5",
                       "--schedule", "cosine", "--keep", "best", "--patience", "9")  # fmt: skip

    assert (chosen.max_epochs, chosen.batch_size, chosen.learning_rate) == (3, 7, 0.5)
    assert (chosen.schedule, chosen.keep, chosen.patience) == ("cosine", "best", 9)


def test_what_was_chosen_is_kept_for_the_card():
    chosen = scheduled("--batch-size", "7", num_rows=500)
    recipe.choose_tokenizer(chosen, ["Kowalski"])
    text = choices.section(chosen)["Chosen by the data"]
    assert "- chosen for 500 training texts of 12 tokens on average: --max-epochs 20 " in text
    assert "- chosen for texts of which half have 1 words or fewer: --tokenizer char" in text
    assert "batch-size" not in text
    assert choices.section(arguments()) == {}


def test_patience_asks_for_early_stopping():
    assert (scheduled().keep, scheduled("--patience", "2").keep) == ("last", "best")


@pytest.mark.parametrize("tokens", [5, 50, 250, 1000])
@pytest.mark.parametrize("num_rows", [50, 2_000, 10_000, 200_000])
def test_no_more_tokens_are_read_than_the_time_allows(num_rows, tokens):
    chosen = scheduled(num_rows=num_rows, tokens=tokens)

    assert chosen.max_epochs * tokens <= max(recipe.TOKENS_PER_ROW, 2 * tokens)
    assert 2 <= chosen.max_epochs <= recipe.EPOCHS[1]


def test_flag_of_the_network_counts_as_given_also_at_its_default():
    """A start of another width once took the place of an explicit `--hidden-size 128`."""
    assert arguments("--hidden-size", "128").given == {"hidden_size"}
    assert arguments("--cell=lstm").given == {"cell"}
    assert arguments("--max-epochs", "3").given == set()


def test_preset_of_the_course_keeps_its_own_schedule():
    chosen = scheduled("--preset", "classic")

    assert (chosen.schedule, chosen.keep, chosen.optimizer) == ("constant", "best", "rmsprop")
    assert chosen.no_ngrams
