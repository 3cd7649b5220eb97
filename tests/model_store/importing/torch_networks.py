"""Networks of real torch, drawn by hypothesis, and the layout that tells what they are."""

from dataclasses import dataclass

import torch
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

from tests.model_store.importing.architectures import VOCABULARY

TOKENS = ["<pad>", "<unk>", *VOCABULARY]
CELLS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
HEAD_ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "gelu": nn.GELU, "elu": nn.ELU}


@dataclass(frozen=True)
class Drawn:
    """What a network is."""

    cell: str
    nonlinearity: str
    hidden_size: int
    num_layers: int
    bidirectional: bool
    bias: bool
    batch_first: bool
    pooling: str
    dense: tuple[str, ...]
    norm: str | None
    num_outputs: int
    is_packed: bool
    seed: int


networks = st.builds(
    Drawn,
    cell=st.sampled_from(sorted(CELLS)),
    nonlinearity=st.sampled_from(["tanh", "relu"]),
    hidden_size=st.integers(1, 6),
    num_layers=st.integers(1, 3),
    bidirectional=st.booleans(),
    bias=st.booleans(),
    batch_first=st.booleans(),
    pooling=st.sampled_from(["last", "last_output", "max", "mean"]),
    dense=st.lists(st.sampled_from(sorted(HEAD_ACTIVATIONS)), max_size=2).map(tuple),
    norm=st.sampled_from([None, "batch", "layer"]),
    num_outputs=st.integers(1, 4),
    is_packed=st.booleans(),
    seed=st.integers(0, 1000),
)


class Classifier(nn.Module):
    """The usual text classifier: embedding, recurrent layers, pooling, linear layers."""

    def __init__(self, drawn):
        super().__init__()
        torch.manual_seed(drawn.seed)
        self.drawn = drawn
        self.word_vectors = nn.Embedding(len(TOKENS), 5, padding_idx=0)
        flags = {"nonlinearity": drawn.nonlinearity} if drawn.cell == "rnn" else {}
        self.reader = CELLS[drawn.cell](
            5,
            drawn.hidden_size,
            num_layers=drawn.num_layers,
            bidirectional=drawn.bidirectional,
            bias=drawn.bias,
            batch_first=drawn.batch_first,
            **flags,
        )
        width = drawn.hidden_size * (2 if drawn.bidirectional else 1)
        kinds: dict = {None: [], "batch": [nn.BatchNorm1d(width)], "layer": [nn.LayerNorm(width)]}
        modules: list[nn.Module] = list(kinds[drawn.norm])
        for name in drawn.dense:
            modules += [nn.Linear(width, 4), HEAD_ACTIVATIONS[name]()]
            width = 4
        self.head = nn.Sequential(*modules, nn.Linear(width, drawn.num_outputs))
        self._randomize()

    def _randomize(self):
        with torch.no_grad():
            for name, tensor in self.state_dict().items():
                if name.endswith("running_var"):
                    tensor.uniform_(0.5, 2)
                elif tensor.is_floating_point() and tensor.ndim == 1:
                    tensor.normal_(0, 0.5)

    def forward(self, rows):
        """Logits of lists of token ids."""
        lengths = torch.tensor([len(row) for row in rows])
        padded = pad_sequence([torch.tensor(row) for row in rows], self.drawn.batch_first)
        vectors = self.word_vectors(padded)
        time = 1 if self.drawn.batch_first else 0
        if self.drawn.is_packed:
            packed = pack_padded_sequence(vectors, lengths, self.drawn.batch_first, False)
            outputs, state = self.reader(packed)
            outputs, _ = pad_packed_sequence(outputs, self.drawn.batch_first)
        else:
            outputs, state = self.reader(vectors)
        outputs = outputs if time == 1 else outputs.transpose(0, 1)
        return self.head(self._pooled(outputs, state, lengths))

    def _pooled(self, outputs, state, lengths):
        hidden = state[0] if self.drawn.cell == "lstm" else state
        if self.drawn.pooling == "last":
            return torch.cat([*hidden[-2:]], 1) if self.drawn.bidirectional else hidden[-1]
        if not self.drawn.is_packed:
            lengths = torch.full_like(lengths, outputs.shape[1])
        if self.drawn.pooling == "last_output":
            return outputs[torch.arange(len(lengths)), lengths - 1]
        rows = [row[:length] for row, length in zip(outputs, lengths, strict=True)]
        if self.drawn.pooling == "max":
            return torch.stack([row.amax(0) for row in rows])
        return torch.stack([row.mean(0) for row in rows])


def layout_of(net):
    """The TOML of a network."""
    drawn, head, activations = net.drawn, [], iter(net.drawn.dense)
    for place, module in enumerate(net.head):
        has_weights = any(True for _ in module.parameters())
        head.append(f"head.{place}" if has_weights else next(activations))
    lines = [
        'embedding = "word_vectors"',
        'recurrent = ["reader"]',
        f'nonlinearity = "{drawn.nonlinearity}"',
        f'pooling = "{drawn.pooling}"',
        f"head = {head!r}",
        f"batch_first = {str(drawn.batch_first).lower()}",
        f'padding = "{"none" if drawn.is_packed else "post"}"',
    ]
    return "\n".join(lines)
