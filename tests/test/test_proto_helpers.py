"""The old name works, and says so."""

from __future__ import annotations

import warnings

import pytest

from pcstream.internet import testing
from pcstream.test import proto_helpers


@pytest.mark.parametrize("name", testing.__all__)
def test_each_name_is_the_new_one_and_warns(name):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        found = getattr(proto_helpers, name)
    assert found is getattr(testing, name)
    [warning] = seen
    assert warning.category is DeprecationWarning
    assert warning.filename == __file__
    text = str(warning.message)
    assert text.startswith(
        f"pcstream.test.proto_helpers.{name} was deprecated in Twisted 19.7.0: "
        f"Please use pcstream.internet.testing.{name} instead"
    )


def test_same_names():
    assert sorted(proto_helpers.__all__) == sorted(testing.__all__)
    assert set(proto_helpers.__all__) <= set(dir(proto_helpers))


def test_other_names_are_errors():
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = proto_helpers.nothing
