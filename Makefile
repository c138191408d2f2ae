# The pipeline's commands; `make help` lists them.

PYTHON ?= python3
# PyTorch's builds without CUDA. TORCH_INDEX= leaves the choice to PyPI, whose builds for Linux need a GPU's libraries.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
VENV := .venv
STAMP := $(VENV)/installed
DEV_STAMP := $(VENV)/installed-dev
BENCH_VENV := .venv-bench
# Installed packages are compiled on first import, and their bytecode has to be kept.
unexport PYTHONDONTWRITEBYTECODE
RUN := PATH="$(CURDIR)/$(VENV)/bin:$$PATH"

ASK_TORCH := $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))
QUICKLY := --retries 0 --timeout 15

# $(call INSTALL,VENV,LOCK): install the versions of a lock; pip refuses files with other hashes. Torch has none there:
# it comes from PyTorch's index, if that can be reached. Python compiles what it imports, so pip need not.
PIP_INSTALL := -m pip install --quiet --no-compile --no-deps
define INSTALL
$(1)/bin/python $(PIP_INSTALL) $(ASK_TORCH) $(QUICKLY) "$$(grep ^torch== $(2))"
grep -v ^torch== $(2) | $(1)/bin/python $(PIP_INSTALL) --require-hashes --requirement /dev/stdin
endef

# $(call COMPILE,EXTRAS,FILE,OPTIONS): write the exact versions of these extras and their dependencies
define COMPILE
$(RUN) pip-compile --quiet $(addprefix --extra ,$(1)) $(3) --strip-extras --no-annotate --no-header --no-emit-index-url \
	--no-emit-find-links --no-emit-trusted-host --unsafe-package pip $(ASK_TORCH) --pip-args '$(QUICKLY)' \
	--output-file $(2) pyproject.toml && \
sed -i.old -e 's/^\(torch==[0-9.]*\)+.*/\1/' -e '/^$$/,$$d' $(2) && rm $(2).old
endef

.DEFAULT_GOAL := help
.PHONY: audit help licences promises setup setup-dev repro check test ui pictures experiments losses record tutorial bench check-slow lock params tour docs

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP)  ## create .venv with the packages for the pipeline, MLflow's UI and the server: requirements.lock

$(STAMP): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15) and "error: Python %d.%d found, expected 3.11 to 3.14; try make PYTHON=python3.11" % sys.version_info[:2])'
	@echo 'Installing the packages of requirements.lock in $(VENV), 1.5 GB: this takes some minutes and prints little'
	$(PYTHON) -m venv $(VENV)
	$(call INSTALL,$(VENV),requirements.lock)
	$(VENV)/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

setup-dev: $(DEV_STAMP)  ## add the packages for tests, `--tokenize`, `tag-corpus` and `push`: requirements-dev.lock

$(DEV_STAMP): $(STAMP) requirements-dev.lock
	$(call INSTALL,$(VENV),requirements-dev.lock)
	@touch $@

repro: setup  ## run the whole pipeline, then show the losses side by side
	@$(RUN) dvc repro
	@echo
	@$(RUN) python -m tagger results
	@printf '\nNext:\n'
	@printf '  %-58s %s\n' \
		'. $(VENV)/bin/activate' 'activate the environment for the commands below' \
		'lstm-tagger predict "The dog ate the book"' 'tag a sentence; `lstm-tagger serve` opens a page for it' \
		'make ui' 'start MLflow, to follow the links above (or: mlflow ui)' \
		'dvc exp run --name longer -S train.epochs=20' 'try another setting; params.yaml lists them all' \
		'lstm-tagger compare' 'the trainings so far'
	@echo && $(RUN) python -m tagger verify

# Left to `make test` by the quick loop: whole runs, servers, browsers, Spark, and the slowest of the others.
SLOWER := tests/bench tests/cli tests/fuzz tests/pipeline tests/runner tests/serving tests/spark tests/tracking \
	tests/core/common/test_arithmetic_pieces.py tests/predict/test_model_source.py tests/prepare/test_any_text.py \
	tests/report/page tests/report/test_new_loss.py

check: setup-dev  ## the quick loop, a minute: format, lint, types, and the tests that don't run the pipeline
	@$(RUN) ruff format --check .
	@$(RUN) ruff check .
	@$(RUN) mypy
	@$(RUN) pytest -m 'not slow and not pipeline' -n 2 -q $(SLOWER:%=--ignore=%)

REPORTS := build/tests.xml build/slow-tests.xml

test: setup-dev  ## check format, lint and types, and run the quick tests
	@$(RUN) ruff format --check .
	@$(RUN) ruff check .
	@$(RUN) mypy & types=$$!; \
		$(RUN) pytest -m 'not slow' -n 3 --dist loadfile --no-loadscope-reorder --junitxml $(word 1,$(REPORTS)); \
		tests=$$?; wait $$types && exit $$tests

check-slow: setup-dev  ## run the tests that take minutes
	@$(RUN) pytest -m slow --junitxml $(word 2,$(REPORTS))

promises: setup-dev  ## record in docs/promises.md when each test last ran, and its outcome
	@$(RUN) python -m tests.promises $(wildcard $(REPORTS))

ui: setup  ## open MLflow's UI on http://127.0.0.1:5000, with a run for every output on disk
	@$(RUN) python -m tagger sync
	@$(RUN) MLFLOW_DISABLE_TELEMETRY=$${MLFLOW_DISABLE_TELEMETRY-true} MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false \
		mlflow ui --workers 1

pictures: setup-dev repro  ## retake the pictures in docs/, with MODEL= in that of `serve`; needs Chromium and chromedriver
	@$(RUN) python -m tests.pictures $(MODEL)

# The other columns are further metrics and hashes of dependencies.
experiments: setup  ## list DVC's experiments with their accuracies and the params that differ
	@$(RUN) dvc exp show --only-changed --keep '\w+[.]accuracy(_sd)?$$' \
		--drop '(?!Experiment|seeds|device|losses|(data|model|train|export)[.])'

# SET="-S data.train=... -S data.dev=... -S data.test=..." names your corpus. With one seed, all losses are trained again, so
# that MLflow has them in one row; with several, earlier trainings are taken from the cache.
SEEDS ?= 1
AGAIN := $(if $(filter 1,$(SEEDS)),--force)
losses: setup  ## train all five losses and compare them (SEEDS=5: with seeds 1 to 5; SET="-S ..." changes params)
	@$(if $(AGAIN),,$(RUN) dvc exp rename --force five-losses five-losses-before >/dev/null 2>&1 || true)
	@$(RUN) dvc exp run --name five-losses $(AGAIN) -S 'losses=[nll,cross_entropy,softmax_nll,mse,hinge]' \
		-S 'seeds=[$(shell seq $(SEEDS) | paste -sd, -)]' $(SET)
	@$(RUN) python -m tagger results

# The files that docs and tests cite. Nothing else writes to recorded/; its ewt/ comes from the command in docs/seeds.md.
CITED := dvc.lock params.yaml metrics/compare.json metrics/losses.json metrics/results.json

record: setup  ## for maintainers: run the committed params, then all losses with five seeds; keep both runs in recorded/
	@$(RUN) dvc repro
	@$(RUN) dvc exp run --temp --name recorded --force -S 'losses=[nll,cross_entropy,softmax_nll,mse,hinge]' \
		-S 'seeds=[1,2,3,4,5]'
	@mkdir -p recorded/starter recorded/five-losses
	@tar -c $(CITED) | tar -x -C recorded/starter
	@git archive "refs/exps/$$(git rev-parse HEAD | sed 's|^..|&/|')/recorded" $(CITED) | tar -x -C recorded/five-losses

# The tutorial's run: one sentence per step, plain SGD, and the sizes of its network.
tutorial: setup  ## train as PyTorch's tutorial does, on two sentences, and tag its test sentence
	@$(RUN) dvc exp run --name tutorial --force \
		-S data.train=data/tutorial/train.csv -S data.dev=data/tutorial/dev.csv -S data.test=data/tutorial/test.csv \
		-S data.lowercase=false -S model.word_dim=6 -S model.hidden=6 -S model.characters=none -S model.affix_dim=0 \
		-S model.bidirectional=false -S model.dropout=0 -S train.epochs=300 -S train.batch_tokens=1 \
		-S train.min_batches=1 -S train.optimizer=sgd -S train.learning_rate=0.1 -S train.schedule=constant \
		-S train.clip_norm=0 -S train.word_dropout=0 -S export.registered_model=tutorial-tagger
	@$(RUN) python -m tagger predict "The cat heard that dog"

# The peers need other versions of some packages, hence their own environment.
bench: $(BENCH_VENV)/installed  ## compare speed with other taggers (CORPUS=, PEERS="crf spacy", QUICK=1, ACCURACY=1); SCALE=1: ours on 20 million tokens
	@$(BENCH_VENV)/bin/python -m bench$(if $(SCALE),.scale) $(if $(CORPUS),--corpus "$(CORPUS)") \
		$(if $(PEERS),--peers "$(PEERS)") $(if $(QUICK),--quick) $(if $(ACCURACY),--accuracy)

$(BENCH_VENV)/installed: bench/requirements.lock
	$(PYTHON) -m venv $(BENCH_VENV)
	$(call INSTALL,$(BENCH_VENV),bench/requirements.lock)
	@touch $@

LOCKS := requirements.lock requirements-dev.lock bench/requirements.lock

audit: setup-dev  ## look for known vulnerabilities in the packages of the locks; needs the network
	@$(RUN) python -m tests.audit $(LOCKS)

lock: setup-dev  ## update the locks from pyproject.toml, and the versions in tagger/*/versions.txt from requirements.lock
	@$(call COMPILE,serving tracking training,requirements.lock)
	@$(call COMPILE,dev hub serving spark tokenize tracking training,requirements-dev.lock,--constraint requirements.lock)
	@$(call COMPILE,bench spark training,bench/requirements.lock)
	@for file in tagger/*/versions.txt; do \
		lines=$$(for name in $$(cut -d= -f1 $$file); do grep "^$$name==" requirements.lock || exit 1; done) && \
		echo "$$lines" > $$file || { echo "error: $$file: a package is not in requirements.lock" >&2; exit 1; }; \
	done
	@$(RUN) python -m tests.lock_hashes $(LOCKS)

licences: setup-dev  ## write docs/licences.md from the metadata of what is installed
	@$(RUN) python -m tests.licences

params: setup-dev  ## regenerate the docs, comments and editor schema of the params from their types
	@$(RUN) python -m tests.params_reference

docs: setup-dev  ## build a site from README.md and docs/ in build/site; needs no network
	@rm -rf build/docs build/site && mkdir -p build/docs
	@tar -c *.md docs data/README.md LICENSE data/LICENSE CITATION.cff params.schema.json | tar -x -C build/docs
	@$(RUN) zensical build --strict

tour: setup-dev  ## run the notebook docs/tour.py and write docs/tour.ipynb
	@$(RUN) python -m tests.tour
