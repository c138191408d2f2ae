"""Read the corpus, build the dictionaries from its training split, find their vectors, encode every split."""

from collections.abc import Callable

from tagger.prepare.prepare_corpus import prepare_corpus


def main(written: Callable[[], None] = lambda: None) -> None:
    """Run the stage; `written` is called once its outputs are written."""
    prepare_corpus()
    written()
