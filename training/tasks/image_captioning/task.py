"""Image captioning: what training has to know of it."""

from collections.abc import Sequence

import numpy as np
import torch

from model_store import GoldenCase, NumbersCase, Tokenizer
from model_store.tasks.image_captioning import CaptionerConfig
from training.export.parity import BATCH_SIZES, check_equal
from training.export.sessions import feeds, open_session
from training.export.weights import locate
from training.nets.captioner import Captioner
from training.task import Exported, TrainingTask
from training.tasks.image_captioning.graph import decoder_graph, image_graph

MAX_GOLDEN_LOGITS = 64


class ImageCaptioning(TrainingTask):
    """An image's numbers in, one token after the other out."""

    name = "image-captioning"
    route = "/v1/generate"
    limits = (
        "Learned from the data above and no more. Takes {num_features} numbers, scaled as the "
        "training data were; whatever they show, it answers with words that it has learned."
    )
    figures = (
        "`exact` is the share of images whose whole caption is right, `exact_low` to `exact_high` "
        "its 95 % interval; `validation_loss` is in nats a token."
    )

    def graphs(self, net: Captioner, weights: bytes) -> dict[str, bytes]:
        """Return `model.onnx`, which reads images, and `decoder.onnx`, which writes."""
        places = locate(weights)
        return {
            "model.onnx": image_graph(net.config, places),
            "decoder.onnx": decoder_graph(net.config, places),
        }

    @torch.inference_mode()
    def check(self, net: Captioner, exported: Exported) -> None:
        """Compare next-token probabilities after random images; see `TrainingTask`."""
        reader = open_session(exported.graphs["model.onnx"], exported.weights)
        decoder = open_session(exported.graphs["decoder.onnx"], exported.weights)
        generator = np.random.default_rng(0)
        config = net.config
        kinds = ("hidden", "cell") if config.cell == "lstm" else ("hidden",)
        for size in BATCH_SIZES:
            values = generator.normal(size=(size, config.num_features)).astype(np.float32)
            token_ids = torch.from_numpy(generator.integers(0, config.vocab_size, (size, 3)))
            state = dict(zip(kinds, reader.run(list(kinds), {"values": values}), strict=True))
            asked = feeds(token_ids, torch.full((size,), 3)) | state
            got = torch.softmax(torch.from_numpy(decoder.run(["logits"], asked)[0]), dim=1)
            expected = torch.softmax(net(torch.from_numpy(values), token_ids)[:, -1], dim=1)
            check_equal("next-token probabilities", expected, got.numpy())

    def golden(
        self,
        net: Captioner,
        inputs: Sequence[np.ndarray],
        config: CaptionerConfig,
        tokenizer: Tokenizer | None,
    ) -> list[GoldenCase]:
        """Return the log probabilities of the first token for some images (1, num_features)."""
        cases: list[GoldenCase] = []
        begin = torch.tensor([[config.bos_id]])
        for rows in inputs:
            logits = net(torch.from_numpy(rows), begin)[0, -1]
            outputs = torch.log_softmax(logits, dim=0)[:MAX_GOLDEN_LOGITS].tolist()
            cases.append(NumbersCase(rows=rows.tolist(), outputs=outputs))
        return cases

    def call(self, name: str, example: np.ndarray) -> str:
        """Return the command that asks a model with one image."""
        return super().call(name, example[0].astype(float).round(3).tolist())


TASK = ImageCaptioning()
