"""A study computed on a Dask cluster: every worker takes part until nothing is missing.

Dask starts processes and replaces those that die; which cells a worker computes is
settled by claims in the study's folder, as among any processes. So a worker that is lost
costs one part, and the study has the same bytes wherever it was computed.
"""

import importlib
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from analysis.concepts.pairs import Corpus
from analysis.concepts.specs import StudySpec
from analysis.control import standing as control_standing
from analysis.control import store as control
from analysis.core import files, settings
from analysis.core.counting import count, count_are
from analysis.core.errors import AnalysisError, DiskError, ModelError, Stopped
from analysis.core.version import __version__
from analysis.study import standing, stop_mark, store
from analysis.study.claims import LEASE
from analysis.study.together import Shard
from analysis.worker.cluster_names import KINDS, Cluster, cluster_of
from analysis.worker.extraction import extract_study, resume_study
from analysis.worker.inline import POOL
from analysis.worker.service import Job, Pool, Task
from analysis.worker.stops import stopped_when, stopped_with_others

if TYPE_CHECKING:
    from distributed import Client, Future

MakeTask = Callable[[Shard], Task[Any]]
"""What one of several processes does, by which of them it is."""
GoOn = Callable[[str, Job, Pool, Shard], None]
"""Computes what is missing of a part of a study, as one of several processes."""
PATIENCE = 20.0
"""Seconds for which a scheduler, a first worker and the end of a stop are waited for."""
GLANCE = 0.5
"""Seconds between two looks at how far it is."""
GPU = "GPU"
"""The resource that workers with a device of their own declare."""
LOST = (
    "The connection to the cluster’s scheduler was lost. What is finished is kept, and "
    "workers that live may go on; the Studies page shows whether they do, and goes on."
)
ONE_AT_A_TIME = threading.Lock()
"""In a worker's process: tasks that were moved to it wait, since one model is enough."""


def compute(
    where: str, make: MakeTask, study: str, job: Job, lease: float = LEASE
) -> None:
    """Let every worker of a cluster take part in a study, until nothing is missing.

    ``study`` is its name, also where it is not begun yet. Stop and Ctrl+C stop the
    workers at their next step. So does the end of this process, unless the job is one
    that can be left and the cluster lives by itself. SpecError for an unknown cluster,
    ModelError for one that does not answer or cannot take part, and what the workers
    raise where none of them came to an end.
    """
    cluster = cluster_of(where)
    with connected(cluster, job) as client:
        check_workers(client)
        everybody(client, cluster, make, study, job, lease)


def compute_begun(where: str, begin: Task[str], go_on: GoOn, job: Job) -> str:
    """The same once one worker has begun a part of a study; the study's name."""
    cluster = cluster_of(where)
    with connected(cluster, job) as client:
        check_workers(client)
        study = begun_by_one(client, begin, job)
        make = partial(part_of_study, go_on, study)
        everybody(client, cluster, make, study, job, LEASE)
    return study


def everybody(
    client: "Client",
    cluster: Cluster,
    make: MakeTask,
    study: str,
    job: Job,
    lease: float,
) -> None:
    """Let all workers take part in a study, and wait for them."""
    stop_mark.take_away(store.root() / study)
    futures = submitted(client, make, cluster.workers, lease)
    if job.aside and not cluster.kind:
        # The page can be left, and its server be started anew: they go on.
        outlive(futures)
    try:
        watch(futures, study, job)
    finally:
        ended(client, futures)
    conclude(futures, job)


def outlive(futures: Sequence["Future"]) -> None:
    """Let tasks go on where this process ends before them."""
    from distributed import fire_and_forget

    fire_and_forget(futures)


def begun_by_one(client: "Client", begin: Task[str], job: Job) -> str:
    """The study in which one worker has begun something.

    One that lacks the model leaves it to the next. Raises what the last one did.
    """
    workers = client.scheduler_info(n_workers=-1)["workers"]
    failed: BaseException | None = None
    for address in workers:
        future = client.submit(
            performed,
            begin,
            1,
            key=f"babelscope-{secrets.token_hex(4)}-begin",
            workers=address,
            allow_other_workers=True,
            resources=resources_of(workers, address),
            pure=False,
        )
        try:
            wait_for(future, job)
        finally:
            ended(client, [future])
        failed = cast(BaseException | None, future.exception())
        if failed is None:
            told = future.result()
            tell(told.notices, job)
            return told.study
        if not isinstance(failed, ModelError):
            break
    if failed is None:
        raise ModelError("The cluster has no worker any more.")
    raise error_of_all(failed)


def wait_for(future: "Future", job: Job) -> None:
    """Wait until a worker has begun; Stopped as the job is."""
    while not future.done():
        job.progress(0, 0, "a worker looks at the model")
        time.sleep(GLANCE)


def part_of_study(go_on: GoOn, study: str, shard: Shard) -> Task[str]:
    """What one of several workers does for a part of a study."""
    return partial(gone_on_with, go_on, study, shard)


def gone_on_with(go_on: GoOn, study: str, shard: Shard, job: Job, pool: Pool) -> str:
    """The name of a study of which a part is computed."""
    with stopped_with_others(store.root() / study, job):
        go_on(study, job, pool, shard)
    return study


@contextmanager
def connected(cluster: Cluster, job: Job) -> Iterator["Client"]:
    """A client of a cluster with at least one worker; what was made for it is closed."""
    job.progress(0, 0, f"waiting for the cluster “{cluster.name}”")
    with opened(cluster) as client:
        began = time.monotonic()
        while not client.scheduler_info(n_workers=-1)["workers"]:
            job.check()
            # A queue may take long to start the first; an open cluster has some or none.
            if cluster.address and time.monotonic() - began > PATIENCE:
                raise ModelError(
                    f"The cluster {place_of(cluster)} has no worker. Start some: dask "
                    f"worker {cluster.address}"
                )
            time.sleep(GLANCE)
        yield client


@contextmanager
def opened(cluster: Cluster) -> Iterator["Client"]:
    """A client of a scheduler that answers."""
    with scheduler_of(cluster) as target:
        client = answering(target, cluster)
        try:
            yield client
        finally:
            client.close(timeout=PATIENCE)


def answering(target: Any, cluster: Cluster) -> "Client":
    """A client of what was made; ModelError where nobody answers."""
    from distributed import Client

    try:
        if cluster.scheduler_file:
            return Client(scheduler_file=cluster.scheduler_file, timeout=PATIENCE)
        return Client(target, timeout=PATIENCE)
    except (OSError, ValueError, TimeoutError) as error:
        raise ModelError(
            f"No Dask scheduler answers at {place_of(cluster)}. Check that one runs there "
            "(dask scheduler), that this is its address, and that it has distributed "
            f"{version_here()} as this machine has. Dask says: {error}"
        ) from error


def place_of(cluster: Cluster) -> str:
    """Where the scheduler of a cluster is looked for: its name, and what stands for it."""
    at = cluster.address or cluster.scheduler_file
    if at in ("", cluster.name):
        return f"“{cluster.name}”"
    return f"“{cluster.name}” ({at})"


def version_here() -> str:
    """The version of Dask's scheduler on this machine."""
    return importlib.import_module("distributed").__version__


@contextmanager
def scheduler_of(cluster: Cluster) -> Iterator[Any]:
    """What a client connects to: an address, or a cluster that is started and closed."""
    if not cluster.kind:
        yield cluster.address
        return
    maker = maker_of(cluster)
    with maker as started:
        yield started


def maker_of(cluster: Cluster) -> Any:
    """A cluster that is to be started; ModelError where its package is not installed."""
    if cluster.kind == "local":
        from analysis.worker.local_cluster import local_cluster

        return local_cluster(cluster.workers or None, dict(cluster.options))
    package = KINDS[cluster.kind]
    try:
        module = importlib.import_module(package)
    except ImportError as error:
        raise ModelError(
            f"The cluster “{cluster.name}” needs a package that this machine lacks. "
            f"Install it here: pip install {pip_name(package)}"
        ) from error
    started = getattr(module, cluster.kind)(**cluster.options)
    if cluster.workers:
        started.scale(cluster.workers)
    return started


def pip_name(package: str) -> str:
    """What pip calls a package of Dask: dask-jobqueue for dask_jobqueue."""
    return package.split(".")[0].replace("_", "-")


def submitted(
    client: "Client", make: MakeTask, wanted: int, lease: float
) -> list["Future"]:
    """A task for every worker, and for those that are wanted and not there yet."""
    workers = client.scheduler_info(n_workers=-1)["workers"]
    addresses = list(workers)
    number = max(len(addresses), wanted)
    name = secrets.token_hex(4)
    found = []
    for place in range(number):
        pinned = addresses[place] if place < len(addresses) else None
        shard = Shard(place + 1, number, lease)
        future = client.submit(
            take_part,
            make,
            shard,
            key=f"babelscope-{name}-{place}",
            workers=pinned,
            allow_other_workers=pinned is not None,
            resources=resources_of(workers, pinned),
            pure=False,
        )
        found.append(future)
    return found


def resources_of(workers: Any, address: str | None) -> dict[str, int] | None:
    """The device of its own that a worker declares, if it does."""
    declared = workers[address] if address is not None else {}
    return {GPU: 1} if GPU in declared.get("resources", {}) else None


class Told(NamedTuple):
    """The study that a worker has begun something in, and what there is to say of it."""

    study: str
    notices: list[str]


def take_part(make: MakeTask, shard: Shard) -> list[str]:
    """In a worker: compute what is missing with the others; what there is to say of it."""
    return performed(make(shard), shard.number).notices


def performed(task: Task[str], number: int) -> Told:
    """In a worker: do a task, until nobody waits for it any more."""
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()
    job = Job(number, "cluster", "cluster", task)
    with stopped_when(partial(is_unwanted, worker, key), job), ONE_AT_A_TIME:
        job.check()
        name = task(job, POOL)
    return Told(name, job.notices)


def is_unwanted(worker: Any, key: Any) -> bool:
    """Whether whoever asked for a task of this worker has let go of it, or is gone."""
    known = worker.state.tasks.get(key)
    return known is None or known.state in ("cancelled", "released", "forgotten")


def watch(futures: Sequence["Future"], study: str, job: Job) -> None:
    """Report how far the study is until all workers have ended; Stopped as the job is."""
    while not all(future.done() for future in futures):
        job.check()
        report(study, len(futures), job)
        tell_who_lacks(futures, job)
        time.sleep(GLANCE)


def tell_who_lacks(futures: Sequence["Future"], job: Job) -> None:
    """Tell of workers that do not take part, while the others compute."""
    for future in futures:
        if future.status != "error":
            continue
        error = future.exception()
        # That a worker was stopped, or a fault of ours, is told at the end.
        if isinstance(error, AnalysisError) and not isinstance(error, Stopped):
            tell([lacking(error)], job)


def lacking(error: AnalysisError) -> str:
    """What there is to say of a worker that does not take part, or of what it met."""
    if not isinstance(error, ModelError):
        return str(error)
    return f"A worker did not take part. It says of its own machine: {error}"


def report(study: str, workers: int, job: Job) -> None:
    """Cells of a study or control run that are there, and by how many workers."""
    done, of = 0, 0
    # Until the first worker has begun the study there is none.
    with suppress(AnalysisError):
        if (store.root() / study).is_dir():
            found = standing.standing(store.root() / study)
            done, of = found.done, found.of
        elif study in control.names():
            pushed = control_standing.standing(control.open_run(study))
            done, of = pushed.done, pushed.of
    job.progress(done, of, f"on {count(workers, 'worker')}")


def ended(client: "Client", futures: Sequence["Future"]) -> None:
    """Let go of what still runs, and wait until it has stopped at a whole cell."""
    waiting = [future for future in futures if not future.done()]
    if not waiting:
        return
    client.cancel(waiting, force=True)
    keys = {future.key for future in waiting}
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and keys & running(client):
        time.sleep(GLANCE)


def running(client: "Client") -> set[str]:
    """Keys of the tasks that workers still execute."""
    found: set[str] = set()
    for keys in everywhere(client, executing).values():
        # One that was lost meanwhile runs nothing.
        found.update(() if isinstance(keys, BaseException) else keys)
    return found


def everywhere(
    client: "Client", function: Callable[..., Any], *arguments: Any
) -> dict[str, Any]:
    """Address of every worker → what a function gives there, or the error that it raised."""
    found = client.run(function, *arguments, on_error="return")
    return cast(dict[str, Any], found)


def executing(dask_worker: Any) -> list[str]:
    """In a worker: keys of the tasks that its threads are busy with."""
    return list(dask_worker.active_keys)


def conclude(futures: Sequence["Future"], job: Job) -> None:
    """Tell what the workers had to say; raise as they did where none came to an end."""
    if any(future.cancelled() for future in futures):
        raise ModelError(LOST)
    errors = []
    for future in futures:
        error = future.exception()
        if error is None:
            tell(future.result(), job)
        else:
            errors.append(error)
    for error in errors:
        # By whoever else has stopped all who compute the study.
        if isinstance(error, Stopped):
            raise error
    if len(errors) == len(futures):
        raise error_of_all(errors[0])
    for error in errors:
        known = error_of_worker(error)
        # That a worker died is in other words already.
        tell([lacking(known) if known is error else str(known)], job)


def tell(notices: Sequence[str], job: Job) -> None:
    """Pass on what a worker had to say, once."""
    job.notices += [each for each in notices if each not in job.notices]


def error_of_all(error: BaseException) -> AnalysisError:
    """The error of a job in which no worker took part, by what one of them raised."""
    if not isinstance(error, ModelError):
        return error_of_worker(error)
    return ModelError(
        "No worker of the cluster could take part. One says of its own machine: "
        f"{error}"
    )


def error_of_worker(error: BaseException) -> AnalysisError:
    """The error of a worker as one sentence of ours; a fault of ours stays loud."""
    from distributed import KilledWorker

    if isinstance(error, KilledWorker):
        return ModelError(
            "A worker died again and again while it took part: it may lack memory. "
            "Everything finished is kept; go on with fewer workers on a machine."
        )
    if isinstance(error, AnalysisError):
        return error
    raise error


def check_workers(client: "Client") -> None:
    """ModelError for workers that cannot take part: another version, or another folder."""
    token = f".cluster-{secrets.token_hex(8)}"
    path = store.root() / token
    files.write_file(path, b"")
    try:
        facts = everywhere(client, facts_of_worker, token)
    finally:
        files.discard(path)
    for address, fact in facts.items():
        check_worker(address, fact)


class Facts(NamedTuple):
    """Babelscope's version at a worker, whether it sees a file of ours, and its home."""

    version: str
    sees: bool
    home: str


def facts_of_worker(token: str) -> Facts:
    """In a worker: what must be as it is here."""
    sees = (store.root() / token).is_file()
    return Facts(__version__, sees, str(settings.home()))


def check_worker(address: str, fact: Any) -> None:
    """ModelError for one worker that cannot take part."""
    if isinstance(fact, BaseException):
        raise ModelError(
            f"The worker {address} cannot run Babelscope {__version__} ({fact}). Install "
            "it there, in the same version."
        )
    if fact.version != __version__:
        raise ModelError(
            f"The worker {address} has Babelscope {fact.version}, here it is {__version__}. "
            "Install the same version on both."
        )
    if not fact.sees:
        raise DiskError(
            f"The worker {address} does not see this machine's studies: its "
            f"BABELSCOPE_HOME is {fact.home}, here it is {settings.home()}. Let both be one "
            "shared folder."
        )


def extracted_on_cluster(
    where: str, spec: StudySpec, corpus: Corpus, title: str, facts: Mapping[str, str]
) -> Task[str]:
    """A task that lets a cluster begin a study, or go on with it; its name."""

    def work(job: Job, pool: Pool) -> str:
        from analysis.model.hub import at_commit

        name = store.name_of(replace(spec, model=at_commit(spec.model)), title)
        make = partial(extract_study, spec, corpus, title, facts)
        return on_cluster(where, make, name)(job, pool)

    return work


def resumed_on_cluster(where: str, study: str) -> Task[str]:
    """A task that lets a cluster go on with an unfinished study; its name."""
    return on_cluster(where, partial(resume_study, study), study)


def begun_on_cluster(where: str, begin: Task[str], go_on: GoOn) -> Task[str]:
    """A task that lets a cluster begin a part of a study, and compute it.

    It gives the study's name.
    """

    def work(job: Job, pool: Pool) -> str:
        with needing_dask():
            return compute_begun(where, begin, go_on, job)

    return work


@contextmanager
def needing_dask() -> Iterator[None]:
    """Let ModelError say what is to be installed where Dask is not."""
    try:
        yield
    except ImportError as error:
        raise ModelError(
            "Clusters need Dask: pip install 'babelscope[cluster]'"
        ) from error


def on_cluster(where: str, make: MakeTask, study: str) -> Task[str]:
    """A task that lets a cluster compute a study; it gives the study's name."""

    def work(job: Job, pool: Pool) -> str:
        with needing_dask():
            compute(where, make, study, job)
        missing = store.open_study(store.root() / study).missing
        if missing:
            raise Stopped(
                f"{count_are(len(missing), 'cell')} of {study} still missing. Go on with "
                "it; what was computed is kept."
            )
        return study

    return work
