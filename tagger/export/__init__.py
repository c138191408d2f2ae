"""The stage `export`: a trained model written as ONNX, verified, with its card.

May import: core, evaluate, predict.
"""
