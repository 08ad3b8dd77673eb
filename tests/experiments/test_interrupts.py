"""The first Ctrl-C is noted, the second one raises."""

import os
import signal

import pytest

from experiments.interrupts import deferred


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
