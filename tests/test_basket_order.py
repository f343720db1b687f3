"""Figures of the basket keep places of their own, whoever changes it at the same time."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from components.paperpack import basket
from tests.test_pack import recipe

ROOT = Path(__file__).parent.parent
OTHER = """
from components.paperpack import basket
from tests.test_pack import recipe
for _ in range(12):
    number = basket.add(recipe())
    basket.move(number, -1)
"""


def titles() -> str:
    """Titles of the figures, in order."""
    return "".join(item.recipe.figure.title for item in basket.items())


def places() -> list[float]:
    """Where the figures are."""
    return [item.place for item in basket.items()]


def added(letters: str) -> dict[str, str]:
    """Figures of these titles: title → number."""
    return {letter: basket.add(recipe(title=letter)) for letter in letters}


def test_a_figure_that_comes_back_shares_its_place_with_none(home):
    numbers = added("AB")
    basket.remove(numbers["B"])
    numbers |= added("C")
    basket.restore(numbers["B"])
    assert titles() == "ABC" and len(set(places())) == 3
    basket.move(numbers["B"], 1)
    assert titles() == "ACB"
    basket.move(numbers["B"], -1)
    basket.move(numbers["B"], -1)
    assert titles() == "BAC" and len(set(places())) == 3


def test_a_basket_with_two_figures_at_one_place_is_put_in_order_by_a_move(home):
    numbers = added("abc")
    for path in basket.folder().glob("*.json"):
        path.rename(path.with_name(f"1_{basket.name_of(path).number}.json"))
    before = titles()
    basket.move(numbers[before[2]], -1)
    assert titles() == before[0] + before[2] + before[1]
    assert places() == [1, 2, 3]


def test_a_damaged_figure_keeps_its_place_and_moves(home):
    numbers = added("abc")
    basket.path_of(numbers["b"]).write_text("{")
    assert [item.number for item in basket.items()] == list(numbers.values())
    basket.move(numbers["b"], 1)
    assert basket.items()[2].number == numbers["b"]


@pytest.mark.parametrize("name", ["nan_a.json", "inf_b.json", "odd.json", "[x]_.json"])
def test_a_file_of_another_name_is_last_and_can_be_moved_and_removed(home, name):
    added("ab")
    (basket.folder() / name).write_text("{")
    (_, _, odd) = basket.items()
    basket.move(odd.number, -1)
    assert basket.items()[1].number == odd.number
    basket.remove(odd.number)
    assert titles() == "ab" and basket.removed() == [odd.number]


def test_numbers_are_compared_whole(home):
    numbers = added("ab")
    first = basket.path_of(numbers["a"])
    ending = numbers["a"][-2:]
    (first.parent / f"7_{ending}.json").write_text("{")
    basket.remove(ending)
    assert titles() == "ab"


def test_threads_and_processes_give_every_figure_its_own_place(home):
    others = []
    for _ in range(2):
        others.append(subprocess.Popen([sys.executable, "-c", OTHER], cwd=ROOT))
    threads = [threading.Thread(target=added, args=("abcdef",)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for other in others:
        assert other.wait(120) == 0
    found = places()
    assert len(found) == 4 * 6 + 2 * 12 == len(set(found))
