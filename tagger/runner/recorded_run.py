"""Whether the outputs are those of the recorded run, byte for byte, and if not, why.

`recorded/starter` holds the `dvc.lock` of that run. Unlike the one that DVC writes, it stays as it is, whatever runs.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tagger.core.common import arithmetic
from tagger.core.params.reader import flatten, read_params
from tagger.core.params.schema import EvaluateView
from tagger.runner.dvc_lock import UNRECORDED, LockedStage, read_lock_file
from tagger.runner.machine import processor_name
from tagger.runner.stage_code import FOLDERS, other_versions

RECORDED = Path("recorded/starter")
Stages = Mapping[str, LockedStage]


def compare_with_recorded() -> str:
    """Return a line on the outputs that `dvc.lock` names, which are those on the disk after a whole `dvc repro`.

    Raises:
        InputError: a lock file or `params.yaml` is damaged.
    """
    recorded = read_lock_file(RECORDED)
    if not recorded:
        return f"There is no recorded run to compare with: {RECORDED}/dvc.lock is missing."
    locked = read_lock_file()
    own = {name: locked.get(name, UNRECORDED) for name in recorded}
    if all(own[name].outs == stage.outs for name, stage in recorded.items()):
        return "Same bytes as the recorded run."
    if reason := next(_reasons(recorded, own), None):
        return f"Other bytes than the recorded run, as expected: {reason}."
    places = [
        f"{name} ({', '.join(out for out in stage.outs if own[name].outs.get(out) != stage.outs[out])})"
        for name, stage in recorded.items()
        if own[name].deps == stage.deps and own[name].outs != stage.outs
    ]
    found = f"{'; '.join(places)} on {processor_name()}"
    return f"Other bytes than the recorded run, and nothing known explains it; please report this: {found}."


def _reasons(recorded: Stages, own: Stages) -> Iterator[str]:
    """Yield what may explain other bytes; what takes longest to find out comes last."""
    before, now = _settings(recorded), _settings(own)
    for name in before:
        if name in now and before[name] != now[name]:
            yield f"{name}: {before[name]} -> {now[name]}"
    for name, stage in own.items():
        if not stage.outs:
            yield f"{name} has not run"
    made = [f"{out}/" for stage in recorded.values() for out in stage.outs]
    for name, stage in recorded.items():
        for dep, md5 in stage.deps.items():
            if own[name].deps.get(dep) != md5 and not any(out.startswith(f"{dep}/") for out in made):
                yield f"{dep} has changed"
    for stage_name in FOLDERS:
        yield from other_versions(stage_name)
    from tagger.core.network.device import choose_device

    if limit := arithmetic.limits(choose_device(read_params(EvaluateView).device).type):
        yield f"it ran on {limit}"


def _settings(stages: Stages) -> dict[str, Any]:
    sections: dict[str, Any] = {}
    for stage in stages.values():
        sections |= stage.params
    return flatten(sections)
