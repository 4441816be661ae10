// Where the person falls: each bucket on a bar, against the bound that it is compared with.

function sharesCard(found) {
  const shares = found.shares.filter((share) => share.kind === "holdout" || share.rollout !== null || share.variants.length);
  if (!shares.length) return null;
  return h(
    "section",
    { class: "card", "aria-labelledby": "shares-title", id: "shares" },
    h("h3", { id: "shares-title" }, "Where this person falls"),
    shares.map(shareOf),
  );
}

function shareOf(share) {
  if (share.kind === "holdout") return holdout(share.hash, "Holdout");
  const tried = state.whatIf?.condition === share.index ? state.whatIf : null;
  const now = tried?.found?.shares.find((each) => each.kind === share.kind && each.index === share.index) || share;
  const parts = [];
  if (share.holdout) parts.push(holdout(share.holdout, "Holdout"));
  if (share.rollout !== null) parts.push(rolloutScale(share, now, tried));
  const outcome = share.rollout === null ? null : rolloutOutcome(tried, share.variants);
  return h(
    "div",
    { class: "share", "data-index": share.index },
    h("div", { class: "share-head" }, h("h4", {}, titleOf(share)), h("p", { class: "number" }, verdictOf(share, now, tried))),
    parts,
    drawn(share, now),
    outcome,
  );
}

function titleOf(share) {
  const name = `${share.kind === "rule" ? "Rule" : "Condition"} ${share.index + 1}`;
  const filters = share.filters ? `of those who pass ${counted(share.filters, "filter")}` : "of everybody";
  return share.rollout === null ? name : `${name}: ${percent.format(share.rollout)} % ${filters}`;
}

function verdictOf(share, now, tried) {
  const { hash } = now;
  if (!hash) {
    if (share.outcome) return share.outcome;
    return now.passes === false ? "the filters do not match" : "";
  }
  const bound = inPercent(hash.bound);
  if (hash.bucket === null) return hash.verdict === "unknown" ? `${hash.subject} is not known` : hash.verdict === "inside" ? "everybody is inside" : "nobody is inside";
  const sign = hash.verdict === "inside" ? "≤" : ">";
  return h("span", { class: hash.verdict === "inside" ? "is-in" : "is-out" }, `${tried ? "would be " : ""}${hash.verdict}: ${inPercent(hash.bucket)} ${sign} ${bound}, by ${hash.subject}`);
}

function mark(bucket, label) {
  const lean = bucket < 0.08 ? "20%" : bucket > 0.92 ? "80%" : "50%";
  return placed(h("div", { class: "bar-mark", "aria-hidden": "true" }, h("span", {}, label)), { to: bucket, lean });
}

function holdout(hash, title) {
  const isIn = hash.verdict === "inside";
  const words = hash.bucket === null ? hash.verdict : `${hash.verdict}: ${inPercent(hash.bucket)} ${isIn ? "≤" : ">"} ${inPercent(hash.bound)}, by ${hash.subject}`;
  return h(
    "div",
    { class: "share" },
    h("div", { class: "share-head" }, h("h4", {}, `${title}: ${inPercent(hash.bound)} are held out`), h("p", { class: "number" }, words)),
    h("div", { class: hash.bucket === null ? "scale is-bare" : "scale", role: "img", "aria-label": `${title}: the bucket is ${words}` },
      h("div", { class: "bar" }, placed(h("div", { class: "bar-fill" }), { to: hash.bound })),
      hash.bucket === null ? null : mark(hash.bucket, inPercent(hash.bucket))),
    h("div", { class: "ends", "aria-hidden": "true" }, h("span", {}, "0 %"), h("span", {}, "100 %")),
  );
}

/** Show the variants on a bar, and the place of the person's draw. */
function drawn(share, now) {
  const variants = now.draw ? now.variants : [];
  if (!variants.length) return null;
  const colour = coloursOf(variants.map((variant) => variant.key));
  const { bucket, subject } = now.draw;
  const chosen = now.answers.length === 1 ? now.answers[0] : null;
  const words = bucket === null ? `not known which: ${subject} is not known` : `${inPercent(bucket)}, by ${subject}`;
  return h(
    "div",
    {},
    h("div", { class: "share-head save" }, h("h4", {}, share.variant ? `Variant: always ${share.variant}` : "Variant"), h("p", { class: "number" }, words)),
    h("div", { class: bucket === null ? "" : "drawn", role: "img", "aria-label": `Variants: ${variants.map((each) => `${each.key} ${percent.format(each.share)} %`).join(", ")}; ${words}` },
      h("div", { class: "stack" }, variants.map((each) => placed(h("i", {}), { part: `${each.share}%`, colour: colour(each.key) }))),
      bucket === null ? null : mark(bucket, inPercent(bucket))),
    h("div", { class: "legend" }, variants.map((each) => h("span", { class: each.key === chosen ? "is-drawn" : null }, placed(h("i", {}), { colour: colour(each.key) }), `${each.key} ${percent.format(each.share)} %`))),
  );
}
