"""The stage `export`: it writes a trained model as ONNX, verifies it and adds a model card.

May import: core, evaluate, predict.
"""
