"""A complete client in plain pyzmq and json: speaks a text into a WAV file.

    python reference_client.py "Hello there." hello.wav

Follows docs/PROTOCOL.md; needs pyzmq and nothing else. Credit is granted for each
chunk once it is written, so the supervisor never runs far ahead.
"""

import array
import json
import os
import sys
import tempfile
import wave

import zmq

MAGIC = b"TTS\x01"
SILENCE_MS = 20_000


def endpoint() -> str:
    run = os.environ.get("SUPERVISOR_RUN_DIR")
    if not run and os.environ.get("XDG_RUNTIME_DIR"):
        run = os.path.join(os.environ["XDG_RUNTIME_DIR"], "tts-supervisor")
    run = run or os.path.join(tempfile.gettempdir(), f"tts-supervisor-{os.getuid()}")
    with open(os.path.join(run, "supervisor.json"), encoding="utf-8") as file:
        return json.load(file)["endpoints"]["client"]


def send(socket: zmq.Socket, body: bytes | None = None, **header: object) -> None:
    frames = [MAGIC, json.dumps(header).encode()]
    socket.send_multipart(frames if body is None else [*frames, body])


def receive(socket: zmq.Socket) -> tuple[dict, bytes]:
    if not socket.poll(SILENCE_MS):
        sys.exit("the supervisor does not answer")
    magic, header, *body = socket.recv_multipart()
    if magic != MAGIC:
        sys.exit("the supervisor speaks another version")
    return json.loads(header), body[0] if body else b""


def write(file: wave.Wave_write, pcm: bytes) -> None:
    """Float samples as 16-bit ones (on a little-endian machine)."""
    samples = array.array("f", pcm)
    file.writeframes(array.array("h", (max(-32768, min(32767, round(32768 * s))) for s in samples)))


def speak(socket: zmq.Socket, text: str, path: str) -> None:
    send(socket, text.encode(), op="SUBMIT", id="1")
    with wave.open(path, "wb") as file:
        file.setparams((1, 2, 24_000, 0, "NONE", ""))
        while True:
            header, pcm = receive(socket)
            if header["op"] == "ACCEPTED":
                file.setframerate(header["sample_rate"])
            elif header["op"] in ("CHUNK", "END"):
                write(file, pcm)
                if header["op"] == "END":
                    return
                send(socket, op="CREDIT", job=header["job"], bytes=len(pcm))
            elif header["op"] == "ERROR":
                sys.exit(f"{header['code']}: {header['message']}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with zmq.Context() as context, context.socket(zmq.DEALER) as dealer:
        dealer.linger = 500
        dealer.connect(endpoint())
        speak(dealer, sys.argv[1], sys.argv[2])
        send(dealer, op="BYE")
