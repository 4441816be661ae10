// posthog-node, as its users call it.

import { PostHog } from "posthog-node";
import { drive, versionOf } from "./lines.mjs";
import { inTurn } from "./turns.mjs";

for (const name of ["log", "warn", "error"]) console[name] = (...said) => notes.push(said.join(" "));
let notes = [];
let client;

// A busy machine may take its time.
const QUIET = {
  featureFlagsPollingInterval: 3_600_000,
  featureFlagsRequestTimeoutMs: 60_000,
  requestTimeout: 60_000,
  fetchRetryCount: 0,
  flushInterval: 3_600_000,
};

const options = (asked) => ({
  groups: asked.groups,
  personProperties: asked.person_properties,
  groupProperties: asked.group_properties,
});

/** Return what a result says: null where there is none. */
function said(result) {
  if (result === undefined) return { value: null, payload: null };
  return { value: result.enabled && (result.variant ?? true), payload: result.payload ?? null };
}

function made(asked, more) {
  return new PostHog(asked.project_key, {
    host: asked.url,
    ...(asked.evaluation_contexts && { evaluationContexts: asked.evaluation_contexts }),
    ...more,
  });
}

async function ask(asked) {
  const asking = made(asked, QUIET);
  const result = await asking.getFeatureFlagResult(asked.flag_key, asked.distinct_id, {
    ...options(asked),
    sendFeatureFlagEvents: false,
  });
  await asking.shutdown();
  return said(result);
}

async function askLocally(asked) {
  const asking = made(asked, { ...QUIET, personalApiKey: asked.secret_key });
  await asking.reloadFeatureFlags();
  const result = await asking.getFeatureFlagResult(asked.flag_key, asked.distinct_id, {
    ...options(asked),
    onlyEvaluateLocally: true,
    sendFeatureFlagEvents: false,
  });
  await asking.shutdown();
  return said(result);
}

await drive(
  { name: "posthog-node", version: versionOf("posthog-node") },
  {
    ask: ({ cases }) => inTurn(cases, ask),
    askLocally: ({ cases }) => inTurn(cases, askLocally),
    async open(asked) {
      const local = { personalApiKey: asked.secret_key, featureFlagsPollingInterval: 100 };
      client = made(asked, asked.secret_key ? local : {});
      client.on("error", (error) => notes.push(String(error)));
      if (asked.secret_key) await client.waitForLocalEvaluationReady();
    },
    flags: (asked) => client.getAllFlagsAndPayloads(asked.distinct_id, options(asked)),
    async flag(asked) {
      return said(
        await client.getFeatureFlagResult(asked.flag_key, asked.distinct_id, {
          ...options(asked),
          onlyEvaluateLocally: asked.is_local ?? false,
        }),
      );
    },
    remoteConfig: (asked) => client.getRemoteConfigPayload(asked.flag_key),
    capture: (asked) =>
      client.capture({ distinctId: asked.distinct_id, event: asked.event, properties: asked.properties }),
    flush: () => client.flush(),
    notes: () => notes.splice(0),
    end: () => client.shutdown(),
  },
);
