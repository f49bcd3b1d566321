"""A real Piper voice: what espeak-ng reads to it, and that it can live in a worker."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from msgspec import structs

from supervisor.marks import pronounced
from supervisor.speech import Speech
from tests.fixtures.piper_voice import VOICE, folder
from tests.unit.engines.piper.small_voice import voice
from tts_supervisor_piper import Piper
from tts_supervisor_piper.engine import PiperSession
from workers.engines.base import PullError
from workers.word_times import settled

SPEECH = Speech(engine="piper", voice=VOICE, seed=7)
TEXT = "The same words twice, and then once more."
JOINED = "The end of the world is not for us, said a man at an inn."


@pytest.fixture(scope="module")
def engine() -> Piper:
    """The engine with its one voice, as `load` leaves it."""
    engine = Piper({"voices_dir": str(folder())})
    engine.load()
    return engine


@pytest.fixture(scope="module")
def session(engine: Piper) -> PiperSession:
    """With one thread."""
    return engine.open(1, [VOICE])


@pytest.mark.parametrize(
    ("text", "phonemes"),
    [
        ("Hello there.", "həlˈoʊ ðˈɛɹ."),
        ("Hello there", "həlˈoʊ ðˈɛɹ"),
        ("Well, no!", "wˈɛl, nˈoʊ!"),
        ("Why? Because.", "wˈaɪ? bɪkˈʌz."),
        ("Dr. Smith met Mrs. Jones.", "dˈɑːktɚ smˈɪθ mˈɛt mˈɪsəs dʒˈoʊnz."),
        ("It cost $3.50.", "ɪt kˈɔst θɹˈiː dˈɑːlɚz ænd fˈɪfti sˈɛnts."),
        ("The U.S. Army, e.g. here.", "ðə jˈuː ˈɛs ˈɑːɹmi, fɔːɹ ɛɡzˈæmpəl hˈɪɹ."),
        ("I... well… yes", "ˈaɪ, wˈɛl, jˈɛs"),
        ("Two  lines\nof one.", "tˈuː lˈaɪnz ʌv wˌʌn."),
    ],
)
def test_phonemes_are_those_of_the_voice(engine: Piper, text: str, phonemes: str) -> None:
    """Of the words that a person says, with the punctuation that its model was taught."""
    assert engine.read(text, VOICE).phonemes == phonemes


@pytest.mark.parametrize(
    ("text", "phonemes"),
    [
        ("The {} here.", "ðə wˈɪn hˈɪɹ."),
        ("{}, no. {}!", "wˈɪn, nˈoʊ. wˈɪn!"),
        ("It is {}'s.", "ɪɾ ˈɪz wˈɪnz."),
        ("“{}” she said", "wˈɪn ʃiː sˈɛd"),
        ("{}", "wˈɪn"),
    ],
)
def test_given_phonemes_stand_in_the_place_of_their_word(
    engine: Piper, text: str, phonemes: str
) -> None:
    """And the punctuation behind it is heard."""
    given = text.replace("{}", pronounced("Nguyen", "w'ɪn"))
    assert engine.read(given, VOICE).phonemes == phonemes


@pytest.mark.parametrize(
    ("phonemes", "said"), [("skˈɑt", "skˈɑts"), ("nˈæʃ", "nˈæʃɪz"), ("lˈiː", "lˈiːz")]
)
def test_what_somebody_owns_ends_as_his_name_does(engine: Piper, phonemes: str, said: str) -> None:
    """As for every other word, 's has three sounds."""
    given = f"It is {pronounced('Nguyen', phonemes)}'s hat."
    assert engine.read(given, VOICE).phonemes == f"ɪɾ ˈɪz {said} hˈæt."


def test_given_phonemes_that_say_nothing_are_the_word_as_written(engine: Piper) -> None:
    """A voice does not fall silent over a sign that it does not have."""
    text = f"The {pronounced('two trees', '..')} here."
    assert engine.read(text, VOICE).phonemes == "ðə tˈuː tɹˈiːz hˈɪɹ."


def test_the_template_stays_single_threaded() -> None:
    """Loading espeak-ng and the model, and speaking, start no thread."""
    where = str(folder())
    code = (
        "import os; from tts_supervisor_piper import Piper; from supervisor.speech import Speech; "
        f"e = Piper({{'voices_dir': {where!r}}}); e.load(); "
        f"e.open(1, [{VOICE!r}]).synthesize('One.', Speech(engine='piper', voice={VOICE!r})); "
        "print(len(os.listdir('/proc/self/task')))"
    )
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    environment = {**os.environ, **one, "ORT_DISABLE_TELEMETRY": "1"}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    said = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (said.stdout.strip(), said.returncode) == ("1", 0), said.stderr


def test_the_same_seed_gives_the_same_samples(session: PiperSession, engine: Piper) -> None:
    """After other texts, and in another session; another seed does not."""
    first = session.synthesize(TEXT, SPEECH).samples
    session.synthesize("Something else.", SPEECH)
    assert np.array_equal(first, session.synthesize(TEXT, SPEECH).samples)
    assert np.array_equal(first, engine.open(1).synthesize(TEXT, SPEECH).samples)
    other = Speech(engine="piper", voice=VOICE, seed=8)
    assert not np.array_equal(first, session.synthesize(TEXT, other).samples[: first.size])


def test_two_sentences_are_two_runs_with_a_pause_between(session: PiperSession) -> None:
    """Where a segment holds two, as a quotation does."""
    both = session.synthesize("Yes. No.", SPEECH).samples
    one = session.synthesize("Yes.", SPEECH).samples
    assert both.size > one.size + 0.5 * 22_050


def test_text_of_any_kind_is_spoken_or_refused(session: PiperSession) -> None:
    """No crash of the library, which is C: a segment at its longest, signs, scripts, controls."""
    for text in ("x" * 60, "a, " * 40, "(((" * 600, "\u200b\ufeff1", "\ud7ff", "é" * 20):
        with suppress(ValueError):
            assert np.isfinite(session.synthesize(text, SPEECH).samples).all()


def test_a_language_that_nobody_reads_is_said_when_the_voice_is_pulled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no other voice is lost where it lies in a folder all the same."""
    folder()  # Its packages, or the reason why this is left out.
    monkeypatch.setenv("SUPERVISOR_CACHE_DIR", str(tmp_path / "cache"))
    klingon = {"voice": "tlh-xx"}
    bad = voice(tmp_path / "bad.onnx", phoneme_type="espeak", espeak=klingon)
    voice(tmp_path / "good.onnx")
    with pytest.raises(PullError, match="espeak-ng has no voice 'tlh-xx'"):
        Piper({}).pull("piper", bad)
    engine = Piper({"voices_dir": str(tmp_path)})
    engine.load()
    session = engine.open(1)
    assert session.synthesize("hello.", Speech(engine="piper", voice="good")).samples.size
    with pytest.raises(ValueError, match="tlh-xx"):
        session.synthesize("hello.", Speech(engine="piper", voice="bad"))


def test_a_folder_of_the_cache_is_as_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, session: PiperSession
) -> None:
    """Pulled, it says the same to the sample."""
    monkeypatch.setenv("SUPERVISOR_CACHE_DIR", str(tmp_path))
    engine = Piper({})
    model = engine.pull("piper", folder() / f"{VOICE}.onnx")
    assert model.name == VOICE
    assert np.array_equal(
        Piper({}).open(1).synthesize(TEXT, SPEECH).samples, session.synthesize(TEXT, SPEECH).samples
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            JOINED,
            JOINED.split(),
        ),
        (
            "Dr. Smith paid $3.50. I would have gone to it!",
            ["Dr.", "Smith", "paid", "$3.50.", "I", "would", "have", "gone", "to", "it!"],
        ),
        ("Yes", ["Yes"]),
        ("— … —", []),
    ],
)
def test_words_are_told_with_the_same_samples(
    session: PiperSession, text: str, words: list[str]
) -> None:
    """Each of them once and in order, though espeak-ng joins some and says others otherwise."""
    told = session.synthesize(text, structs.replace(SPEECH, words=True))
    assert [text[word.start : word.end] for word in told.words] == words
    times = [second for word in told.words for second in (word.begin_s, word.end_s)]
    assert times == sorted(times)
    assert np.array_equal(told.samples, session.synthesize(text, SPEECH).samples)


def test_a_word_whose_phonemes_are_given_is_one(session: PiperSession) -> None:
    """Its 's is of it."""
    text = f"the {pronounced('New Lodz', 'nˈu wˈuʧ')}'s end"
    told = session.synthesize(text, structs.replace(SPEECH, words=True))
    assert [word.start for word in told.words] == [0, 4, text.index("end")]


def test_words_begin_with_the_sound(session: PiperSession) -> None:
    """After a pause, against the energy of the samples: 40 ms at most."""
    text = "Seven ships, three of them new; then fifteen more. Up went the flag."
    spoken = session.synthesize(text, structs.replace(SPEECH, words=True))
    step = 22_050 // 200
    power = np.square(spoken.samples[: spoken.samples.size // step * step]).reshape(-1, step)
    heard = np.flatnonzero(power.mean(1) > power.mean(1).max() * 1e-4)
    onsets = [heard[0], *heard[1:][np.diff(heard) > 30]]
    assert len(onsets) >= 3
    begins = np.array([word.begin_s for word in settled(spoken, 22_050)])
    assert max(float(np.abs(begins - onset * step / 22_050).min()) for onset in onsets) <= 0.04
