"""A page looks at its jobs by a timer; a look that is late must not run on the next page.

When a page has given way to another, looks of its timers may still be on their way. Streamlit
1.67 would answer one in the name of the page that is gone, and the browser would then clear
the page that is there: nothing is left on it until it is loaded anew.
"""

from functools import wraps
from typing import Any

from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData


def is_late(asked: RerunData, page: str) -> bool:
    """Whether a timer asks for a look on another page than the one that is there.

    ``page`` is the hash by which Streamlit knows the page of the session.
    """
    by_timer = asked.is_auto_rerun and bool(asked.fragment_id_queue)
    return by_timer and asked.page_script_hash != page


def drop_late_looks() -> None:
    """From now on late looks of this process end without a run; twice is once."""
    run_script = ScriptRunner._run_script
    if hasattr(run_script, "drops_late_looks"):
        return

    @wraps(run_script)
    def run_unless_late(runner: Any, asked: RerunData) -> None:
        if not is_late(asked, runner._pages_manager.current_page_script_hash):
            run_script(runner, asked)

    vars(run_unless_late)["drops_late_looks"] = True
    setattr(ScriptRunner, ScriptRunner._run_script.__name__, run_unless_late)
