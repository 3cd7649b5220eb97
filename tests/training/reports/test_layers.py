"""The table of layers adds up, against PyTorch's own count."""

import torch
from torch import nn

from training.nets.classifier import ClassifierNetConfig, TextClassifier
from training.nets.config import StackConfig
from training.nets.language_model import LanguageModel, LanguageModelConfig
from training.reports.layers import layer_table


def numbers(table):
    return [int(line.split()[-1].replace(",", "")) for line in table.splitlines()[1:]]


def test_each_layer_has_its_name_its_shape_and_its_parameters():
    stack = StackConfig(vocab_size=1000, embedding_dim=8, hidden_size=4)
    net = TextClassifier(ClassifierNetConfig(stack=stack, num_classes=3))
    lines = layer_table(net).splitlines()

    assert lines[0].split() == ["layer", "shape", "parameters"]
    assert "stack.embedding (embedding)" in lines[1]
    assert lines[1].split()[-2:] == ["1000x8", "8,000"]
    assert "stack.forward_layers.0 (lstm)" in lines[2]
    reference = nn.LSTM(8, 4)
    assert numbers(layer_table(net))[1] == sum(one.numel() for one in reference.parameters())
    assert lines[-1].split() == ["total", f"{sum(one.numel() for one in net.parameters()):,}"]


def test_shared_weights_are_counted_once():
    stack = StackConfig(vocab_size=50, embedding_dim=8, hidden_size=8)
    net = LanguageModel(LanguageModelConfig(stack, tie_weights=True))
    *layers, total = numbers(layer_table(net))

    assert sum(layers) == total == sum(one.numel() for one in net.parameters())


def test_network_that_is_one_layer_has_a_name_too():
    assert "net (linear)" in layer_table(nn.Linear(2, 3))
    assert torch.numel(nn.Linear(2, 3).weight) == 6
