"""The card's table of layers counts what is there."""

from tests.training.tiny import stack_config
from training.fitting.callbacks import Point
from training.nets.classifier import ClassifierNetConfig, TextClassifier
from training.tasks.text_classification.description import epochs_section, layers_section


def cells(section):
    (text,) = section.values()
    return [line.strip("| ").split(" | ") for line in text.splitlines()]


def test_layers_add_up_to_all_parameters_of_the_network():
    stack = stack_config(num_layers=2, bidirectional=True)
    net = TextClassifier(ClassifierNetConfig(stack, num_classes=3, dense_dims=(7,)))

    _, _, *rows, last = cells(layers_section(net, 40))

    counts = [int(row[2].replace(",", "")) for row in rows]
    assert [row[0] for row in rows] == [
        "embedding", "both ways, LSTM", "both ways, LSTM", "dense, ReLU", "dense, softmax"
    ]  # fmt: skip
    assert [row[1] for row in rows] == ["40 x 5", "40 x 12", "36", "7", "3"]
    assert (
        sum(counts)
        == int(last[-1].replace(",", ""))
        == sum(weight.numel() for weight in net.parameters())
    )


def test_losses_are_listed_by_epoch():
    points = [Point(0.5, None, 0.7, None), Point(1.0, 0.5, 0.61234, 0.8)]

    assert cells(epochs_section(points))[2:] == [["0.5", "", "0.7000"], ["1", "0.5000", "0.6123"]]
