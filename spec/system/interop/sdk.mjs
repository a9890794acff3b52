// The official JavaScript SDK, as published, against the sandbox: what the SDK makes of
// each answer is what the sandbox holds. `make interop` installs the SDK and runs this in
//
//   elevenlabs-workspace sandbox -- node spec/system/interop/sdk.mjs
//
// with NODE_EXTRA_CA_CERTS naming the sandbox's certificate before node starts.

import assert from "node:assert/strict";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../../build/interop/", import.meta.url));
const { ElevenLabsClient, ElevenLabsError } = require("@elevenlabs/elevenlabs-js");
const { version } = require("@elevenlabs/elevenlabs-js/package.json");

const ID = "voice_narrator";
const VOICE = { resourceType: "voice" };
const EVE = { ...VOICE, userEmail: "eve@example.com" };
const MIA = { ...VOICE, userEmail: "mia@example.com" };

// Every field, so that one which the SDK drops, renames or does not know is seen.
const AT_FIRST = {
  resourceId: ID,
  resourceName: "Narrator",
  resourceType: "voice",
  creatorUserId: "user_ada",
  anonymousAccessLevelOverride: undefined, // the SDK's form of null
  roleToGroupIds: {
    admin: ["user_ada"],
    editor: ["user_mia"],
    commenter: [],
    viewer: ["user_tom"],
  },
  shareOptions: [
    { id: "user_eve", name: "eve@example.com", type: "user" },
    { id: "group_studio", name: "Studio", type: "group" },
    { id: "service_deploy", name: "Deploy", type: "key" },
  ],
};
const SHARED = {
  ...AT_FIRST,
  roleToGroupIds: { ...AT_FIRST.roleToGroupIds, commenter: ["user_eve"] },
  shareOptions: AT_FIRST.shareOptions.filter((option) => option.id !== "user_eve"),
};

function resources(apiKey) {
  const baseUrl = process.env.ELEVENLABS_BASE_URL;
  assert.ok(baseUrl, "ELEVENLABS_BASE_URL is not set: run this through `make interop`");
  return new ElevenLabsClient({ baseUrl, apiKey, maxRetries: 0, timeoutInSeconds: 5 }).workspace
    .resources;
}

const ada = resources(process.env.ELEVENLABS_API_KEY);
const stranger = resources("sk_sandbox_wrong");

let passed = 0;
let failed = 0;

// The SDK wraps what went wrong below it: the innermost cause tells why.
function reason(error) {
  return error.cause ? reason(error.cause) : error.message;
}

async function check(what, run) {
  try {
    await run();
    passed += 1;
    console.log(`ok ${what}`);
  } catch (error) {
    failed += 1;
    console.log(`not ok ${what}: ${reason(error)}`);
  }
}

async function holds(expected) {
  assert.deepEqual(await ada.get(ID, VOICE), expected);
}

function refusesKey(call) {
  return assert.rejects(call, (error) => {
    assert.ok(error instanceof ElevenLabsError, `not the SDK's error: ${error}`);
    assert.equal(error.statusCode, 401, error.message);
    assert.equal(error.body.detail.code, "invalid_api_key");
    return true;
  });
}

await check("get", () => holds(AT_FIRST));
await check("share", async () => {
  assert.deepEqual(await ada.share(ID, { ...EVE, role: "commenter" }), { status: "ok" });
});
await check("get: the role is there", () => holds(SHARED));
await check("unshare", async () => {
  assert.deepEqual(await ada.unshare(ID, EVE), { status: "ok" });
});
await check("get: the role is gone", () => holds(AT_FIRST));

await check("get with a wrong key: 401", () => refusesKey(stranger.get(ID, VOICE)));
await check("share with a wrong key: 401", () =>
  refusesKey(stranger.share(ID, { ...EVE, role: "commenter" })));
await check("get: no role was added", () => holds(AT_FIRST));
await check("unshare with a wrong key: 401", () => refusesKey(stranger.unshare(ID, MIA)));
await check("get: no role was removed", () => holds(AT_FIRST));

console.log(`interop ${passed} passed, ${failed} failed (@elevenlabs/elevenlabs-js ${version})`);
process.exitCode = failed > 0 ? 1 : 0;
