"""Engines other than this machine's: looked at, and put to the suite."""

from analysis.core.errors import SpecError, nearest
from analysis.core.model_names import HUB_ID, offered_models
from analysis.core.specs import DTYPES, ModelSpec
from analysis.engines.certificate import Certificate, certify
from analysis.engines.contract import Identity
from analysis.engines.kept import keep
from analysis.engines.suite import CHECKS
from analysis.engines.vllm_lens import connect
from analysis.worker.service import Job, Pool
from babelscope.running import run


def certified(url: str, model: str = "", dtype: str = "") -> Certificate:
    """What the suite finds of the engine at an address; kept where all is passed.

    ``model`` is the same model on this machine; none: that of the server's name, where
    there is one. SpecError for an address or model that is none; ModelError for a server
    that is not one of vLLM, has no plugin, or cannot be reached.
    """

    def task(job: Job, pool: Pool) -> Certificate:
        job.progress(0, 0, "looking at the engine")
        engine = connect(url)
        spec = model_beside(engine.identity, model, dtype)
        reference = None
        if spec is not None:
            from analysis.model.reference_engine import TransformersEngine

            reference = TransformersEngine(pool.get(spec, job))
        names = [check.name for check in CHECKS]

        def heard(name: str) -> None:
            job.progress(names.index(name), len(names), name)

        found = certify(engine, reference, heard)
        keep(found)
        return found

    return run(task)


def model_beside(identity: Identity, model: str, dtype: str) -> ModelSpec | None:
    """The model that an engine is held against; None where it is not on this machine.

    A name that was given may also be a hub id, which is then fetched.
    """
    precision = dtype or identity.precision
    if precision not in DTYPES:
        raise SpecError(
            f"--dtype is “{precision[:40]}”; give one of {', '.join(DTYPES)}."
        )
    here = offered_models()
    name = model or identity.model.rstrip("/").rpartition("/")[2]
    if name in here or (model and HUB_ID.fullmatch(model)):
        return ModelSpec(name, dtype=precision)
    if not model:
        return None
    raise SpecError(
        f"There is no model “{model[:80]}” on this machine.{nearest(model, here)} "
        f"Models: {', '.join(here)}. Give one of these, or a hub id."
    )
