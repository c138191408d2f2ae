"""Compare the losses, make the plots and the page that show it, and tell tracking."""

from tagger.report.report_losses import report_losses
from tagger.tracking.hooks import track_report


def main() -> None:
    """Run the stage."""
    track_report(report_losses())
