// The official JavaScript SDK, so many calls at once. Arguments as plain.c's; node reads the
// certificate from NODE_EXTRA_CA_CERTS.

import { createRequire } from "node:module";

const require = createRequire(new URL("../../build/interop/", import.meta.url));
const [, inFlight, warmUp, requests, baseUrl, , prefix] = process.argv.slice(2);

function load() {
  try {
    return require("@elevenlabs/elevenlabs-js");
  } catch (error) {
    if (error.code !== "MODULE_NOT_FOUND") throw error;
    console.log(JSON.stringify({ skipped: "npm could not fetch the SDK" }));
    process.exit(0);
  }
}

const { ElevenLabsClient } = load();
const { resources } = new ElevenLabsClient({ baseUrl, apiKey: "sk_bench", maxRetries: 0 }).workspace;

async function run(name, count) {
  let number = 0;
  async function work() {
    while (number < count) {
      number += 1;
      const id = `${name}_${String(number).padStart(7, "0")}`;
      const answer = await resources.unshare(id, {
        resourceType: "voice",
        userEmail: "leaver@example.com",
      });
      if (answer.status !== "ok") throw new Error(`not ok: ${JSON.stringify(answer)}`);
    }
  }
  await Promise.all(Array.from({ length: Number(inFlight) }, work));
}

await run("voice", Number(warmUp));
const started = performance.now();
const before = process.cpuUsage();
await run(prefix, Number(requests));
const { user, system } = process.cpuUsage(before);
console.log(
  JSON.stringify({
    requests: Number(requests),
    seconds: (performance.now() - started) / 1000,
    cpu_seconds: (user + system) / 1e6,
    peak_kib: process.resourceUsage().maxRSS,
  }),
);
process.exit(0); // not after its idle connections
