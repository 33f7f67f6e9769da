// The speed of a chosen track over its last hours, in the details panel; gaps stay empty, the clock is a line.
import { latestOnly } from "./api.mjs";
import { askPurpose, purposeHeaders } from "./purpose.mjs";
import { clock, iso } from "./times.mjs";

const ask = latestOnly();
const NEEDS_PURPOSE = Symbol("needs a purpose");
const HOURS = 3, W = 316, H = 72;

export async function drawSpeed(box, track, at, { token, world, gapS = 1800, purpose }) {
  const from = at - HOURS * 3600;
  const found = await ask(`/api/tracks/${track}/fixes?world=${world}&from=${iso(from)}&to=${iso(at + 1)}`, purposeHeaders(purpose)).catch((error) => (error.status === 428 ? NEEDS_PURPOSE : undefined));
  if (found === NEEDS_PURPOSE) return offer(box, async () => drawSpeed(box, track, at, { token, world, gapS, purpose: await askPurpose("Look back at this track") }));
  if (!found?.t?.length) return box.replaceChildren();
  const speed = found.speed_mps.map((v) => (v === null ? null : v * 1.943844));
  const most = Math.max(4, ...speed.filter((v) => v !== null));
  const x = (t) => ((t - from) / (HOURS * 3600)) * (W - 34) + 30, y = (v) => 54 - (v / most) * 46;
  let path = "", last;
  found.t.forEach((t, i) => {
    if (speed[i] === null) return;
    path += `${last !== undefined && t - last <= gapS ? "L" : "M"}${x(t).toFixed(1)} ${y(speed[i]).toFixed(1)}`;
    last = t;
  });
  const label = (text, px, py, anchor) => `<text x="${px}" y="${py}" fill="${token("t3")}" font-size="11" text-anchor="${anchor}">${text}</text>`;
  box.innerHTML = `<h2>Speed, last ${HOURS} h <span class="meta">knots</span></h2><svg viewBox="0 0 ${W} ${H}" role="img" aria-label="Speed of the last ${HOURS} hours, highest ${most.toFixed(0)} knots">
    <path d="M30 54H${W - 4}" stroke="${token("line2")}"/><path d="${path}" fill="none" stroke="${token("track-sea")}" stroke-width="1.6"/>
    ${label(most.toFixed(0), 24, 14, "end")}${label("0", 24, 57, "end")}${label(clock(from, false), 30, 70, "start")}${label(clock(at, false), W - 4, 70, "end")}</svg>`;
}

/** Where a purpose is missing: a button that asks for it. */
function offer(box, again) {
  const button = Object.assign(document.createElement("button"), { className: "action", textContent: "Look back…" });
  button.addEventListener("click", again);
  box.replaceChildren(button);
}
