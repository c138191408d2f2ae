"""Hand out the model of the chosen loss, and tell tracking, which registers it."""

from tagger.export.exporting import export_chosen
from tagger.tracking.hooks import track_export


def main() -> None:
    """Run the stage."""
    export_chosen()
    track_export()
