"""When each word is heard: the same audio, words where they stand, and times that the sound bears
out; over the wire, through the journal, over HTTP and as captions.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from supervisor.client import Audio, Client
from supervisor.speech import Word
from tests.e2e.gateway.serving import Serving
from tests.supervised import Supervised

TEXT = (
    "On May 3rd, Dr. Smith paid $12.50 for 3 kg of apples, and went home.\n\n**Then** he slept "
    "&amp; dreamt — of what? It was late, very late, and the lamps of the long street had gone "
    "out, one after the other; so late that nothing could be seen any more, by anybody at all."
)
FIRST = ["On", "May 3rd,", "Dr.", "Smith", "paid", "$12.50", "for", "3 kg", "of", "apples,"]


@pytest.fixture(scope="module")
def audio(client: Client) -> Audio:
    """The text with its words."""
    return client.synthesize(TEXT, seed=1, words=True)


def placed(words: Sequence[Word]) -> list[str | None]:
    """What stands in the text at each word's place."""
    return [None if word.start is None else TEXT[word.start : word.end] for word in words]


def test_to_ask_for_words_changes_no_sample(client: Client, audio: Audio) -> None:
    """And who does not ask is told none."""
    plain = client.synthesize(TEXT, seed=1)
    assert np.array_equal(plain.samples, audio.samples)
    assert plain.words == ()


def test_every_word_stands_where_it_is_written(audio: Audio) -> None:
    """What is said for several signs is one word; markup is no part of one."""
    assert [word.text for word in audio.words[:10]] == FIRST
    assert placed(audio.words[:10]) == FIRST
    assert {"Then", "street", "all."} <= {word.text for word in audio.words}
    assert all(placed(audio.words))
    starts = [word.start for word in audio.words if word.start is not None]
    assert starts == sorted(set(starts))


def test_words_follow_one_another_and_pauses_are_between_them(audio: Audio) -> None:
    """A full stop's silence belongs to no word, and sound is heard while a word is."""
    for before, after in pairwise(audio.words):
        assert before.begin_s < before.end_s <= after.begin_s
    rate = audio.sample_rate
    loud = np.abs(audio.samples) > 0.01
    for word in audio.words:
        assert loud[round(word.begin_s * rate) : round(word.end_s * rate)].any(), word
    gaps = {
        before.text: after.begin_s - before.end_s
        for before, after in pairwise(audio.words)
        if before.text in {"home.", "what?"}
    }
    assert gaps["home."] == pytest.approx(1.0, abs=0.06)
    assert gaps["what?"] == pytest.approx(0.6, abs=0.06)


def test_a_word_after_a_pause_begins_where_the_sound_does(audio: Audio) -> None:
    """Against the energy of the samples, which the model does not know: 40 ms at most."""
    rate, step = audio.sample_rate, audio.sample_rate // 200
    power = np.square(audio.samples[: audio.samples.size // step * step]).reshape(-1, step).mean(1)
    heard = np.flatnonzero(power > power.max() * 1e-4)
    onsets = heard[1:][np.diff(heard) > 30] * step / rate
    assert len(onsets) >= 4
    begins = np.array([word.begin_s for word in audio.words])
    off = [float(np.abs(begins - onset).min()) for onset in onsets]
    assert max(off) <= 0.04
    assert float(np.median(off)) <= 0.015


def test_words_come_with_the_audio(client: Client) -> None:
    """A reader who takes it piece by piece has a word before its sound is over."""
    with client.submit(TEXT, seed=1, words=True) as job:
        words: list[Word] = []
        samples = 0
        for chunk in job:
            samples += len(chunk)
            words += job.new_words()
            done = samples / job.sample_rate
            assert words[-1].end_s >= done - 1.1, "the words of this piece have not come"
    assert [word.text for word in words[:10]] == FIRST


def test_a_text_of_nothing_but_signs_has_no_words_that_nobody_says(client: Client) -> None:
    """A silence has none, and a text that is refused no answer."""
    assert client.synthesize("[pause:1s]", words=True, seed=1).words == ()
    words = client.synthesize("%", words=True, seed=1).words
    assert [(word.text, word.start) for word in words] == [("%", 0)]


# -- over HTTP ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def serving(supervised: Supervised) -> Iterator[Serving]:
    """A gateway."""
    with Serving(supervised.environ) as serving:
        yield serving


def test_events_tell_the_words_that_have_come(serving: Serving, audio: Audio) -> None:
    """Asked for as OpenAI's transcriptions do; without that no event has any."""
    asked: dict[str, Any] = {"stream_format": "sse", "response_format": "pcm", "seed": 1}
    answer = serving.speak(TEXT, timestamp_granularities=["word"], **asked)
    events = [json.loads(event[6:]) for event in answer.body.decode().split("\n\n") if event]
    words = [word for event in events for word in event["words"]]
    assert words == [_document(word) for word in audio.words]
    plain = serving.speak(TEXT, **asked).body.decode()
    assert "words" not in plain


def test_one_document_has_audio_and_words(serving: Serving, audio: Audio) -> None:
    """The audio is that of an answer without words."""
    asked: dict[str, Any] = {"response_format": "flac", "seed": 1}
    answer = serving.speak(TEXT, stream_format="json", timestamp_granularities=["word"], **asked)
    document = answer.document
    assert answer.headers["Content-Type"].startswith("application/json")
    assert base64.b64decode(document["audio"]) == serving.speak(TEXT, **asked).body
    assert document["format"] == "flac"
    assert document["words"] == [_document(word) for word in audio.words]
    assert serving.speak(TEXT, stream_format="json").document["words"] == []


def test_word_times_are_asked_for_where_they_can_be_told(serving: Serving) -> None:
    """One line says what to do."""
    answer = serving.speak(TEXT, timestamp_granularities=["word"])
    assert (answer.status, answer.error["param"]) == (400, "timestamp_granularities")
    assert '"sse" or "json"' in str(answer.error["message"])
    answer = serving.speak(TEXT, stream_format="json", timestamp_granularities=["segment"])
    assert (answer.status, answer.error["param"]) == (400, "timestamp_granularities")


@pytest.mark.parametrize("stream", [True, False])
def test_captioned_speech_is_what_users_of_kokoro_fastapi_know(
    serving: Serving, audio: Audio, *, stream: bool
) -> None:
    """Lines of JSON by default, one document without `stream`."""
    body: dict[str, Any] = {"input": TEXT, "voice": "heart", "response_format": "wav", "seed": 1}
    answer = serving.ask("/dev/captioned_speech", {**body, "stream": stream})
    lines = [json.loads(line) for line in answer.body.decode().splitlines()]
    assert answer.status == 200
    assert len(lines) > 1 or not stream
    sound = b"".join(base64.b64decode(line["audio"]) for line in lines)
    plain = serving.speak(TEXT, voice="heart", response_format="wav", seed=1, stream=stream)
    assert sound == plain.body
    assert {line["audio_format"] for line in lines} == {"audio/wav"}
    told = [stamp for line in lines for stamp in line["timestamps"]]
    assert told == [
        {"word": word.text, "start_time": word.begin_s, "end_time": word.end_s}
        for word in audio.words
    ]


def test_captioned_speech_refuses_before_it_answers(serving: Serving) -> None:
    """An empty text, an unknown voice."""
    assert serving.ask("/dev/captioned_speech", {"input": ""}).status == 400
    unknown = {"input": "Yes.", "voice": "nobody"}
    assert serving.ask("/dev/captioned_speech", unknown).status == 400


# -- captions -----------------------------------------------------------------------------


def say(
    supervised: Supervised, where: Path, *options: str, text: str = TEXT
) -> subprocess.CompletedProcess[str]:
    """`supervisor say` in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "supervisor", "say", text, "-o", "a.wav", *options],
        env=supervised.environ,
        cwd=where,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("ending", ["srt", "vtt", "json"])
def test_say_writes_captions(supervised: Supervised, tmp_path: Path, ending: str) -> None:
    """Beside the audio, in the form that the name ends in."""
    done = say(supervised, tmp_path, "--captions", f"a.{ending}")
    assert (done.returncode, done.stderr) == (0, "")
    text = (tmp_path / f"a.{ending}").read_text()
    assert "apples," in text
    assert {"srt": "00:00:00,", "vtt": "WEBVTT\n", "json": '"text_start"'}[ending] in text


@pytest.mark.parametrize(
    ("name", "told"), [("a.txt", ".srt, .vtt, .json"), ("none/a.srt", "none/a.srt"), ("a", ".srt")]
)
def test_captions_that_cannot_be_written_are_told_before_the_speech(
    supervised: Supervised, tmp_path: Path, name: str, told: str
) -> None:
    """In one line; no audio is left."""
    done = say(supervised, tmp_path, "--captions", name)
    assert done.returncode == 2
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_text_leaves_no_captions(
    supervised: Supervised, tmp_path: Path, text: str
) -> None:
    """It is refused in one line, and no file is there."""
    done = say(supervised, tmp_path, "--captions", "a.srt", text=text)
    assert done.returncode != 0
    assert "empty" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_engine_that_does_not_tell_makes_empty_captions_and_says_so(
    supervised: Supervised, tmp_path: Path
) -> None:
    """The test engine knows no words."""
    done = say(supervised, tmp_path, "--engine", "noop", "--captions", "a.vtt")
    assert done.returncode == 0
    assert "does not tell" in done.stderr
    assert (tmp_path / "a.vtt").read_text() == "WEBVTT\n"


# -- at last, for it restarts the supervisor ------------------------------------------------


def test_a_durable_job_keeps_its_words(supervised: Supervised, audio: Audio) -> None:
    """For a second listener, and for one after a restart; the audio is the same."""
    with Client(supervised.endpoint) as client:
        job = client.submit(TEXT, seed=1, words=True, durable=True)
        heard = job.result()
        assert [word.text for word in heard.words] == [word.text for word in audio.words]
        again = client.attach(job.id).result()
        assert [(word.text, word.begin_s) for word in again.words] == [
            (word.text, word.begin_s) for word in heard.words
        ]
    supervised.kill()
    supervised.start()
    with Client(supervised.endpoint) as client:
        after = client.attach(job.id).result()
    assert np.array_equal(after.samples, heard.samples)
    assert after.words == again.words


def _document(word: Word) -> dict[str, Any]:
    return {
        "word": word.text,
        "start": word.begin_s,
        "end": word.end_s,
        "text_start": word.start,
        "text_end": word.end,
    }
