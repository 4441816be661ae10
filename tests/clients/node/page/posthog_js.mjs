// posthog-js, as a page calls it. The same calls work in all versions asked here.

import { inTurn, OF_PAGE } from "../turns.mjs";

/** The options of a client that asks for flags alone, and only when it is told to. */
const QUIET = {
  persistence: "memory",
  autocapture: false,
  capture_pageview: false,
  capture_pageleave: false,
  disable_session_recording: true,
  disable_surveys: true,
  advanced_disable_feature_flags_on_first_load: true,
  feature_flag_request_timeout_ms: 60_000, // a busy machine may take its time
  opt_out_useragent_filter: true, // a browser without a window is taken for a bot
};

export async function verbs(name) {
  const posthog = (await import(`/node_modules/${name}/dist/module.js`)).default;
  let made = 0;
  let client;

  function loaded(asking) {
    return new Promise((resolve) => asking.onFeatureFlags((keys, values, context) => resolve(context)));
  }

  function person(asking, asked) {
    // The groups first, because naming a group forgets its properties.
    for (const [type, key] of Object.entries(asked.groups ?? {})) asking.group(type, key);
    if (asked.person_properties) asking.setPersonPropertiesForFlags(asked.person_properties, false);
    if (asked.group_properties) asking.setGroupPropertiesForFlags(asked.group_properties, false);
  }

  function said(asking, key) {
    const value = asking.getFeatureFlag(key, { send_event: false });
    return { value: value ?? null, payload: asking.getFeatureFlagPayload(key) ?? null };
  }

  async function ask(asked) {
    const asking = posthog.init(
      asked.project_key,
      {
        ...QUIET,
        api_host: asked.url,
        bootstrap: { distinctID: asked.distinct_id, isIdentifiedID: true },
        ...(asked.device_id !== undefined && { get_device_id: () => asked.device_id }),
        ...(asked.evaluation_contexts && { evaluation_contexts: asked.evaluation_contexts }),
      },
      `client_${++made}`,
    );
    person(asking, asked);
    asking.reloadFeatureFlags();
    const context = await loaded(asking);
    return context?.errorsLoading ? { crash: "the flags could not be loaded" } : said(asking, asked.flag_key);
  }

  return {
    version: () => posthog.version ?? posthog.LIB_VERSION,
    ask: ({ cases }) => inTurn(cases, ask, OF_PAGE),
    async open(asked) {
      client = posthog.init(asked.project_key, { api_host: asked.url, person_profiles: "always", opt_out_useragent_filter: true }, "session");
      await loaded(client);
    },
    async person(asked) {
      if (asked.distinct_id) client.identify(asked.distinct_id);
      person(client, asked);
      client.reloadFeatureFlags();
    },
    refresh: () => client.reloadFeatureFlags(),
    flag: ({ flag_key }) => said(client, flag_key),
    flags: () => ({
      featureFlags: client.featureFlags.getFlagVariants(),
      featureFlagPayloads: client.featureFlags.getFlagPayloads(),
    }),
    capture: ({ event, properties }) => void client.capture(event, properties),
    surveys: () => new Promise((resolve) => client.getSurveys(resolve, true)),
    earlyAccess: () => new Promise((resolve) => client.getEarlyAccessFeatures(resolve, true)),
  };
}
