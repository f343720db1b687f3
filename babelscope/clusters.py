"""Scripts for batch systems: an array of tasks that compute one study together."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from analysis.core import settings
from analysis.core.errors import SpecError, unknown

MOST = 10_000
"""Tasks of an array."""
WARNING_SECONDS = 120
"""Before the time limit, at which a task is told to end and is queued again."""


@dataclass(frozen=True)
class Wanted:
    """What each task of an array gets, and how many tasks there are."""

    shards: int = 8
    gpus: int = 0
    cpus: int = 4
    memory: str = "16G"
    hours: float = 4.0
    partition: str = ""

    def check(self) -> None:
        """SpecError for numbers that no cluster takes."""
        if not 1 <= self.shards <= MOST:
            raise SpecError(f"--shards must be 1 to {MOST:,}; given is {self.shards}.")
        if self.gpus < 0 or self.cpus < 1:
            raise SpecError("A task has 0 GPUs or more, and at least one processor.")
        if not 0.1 <= self.hours <= 10_000:
            raise SpecError(f"--hours must be 0.1 to 10,000; given is {self.hours:g}.")
        for text in (self.memory, self.partition):
            if any(not (char.isalnum() or char in "._-") for char in text):
                raise SpecError(f"“{text[:60]}” is no name or size of a cluster.")

    @property
    def clock(self) -> str:
        """The time limit as hours, minutes and seconds."""
        minutes = round(60 * self.hours)
        return f"{minutes // 60:02d}:{minutes % 60:02d}:00"


def script(system: str, wanted: Wanted, command: str) -> str:
    """A complete script for a batch system of SYSTEMS; SpecError for another one.

    ``command`` is what one machine would be given, without ``babelscope``.
    """
    if system not in SYSTEMS:
        raise unknown("batch system", system, SYSTEMS)
    wanted.check()
    return SYSTEMS[system](wanted, command)


def slurm(wanted: Wanted, command: str) -> str:
    """For ``sbatch``. A task near its limit, or preempted, is queued again."""
    lines = [
        "#!/bin/bash",
        "#SBATCH --job-name=babelscope",
        f"#SBATCH --array=1-{wanted.shards}",
        f"#SBATCH --cpus-per-task={wanted.cpus}",
        f"#SBATCH --mem={wanted.memory}",
        f"#SBATCH --time={wanted.clock}",
        "#SBATCH --requeue",
        f"#SBATCH --signal=B:USR1@{WARNING_SECONDS}",
        "#SBATCH --output=babelscope-%A-%a.log",
        "#SBATCH --open-mode=append",
    ]
    if wanted.gpus:
        lines.append(f"#SBATCH --gres=gpu:{wanted.gpus}")
    if wanted.partition:
        lines.append(f"#SBATCH --partition={wanted.partition}")
    again = 'scontrol requeue "${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"'
    return "\n".join(
        [
            *lines,
            "",
            *surroundings(wanted),
            "",
            "# Near the time limit: end at a whole cell, and be queued again.",
            "again() {",
            '  kill -INT "$task" && wait "$task"',
            f"  {again}",
            "  exit 0",
            "}",
            "trap again USR1",
            "",
            f"{call(command, '${SLURM_ARRAY_TASK_ID}', wanted)} &",
            "task=$!",
            'wait "$task"',
            "",
        ]
    )


def pbs(wanted: Wanted, command: str) -> str:
    """For ``qsub`` of PBS; a task that is rerun goes on with what is missing."""
    chosen = f"select=1:ncpus={wanted.cpus}:mem={wanted.memory.lower()}b"
    if wanted.gpus:
        chosen += f":ngpus={wanted.gpus}"
    lines = [
        "#!/bin/bash",
        "#PBS -N babelscope",
        f"#PBS -J 1-{wanted.shards}",
        f"#PBS -l {chosen}",
        f"#PBS -l walltime={wanted.clock}",
        "#PBS -r y",
        "#PBS -j oe",
    ]
    if wanted.partition:
        lines.append(f"#PBS -q {wanted.partition}")
    return "\n".join(
        [
            *lines,
            "",
            'cd "$PBS_O_WORKDIR" || exit 1',
            *surroundings(wanted),
            "",
            call(command, "${PBS_ARRAY_INDEX}", wanted),
            "",
        ]
    )


def parallel(wanted: Wanted, command: str) -> str:
    """For GNU parallel on one machine, or on several with its ``--sshlogin``."""
    return "\n".join(
        [
            "#!/bin/bash",
            *surroundings(wanted),
            "",
            f"one() {{ {call(command, '$1', wanted)}; }}",
            "export -f one",
            f"seq {wanted.shards} | parallel --jobs {wanted.shards} --line-buffer one {{}}",
            "",
        ]
    )


def surroundings(wanted: Wanted) -> list[str]:
    """Where Babelscope keeps its things, which all tasks must share."""
    return [
        "# All tasks share this folder; models are read from it too.",
        f'export BABELSCOPE_HOME="${{BABELSCOPE_HOME:-{settings.home()}}}"',
        f"export OMP_NUM_THREADS=${{OMP_NUM_THREADS:-{wanted.cpus}}}",
    ]


def call(command: str, number: str, wanted: Wanted) -> str:
    """The command of one task."""
    return f"babelscope {command} --shard {number}/{wanted.shards}"


SYSTEMS: Mapping[str, Callable[[Wanted, str], str]] = {
    "slurm": slurm,
    "pbs": pbs,
    "parallel": parallel,
}
"""Batch system → what writes its script."""
