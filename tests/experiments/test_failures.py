"""The same fault has the same cause, and want of memory has a hint."""

import errno

import pytest
import torch

from experiments.failures import OUT_OF_MEMORY, cause, describe, kind, last_lines


def test_numbers_and_addresses_are_no_part_of_the_kind_of_a_cause():
    first = ValueError("utterance 17 at 0x7f00aa: shape (8, 40) in run 4f2ab0c17de94d0b")
    second = ValueError("utterance 9 at 0x11: shape (16, 41.5) in run 00ffab0c17de9412")
    assert cause(first) == f"ValueError: {first}"
    assert kind(cause(first)) == kind(cause(second))
    assert kind(kind(cause(first))) == kind(cause(first))  # as studies of earlier versions hold it
    assert kind(cause(first)) != kind(cause(TypeError(str(first))))
    assert kind(cause(ValueError("no such layer: conv"))) != kind(cause(ValueError("no such layer: gru")))
    assert cause(ValueError("two\nlines")) == "ValueError: two lines"


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
    ],
)
def test_want_of_memory_has_a_hint(error):
    assert describe(error).text.splitlines()[1] == OUT_OF_MEMORY


def test_an_allocation_that_fails_for_real_has_the_hint():
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60)
    text = describe(caught.value).text
    assert text.startswith("RuntimeError")
    assert OUT_OF_MEMORY in text.splitlines()
    assert text.splitlines()[-1].strip() == "torch.empty(2**60)"


def test_other_failures_have_none():
    assert "hint" not in describe(RuntimeError("out of patience")).text


def test_the_end_of_a_traceback_is_kept():
    text = "\n".join(f"line {number}" for number in range(30))
    assert last_lines(text).splitlines()[-1] == "line 29"
    assert len(last_lines(text).splitlines()) == 12
