// What Node's libraries make of a gateway, told as JSON: node node_clients.mjs URL KEY
import net from "node:net";
import { experimental_generateSpeech as generateSpeech } from "ai";
import { createOpenAI } from "@ai-sdk/openai";
import OpenAI from "openai";
import { OpenAIRealtimeWS } from "openai/realtime/ws";

const [url, apiKey] = process.argv.slice(2);
const baseURL = `${url}/v1`;
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const speech = { model: "tts-1", voice: "alloy", input: "Hello there.", response_format: "wav" };

async function overHttp() {
  const models = [];
  for await (const model of client.models.list()) models.push(model.id);
  const whole = await client.audio.speech.create(speech);
  const refused = await client.audio.speech.create({ ...speech, voice: "nobody" }).catch((e) => e);
  const left = new AbortController();
  const long = await client.audio.speech.create(
    { ...speech, input: "Hello there. ".repeat(2000) }, { signal: left.signal },
  );
  let ended = "whole";
  try {
    for await (const _ of long.body) left.abort();
  } catch (error) {
    ended = error.name;
  }
  return {
    models, bytes: (await whole.arrayBuffer()).byteLength, ended,
    refused: [refused.constructor.name, refused.status, refused.code, refused.param],
  };
}

// The library takes wss for granted: without TLS it is given a bare connection.
function overRealtime(key) {
  const createConnection = ({ host, port }) => net.connect({ host, port });
  const socket = new OpenAIRealtimeWS(
    { model: "gpt-realtime", options: { createConnection } },
    new OpenAI({ baseURL, apiKey: key }),
  );
  const output = { voice: "alloy", format: { type: "audio/pcm", rate: 24000 } };
  const content = [{ type: "input_text", text: "Good evening." }];
  const told = { bytes: 0, transcript: "" };
  return new Promise((resolve) => {
    const end = (more) => {
      socket.close();
      resolve({ ...told, ...more });
    };
    socket.on("session.created", () => socket.send({
      type: "session.update",
      session: { type: "realtime", output_modalities: ["audio"], audio: { output } },
    }));
    socket.on("session.updated", () => socket.send({
      type: "response.create",
      response: { conversation: "none", input: [{ type: "message", role: "user", content }] },
    }));
    socket.on("response.output_audio.delta", ({ delta }) => {
      told.bytes += Buffer.from(delta, "base64").length;
    });
    socket.on("response.output_audio_transcript.delta", ({ delta }) => (told.transcript += delta));
    socket.on("response.done", ({ response }) => end({ status: response.status }));
    socket.on("error", ({ message }) => end({ error: message }));
  });
}

async function overVercel() {
  const model = createOpenAI({ baseURL, apiKey }).speech("gpt-4o-mini-tts");
  const asked = { model, text: "Hello there.", voice: "alloy", instructions: "Glad.", maxRetries: 0 };
  const types = [];
  for (const outputFormat of ["mp3", "opus", "flac", "wav"]) {
    types.push((await generateSpeech({ ...asked, outputFormat, speed: 2 })).audio.mediaType);
  }
  const refused = await generateSpeech({ ...asked, voice: "nobody" }).catch((error) => error);
  return { types, refused: [refused.name, refused.statusCode, refused.data?.error?.code] };
}

console.log(JSON.stringify({
  http: await overHttp(),
  realtime: await overRealtime(apiKey),
  stranger: await overRealtime("sk-wrong"),
  vercel: await overVercel(),
}));
