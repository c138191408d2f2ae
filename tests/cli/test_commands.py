"""The command line: what it prints, and one line with an exit code for a mistake."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from contextlib import nullcontext
from itertools import takewhile
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result

from tagger.cli.commands import EXAMPLES, main
from tagger.cli.extras import install_command
from tagger.core.common.errors import InputError
from tagger.core.corpus.dictionary import build_dictionaries
from tagger.core.corpus.indexed_corpus import Sentence
from tagger.core.network.lstm_tagger import LstmTagger
from tagger.core.network.model_folder import TrainedModel, write_model
from tagger.core.params.schema import ModelParams
from tagger.evaluate.metrics import METRICS
from tests.conftest import PARAMS, RECORDED

ROOT = Path(__file__).parents[2]
TRAIN = [Sentence(("The", "dog", "barked"), ("DET", "NOUN", "VERB"))]


def save_model(folder: Path) -> None:
    """A model that gives every word DET with 0.5, NOUN with 0.3 and VERB with 0.2."""
    dictionaries = build_dictionaries(TRAIN, lowercase=True)
    params = ModelParams(
        word_dim=2,
        characters="cnn",
        character_dim=2,
        character_filters=2,
        character_hidden=2,
        affix_dim=2,
        hidden=2,
        layers=1,
        bidirectional=True,
        dropout=0.0,
    )
    model = LstmTagger(params, "nll", dictionaries.sizes)
    with torch.no_grad():
        for weights in model.parameters():
            weights.zero_()
        model.linear.bias.copy_(torch.tensor([0.5, 0.3, 0.2]).log())
    folder.mkdir(parents=True)
    write_model(TrainedModel(model, dictionaries), folder)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("main") / "model"
    save_model(folder)
    return str(folder)


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    shutil.copyfile(PARAMS, tmp_path / "params.yaml")  # losses: nll, cross_entropy
    return tmp_path


def run(*arguments: str, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(main, arguments, input=stdin)


def output(*arguments: str, stdin: bytes | None = None) -> str:
    result = run(*arguments, stdin=stdin)
    assert (result.exit_code, result.stderr, result.exception) == (0, "", None)
    return result.stdout


def mistake(*arguments: str, stdin: bytes | None = None) -> str:
    error = run(*arguments, stdin=stdin).exception
    assert isinstance(error, InputError), repr(error)
    assert "\n" not in str(error)
    return str(error)


def test_sentences_of_the_command_line_are_tagged(model: str) -> None:
    assert (
        output("predict", "--model", model, "The dog", "cats")
        == "The  DET  0.5000\ndog  DET  0.5000\n\ncats  DET  0.5000\n"
    )


def test_any_white_space_separates_words(model: str) -> None:
    assert output("predict", "--model", model, " The\t dog ") == "The  DET  0.5000\ndog  DET  0.5000\n"


def test_sentences_of_standard_input_are_tagged_line_by_line(model: str) -> None:
    assert output("predict", "--model", model, "--format", "json", stdin=b"The dog\n\nx") == (
        '{"words": ["The", "dog"], "tags": ["DET", "DET"], "probabilities": [0.5, 0.5]}\n'
        '{"words": [], "tags": [], "probabilities": []}\n'
        '{"words": ["x"], "tags": ["DET"], "probabilities": [0.5]}\n'
    )


def test_sentences_of_standard_input_are_numbered_over_all_chunks(model: str) -> None:
    rows = output("predict", "--model", model, "--format", "csv", stdin=b"x\n" * 1000).splitlines()
    assert rows[0] == "sentence,position,word,tag,probability"
    assert rows[1:] == [f"{number},1,x,DET,0.500000" for number in range(1, 1001)]


def test_conllu_is_written(model: str) -> None:
    assert output("predict", "--model", model, "--format", "conllu", "x") == (
        "# sent_id = 1\n# text = x\n1\tx\t_\tDET\t_\t_\t_\t_\t_\tProbDET=0.5000\n\n"
    )


def test_lists_of_words_of_standard_input_are_tagged(model: str) -> None:
    stdin = b'["New York", "it"]\n\n{"id": 1, "tokens": ["\\u3000"]}\n"The dog"\n'
    printed = output("predict", "--model", model, "--from", "json", "--format", "json", stdin=stdin)
    assert [json.loads(line)["words"] for line in printed.splitlines()] == [
        ["New York", "it"],
        [],
        ["\u3000"],
        ["The", "dog"],
    ]


CONLLU = (
    "# newdoc\n# text = I don't know New York\n1\tI\ti\t_\tPRP\tCase=Nom\t3\tnsubj\t_\t_\n"
    "2-3\tdon't\t_\t_\t_\t_\t_\t_\t_\tx=y\n"
    "2\tdo\tdo\tAUX\tVBP\t_\t3\taux\t_\t_\n3\tn't\tnot\tX\t_\t_\t0\troot\t_\tSpaceAfter=No\n3.1\te\t_\t_\t_\t_\t_\t_\t_\t_\n"
    "4\tNew York\t_\t_\t_\t_\t_\t_\t_\t_\n\n\n# comment\n1\t_\t_\tSYM\t_\t_\t_\t_\t_\t_\t11th\n\n# last\n"
)


@pytest.mark.parametrize("end", ["", "\n"])
def test_of_conllu_all_but_the_tags_is_kept(model: str, end: str) -> None:
    printed = output(
        "predict", "--model", model, "--from", "conllu", "--format", "conllu", stdin=(CONLLU + end).encode()
    )
    rows = [line.split("\t") for line in CONLLU.splitlines()] + [[""]] * len(end)
    expected = [[*row[:3], "DET", *row[4:]] if row[0].isdecimal() else row for row in rows]
    assert printed == "".join("\t".join(row) + "\n" for row in expected)


def test_words_of_conllu_are_tagged_in_other_formats(model: str) -> None:
    rows = output(
        "predict", "--model", model, "--from", "conllu", "--format", "csv", stdin=CONLLU.encode()
    ).splitlines()
    words = [(1, 1, "I"), (1, 2, "do"), (1, 3, "n't"), (1, 4, "New York"), (2, 1, "_")]
    assert rows[1:] == [f"{number},{place},{word},DET,0.500000" for number, place, word in words]


@pytest.mark.parametrize(
    ("source", "stdin", "message"),
    [
        ("json", b'["a"]\n{"a"\n', "standard input:2: not JSON: "),
        (
            "json",
            b'["a"]\n\n{"forms": []}\n',
            "standard input:3: expected a list of words, or an object with one as tokens",
        ),
        ("json", b"5\n", "standard input:1: expected a list of words"),
        ("json", b'["a", 5]\n', "sentence 1, word 2: got 5 (int), expected a string"),
        ("conllu", b"# c\n1 a\n", "standard input:2: 1 column, expected 10 separated by tabs: '1 a'"),
    ],
)
def test_a_wrong_line_of_standard_input_is_named(model: str, source: str, stdin: bytes, message: str) -> None:
    assert mistake("predict", "--model", model, "--from", source, stdin=stdin).startswith(message)


def test_sentences_of_the_command_line_are_text(model: str) -> None:
    expected = "--from json: expected tokenized sentences on standard input, no SENTENCE or --tokenize"
    assert mistake("predict", "--model", model, "--from", "json", "The dog") == expected
    assert mistake("predict", "--model", model, "--from", "json", "--tokenize", stdin=b"") == expected


def test_an_empty_standard_input_gives_no_output(model: str) -> None:
    assert output("predict", "--model", model, stdin=b"") == ""


def test_an_empty_standard_input_gives_the_header_of_csv_alone(model: str) -> None:
    assert (
        output("predict", "--model", model, "--format", "csv", stdin=b"") == "sentence,position,word,tag,probability\n"
    )


def test_more_tags_are_listed(model: str) -> None:
    assert output("predict", "--model", model, "--top", "2", "x") == "x  DET  0.5000  NOUN  0.3000\n"


def test_more_tags_than_the_model_has_list_them_all(model: str) -> None:
    assert output("predict", "--model", model, "--top", "99", "--format", "csv", "x") == (
        "sentence,position,word,tag,probability,tag_2,probability_2,tag_3,probability_3\n"
        "1,1,x,DET,0.500000,NOUN,0.300000,VERB,0.200000\n"
    )


def test_the_exported_model_is_the_default(workspace: Path) -> None:
    save_model(workspace / "models" / "export")
    assert output("predict", "x") == "x  DET  0.5000\n"


def test_a_model_of_mlflow_is_fetched_by_its_uri(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    models = {"models:/lstm-tagger@champion": nullcontext(Path(model))}
    monkeypatch.setattr("tagger.predict.tagging.model_folder_of", models.__getitem__)
    assert output("predict", "--model", "models:/lstm-tagger@champion", "x") == "x  DET  0.5000\n"


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
def test_raw_text_is_split_on_request_alone(model: str) -> None:
    text = "I don't."
    assert json.loads(output("predict", "--model", model, "--format", "json", text))["words"] == ["I", "don't."]
    words = json.loads(output("predict", "--model", model, "--format", "json", "--tokenize", text))["words"]
    assert words == ["I", "do", "n't", "."]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
def test_raw_lines_of_standard_input_are_split(model: str) -> None:
    rows = output("predict", "--model", model, "--format", "csv", "--tokenize", stdin=b"Yes!\n\nIt's\n").splitlines()
    assert [row.split(",")[:3] for row in rows[1:]] == [
        ["1", "1", "Yes"],
        ["1", "2", "!"],
        ["3", "1", "It"],
        ["3", "2", "'s"],
    ]


def test_8_bits_need_an_export(model: str) -> None:
    assert (
        mistake("predict", "--model", model, "--int8", "x") == f"{model}: is a trained model, but int8 needs an export"
    )


def test_the_examples_of_the_help_keep_their_lines() -> None:
    assert '  lstm-tagger predict "The dog ate the book"\n' in output("predict", "--help")
    assert "  lstm-tagger compare\n" in output("compare", "--help")
    assert '  eval "$(_LSTM_TAGGER_COMPLETE=bash_source lstm-tagger)"\n' in output("--help")


def test_a_shell_completes_commands_options_and_choices() -> None:
    def completions(line: str) -> list[str]:
        words = line.split(" ")
        environment_ = environment() | {
            "_LSTM_TAGGER_COMPLETE": "bash_complete",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(words) - 1),
        }
        code = "from tagger.cli.commands import main; main(prog_name='lstm-tagger')"
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment_, capture_output=True, text=True, check=False
        )
        return [answer.partition(",")[2] for answer in done.stdout.split()]

    assert completions("lstm-tagger pr") == ["predict"]
    assert completions("lstm-tagger predict --mo") == ["--model"]
    assert completions("lstm-tagger predict --format c") == ["conllu", "csv"]


WITHOUT = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {missing}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing())
from tagger.__main__ import run
sys.argv = ["lstm-tagger", *{arguments}]
run()
"""


@pytest.mark.parametrize(
    ("arguments", "module", "extra"),
    [
        (["predict", "--model", "MODEL", "x"], "torch", "training"),
        (["predict", "--model", "MODEL", "--tokenize", "x"], "spacy", "tokenize"),
        (["compare"], "mlflow", "tracking"),
        (["sync"], "yaml", "tracking"),
    ],
)
def test_a_command_that_lacks_an_extra_says_so(
    arguments: list[str], module: str, extra: str, model: str, tmp_path: Path
) -> None:
    given = [model if argument == "MODEL" else argument for argument in arguments]
    code = WITHOUT.replace("{missing}", repr({module})).replace("{arguments}", repr(given))
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False)
    expected = f"error: {module} is not installed; install it with {install_command(extra)}\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", expected)


def test_a_missing_model_is_named(workspace: Path) -> None:
    assert mistake("predict", "x").startswith("models/export/config.json: no such file; expected a model folder")


def test_a_byte_of_standard_input_that_is_not_utf8_is_named(model: str) -> None:
    message = mistake("predict", "--model", model, stdin=b"The dog\nd\xe9j\xe0 vu\n")
    assert message == "standard input:2: byte 2 of the line is 0xe9, expected UTF-8"


def test_a_byte_of_the_command_line_that_is_not_utf8_is_named(model: str) -> None:
    message = mistake("predict", "--model", model, os.fsdecode(b"d\xe9j\xe0 vu"))
    assert (
        message == "sentence 1, word 1: got 'd\\udce9j\\udce0', half a character or not UTF-8; expected valid Unicode"
    )


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["predict", "--top", "0", "x"], "Invalid value for '--top': 0 is not in the range x>=1."),
        (["predict", "--top", "two", "x"], "Invalid value for '--top': 'two' is not a valid integer range."),
        (["predict", "--format", "xml", "x"], "'xml' is not one of 'table', 'json', 'conllu', 'csv'."),
        (["predict", "--model", __file__, "x"], f"Invalid value for '--model': Directory '{__file__}' is a file."),
        (["predict", "--modell", "x"], "--modell"),
        (["predikt", "x"], "No such command 'predikt'."),
        (["results", "x"], "Got unexpected extra argument (x)"),
    ],
)
def test_a_wrong_command_line_is_named_with_exit_code_2(arguments: list[str], expected: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert expected in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_lists_the_commands(option: str) -> None:
    text = output(option)
    assert "predict" in text
    assert "results" in text


def test_help_of_predict_names_its_options_and_defaults() -> None:
    text = output("predict", "--help")
    assert all(option in text for option in ("--model", "models/export", "--format", "table", "--top"))


def write_results(folder: Path, text: str) -> None:
    (folder / "metrics").mkdir(exist_ok=True)
    (folder / "metrics/results.json").write_text(text, encoding="utf-8")


def test_results_have_one_row_per_loss(workspace: Path) -> None:
    nll, cross_entropy = (
        '{"accuracy": 0.5, "macro_f1": 0.25, "best_epoch": 7}',
        '{"accuracy": 0.9, "macro_f1": 0.80004}',
    )
    write_results(workspace, f'{{"nll": {nll}, "cross_entropy": {cross_entropy}}}')
    assert output("results") == (
        "               accuracy  macro_f1\n"
        "nll              0.5000    0.2500\n"
        "cross_entropy    0.9000    0.8000\n"
    )  # fmt: skip
    assert output("results", "--columns", "macro_f1, accuracy").splitlines()[0].split() == ["macro_f1", "accuracy"]
    message = mistake("results", "--columns", "accuracy,f1")
    assert message == "--columns: no column 'f1'; expected any of accuracy, macro_f1"


def test_results_fit_a_terminal_unless_all_is_asked_for(workspace: Path) -> None:
    metrics = dict.fromkeys([name + end for name in METRICS for end in ("", "_sd")], 0.5)
    write_results(workspace, json.dumps({"cross_entropy": metrics}))
    assert max(map(len, output("results").splitlines())) <= 120
    assert output("results", "--all").splitlines()[0].split() == list(metrics)


def test_results_are_found_from_a_folder_below(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_results(workspace, '{"nll": {"accuracy": 0.5}}')
    (workspace / "data/raw").mkdir(parents=True)
    before = sorted(workspace.rglob("*"))
    monkeypatch.chdir(workspace / "data/raw")
    assert output("results").splitlines()[1].split() == ["nll", "0.5000"]
    assert sorted(workspace.rglob("*")) == before


def test_the_spread_over_seeds_has_a_column_of_its_own(workspace: Path) -> None:
    write_results(workspace, '{"nll": {"accuracy": 0.5, "accuracy_sd": 0.01, "best_epoch_sd": 0.5}}')
    (workspace / "metrics/compare.json").write_text(json.dumps(COMPARISON), encoding="utf-8")
    assert [line.split() for line in output("results", "--columns", "accuracy_sd, accuracy").splitlines()[:3]] == [
        ["accuracy_sd", "accuracy"],
        ["nll", "0.0100", "0.5000"],
        ["baseline", "-", "0.2500"],
    ]


def test_the_recorded_run_is_found_from_a_folder_below(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (workspace / "recorded/starter").mkdir(parents=True)
    shutil.copy(RECORDED / "starter/dvc.lock", workspace / "recorded/starter")
    (workspace / "data").mkdir()
    here = output("verify")
    monkeypatch.chdir(workspace / "data")
    assert output("verify") == here


def test_a_metric_that_no_loss_has_is_a_dash(workspace: Path) -> None:
    write_results(workspace, '{"nll": {"accuracy": 0.5, "unknown_accuracy": null}}')
    assert output("results").splitlines()[1].split() == ["nll", "0.5000", "-"]


def test_a_metric_that_one_loss_lacks_is_a_dash(workspace: Path) -> None:
    write_results(workspace, '{"nll": {"accuracy": 0.5, "nll": 12}, "cross_entropy": {"accuracy": 0.5, "nll": null}}')
    assert [row.split()[-1] for row in output("results").splitlines()] == ["nll", "12.0000", "-"]


COMPARISON = {
    "pairs": [{"first": "nll", "second": "baseline"}],
    "baseline": {"accuracy": 0.25},
    "summary": "nll is better.",
}


def test_results_end_with_the_baseline_and_the_summary(workspace: Path) -> None:
    write_results(workspace, '{"nll": {"accuracy": 0.5, "nll": 1.5}}')
    (workspace / "metrics/compare.json").write_text(json.dumps(COMPARISON), encoding="utf-8")
    assert [line.split() for line in output("results").splitlines()] == [
        ["accuracy", "nll"],
        ["nll", "0.5000", "1.5000"],
        ["baseline", "0.2500", "-"],
        [],
        ["nll", "is", "better."],
    ]


def test_results_leave_out_a_comparison_of_other_losses(workspace: Path) -> None:
    write_results(workspace, '{"nll": {"accuracy": 0.5}, "cross_entropy": {"accuracy": 0.5}}')
    (workspace / "metrics/compare.json").write_text(json.dumps(COMPARISON), encoding="utf-8")
    assert "baseline" not in output("results")


def test_a_damaged_comparison_is_named(workspace: Path) -> None:
    write_results(workspace, '{"nll": {"accuracy": 0.5}}')
    (workspace / "metrics/compare.json").write_text("{", encoding="utf-8")
    assert mistake("results").startswith("metrics/compare.json: damaged: ")


def test_missing_results_are_named(workspace: Path) -> None:
    assert mistake("results").startswith("metrics/results.json: no such file; expected the output of `dvc repro`")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "7", '{"nll": 3}', '{"nll": {"nll": [1]}}', '{"nll": []}', '{"nll": [["a", 1]]}']
)
def test_a_damaged_result_is_named(workspace: Path, text: str) -> None:
    write_results(workspace, text)
    assert mistake("results").startswith("metrics/results.json: damaged: ")


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return kept | {"PYTHONPATH": str(ROOT)}


def test_a_mistake_is_one_line_on_standard_error_with_exit_code_1(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tagger", "results"]
    done = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    outside = "not in a project: no params.yaml in this folder or any above it"
    assert done.stderr == f"error: {outside}\n"


@pytest.mark.timeout(60)
def test_a_line_is_answered_before_the_next_one_comes(model: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tagger", "predict", "--model", model]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=tmp_path, env=environment(), stdin=pipe, stdout=pipe, stderr=pipe) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write(b"The\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"The  DET  0.5000\n"
        process.stdin.write(b"\xff\n")
        process.stdin.close()
        assert process.stdout.read() == b""
        assert process.stderr.read() == b"error: standard input:2: byte 1 of the line is 0xff, expected UTF-8\n"
    assert process.returncode == 1


@pytest.mark.timeout(60)
def test_a_mistake_in_a_line_ends_the_command_while_its_input_stays_open(model: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tagger", "predict", "--model", model]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=tmp_path, env=environment(), stdin=pipe, stderr=pipe) as process:
        assert process.stdin
        assert process.stderr
        process.stdin.write(b"x" * 100_001 + b"\n")
        process.stdin.flush()
        assert process.wait(50) == 1
        assert process.stderr.read().startswith(b"error: sentence 1, word 1: got 100001 characters, expected at most")


def test_help_and_serve_s_own_help_load_neither_the_server_nor_torch() -> None:
    code = (
        "import sys, contextlib\nfrom tagger.cli.commands import main\n"
        "for words in (['--help'], ['serve', '--help']):\n"
        "    with contextlib.suppress(SystemExit):\n        main(words)\n"
        "print(sorted({'torch', 'fastapi', 'uvicorn', 'mlflow', 'jinja2'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "Give it twice" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_more_than_two_models_are_a_mistake() -> None:
    assert mistake("serve", *["--model", "x"] * 3) == "--model: given 3 times, expected at most 2"


def test_one_model_given_twice_is_a_mistake() -> None:
    message = mistake("serve", "--model", "x", "--model", "x")
    assert message == "--model: given twice: x; expected two different models"


def test_a_model_to_serve_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    assert "expected a model folder" in mistake("serve", "--port", "0", "--model", str(tmp_path / "none"))


@pytest.mark.parametrize(("host", "warns"), [("127.0.0.1", False), ("::1", False), ("0.0.0.0", True)])  # noqa: S104
def test_a_host_that_others_reach_is_warned_of(host: str, warns: bool, tmp_path: Path) -> None:
    result = run("serve", "--host", host, "--port", "0", "--model", str(tmp_path / "none"))
    warning = f"warning: anyone who can reach {host} can use this; --token-file requires a token\n"
    assert result.stderr == (warning if warns else "")
    assert isinstance(result.exception, InputError), repr(result.exception)
    assert str(result.exception).startswith(f"{tmp_path / 'none'}/config.json: no such file; expected a model folder")


def test_a_server_that_asks_for_a_token_needs_no_warning(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cr3t\n", encoding="utf-8")
    public = ("--host", "0.0.0.0", "--port", "0")  # noqa: S104
    result = run("serve", *public, "--token-file", str(tmp_path / "token"), "--model", "none")
    assert (result.stderr, type(result.exception)) == ("", InputError)
    for text in ("\n", "two words", "tökén"):
        (tmp_path / "token").write_text(text, encoding="utf-8")
        message = mistake("serve", "--token-file", str(tmp_path / "token"))
        assert message == "--token-file: expected a token of ASCII characters without spaces"


def test_standard_input_that_is_closed_is_a_mistake(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(InputError, match=r"^standard input: closed; expected a SENTENCE$"):
        main(["predict", "--model", model], standalone_mode=False)


@pytest.mark.parametrize("output_format", ["table", "conllu", "csv", "json"])
def test_words_with_escapes_are_written_as_they_are(model: str, output_format: str) -> None:
    word = "\x1b[31mred\x1b[0m"
    printed = output("predict", "--model", model, "--format", output_format, word)
    assert (json.dumps(word) if output_format == "json" else word) in printed


@pytest.mark.parametrize("output_format", ["table", "conllu"])
def test_a_word_that_would_break_its_line_is_a_mistake(model: str, output_format: str) -> None:
    message = mistake("predict", "--model", model, "--from", "json", "--format", output_format, stdin=b'["a\\nb"]')
    assert message == "sentence 1: 'a\\nb' has a tab or a line break; expected --format json or csv"


@pytest.mark.parametrize("example", EXAMPLES.read_text(encoding="utf-8").splitlines())
def test_an_example_stands_in_the_help_of_its_command_which_takes_its_arguments(example: str) -> None:
    name, command, *arguments = takewhile(lambda word: word not in ("<", ">"), shlex.split(example))
    assert name == "lstm-tagger"
    assert example in CliRunner().invoke(main, [command, "--help"]).output
    main.commands[command].make_context(command, arguments)  # raises UsageError otherwise
