"""Whether the outputs match the recorded run byte for byte and, if not, why."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from tagger.core.common import arithmetic
from tagger.core.params.reader import flatten, read_params
from tagger.core.params.schema import EvaluateView
from tagger.runner.dvc_lock import UNRECORDED, LockedStage, read_lock_file
from tagger.runner.machine import processor_name
from tagger.runner.stage_files import FOLDERS, other_versions

RECORDED = Path("recorded/starter")  # has the `dvc.lock` of that run; unlike DVC's own, no run changes it
Stages = Mapping[str, LockedStage]


def compare_with_recorded() -> str:
    """Return a line about the outputs listed in `dvc.lock`: after a whole `dvc repro`, those on disk.

    Raises InputError if a lock file or `params.yaml` is damaged.
    """
    recorded, locked = read_lock_file(RECORDED), read_lock_file()
    if not recorded:
        return f"There is no recorded run to compare with: {RECORDED}/dvc.lock is missing."
    own = {name: locked.get(name, UNRECORDED) for name in recorded}
    if all(own[name].outs == stage.outs for name, stage in recorded.items()):
        return "Same bytes as the recorded run."
    if reason := next(_reasons(recorded, own), None):
        return f"The bytes differ from the recorded run, as expected: {reason}."
    changed = [
        f"{out} of {name}"
        for name, stage in recorded.items()
        if own[name].deps == stage.deps
        for out, md5 in stage.outs.items()
        if own[name].outs.get(out) != md5
    ]
    found = f"{', '.join(changed)}, on {processor_name()}"
    return f"The bytes differ from the recorded run for no known reason; please report this: {found}."


def _reasons(recorded: Stages, own: Stages) -> Iterator[str]:
    """Yield possible reasons for other bytes, the slowest to find last."""
    before, now = (
        flatten({key: value for stage in stages.values() for key, value in stage.params.items()})
        for stages in (recorded, own)
    )
    for name, value in before.items():
        if now.get(name, value) != value:
            yield f"{name}: {value} -> {now[name]}"
    yield from (f"{name} has not run" for name, stage in own.items() if not stage.outs)
    made = [f"{out}/" for stage in recorded.values() for out in stage.outs]
    for name, stage in recorded.items():
        for dep, md5 in stage.deps.items():
            if own[name].deps.get(dep) != md5 and not any(out.startswith(f"{dep}/") for out in made):
                yield f"{dep} has changed"
    for stage_name in FOLDERS:
        yield from other_versions(stage_name)
    from tagger.core.network.device import choose_device  # torch takes seconds to import

    if limit := arithmetic.limits(choose_device(read_params(EvaluateView).device).type):
        yield f"it ran on {limit}"
