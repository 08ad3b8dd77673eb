"""The dead of this machine are known exactly."""

import os
import subprocess
import sys

from sweeps.signature import gone, this_worker


def test_this_process_lives():
    assert gone(this_worker()) is False


def test_a_number_that_is_used_again_is_not_who_had_it():
    machine, pid, _ = this_worker().rsplit(":", 2)
    assert gone(f"{machine}:{pid}:1.00") is True


def test_an_ended_process_is_gone_also_as_a_zombie():
    process = subprocess.Popen(
        [sys.executable, "-c", "from sweeps.signature import this_worker; print(this_worker(), flush=True)"],
        stdout=subprocess.PIPE,
        text=True,
    )
    name = process.stdout.readline().strip()
    process.stdout.close()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and stays a zombie
    assert gone(name) is True
    process.wait()
    assert gone(name) is True


def test_another_machine_s_is_left_to_it():
    assert gone("elsewhere:1:1.00") is None
