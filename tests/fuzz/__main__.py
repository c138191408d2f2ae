"""Fuzz: `python -m tests.fuzz 600` for ten minutes in all, `... 60 export` for one target alone.

Each fault is printed, and its case kept in tests/fuzz/cases/, where test_fuzz.py reads it again.
"""

import random
import resource
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

from tests.fuzz.fuzzer import Fuzzer, read_cases, write_case
from tests.fuzz.targets import TARGETS

MEMORY = 2**30  # bytes of addresses that a case may take beyond what the good files have taken


def fuzz(name: str, seconds: float, seed: int) -> int:
    """Fuzz a target; return the number of faults."""
    found = 0
    with tempfile.TemporaryDirectory() as folder:
        fuzzer = Fuzzer(TARGETS[name], Path(folder))
        fuzzer.run({})  # which imports what it needs
        pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[0])
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY, resource.RLIM_INFINITY))
        for case, fault in fuzzer.search(read_cases(name), seconds, random.Random(seed)):
            found += 1
            where = write_case(name, f"found-{sha256(fault.place.encode()).hexdigest()[:8]}", case)
            print(f"{where}: {fault.place}\n{fault.report}", flush=True)
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print(f"{name}: {fuzzer.runs} cases, {fuzzer.edges} edges, {len(fuzzer.corpus)} kept, {found} faults", flush=True)
    return found


def main(seconds: str, *names: str) -> int:
    """Fuzz targets, all by default, for so many seconds in sum; return the number of faults."""
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    return sum(fuzz(name, float(seconds) / len(names or TARGETS), seed) for name in names or TARGETS)


if __name__ == "__main__":
    sys.exit(bool(main(*sys.argv[1:])))
