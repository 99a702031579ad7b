// The store behind the pages, and tokens for users that no page signs in.

import { createRequire } from "node:module";

const { Casier } = createRequire(import.meta.url)("../../../bindings-node/dist/entry/index.js");

const { CASIER_LOCAL_MINT_URL, CASIER_LOCAL_MINT_TOKEN, CASIER_LOCAL_FAULTS_URL } = process.env;
if (!CASIER_LOCAL_MINT_URL) throw new Error("the environment of casier-local is not set: scripts/test.sh starts it");

const headers = {
  Authorization: `Bearer ${CASIER_LOCAL_MINT_TOKEN}`,
  "Content-Type": "application/json",
};

/** A session token that outlives the tests. */
export async function mint(userId, tier) {
  const body = JSON.stringify({ user_id: userId, tier, ttl: 3600 });
  const answer = await fetch(CASIER_LOCAL_MINT_URL, { method: "POST", headers, body });
  return (await answer.json()).token;
}

/** The files of a user, seen past the applications. */
export function filesOf(userId) {
  return Casier.fromEnv().storageFor(userId);
}

/** Lets each part of an upload move so fast at most, and begins to count what the store is asked. */
export async function limitSpeed(bytesPerSecond) {
  await forgetSpeed();
  const body = JSON.stringify({ fault: "slow", operation: "UploadPart", bytes_per_second: bytesPerSecond });
  const answer = await fetch(CASIER_LOCAL_FAULTS_URL, { method: "POST", headers, body });
  if (!answer.ok) throw new Error(await answer.text());
}

/** Lets parts move as they can. */
export async function forgetSpeed() {
  await fetch(CASIER_LOCAL_FAULTS_URL, { method: "DELETE", headers });
}

/** How often the store was asked to do this, by the name of the operation in S3's API. */
export async function asked(operation) {
  const answer = await fetch(CASIER_LOCAL_FAULTS_URL, { headers });
  return (await answer.json()).requests[operation] ?? 0;
}
