// Speak a text into a WAV file, over the wire of docs/PROTOCOL.md: ipc and JSON headers.
//
//     npm install
//     node speak.js "Good evening." evening.wav
//
// Exit codes are those of `supervisor`: 2 usage or a wrong request, 3 no supervisor,
// 4 refused, 5 the job failed.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { Dealer } from "zeromq";

const MAGIC = Buffer.from("TTS\x01", "latin1");
const SILENCE_MS = 5_000; // then PING
const GONE_MS = 15_000; // after PING
const WRONG = [
  "bad_text", "empty_text", "text_too_long", "unknown_engine", "unknown_voice", "unknown_language",
];

class Failure extends Error {
  constructor(exitCode, message) {
    super(message);
    this.exitCode = exitCode;
  }
}

function endpoint() {
  const { SUPERVISOR_RUN_DIR: own, XDG_RUNTIME_DIR: runtime } = process.env;
  const fallback = join(tmpdir(), `tts-supervisor-${userInfo().uid}`);
  const run = own || (runtime ? join(runtime, "tts-supervisor") : fallback);
  const file = join(run, "supervisor.json");
  const hint = "start one with `supervisor start`";
  if (!existsSync(file)) {
    throw new Failure(3, `no supervisor is running (looked in ${run}); ${hint}`);
  }
  const { pid, endpoints } = JSON.parse(readFileSync(file, "utf8"));
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code === "ESRCH") throw new Failure(3, `supervisor ${pid} is gone; ${hint}`);
  }
  return endpoints.client;
}

function send(socket, header, body) {
  const frames = [MAGIC, JSON.stringify(header)];
  return socket.send(body === undefined ? frames : [...frames, body]);
}

async function receive(socket) {
  for (const [wait, then] of [[SILENCE_MS, "ping"], [GONE_MS, "give up"]]) {
    socket.receiveTimeout = wait;
    try {
      const [magic, header, body = Buffer.alloc(0)] = await socket.receive();
      if (!magic.equals(MAGIC)) throw new Failure(3, "the supervisor speaks another version");
      return [JSON.parse(header.toString()), body];
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
      if (then === "ping") await send(socket, { op: "PING" });
    }
  }
  throw new Failure(3, "the supervisor does not answer");
}

async function speak(socket, text) {
  await send(socket, { op: "SUBMIT", id: "1" }, text);
  const pieces = [];
  let rate = 24_000;
  for (;;) {
    const [header, body] = await receive(socket);
    if (header.op === "ACCEPTED") rate = header.sample_rate;
    if (header.op === "CHUNK" || header.op === "END") pieces.push(body);
    if (header.op === "CHUNK") {
      await send(socket, { op: "CREDIT", job: header.job, bytes: body.length });
    } else if (header.op === "END") {
      return wav(Buffer.concat(pieces), rate);
    } else if (header.op === "ERROR") {
      const refused = header.id ? 4 : 5;
      const exitCode = WRONG.includes(header.code) ? 2 : refused;
      throw new Failure(exitCode, `${header.code}: ${header.message}`);
    }
  }
}

// Float samples need no conversion: WAV has a format for them (3).
function wav(pcm, rate) {
  const head = Buffer.alloc(44);
  head.write("RIFF", 0, "latin1");
  head.writeUInt32LE(36 + pcm.length, 4);
  head.write("WAVEfmt ", 8, "latin1");
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(3, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate * 4, 28);
  head.writeUInt16LE(4, 32);
  head.writeUInt16LE(32, 34);
  head.write("data", 36, "latin1");
  head.writeUInt32LE(pcm.length, 40);
  return Buffer.concat([head, pcm]);
}

try {
  const [text, path] = process.argv.slice(2);
  if (path === undefined) throw new Failure(2, 'usage: node speak.js "A text." out.wav');
  const socket = new Dealer({ linger: 500 });
  socket.connect(endpoint());
  writeFileSync(path, await speak(socket, text));
  await send(socket, { op: "BYE" });
  socket.close();
} catch (error) {
  console.error(`speak.js: ${error.message}`);
  process.exit(error.exitCode ?? 5);
}
