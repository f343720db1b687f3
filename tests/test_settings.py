"""Every setting is read in one place: understood, or refused in a sentence."""

import re
from pathlib import Path

import pytest

from analysis.core import settings
from analysis.core.errors import AnalysisError
from babelscope.commands import main
from tests.test_readme import ROOT

GIB = 2**30
SWITCHES = {
    "BABELSCOPE_TRUST_REMOTE_CODE": settings.trusts_remote_code,
    "BABELSCOPE_ACCEPT_PICKLE": settings.accepts_pickle,
    "BABELSCOPE_JUDGE_COMMAND": settings.allows_judge_command,
    "BABELSCOPE_READ_ONLY": settings.read_only,
}


@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_setting_is_one_that_is_not_set(monkeypatch, tmp_path, empty):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    for name in settings.SETTINGS:
        monkeypatch.setenv(name, empty)
    assert settings.home() == tmp_path / ".babelscope"
    assert settings.model_folders() == [tmp_path / ".babelscope" / "models"]
    assert settings.memory_budget() is None
    for is_on in SWITCHES.values():
        assert is_on() is False
    settings.check()


@pytest.mark.parametrize(
    "given, size",
    [
        ("1.5", int(1.5 * GIB)),
        ("16", 16 * GIB),
        ("16GB", 16 * 10**9),
        ("16 GiB", 16 * GIB),
        ("16gib", 16 * GIB),
        ("16G", 16 * GIB),
        ("500 MiB", 500 * 2**20),
        ("2TB", 2 * 10**12),
    ],
)
def test_memory_is_understood_with_its_unit_or_without(monkeypatch, given, size):
    monkeypatch.setenv("BABELSCOPE_MODEL_MEMORY", given)
    assert settings.memory_budget() == size


@pytest.mark.parametrize(
    "given", ["1,5", "much", "nan", "inf", "-3", "0", "1e400", "16 bananas", "GB", "٣"]
)
def test_memory_that_is_no_size_is_refused_in_a_sentence(monkeypatch, given):
    monkeypatch.setenv("BABELSCOPE_MODEL_MEMORY", given)
    with pytest.raises(AnalysisError) as error:
        settings.memory_budget()
    assert str(error.value) == (
        f"BABELSCOPE_MODEL_MEMORY is “{given}”. It takes a number of GiB above 0, such as "
        "16 or 1.5, or one with its unit, such as 16GB. Set it and start again."
    )


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_is_on_off_or_refused_in_a_sentence(monkeypatch, name):
    for given in ("1", "true", "Yes", "ON"):
        monkeypatch.setenv(name, given)
        assert SWITCHES[name]() is True
    for given in ("0", "false", "No", "off"):
        monkeypatch.setenv(name, given)
        assert SWITCHES[name]() is False
    monkeypatch.setenv(name, "ja")
    with pytest.raises(
        AnalysisError, match=f"^{name} is “ja”. It takes 1 or 0. Set it"
    ):
        SWITCHES[name]()


def test_a_folder_of_nobody_is_refused_in_a_sentence(monkeypatch):
    monkeypatch.setenv("BABELSCOPE_HOME", "~nobody-of-this-name/studies")
    with pytest.raises(
        AnalysisError, match="^BABELSCOPE_HOME is “~nobody-of-this-name"
    ):
        settings.home()
    monkeypatch.setenv("BABELSCOPE_HOME", "/somewhere")
    monkeypatch.setenv("BABELSCOPE_MODELS", "~nobody-of-this-name/models")
    with pytest.raises(
        AnalysisError, match="^BABELSCOPE_MODELS is “~nobody-of-this-name"
    ):
        settings.model_folders()


def test_a_command_begins_with_all_that_is_wrong_in_the_settings(
    home, monkeypatch, capsys
):
    monkeypatch.setenv("BABELSCOPE_MODEL_MEMORY", "much")
    monkeypatch.setenv("BABELSCOPE_ACCEPT_PICKLE", "perhaps")
    assert main(["studies"]) == 2
    said = capsys.readouterr().err
    assert "BABELSCOPE_MODEL_MEMORY is “much”" in said
    assert "BABELSCOPE_ACCEPT_PICKLE is “perhaps”" in said


def test_a_misspelt_setting_is_told_and_the_command_goes_on(home, monkeypatch, capsys):
    monkeypatch.setenv("BABELSCOPE_MODEL_MEMROY", "16")
    assert main(["studies"]) == 0
    said = capsys.readouterr().err
    assert said.startswith(
        "BABELSCOPE_MODEL_MEMROY is no setting and changes nothing. "
        "Did you mean “BABELSCOPE_MODEL_MEMORY”?"
    )


def test_every_setting_that_the_program_names_is_known_and_documented():
    named = set()
    for room in ("analysis", "components", "babelscope", "pages"):
        for path in Path(ROOT, room).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            named |= set(re.findall(r"BABELSCOPE_[A-Z][A-Z_]+", text))
    assert named == set(settings.SETTINGS)
    page = Path(ROOT, "docs", "server.md").read_text(encoding="utf-8")
    for name in settings.SETTINGS:
        assert f"| `{name}` |" in page


def test_a_page_says_what_is_wrong_in_the_settings(fresh, monkeypatch):
    from streamlit.testing.v1 import AppTest

    with monkeypatch.context() as changed:
        changed.setenv("BABELSCOPE_HOME", "~nobody-of-this-name/studies")
        page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30).run()
    assert not page.exception
    said = page.error[0].value.replace("\\", "")
    assert said.startswith("BABELSCOPE_HOME is “~nobody-of-this-name/studies”")
