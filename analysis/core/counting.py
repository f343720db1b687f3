"""Numbers of things in words: “1 concept”, “7 concepts”, “1 cell is”."""


def count(number: float, what: str, digits: str = ",.0f") -> str:
    """“1 concept”, “7 concepts”, “1,397 concepts”."""
    ending = "" if number == 1 else "s"
    return f"{number:{digits}} {what}{ending}"


def count_are(number: float, what: str) -> str:
    """“1 cell is”, “7 cells are”."""
    verb = "is" if number == 1 else "are"
    return f"{count(number, what)} {verb}"
