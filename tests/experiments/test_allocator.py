"""A step that needs as much memory as the one before gets the same pages again."""

import subprocess
import sys

import pytest

FAULTS = """
import resource, sys, torch
from experiments.allocator import keep_freed_memory

def pages():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

if sys.argv[1] == "keep" and not keep_freed_memory():
    raise SystemExit("no glibc")
for step in range(30):
    if step == 10:
        before = pages()
    torch.zeros(16, 1024, 1024)
print(pages() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc is what Linux has")
def test_freed_memory_is_used_again():
    def faults(word: str) -> int:
        return int(subprocess.run([sys.executable, "-c", FAULTS, word], check=True, capture_output=True).stdout)

    assert faults("keep") * 10 < faults("leave")
