"""One process of several that compute a study together, on a stand-in for a model.

``python -m tests.sharing STUDY NUMBER OF LEASE [SECONDS]``: SECONDS are slept at each
read, so that others find the study half done.
"""

import sys
import time

from analysis.concepts import plan
from analysis.study import store
from analysis.study.together import Shard
from tests import reading


class SlowReader(reading.FakeReader):
    """Reads as the stand-in does, after a while."""

    def __init__(self, seconds: float):
        super().__init__()
        self.seconds = seconds

    def stream(self, texts, consumers):
        """Feed the consumers after a while."""
        time.sleep(self.seconds)
        super().stream(texts, consumers)


def main(name: str, number: str, of: str, lease: str, seconds: str = "0") -> None:
    """Take part until the study is whole."""
    shard = Shard(int(number), int(of), float(lease))
    reader = SlowReader(float(seconds))
    given = reading.corpus(concepts=("fairness", "truth"))
    told = {}

    def progress(done: int, total: int, doing: str) -> None:
        told[doing] = None

    plan.run_together(store.root() / name, given, reader, shard, progress)
    # What this process computed, for whoever counts.
    print("\n".join(each for each in told if " · " in each))


if __name__ == "__main__":
    main(*sys.argv[1:])
