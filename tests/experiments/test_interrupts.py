"""The first Ctrl-C is noted, the second one raises; SIGTERM is noted as often as it comes."""

import os
import signal

import pytest

from experiments.interrupts import deferred, terminated_by_ctrl_c


def press() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_first_is_noted_second_raises_and_the_handler_comes_back():
    before = signal.getsignal(signal.SIGINT)
    with deferred() as interrupted:
        assert not interrupted()
        press()
        assert interrupted()
        with pytest.raises(KeyboardInterrupt):
            press()
    assert signal.getsignal(signal.SIGINT) is before


def test_sigterm_is_noted_however_often_it_comes():
    before = signal.getsignal(signal.SIGTERM)
    with deferred() as interrupted:
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGTERM)
        assert interrupted()
    assert signal.getsignal(signal.SIGTERM) is before


def test_sigterm_is_ctrl_c_where_nothing_notes_it():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), terminated_by_ctrl_c():
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before
