"""A study and its vectors sent to the Hugging Face hub, and fetched from it by id."""

from collections.abc import Sequence

from analysis.core.errors import SpecError
from analysis.sharing import folder, hub
from analysis.sharing.folder import Wanted
from analysis.sharing.hub import Pulled
from analysis.sharing.jobs import pull_folder, push_folder
from analysis.study.study import Study as Results
from babelscope.inputs import listed
from babelscope.running import note, run
from babelscope.study import Study, open_study, study_of


def push(
    study: str | Results,
    name: str,
    *,
    concepts: Sequence[str] = (),
    languages: Sequence[str] = (),
    vectors_only: bool = False,
    licence: str = "",
    public: bool = False,
) -> str:
    """Send a study and its vectors to the hub as owner/name; the address comes back.

    The repository is made where it is missing, private unless ``public``, and gets one
    commit: vectors as safetensors, the study, ``manifest.json`` with all that is known
    of them, a card with a figure. No ``concepts`` or ``languages``: all; those that are
    named choose vectors, a study goes whole. ``licence`` as the hub spells it. The
    token is that of HF_TOKEN, or of the hub's own login. SpecError for a name that
    holds something else, StudyError for a published or unfinished study, AnalysisError
    where the hub refuses.

    >>> import babelscope as bs
    >>> bs.push("qwen-chat-7b", "jane/vectors")
    Traceback (most recent call last):
        ...
    analysis.core.errors.StudyError: “qwen-chat-7b” is a published study: it comes with \
every Babelscope and has no vectors, so there is nothing to push.
    """
    from components.handout.hub_card import with_card

    known = study_of(study)
    hub.check_id(name)
    wanted = Wanted(
        listed("concepts", concepts),
        listed("languages", languages, known.languages) if languages else (),
        vectors_only,
        licence,
    )
    made = folder.folder_of(known, wanted)
    for sentence in made.manifest.lacking:
        note(f"not there: {sentence}")
    files = with_card(made, known, name)
    return run(push_folder(name, lambda: files, public=public)).url


def pull(name: str, *, revision: str = "") -> Study | tuple[str, ...]:
    """Fetch what ``push`` sent: the study opens, or names of vector files come back.

    Only safetensors and JSON are fetched, and held against their SHA-256. One that is
    here already is opened again. Vectors without a study are kept and steer as imported
    files do. SpecError for no id, StudyError for a repository that is none of ours or
    is damaged, AnalysisError where the hub cannot be reached.

    >>> import babelscope as bs
    >>> bs.pull("fairness")
    Traceback (most recent call last):
        ...
    analysis.core.errors.SpecError: “fairness” is no id of a repository. Write \
owner/name, such as jane/fairness-vectors.
    """
    found = pulled(name, revision)
    return open_study(found.study) if found.study else found.vectors


def pulled(name: str, revision: str = "") -> Pulled:
    """Fetch a hub folder with progress; errors as in ``pull``."""
    if not isinstance(name, str):
        raise SpecError(f"An id is a text, owner/name; given is {str(name)[:40]!r}.")
    return run(pull_folder(name, revision))
