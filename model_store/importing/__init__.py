"""Brings models that were made elsewhere into the store; runs no code of their files.

    file ──read──▶ network ──build──▶ graph ──prove──▶ version

Each framework's folder reads its files into a `network`, which one builder writes as an ONNX graph
and one slow, plain implementation of the equations answers with as well: they must agree.
"""
