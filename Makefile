# The pipeline's commands; `make help` lists them.

PYTHON ?= python3
VENV := .venv
STAMP := $(VENV)/installed
BENCH_VENV := .venv-bench
RUN := PATH="$(CURDIR)/$(VENV)/bin:$$PATH"

# $(call COMPILE,EXTRAS,FILE): write the exact versions of these extras and all that they need
define COMPILE
$(RUN) pip-compile --quiet $(addprefix --extra ,$(1)) --strip-extras --no-annotate --no-header --no-emit-index-url \
	--no-emit-find-links --no-emit-trusted-host --output-file $(2) pyproject.toml && \
sed -i.old -e 's/^\(torch==[0-9.]*\)+.*/\1/' -e '/^# The following packages/,$$d' $(2) && rm $(2).old
endef

.DEFAULT_GOAL := help
.PHONY: help setup repro test ui experiments losses record tutorial bench check-slow lock

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP)  ## create .venv with the versions of requirements.lock

$(STAMP): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "error: Python %d.%d found, expected 3.11 or later; try make PYTHON=python3.11" % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --requirement requirements.lock
	@touch $@

repro: setup  ## run the whole pipeline, then show the losses side by side
	@$(RUN) dvc repro
	@echo
	@$(RUN) python -m tagger results
	@printf '\nNext:\n'
	@printf '  %-58s %s\n' \
		'. $(VENV)/bin/activate' 'activate the environment for the commands below' \
		'python -m tagger predict "The dog ate the book"' 'tag a sentence' \
		'make ui' 'compare the losses in MLflow (or: mlflow ui)' \
		'dvc exp run -S train.epochs=20' 'try another setting; params.yaml has them all' \
		'dvc exp show' 'the experiments so far'
	@echo && $(RUN) python -m tagger verify

test: setup  ## check format, lint and types, and run the quick tests
	@$(RUN) ruff format --check .
	@$(RUN) ruff check .
	@$(RUN) mypy
	@$(RUN) pytest -m 'not slow' -n 2 --dist loadfile --no-loadscope-reorder

check-slow: setup  ## run the tests that take minutes
	@$(RUN) pytest -m slow

ui: setup  ## open MLflow's UI on http://127.0.0.1:5000, with a run for every output on disk
	@$(RUN) python -m tagger sync
	@$(RUN) MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false mlflow ui --workers 1

# Kept are the params that differ and the accuracies; its other columns are further metrics, and hashes of dependencies.
experiments: setup  ## list DVC's experiments with their accuracies and the params that differ
	@$(RUN) dvc exp show --only-changed --keep '\w+[.]accuracy' \
		--drop '(?!Experiment|seed|device|losses|(data|model|train|export)[.])'

# All with the same seed and settings. SET="-S data.train=... -S data.dev=... -S data.test=..." names your corpus.
losses: setup  ## train all five losses and compare them (SET="-S ..." changes params)
	@$(RUN) dvc exp run --name five-losses --force -S 'losses=[nll,cross_entropy,softmax_nll,mse,hinge]' $(SET)
	@$(RUN) python -m tagger results

# What docs and tests cite: nothing else writes to recorded/.
CITED := dvc.lock params.yaml metrics/compare.json metrics/losses.json metrics/evaluate/nll.json

record: setup  ## for maintainers: run what is committed, then all five losses, and keep both runs in recorded/
	@$(RUN) dvc repro
	@$(RUN) dvc exp run --temp --name recorded --force -S 'losses=[nll,cross_entropy,softmax_nll,mse,hinge]'
	@mkdir -p recorded/starter recorded/five-losses
	@tar -c $(CITED) | tar -x -C recorded/starter
	@git archive "refs/exps/$$(git rev-parse HEAD | sed 's|^..|&/|')/recorded" $(CITED) | tar -x -C recorded/five-losses

# The tutorial's run: one sentence a step, plain SGD, and the sizes of its network.
tutorial: setup  ## train as PyTorch's tutorial does, on two sentences, and tag its test sentence
	@$(RUN) dvc exp run --name tutorial --force \
		-S data.train=data/tutorial/train.csv -S data.dev=data/tutorial/dev.csv -S data.test=data/tutorial/test.csv \
		-S data.lowercase=false -S model.word_dim=6 -S model.hidden=6 -S model.characters=none -S model.affix_dim=0 \
		-S model.bidirectional=false -S model.dropout=0 -S train.epochs=300 -S train.batch_tokens=1 \
		-S train.min_batches=1 -S train.optimizer=sgd -S train.learning_rate=0.1 -S train.schedule=constant \
		-S train.clip_norm=0 -S train.word_dropout=0
	@$(RUN) python -m tagger predict "The cat heard that dog"

# The peers need other versions of some packages, so they have their own environment.
bench: $(BENCH_VENV)/installed  ## measure speed beside other taggers (CORPUS=, PEERS="crf spacy", QUICK=1, ACCURACY=1)
	@$(BENCH_VENV)/bin/python -m bench $(if $(CORPUS),--corpus "$(CORPUS)") $(if $(PEERS),--peers "$(PEERS)") \
		$(if $(QUICK),--quick) $(if $(ACCURACY),--accuracy)

$(BENCH_VENV)/installed: bench/requirements.lock
	$(PYTHON) -m venv $(BENCH_VENV)
	$(BENCH_VENV)/bin/python -m pip install --quiet --requirement bench/requirements.lock
	@touch $@

lock: setup  ## renew the locks from pyproject.toml, and the versions in tagger/*/versions.txt from requirements.lock
	@$(call COMPILE,dev serving spark tokenize tracking training,requirements.lock)
	@$(call COMPILE,bench spark training,bench/requirements.lock)
	@for file in tagger/*/versions.txt; do \
		lines=$$(for name in $$(cut -d= -f1 $$file); do grep "^$$name==" requirements.lock || exit 1; done) && \
		echo "$$lines" > $$file || { echo "error: $$file: a package is not in requirements.lock" >&2; exit 1; }; \
	done
