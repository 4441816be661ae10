// @flags-sdk/posthog, as its users declare flags: an adapter with a posthog-node of its own (4.11).

import { createPostHogAdapter, getProviderData } from "@flags-sdk/posthog";
import { drive, versionOf } from "./lines.mjs";
import { inTurn } from "./turns.mjs";

for (const name of ["log", "warn", "error"]) console[name] = (...said) => notes.push(said.join(" "));
let notes = [];
let session;

const NONE = { isNone: true }; // no value of a flag

const options = (asked, more) => ({
  groups: asked.groups,
  personProperties: asked.person_properties,
  groupProperties: asked.group_properties,
  sendFeatureFlagEvents: false,
  ...more,
});

function made(asked, more) {
  const postHogOptions = {
    host: asked.url,
    fetchRetryCount: 0,
    featureFlagsPollingInterval: 3_600_000,
    featureFlagsRequestTimeoutMs: 60_000, // a busy machine may take its time
    requestTimeout: 60_000,
    ...more,
  };
  return createPostHogAdapter({ postHogKey: asked.project_key, postHogOptions });
}

async function flag(adapter, asked, more) {
  const decided = { key: asked.flag_key, entities: { distinctId: asked.distinct_id }, defaultValue: NONE };
  const shown = (value) => (value === NONE ? null : value);
  const value = shown(await adapter.featureFlagValue(options(asked, more)).decide(decided));
  const payload = shown(await adapter.featureFlagPayload((found) => found, options(asked, more)).decide(decided));
  return { value, payload };
}

await drive(
  { name: "@flags-sdk/posthog", version: versionOf("@flags-sdk/posthog") },
  {
    ask: ({ cases }) => inTurn(cases, (asked) => flag(made(asked), asked)),
    askLocally: ({ cases }) =>
      inTurn(cases, (asked) =>
        flag(made(asked, { personalApiKey: asked.secret_key }), asked, { onlyEvaluateLocally: true }),
      ),
    open(asked) {
      const local = { personalApiKey: asked.secret_key, featureFlagsPollingInterval: 100 };
      session = made(asked, asked.secret_key ? local : {});
    },
    flag: (asked) => flag(session, asked, { sendFeatureFlagEvents: true, onlyEvaluateLocally: asked.is_local }),
    providerData: ({ url, secret_key }) =>
      getProviderData({ personalApiKey: secret_key, projectId: "1", appHost: url }),
    end: () => void (session = undefined),
    notes: () => notes.splice(0),
  },
);
