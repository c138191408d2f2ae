"""`python -m tagger` is the command line, `lstm-tagger`."""

from tagger.cli.commands import run

if __name__ == "__main__":
    run()
