"""Compare the losses, make the plots and the page that show it, and tell tracking."""

from collections.abc import Callable

from tagger.report.report_losses import report_losses
from tagger.tracking.hooks import track_report


def main(written: Callable[[], None] = lambda: None) -> None:
    """Run the stage; `written` is called once its outputs are written."""
    losses = report_losses()
    written()
    track_report(losses)
