"""Read the corpus, build the dictionaries from its training split, find their vectors, encode every split."""

from tagger.prepare.prepare_corpus import prepare_corpus


def main() -> None:
    """Run the stage."""
    prepare_corpus()
