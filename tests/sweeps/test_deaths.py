"""Why a worker died is told as far as it is known, and no further."""

from sweeps import deaths
from sweeps.deaths import Coroner


def test_want_of_memory_is_told_only_when_the_kernel_counted_it(monkeypatch, tmp_path):
    counts = tmp_path / "vmstat"
    monkeypatch.setattr(deaths, "_KERNEL_COUNTS", counts)
    counts.write_text("nr_free_pages 7\noom_kill 2\n")
    coroner = Coroner()
    assert "for want of memory" not in coroner.examine(-9).why
    counts.write_text("nr_free_pages 7\noom_kill 3\n")
    assert "lower data.batch_size" in coroner.examine(-9).why
    assert "for want of memory" not in coroner.examine(-9).why


def test_a_system_that_counts_nothing_tells_the_signal(monkeypatch, tmp_path):
    monkeypatch.setattr(deaths, "_KERNEL_COUNTS", tmp_path / "nowhere")
    assert "signal 9" in Coroner().examine(-9).why


def test_an_exit_code_points_at_what_was_printed():
    assert "code 1: what it printed" in Coroner().examine(1).why
