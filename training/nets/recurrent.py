"""Recurrent layers and stacks of them, over torch's fused kernels.

Padding stands on the right. A forward pass never sees it; a backward pass reads each text
reversed inside its own length, so that padding comes last there too. That is what ONNX's
`sequence_lens` does, and it keeps torch on its fast unpacked kernels.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout

from training.nets.cells import NUM_GATES, CellWeights, State
from training.nets.config import StackConfig
from training.nets.embedding_dropout import dropped_embedding
from training.nets.locked_dropout import LockedDropout


class RecurrentLayer(nn.Module):
    """One layer in one direction: `rnn_tanh`, `lstm` or `gru` of torch on parameters of its own.

    Args:
        cell: "rnn", "lstm" or "gru".
        input_size: Width of the inputs.
        hidden_size: Width of the hidden state.
        weight_dropout: DropConnect on the hidden-to-hidden weights (Wan et al. 2013, Merity et
            al. 2018): the same weights stay dropped for all steps of a batch.
    """

    def __init__(
        self, cell: str, input_size: int, hidden_size: int, *, weight_dropout: float = 0.0
    ) -> None:
        """Draw weights uniformly within 1 / sqrt(hidden_size); an LSTM's forget bias starts at 1.

        A forget gate that starts open lets gradients reach far back from the first step on
        (Jozefowicz et al. 2015).
        """
        super().__init__()
        self.cell, self.hidden_size, self.weight_dropout = cell, hidden_size, weight_dropout
        rows = NUM_GATES[cell] * hidden_size
        self.weight_ih = nn.Parameter(torch.empty(rows, input_size))
        self.weight_hh = nn.Parameter(torch.empty(rows, hidden_size))
        self.bias_ih = nn.Parameter(torch.empty(rows))
        self.bias_hh = nn.Parameter(torch.empty(rows))
        bound = hidden_size**-0.5
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)
        if cell == "lstm":
            with torch.no_grad():
                self.bias_ih[hidden_size : 2 * hidden_size] += 1.0

    def weights(self) -> CellWeights:
        """Return the weights for this pass, hidden-to-hidden ones dropped while training."""
        weight_hh: Tensor = self.weight_hh
        if self.training and self.weight_dropout > 0:
            weight_hh = dropout(weight_hh, self.weight_dropout)
        return CellWeights(self.weight_ih, weight_hh, self.bias_ih, self.bias_hh)

    def zero_state(self, batch_size: int) -> State:
        """Return the state before the first token: zeros (batch, hidden_size)."""
        zeros = self.weight_hh.new_zeros(batch_size, self.hidden_size)
        return (zeros, zeros) if self.cell == "lstm" else (zeros,)

    def forward(self, inputs: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Run over (batch, seq_len, input_size).

        Returns:
            Hidden states (batch, seq_len, hidden_size) and the state after the last step.
        """
        state = self.zero_state(inputs.shape[0]) if state is None else state
        stacked = [part.unsqueeze(0) for part in state]  # (1, batch, hidden_size)
        weights = list(self.weights())
        flags = (True, 1, 0.0, self.training, False, True)  # biases, layers, …, batch_first
        if self.cell == "lstm":
            outputs, hidden, cell = torch.lstm(inputs, stacked, weights, *flags)
            return outputs, (hidden.squeeze(0), cell.squeeze(0))
        kernel = torch.gru if self.cell == "gru" else torch.rnn_tanh
        outputs, hidden = kernel(inputs, stacked[0], weights, *flags)
        return outputs, (hidden.squeeze(0),)


def reverse_padded(values: Tensor, lengths: Tensor) -> Tensor:
    """Reverse each row of (batch, seq_len, features) inside its own length."""
    positions = torch.arange(values.shape[1], device=values.device)
    flipped = lengths[:, None] - 1 - positions[None, :]  # negative in the padding
    index = torch.where(flipped >= 0, flipped, positions[None, :])
    return values.gather(1, index[:, :, None].expand_as(values))


class RecurrentLayers(nn.Module):
    """Recurrent layers, one above the other: vectors in, hidden states of the last layer out."""

    def __init__(self, config: StackConfig, *, embedding: nn.Embedding | None = None) -> None:
        """Build the layers that `config` describes, above an embedding where there is one."""
        super().__init__()
        self.config = config
        if embedding is not None:  # the first of the parameters: seeds and checkpoints count on it
            self.embedding = embedding
        sizes = [config.embedding_dim] + [config.output_dim] * (config.num_layers - 1)
        self.forward_layers = nn.ModuleList(self._layer(size) for size in sizes)
        self.backward_layers = nn.ModuleList(
            self._layer(size) for size in sizes if config.bidirectional
        )
        self.input_dropout = LockedDropout(config.input_dropout)
        self.hidden_dropout = LockedDropout(config.hidden_dropout)
        self.output_dropout = LockedDropout(config.output_dropout)

    def _layer(self, input_size: int) -> RecurrentLayer:
        config = self.config
        return RecurrentLayer(
            config.cell, input_size, config.hidden_size, weight_dropout=config.weight_dropout
        )

    def run(
        self, vectors: Tensor, lengths: Tensor | None = None, state: list[State] | None = None
    ) -> tuple[Tensor, list[State]]:
        """Run all layers.

        Args:
            vectors: (batch, seq_len, embedding_dim), padded on the right.
            lengths: (batch,) real steps of each row; needed when bidirectional.
            state: A state per forward layer to go on from; zeros when None.

        Returns:
            Hidden states (batch, seq_len, output_dim), undefined in the padding, and the state
            of each forward layer after the last column.
        """
        outputs = self.input_dropout(vectors)
        states: list[State] = []
        for index, layer in enumerate(self.forward_layers):
            inputs = outputs if index == 0 else self.hidden_dropout(outputs)
            outputs, layer_state = layer(inputs, None if state is None else state[index])
            states.append(layer_state)
            if self.config.bidirectional:
                assert lengths is not None, "a bidirectional stack needs lengths"
                backwards, _ = self.backward_layers[index](reverse_padded(inputs, lengths))
                outputs = torch.cat([outputs, reverse_padded(backwards, lengths)], dim=2)
        return self.output_dropout(outputs), states


class RecurrentStack(RecurrentLayers):
    """Embedding and recurrent layers: token ids in, hidden states of the last layer out."""

    def __init__(self, config: StackConfig) -> None:
        """Build the layers that `config` describes."""
        embedding = nn.Embedding(config.vocab_size, config.embedding_dim)
        nn.init.uniform_(embedding.weight, -0.1, 0.1)
        super().__init__(config, embedding=embedding)

    def embed(self, token_ids: Tensor) -> Tensor:
        """Return the vectors (batch, seq_len, embedding_dim) of `token_ids`."""
        if self.training and self.config.embedding_dropout > 0:
            rate = self.config.embedding_dropout
            return dropped_embedding(token_ids, self.embedding.weight, rate)
        vectors: Tensor = self.embedding(token_ids)
        return vectors

    def forward(
        self, token_ids: Tensor, lengths: Tensor | None = None, state: list[State] | None = None
    ) -> tuple[Tensor, list[State]]:
        """Embed token ids (batch, seq_len), padded on the right, and run all layers; see `run`."""
        return self.run(self.embed(token_ids), lengths, state)
