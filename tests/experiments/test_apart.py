"""What another process returns or raises is returned or raised here, and its modules stay there."""

import sys

import pytest

from experiments.apart import call_apart


def test_what_is_returned_comes_back_and_the_module_stays_away():
    assert call_apart("nturl2path", "url2pathname", "///C:/a/b") == "C:\\a\\b"
    assert "nturl2path" not in sys.modules


def test_what_is_raised_is_raised_here():
    with pytest.raises(ValueError, match=r"domain|nonnegative"):
        call_apart("math", "sqrt", -1.0)
