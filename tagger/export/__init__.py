"""The stage `export`: write a trained model as ONNX, verify it and add a model card.

May import: core, evaluate, predict.
"""
