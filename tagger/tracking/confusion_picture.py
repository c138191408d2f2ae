"""A confusion matrix as a picture."""

import pandas as pd
from matplotlib.figure import Figure

PICTURE_TAGS = 50  # XPOS may have a thousand, and the picture grows with the square of their number


def draw_confusions(counts: pd.DataFrame, title: str) -> Figure:
    """Draw a confusion matrix: one row per gold tag; colours are shares of the row, numbers count tokens.

    If there are more than `PICTURE_TAGS` tags, the most frequent are drawn, and the title says so.
    """
    totals = counts.sum(axis=1)
    if len(counts) > PICTURE_TAGS:
        title = f"{title}, the {PICTURE_TAGS} most frequent of {len(counts)} tags"
        keep = sorted(totals.to_numpy().argsort(kind="stable")[-PICTURE_TAGS:])
        counts, totals = counts.iloc[keep, keep], totals.iloc[keep]
    size = max(4.0, 0.5 * len(counts) + 1.5)
    figure = Figure(figsize=(size, size), layout="constrained")
    axes = figure.subplots()
    shares = counts.div(totals.clip(lower=1), axis=0).to_numpy()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(counts)), counts.columns, rotation=90, parse_math=False)
    axes.set_yticks(range(len(counts)), counts.index, parse_math=False)
    axes.set(xlabel="predicted", ylabel="gold", title=title)
    for row, column in zip(*counts.to_numpy().nonzero(), strict=True):
        colour = "white" if shares[row, column] > 0.5 else "black"
        axes.text(column, row, str(counts.iloc[row, column]), ha="center", va="center", color=colour, fontsize=7)
    return figure
