"""Tabs named by their questions: only the open one is drawn, and the link says which."""

from streamlit.testing.v1 import AppTest

from tests.visits import alive, asked, words


def script() -> None:
    """A page with three tabs that count how often each was drawn."""
    from functools import partial

    import streamlit as st

    from components.frame import links, questions
    from components.frame.questions import Question

    links.arrive(st.session_state.get("to", "pages/one.py"))
    counts = st.session_state.setdefault("counts", {})

    def draw(name: str) -> None:
        counts[name] = counts.get(name, 0) + 1
        st.markdown(f"drawn: {name}")

    questions.show(
        [
            Question("first", "Is it *there*?", partial(draw, "first")),
            Question("start", "Is it only the better start?", partial(draw, "start")),
            Question("last", "Where does it live?", partial(draw, "last")),
        ]
    )


def opened(**query: str) -> AppTest:
    """The page, opened by a link."""
    at = AppTest.from_function(script, default_timeout=30)
    for key, value in query.items():
        at.query_params[key] = value
    return alive(at.run())


def click(at: AppTest, label: str) -> AppTest:
    """What the browser does when a tab is clicked."""
    at.session_state["tabs"] = label
    return alive(at.run())


def counts(at: AppTest) -> dict[str, int]:
    """How often each tab was drawn."""
    return at.session_state["counts"]


def test_only_the_open_tab_is_drawn():
    at = opened()
    assert counts(at) == {"first": 1}
    assert "tab" not in at.query_params
    assert [tab.label for tab in at.tabs][0] == r"Is it \*there\*?"
    click(at, "Where does it live?")
    assert counts(at) == {"first": 1, "last": 1}
    assert "drawn: last" in words(at)
    assert asked(at) == {"tab": ["last"]}
    alive(at.run())
    assert counts(at) == {"first": 1, "last": 2}
    click(at, r"Is it \*there\*?")
    assert asked(at) == {}
    assert counts(at) == {"first": 2, "last": 2}


def test_a_link_opens_its_tab():
    at = opened(tab="start")
    assert counts(at) == {"start": 1}
    assert asked(at) == {"tab": ["start"]}
    at.query_params["tab"] = "last"
    alive(at.run())
    assert counts(at) == {"start": 1, "last": 1}


def test_a_link_to_a_tab_that_is_not_there_is_said():
    at = opened(tab="nowhere")
    assert len(at.warning) == 1
    assert "nowhere" in words(at)
    assert counts(at) == {"first": 1}
    assert asked(at) == {}
    alive(at.run())
    assert not at.warning


def test_each_page_keeps_its_open_tab():
    at = opened(tab="last")
    at.session_state["to"] = "pages/other.py"
    at.query_params.clear()
    alive(at.run())
    assert counts(at) == {"last": 1, "first": 1}
    at.session_state["to"] = "pages/one.py"
    at.query_params.clear()
    alive(at.run())
    assert counts(at) == {"last": 2, "first": 1}
    assert asked(at) == {"tab": ["last"]}
    at.session_state["to"] = "pages/other.py"
    at.query_params["tab"] = "start"
    alive(at.run())
    assert counts(at) == {"last": 2, "first": 1, "start": 1}
