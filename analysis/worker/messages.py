"""What a server and its worker processes say to each other, over pipes of their own.

Each message is pickled by one of our processes and read by the other; nothing that a user
sent is ever read this way. What pages read comes without torch.
"""

import pickle
import threading
from dataclasses import dataclass
from typing import IO, Any

from analysis.core.errors import AnalysisError
from analysis.core.model_memory import Memory
from analysis.core.specs import ModelSpec
from analysis.worker.service import Holding, Job


@dataclass(frozen=True)
class Do:
    """To a worker: a job, and its pickled work."""

    number: int
    owner: str
    title: str
    model: ModelSpec | None
    work: bytes


@dataclass(frozen=True)
class Stop:
    """To a worker: its user has asked a job to stop, or nobody looks at it any more."""

    number: int


@dataclass(frozen=True)
class GoOn:
    """To a worker that has let others through: there are none, or no more."""


@dataclass(frozen=True)
class Told:
    """From a worker: where a job stands, what there is to say, and what it has to show.

    ``partial`` is pickled; empty: it is as it was.
    """

    number: int
    done: int
    total: int
    doing: str
    notices: tuple[str, ...]
    partial: bytes = b""

    def note(self, job: Job) -> None:
        """Let a job of the server show the same."""
        if self.partial:
            job.partial = pickle.loads(self.partial)
        job.notices[:] = self.notices
        job.done = self.done
        job.total = self.total
        job.doing = self.doing
        job.on_progress(self.done, self.total, self.doing)


@dataclass(frozen=True)
class State:
    """From a worker: the models that it holds, and what is free beside them."""

    holding: Holding
    memory: Memory | None = None


@dataclass(frozen=True)
class GiveWay:
    """From a worker between two parts of a long job: others may be done now."""

    holding: Holding


@dataclass(frozen=True)
class Fault:
    """A fault of Babelscope itself, in words; the worker's log has the rest."""

    kind: str
    said: str


@dataclass(frozen=True)
class Ended:
    """From a worker: what became of a job. Its result is pickled."""

    number: int
    state: State
    result: bytes = b""
    error: AnalysisError | None = None
    fault: Fault | None = None


@dataclass(frozen=True)
class Gone:
    """Stands for the end of a pipe: the other process is no more."""


class FaultElsewhere(Exception):
    """A fault of Babelscope itself that was met in another process."""

    def __init__(self, fault: Fault) -> None:
        self.kind = fault.kind
        super().__init__(fault.said)


class Line:
    """One direction of a pipe, into which any thread may speak."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self.pipe = pipe
        self.lock = threading.Lock()

    def send(self, message: Any) -> None:
        """Send a message; OSError when nobody is there to hear it."""
        written = pickle.dumps(message)
        with self.lock:
            self.pipe.write(written)
            self.pipe.flush()


def next_of(pipe: IO[bytes]) -> Any:
    """The next message of a pipe; Gone at its end, also in the middle of one."""
    try:
        return pickle.load(pipe)
    except (EOFError, OSError, ValueError, pickle.UnpicklingError):
        return Gone()
