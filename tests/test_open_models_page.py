"""A row of the table of open models, chosen and fetched: on the page and by the command."""

import time
from types import SimpleNamespace

import pytest

from analysis.core import model_memory, open_models
from analysis.core.errors import ModelError
from analysis.core.found_models import look
from analysis.core.model_memory import Memory
from analysis.core.open_models import PRECISIONS, UNKNOWN, table
from analysis.worker import models
from analysis.worker.service import Job, Pool
from babelscope.commands import main
from components.forms import open_models as form
from components.forms.models_here import HERE
from components.forms.open_models import CHOICE, OPEN
from tests.test_found_models import COMMIT, cached, machine  # noqa: F401
from tests.visits import plain, visit

QWEN = "Qwen/Qwen3-0.6B-Base"
GEMMA = "google/gemma-3-270m"
LARGEST = "CohereLabs/aya-101"


@pytest.fixture(autouse=True)
def roomy(in_this_process, monkeypatch):
    """A machine with 3 GiB of free memory."""
    free = Memory(3 * 2**30, "main memory")
    monkeypatch.setattr(models, "free_memory", lambda: free)
    form.machine.clear()


def opened():
    """The page with the table."""
    at = visit("pages/extract.py")
    at.selectbox(key="draft-model").set_value(OPEN).run()
    assert not at.exception
    return at


def chosen(name: str):
    """The page with a model chosen."""
    at = opened()
    at.selectbox(key=CHOICE).set_value(name).run()
    assert not at.exception
    return at


def test_the_table_is_looked_at_only_when_it_is_asked_for(fresh, machine, monkeypatch):  # noqa: F811
    monkeypatch.setattr(open_models, "TABLE", machine / "nowhere.csv")
    open_models.table.cache_clear()
    at = visit("pages/extract.py")
    assert not at.exception
    assert at.selectbox(key="draft-model").options[-2:] == [OPEN, HERE]
    monkeypatch.undo()
    open_models.table.cache_clear()


def test_the_table_says_what_fits_and_what_is_not_known(fresh, machine):  # noqa: F811
    shown = opened().dataframe[0].value.set_index("hub id")
    assert len(shown) == len(table())
    assert shown.loc[QWEN, "fits"] == "float32"
    assert shown.loc["Qwen/Qwen3-1.7B-Base", "fits"] == "8-bit"
    assert shown.loc[LARGEST, "fits"] == "no"
    assert shown.loc[GEMMA, "access"] == "gated"
    needed = table()[QWEN].needed(PRECISIONS[0])
    assert shown.loc[QWEN, "float32, GiB"] == round(needed / 2**30, 1)
    assert shown["to fetch, GB"].isna().loc["bigscience/mt0-xl"]


def test_the_table_is_narrowed_by_languages_licence_and_room(fresh, machine):  # noqa: F811
    at = opened()
    at.number_input(key="draft-open-languages").set_value(100)
    at.selectbox(key="draft-open-licence").set_value("Apache-2.0")
    at.toggle(key="draft-open-fits").set_value(True).run()
    shown = at.dataframe[0].value
    assert len(shown) and shown["languages"].min() >= 100
    assert set(shown["licence"]) == {"Apache-2.0"} and "no" not in set(shown["fits"])
    at.number_input(key="draft-open-languages").set_value(200).run()
    assert "No model is like that" in at.info[0].value


def test_a_chosen_row_fills_in_model_and_precision(fresh, machine):  # noqa: F811
    at = chosen("Qwen/Qwen3-1.7B-Base")
    said = at.code[-1].value
    assert "--model Qwen/Qwen3-1.7B-Base --revision main --dtype bfloat16" in said
    assert "--quantisation 8-bit" in said
    at.selectbox(key="draft-quantisation").set_value("none").run()
    assert "--quantisation none" in at.code[-1].value
    at.selectbox(key=CHOICE).set_value("facebook/xglm-564M").run()
    assert "--revision refs/pr/4 --dtype float32" in at.code[-1].value


def test_a_click_on_a_row_chooses_it_once(monkeypatch):
    state = {}
    monkeypatch.setattr(form, "st", SimpleNamespace(session_state=state))
    form.follow([1, 9], [QWEN, GEMMA])
    assert state[CHOICE] == GEMMA
    state[CHOICE] = QWEN  # by the menu, while the row stays marked
    form.follow([1], [QWEN, GEMMA])
    assert state[CHOICE] == QWEN


def test_a_gated_model_says_where_to_ask(fresh, machine):  # noqa: F811
    (said,) = [one.value for one in chosen(GEMMA).info]
    assert "https://huggingface.co/google/gemma-3-270m" in said and "HF" in said


def test_a_model_that_never_fits_is_told(fresh, machine):  # noqa: F811
    said = [plain(one.value) for one in chosen(LARGEST).warning]
    assert any("does not fit into the memory" in one for one in said)


def test_a_model_that_is_here_needs_no_fetching(fresh, machine):  # noqa: F811
    cache = machine / ".cache" / "huggingface" / "hub"
    cached(cache, QWEN, {"config.json": b"{}", "model.safetensors": b"1234"})
    at = chosen(QWEN)
    assert "Hugging Face cache" in at.success[0].value
    assert "Fetch" not in [one.label for one in at.button]


def test_a_model_of_which_a_part_is_lacking_is_not_here(machine):  # noqa: F811
    cache = machine / ".cache" / "huggingface" / "hub"
    files = {
        "config.json": b"{}",
        "model.safetensors.index.json": b'{"weight_map": {"a": "1.safetensors", '
        b'"b": "2.safetensors"}}',
        "1.safetensors": b"1",
    }
    folder = cached(cache, "org/parts", files)
    assert look().models == ()
    place = folder / "snapshots" / COMMIT / "2.safetensors"
    place.symlink_to(folder / "blobs" / "2")
    (folder / "blobs" / "2").write_bytes(b"2")
    assert [one.called for one in look().models] == ["org/parts"]


def test_a_model_is_fetched_from_the_page_with_progress(fresh, hub):
    weights = b"w" * (21 * 2**20)
    hub.publish(QWEN, {"config.json": b"{}", "model.safetensors": weights})
    at = chosen(QWEN)
    (button,) = [one for one in at.button if one.label == "Fetch"]
    button.click().run()
    begun = time.monotonic()
    while not at.success and time.monotonic() - begun < 120:
        time.sleep(0.3)
        at.run()
    said = [plain(one.value) for one in at.success]
    assert any(f"{QWEN} is here, whole and checked: 0.02 GB" in one for one in said)


def job(seen: list) -> Job:
    """A job that notes its progress."""
    return Job(
        1, "me", "", lambda job, pool: None, on_progress=lambda *s: seen.append(s)
    )


def test_progress_is_told_in_megabytes(hub):
    weights = b"w" * (21 * 2**20)
    hub.publish("org/told", {"config.json": b"{}", "model.safetensors": weights})
    seen = []
    fetched = models.fetch_model("org/told")(job(seen), Pool())
    assert fetched.bytes == len(weights) and len(fetched.revision) == 40
    assert seen[0] == (0, 0, "looking at org/told")
    assert seen[-1] == (22, 22, "fetching org/told, MB")


def test_a_model_that_has_pickled_weights_only_is_not_said_to_be_here(hub):
    hub.publish("org/pickle", {"config.json": b"{}", "pytorch_model.bin": b"x"})
    with pytest.raises(ModelError, match="only pickled weights"):
        models.fetch_model("org/pickle")(job([]), Pool())


def test_free_memory_is_told_without_torch_where_there_is_no_gpu(monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(models, "GPUS", ())
    here = models.free_memory()
    assert here.place == "main memory" and here.available > 0
    assert model_memory.free_main_memory().place == "main memory"


def test_the_command_lists_and_fetches(hub, capsys):
    hub.publish(GEMMA, {"config.json": b"{}", "model.safetensors": b"1234"})
    assert main(["model", "list"]) == 0
    said = capsys.readouterr().out
    assert all(name in said for name in table()) and said.startswith("demo\n")
    assert "3.0 GiB that are free (main memory)" in said and UNKNOWN in said
    assert main(["model", "fetch", GEMMA]) == 0
    said = capsys.readouterr().out
    assert "https://ai.google.dev/gemma/terms" in said and "It is gated" in said
    assert f"model {GEMMA}, 0.00 GB, commit {hub.main[GEMMA]}" in said


def test_the_command_tells_a_gated_model_in_a_sentence(hub, capsys, monkeypatch):
    hub.publish(GEMMA, {"config.json": b"{}", "model.safetensors": b"1234"})
    hub.gated[GEMMA] = "granted"
    monkeypatch.setenv("HF_TOKEN", "another")
    assert main(["model", "fetch", GEMMA]) == 2
    assert "is gated: its owner must grant access" in capsys.readouterr().err
