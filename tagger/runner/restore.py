"""Putting back what DVC removed, when a stage fails."""

import subprocess


def restore_outputs(stage_name: str) -> None:
    """Put back the outputs of a failed stage as they were before DVC removed them to run it.

    DVC removes a stage's outputs first and can't bring them back on failure. `persist: true` would keep them, but it
    turns the run-cache off. DVC's cache has their content, metrics included, under the hashes of `dvc.lock`; in a
    fresh clone the cache is empty, and git has the metrics. Outputs that neither has are left alone.

    Args:
        stage_name: as in `DVC_STAGE`, such as `train@nll`.
    """
    from dvc.dvcfile import Lockfile
    from dvc.repo import Repo
    from dvc.stage import PipelineStage, create_stage
    from dvc.stage.loader import StageLoader

    with Repo() as repo:
        locked = Lockfile(repo, "dvc.lock").load().get("stages", {}).get(stage_name)
        if not locked:
            return
        # A stage of plain outputs: DVC would not check out metrics declared with `cache: false`.
        outs = [out["path"] for out in locked["outs"]]
        stage = create_stage(PipelineStage, repo=repo, path="dvc.yaml", cmd=locked["cmd"], outs=outs)
        StageLoader.fill_from_lock(stage, locked)
        for out in stage.outs:
            if repo.cache.local.exists(out.hash_info.value):
                out.checkout(force=True)
            elif not out.exists:
                subprocess.run(
                    ["git", "checkout", "--quiet", "--", out.def_path], stderr=subprocess.DEVNULL, check=False
                )
