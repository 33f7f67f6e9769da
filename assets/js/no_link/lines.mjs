// Pure: what was taken along, as features and words.
import { gapAfter } from "../layers/movement_marks.mjs";
import { age, moment, number } from "../times.mjs";

/** Where each track went, broken where it was silent. */
export function linesOf(movement) {
  const out = [];
  for (const track of movement?.tracks ?? []) {
    let line = [];
    const end = () => {
      if (line.length > 1) out.push({ type: "Feature", geometry: { type: "LineString", coordinates: line }, properties: { id: track.id, kind: track.kind } });
      line = [];
    };
    track.t.forEach((_, i) => {
      if (i && Math.abs(track.lon[i] - track.lon[i - 1]) > 180) end(); // across 180 degrees
      line.push([track.lon[i], track.lat[i]]);
      if (i === track.t.length - 1 || gapAfter(track, i)) end();
    });
  }
  return out;
}

/** The time at which an area's marks are looked at: now, but in the exercise, whose time is its own. */
export const lookedAt = (area, nowS) => (area.world === "exercise" ? Date.parse(area.tracks_to) / 1000 : nowS);

/** What was tapped. `found` is { seizure: i } or { track }, of the records of an area. */
export function pickedWords({ seizures, movement }, { seizure, track }, atS) {
  if (seizure !== undefined) {
    const i = seizures.id.indexOf(seizure), kg = seizures.kg[i];
    return i < 0 ? "" : `Seizure ${seizure}: ${seizures.drug[i]}${kg === null ? "" : `, ${number(kg, 1)} kg`}, ${moment(seizures.t[i])} UTC`;
  }
  const found = movement.tracks.find((t) => t.id === track);
  if (!found) return "";
  const last = found.t.at(-1);
  return `${found.name ?? `Track ${track}`}, ${found.kind}: last heard of ${moment(last)} UTC, ${age(atS - last)} ago`;
}
