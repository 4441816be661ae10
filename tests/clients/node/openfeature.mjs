// How an application reads a flag of a type with OpenFeature's SDKs, of servers and of browsers.

const METHODS = { boolean: "Boolean", string: "String", integer: "Number", float: "Number", object: "Object" };
const DEFAULTS = { Boolean: false, String: "(the caller's)", Number: -98_765.25, Object: { isTheCallers: true } };

/** Return the evaluation context of a case. */
export function contextOf(asked) {
  const { distinct_id, person_properties, groups, group_properties, device_id } = asked;
  return {
    ...person_properties,
    ...(distinct_id !== undefined && { targetingKey: distinct_id }),
    ...(groups && { groups }),
    ...(group_properties && { group_properties }),
    ...(device_id !== undefined && { device_id }),
  };
}

/** Return what the client says of a flag: null where the default of the caller is the value. */
export async function said(client, asked, ...context) {
  const method = METHODS[asked.kind];
  const read = (given) => client[`get${method}Details`](asked.flag_key, given, ...context);
  const details = await read(DEFAULTS[method]);
  let isDefault = JSON.stringify(details.value) === JSON.stringify(DEFAULTS[method]);
  if (method === "Boolean" && isDefault && !details.errorCode) isDefault = (await read(true)).value === true;
  const error = details.errorCode ?? null;
  return {
    value: isDefault || error ? null : details.value,
    payload: details.flagMetadata?.payload ?? null,
    error: error && error !== "FLAG_NOT_FOUND" ? "failed" : error,
  };
}
