"""The parts of the suite that .ci/run and test_backends.py take in turn."""

from types import SimpleNamespace

import pytest
from conftest import _part, part


def items():
    for file in ("a", "b"):
        yield from (SimpleNamespace(path=file, name=f"test_{number}") for number in range(5))
        for test in ("fits", "saves"):
            for case in ("one", "two", "three"):
                yield SimpleNamespace(path=file, name=f"{test}[{case}]", callspec=SimpleNamespace(id=case))


def test_all_parts_together_are_the_whole_and_keep_what_shares_a_parameter_together():
    whole = [*items()]
    parts = [_part(whole, (index, 3), of=lambda item: True) for index in (1, 2, 3)]
    assert sorted(id(item) for some in parts for item in some) == sorted(map(id, whole))
    for some in parts:
        assert len(some) in (7, 8)
        names = {(item.path, item.name) for item in some}
        for file, name in names:
            assert name.replace("fits[", "saves[") == name or (file, name.replace("fits[", "saves[")) in names


def test_a_part_of_some_keeps_all_others():
    whole = [*items()]
    for index in (1, 2):
        left = _part(whole, (index, 2), of=lambda item: item.path == "b")
        assert [item for item in left if item.path == "a"] == [item for item in whole if item.path == "a"]
        assert 0 < sum(item.path == "b" for item in left) < 11


@pytest.mark.parametrize("wrong", ["0/3", "4/3", "1", "a/b"])
def test_what_is_no_part_is_refused(wrong):
    with pytest.raises(ValueError):
        part(wrong)
