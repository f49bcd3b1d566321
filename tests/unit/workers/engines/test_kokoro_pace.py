"""A speed for each token: which they are, and how the graph is made to take them."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto

from tests.unit.workers.engines.int8_graphs import Drawing, run
from workers.engines.kokoro.derive.graph import Array, Graph
from workers.engines.kokoro.derive.pace import prepare
from workers.engines.kokoro.inputs import vocabulary
from workers.engines.kokoro.pacing import speeds


def predictor(
    *, reduced: str = "ReduceSum", keepdims: int = 0, rounding: str = "Round", twice: bool = False
) -> Graph:
    """max(1, round(Σ x / speed)) for x [1, n, 3], as the published model has it."""
    drawing = Drawing()
    axis = drawing.constant("axis", np.array([-1], np.int64))
    frames = drawing.node(reduced, ["x", axis], "frames", keepdims=keepdims)
    divided = drawing.node("Div", [frames, "speed"], "divided")
    rounded = drawing.node(rounding, [divided], "rounded")
    clipped = drawing.node("Clip", [rounded, drawing.constant("one", np.float32(1))], "clipped")
    drawing.node("Mul", [clipped, drawing.constant("two", np.float32(2))], "audio")
    if twice:
        drawing.node("Neg", ["speed"], "slowness")
    return drawing.model({"x": (1, "n", 3), "speed": (1,)}, ["audio"])


def per_token(*frames: float) -> Array:
    """Something that sums up to these frames."""
    return np.asarray([[[number, 0, 0] for number in frames]], np.float32)


def slow(spoken: str) -> str:
    """The symbols, and ^ and $ for the pads, that are said at speed 0.5 when it is asked for."""
    found = speeds(spoken, 0.5)
    assert set(found.tolist()) <= {0.5, 1.0}
    marked = f"^{spoken}$"
    return "".join(symbol for symbol, speed in zip(marked, found, strict=True) if speed == 0.5)


def test_one_speed_gives_what_it_gave() -> None:
    """A model that is prepared takes one speed as before, and tells the durations beside."""
    given = {"x": per_token(16, 3, 0.2), "speed": np.asarray([0.7], np.float32)}
    before = run(predictor(), **given)[0]
    graph = predictor()
    assert prepare(graph.model)
    audio, durations = run(graph, **given)
    assert np.array_equal(audio, before)
    assert durations.tolist() == [[23, 4, 1]]


def test_each_token_has_its_speed() -> None:
    """The pad keeps its length while the rest takes twice its own."""
    graph = predictor()
    assert prepare(graph.model)
    given = np.asarray([1, 0.5, 0.5], np.float32)
    assert run(graph, x=per_token(16, 3, 2), speed=given)[1].tolist() == [[16, 6, 4]]


@pytest.mark.parametrize(
    "graph",
    [
        predictor(keepdims=1),
        predictor(rounding="Floor"),
        predictor(reduced="ReduceMax"),
        predictor(twice=True),
    ],
    ids=["another shape", "other rounding", "no sum", "speed read twice"],
)
def test_a_graph_of_another_kind_is_left_alone(graph: Graph) -> None:
    """Where the pattern is not the published model's."""
    before = graph.model.SerializeToString()
    assert not prepare(graph.model)
    assert graph.model.SerializeToString() == before


def test_durations_are_whole_numbers() -> None:
    """Of frames."""
    graph = predictor()
    prepare(graph.model)
    assert graph.model.graph.output[-1].type.tensor_type.elem_type == TensorProto.INT64


@pytest.mark.parametrize("speed", [1.0, 1.25, 2.0])
def test_from_speed_one_on_every_token_has_the_speed_asked_for(speed: float) -> None:
    """Nothing is changed where nothing is wrong."""
    assert set(speeds("“wˈɛl, jˈɛs.” nˈO!", speed).tolist()) == {speed}


def test_what_borders_on_a_silence_is_not_slowed() -> None:
    """The pads, the last phoneme, what stands before the first, and a space after a mark."""
    assert slow("sˈɛvən.") == "sˈɛvə."
    assert slow("— “sˈɛvən") == "sˈɛvə"
    assert slow("wˈɛl, sˈɛvən!") == "wˈɛl,sˈɛvə!"
    assert slow("sˈɛd. “ˈɛvəɹi") == "sˈɛd.ˈɛvəɹ"
    assert slow("sˈɛd.” (nˈO)") == "sˈɛd.nˈ)"


def test_spaces_inside_a_phrase_are_as_slow_as_its_words() -> None:
    """They are no pause."""
    assert slow("sˈɛvən ʃˈɪps") == "sˈɛvən ʃˈɪp"
    assert slow("ði “ʃˈɪps” sˈAl") == "ði “ʃˈɪps” sˈA"


@pytest.mark.parametrize("spoken", ["", "…", " — "])
def test_without_a_phoneme_nothing_is_slow(spoken: str) -> None:
    """There is nothing to say slowly."""
    assert slow(spoken) == ""


def test_every_symbol_that_is_in_no_word_is_known() -> None:
    """A mark that the vocabulary has and the rule has not would be taken for a phoneme: none of
    its ASCII punctuation, dashes or quotes is slowed before the first phoneme.
    """
    tones = set("↓→↗↘\N{COMBINING TILDE}")
    marks = {symbol for symbol in vocabulary() if not symbol.isalpha()} - tones
    assert {mark for mark in marks if slow(f"{mark}sˈɛn") != "sˈɛ"} == set()
