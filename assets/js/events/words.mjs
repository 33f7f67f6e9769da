// Events and alerts in words. Pure.
import { age, clock, epoch, moment, number } from "../times.mjs";

const SAYS = {
  enter: (e) => `entered ${areaOf(e)}`, exit: (e) => `left ${areaOf(e)}`, inside: (e) => `is inside ${areaOf(e)}`, outside: (e) => `is outside ${areaOf(e)}`,
  gap: (e) => (e.ended_at ? `was silent for ${age(lasted(e))}` : "is silent"), reappearance: () => "is heard again",
  encounter: (e) => `met ${otherOf(e)}`, proximity: (e) => `came near ${otherOf(e)}`, moving_fence: (e) => `came near ${otherOf(e)}`, loitering: () => "loiters", stop: () => "stands still",
  all_clear: () => "moves again", speed_range: () => "has a speed out of range", out_of_order: () => "was read out of order",
  identity_conflict: (e) => (e.other ? `and ${otherOf(e)} are heard at once under one identity` : "is in two places: one identity, two objects"), teleport: () => "jumped", coverage_void: (e) => `Nobody in ${areaOf(e)}`,
};
export const TYPE_WORD = {
  enter: "Entered", exit: "Left", inside: "Inside", outside: "Outside", coverage_void: "Nobody there", gap: "Silent", reappearance: "Heard again", encounter: "Met", proximity: "Near",
  moving_fence: "Near", loitering: "Loiters", stop: "Stands still", all_clear: "Moves again", speed_range: "Speed", out_of_order: "Out of order", identity_conflict: "Two under one identity",
  teleport: "Jumped",
};

const lineOf = (e) => (e.facts?.line === "warning" ? "the warning line of " : "");
const areaOf = (e) => `${lineOf(e)}${e.area?.name ?? e.area ?? "an area"}`;
const otherOf = (e) => e.other?.name ?? e.other ?? "another";
const lasted = (e) => epoch(e.ended_at) - epoch(e.started_at);

/** What happened, in one line. Takes an event, or the newest of an alert's line. */
export function says(e) {
  const who = e.track?.name ?? e.track;
  const what = SAYS[e.type]?.(e) ?? e.type;
  return e.type === "coverage_void" || !who ? what[0].toUpperCase() + what.slice(1) : `${who} ${what}`;
}

/** When: a moment, or from and to. */
export function when(e, thisYear) {
  const from = epoch(e.started_at), to = epoch(e.ended_at);
  const begun = `${moment(from, { thisYear })}`;
  if (to === undefined) return `since ${begun} UTC`;
  return to === from ? `${begun} UTC` : `${begun} to ${moment(to, { thisYear })} UTC`;
}

/** The words of an alert's line: one stands for itself, several for what they have in common. */
export function lineWords(line) {
  const e = line.newest;
  if (line.count === 1) return { title: says(e), more: e.retracted ? "Withdrawn: late data show that it did not happen" : "" };
  const where = e.area ? ` in ${e.area}` : "";
  return {
    title: `${number(line.count)} × ${e.rule ?? TYPE_WORD[e.type]}${where}`,
    more: [`newest: ${says(e)}`, ...(line.retracted ? [`${number(line.retracted)} withdrawn`] : [])].join("; "),
  };
}

/** How an alert stands. */
export function stateWords(line) {
  const { state, state_by: by, state_at: at, note } = line.newest;
  if (line.state === "new") return "Not acknowledged";
  return [`${state[0].toUpperCase()}${state.slice(1)}${by ? ` by ${by}` : ""} ${clock(epoch(at), false)} UTC`, note].filter(Boolean).join(": ");
}

/** The banner of emergencies; undefined while there is none that nobody acknowledged. */
export function bannerWords(lines) {
  const urgent = lines.filter((l) => l.severity === "emergency" && l.state === "new");
  if (!urgent.length) return undefined;
  const total = urgent.reduce((n, l) => n + l.count, 0);
  return { words: `Emergency: ${lineWords(urgent[0]).title}${total > urgent[0].count ? `, and ${number(total - urgent[0].count)} more` : ""}`, line: urgent[0] };
}

/** What a dark zone says. */
export function zoneWords({ km2, speed_mps: mps, areas }) {
  const reached = areas.map((a) => `${a.name} (${Math.round(100 * a.share)} % of the zone, ${moment(epoch(a.earliest_at))} UTC at the earliest)`);
  return `It can be anywhere in ${number(km2)} km² at up to ${number(mps * 1.943844)} kn. ${reached.length ? `Watch areas it can have reached: ${reached.join("; ")}.` : "It can have reached no watch area."}`;
}
