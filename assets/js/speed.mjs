// The speed of a chosen track over its last hours, and its altitude where that is told, in the details panel; gaps stay empty, the clock is a line.
import { latestOnly } from "./api.mjs";
import { askPurpose, purposeHeaders } from "./purpose.mjs";
import { clock, iso } from "./times.mjs";

const ask = latestOnly();
const NEEDS_PURPOSE = Symbol("needs a purpose");
const HOURS = 3, W = 316, H = 72, LEFT = 30, RIGHT = 4, TOP = 8, BOTTOM = 54;

const toX = (t, from) => ((t - from) / (HOURS * 3600)) * (W - LEFT - RIGHT) + LEFT;

/** Pure: where the line of a clock stands in a chart that begins at `from`; undefined outside of it. */
export const clockX = (at, from) => (at >= from && at <= from + HOURS * 3600 ? toX(at, from) : undefined);

/** Pure: the path of values over time; null is unknown, and over a silence nothing is drawn. */
export function pathOf(t, values, from, most, gapS) {
  let path = "", last;
  t.forEach((at, i) => {
    if (values[i] === null) return;
    const y = BOTTOM - (Math.max(0, values[i]) / most) * (BOTTOM - TOP);
    path += `${last !== undefined && at - last <= gapS ? "L" : "M"}${toX(at, from).toFixed(1)} ${y.toFixed(1)}`;
    last = at;
  });
  return path;
}

export async function drawSpeed(box, track, at, { token, world, known, seek, gapS = 1800, purpose }) {
  const from = at - HOURS * 3600;
  const query = `world=${world}&from=${iso(from)}&to=${iso(at + 1)}${known ? `&known_at=${known}` : ""}`;
  const found = await ask(`/api/tracks/${track}/fixes?${query}`, purposeHeaders(purpose)).catch((error) => (error.status === 428 ? NEEDS_PURPOSE : undefined));
  if (found === NEEDS_PURPOSE) return offer(box, async () => drawSpeed(box, track, at, { token, world, known, seek, gapS, purpose: await askPurpose("Look back at this track") }));
  if (!found?.t?.length) return box.replaceChildren();
  const speed = found.speed_mps.map((v) => (v === null ? null : v * 1.943844));
  const most = Math.max(4, ...speed.filter((v) => v !== null)), high = Math.max(0, ...found.altitude_m.filter((v) => v !== null));
  const label = (text, px, py, anchor, colour = "t3") => `<text x="${px}" y="${py}" fill="${token(colour)}" font-size="11" text-anchor="${anchor}">${text}</text>`;
  const path = (values, top, colour, dash) => `<path d="${pathOf(found.t, values, from, top, gapS)}" fill="none" stroke="${token(colour)}" stroke-width="1.6"${dash ? ' stroke-dasharray="3 2"' : ""}/>`;
  const also = high > 0 ? `; altitude, highest ${high.toFixed(0)} metres` : "";
  box.innerHTML = `<h2>Speed${high > 0 ? " and altitude" : ""}, last ${HOURS} h <span class="meta">knots${high > 0 ? ", metres dashed" : ""}</span></h2><svg viewBox="0 0 ${W} ${H}" role="img" aria-label="Speed of the last ${HOURS} hours, highest ${most.toFixed(0)} knots${also}">
    <path d="M${LEFT} ${BOTTOM}H${W - RIGHT}" stroke="${token("line2")}"/>${high > 0 ? path(found.altitude_m, high, "track-air", true) + label(high.toFixed(0), W - RIGHT, 14, "end", "track-air") : ""}${path(speed, most, "track-sea")}
    <line class="at" y1="${TOP - 4}" y2="${BOTTOM}" stroke="${token("t1")}"/>${label(most.toFixed(0), 24, 14, "end")}${label("0", 24, 57, "end")}${label(clock(from, false), LEFT, 70, "start")}${label(clock(at, false), W - RIGHT, 70, "end")}</svg>`;
  box.dataset.from = String(from);
  markClock(box, at);
  const svg = box.querySelector("svg");
  svg.addEventListener("click", ({ clientX }) => {
    const { left, width } = svg.getBoundingClientRect(), x = ((clientX - left) / width) * W;
    if (x >= LEFT && x <= W - RIGHT) seek?.(from + ((x - LEFT) / (W - LEFT - RIGHT)) * HOURS * 3600);
  });
}

/** Bring the chart's line to the clock. */
export function markClock(box, at) {
  const line = box?.querySelector("line.at");
  if (!line) return;
  const x = clockX(at, Number(box.dataset.from));
  line.toggleAttribute("hidden", x === undefined);
  if (x !== undefined) for (const end of ["x1", "x2"]) line.setAttribute(end, x.toFixed(1));
}

/** Where a purpose is missing: a button that asks for it. */
function offer(box, again) {
  const button = Object.assign(document.createElement("button"), { className: "action", textContent: "Look back…" });
  button.addEventListener("click", again);
  box.replaceChildren(button);
}
