"""The torch networks: cells, recurrent stack, classifier and language model."""
