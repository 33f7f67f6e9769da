// The legend: only what is in view, in plain words.
import { strictest, tlp } from "./markings.mjs";
import { FROM_ZOOM, hoursWords } from "./layers/coverage.mjs";
import { withAlpha } from "./theme.mjs";
import { GLYPHS, svg } from "./symbols/glyphs.mjs";

const WORDS = [
  [3, "Far more", "1 in 1,000 by chance"], [2, "Many more", "1 in 100"], [1, "More", "1 in 20"], [0, "As chance would give", ""], [-1, "Fewer", "1 in 20"],
];

const AGENCIES_MOST = 3;
const LINES_FROM_ZOOM = 9; // data/tiles_tracks.py

/** Pure: a told name as markup. */
export const quiet = (name) => name.replaceAll(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

/** Pure: how closed a run is, and whose rows it was made of. */
export function madeOf({ n, marking, agencies = [] }) {
  if (!n || !strictest(marking)) return "";
  const named = agencies.slice(0, AGENCIES_MOST).map(quiet).join(", "), more = agencies.length - AGENCIES_MOST;
  return `<p class="meta"><span class="${tlp(marking)}">${marking}</span>${named ? ` from ${named}` : ""}${more > 0 ? ` and ${more} more` : ""}</p>`;
}

/** Pure: what the veil means, or why there is none. */
export function veilWords(hours, zoom) {
  return zoom < FROM_ZOOM ? "Looked at: told from closer by" : `Not looked at for ${hoursWords(hours)}`;
}

const LOW_PX = 520; // a map so low would be half covered: there it begins folded

/** Pure: which lines of the past there are from afar, while an older state of knowledge is shown. */
export function knownWords(known, zoom) {
  return known === undefined || zoom >= LINES_FROM_ZOOM ? undefined : "Lines as known by then: from afar only of up to 20,000 track-hours, closer by all";
}

export function drawLegend(box, { token, run, levels, zoom, hotspotsOn, heat, days, theme, veil, look, known, shown = { seizures: true, movements: true } }) {
  const open = box.querySelector("details")?.open ?? !(box.parentElement?.clientHeight < LOW_PX);
  const rows = [];
  if (hotspotsOn && heat) {
    rows.push(`<p class="meta">Where seizures are many, in any number. Says nothing of chance.</p><p class="ramp" aria-hidden="true" style="--ramp:linear-gradient(90deg, ${withAlpha(token("hot1"), 0.3)}, ${token("hot2")}, ${token("hot3")})"></p><p class="ends"><span>Few</span><span>Many</span></p>`);
  } else if (hotspotsOn && run) {
    const width = [...run.resolutions].reverse().find((r) => r.zoom <= zoom)?.width_km ?? run.resolutions[0].width_km;
    const about = [days ? `${days} days` : "all time", `${Math.round(width) || width} km hexagons`, `${Math.round(100 * run.false_finds)} % false finds`];
    rows.push(`<p class="meta">${about.join(", ")}</p><ul>`);
    for (const [level, words, chance] of WORDS) {
      if (!levels.has(level)) continue;
      const name = level === -1 ? "cold1" : level > 0 ? `hot${level}` : undefined;
      const fill = name ? withAlpha(token(name), Number(token(`${name}-a`))) : "transparent";
      const line = level === -1 ? token("cold1") : withAlpha(token(level === 3 ? "hot3-line" : "hot-line"), { 3: 0.95, 2: 0.8, 1: 0.62, 0: 0.35 }[level]);
      rows.push(`<li><i class="hex" style="--hex-fill:${fill};--hex-line:${line};--hex-w:${level > 1 ? 1.6 : 1}px"></i><span>${words}</span><small>${chance}</small></li>`);
    }
    rows.push(`<li><i></i><span>No hexagon: too few to say, under ${run.min_n}</span></li></ul>${madeOf(run)}`);
  }
  const hollow = `<svg viewBox="0 0 24 24" width="18" height="18"><path fill="none" stroke="${token("track-sea")}" stroke-width="2" d="${GLYPHS.vessel.path}"/></svg>`;
  const gap = `<svg viewBox="0 0 24 8" width="24" height="8"><path stroke="${token("track-sea")}" stroke-width="1.6" stroke-dasharray="3 3.5" d="M0 4h24"/></svg>`;
  const disc = `<span class="disc drug-ats" style="width:16px;height:16px;font-size:10px">M</span>`;
  const ring = `<svg viewBox="0 0 20 20" width="20" height="20"><circle cx="10" cy="10" r="7.5" fill="none" stroke="${token("ats")}" stroke-width="3" stroke-dasharray="14 33.1"/><circle cx="10" cy="10" r="7.5" fill="none" stroke="${token("cocaine")}" stroke-width="3" stroke-dasharray="33.1 14" stroke-dashoffset="-14"/></svg>`;
  const signs = [...(shown.seizures ? [[ring, "Several"], [disc, "1 to 10 kg"]] : []), ...(shown.movements ? [[hollow, "Stale, with age"], [gap, "Gap, not joined"]] : [])];
  const foot = signs.length ? `<ul class="pair">${signs.map(([sign, words]) => `<li>${sign}<span>${words}</span></li>`).join("")}</ul>` : "";
  const head = hotspotsOn && heat ? "Seizures, gathered" : hotspotsOn && run ? "Seizures against what chance would give" : "Key";
  const chosen = (on) => `aria-pressed="${on}"`;
  const turn = hotspotsOn ? `<p class="turn" role="group" aria-label="Hotspots as"><button data-heat="" ${chosen(!heat)}>Hexagons</button><button data-heat="1" ${chosen(heat)}>Heat</button></p>` : "";
  const looked = veil === undefined ? "" : `<ul><li><span class="symbol layer-coverage"></span><span>${veilWords(veil, zoom)}</span></li>${zoom < FROM_ZOOM ? "" : `<li><i></i><span>Clear, outlined: looked at</span></li>`}</ul>`;
  const knew = knownWords(known, zoom), past = knew ? `<p class="meta">${knew}</p>` : "";
  // one image in other bands or colours: what they mean, and the way back
  const seen = look ? `<p class="meta look-words">${quiet(look.image)}: ${quiet(look.bands)} <button class="link" data-command="look-stored">As stored</button></p>${
    look.colours?.length ? `<p class="ramp" aria-hidden="true" style="--ramp:linear-gradient(90deg, ${look.colours.join(", ")})"></p><p class="ends"><span>${quiet(look.low)}</span><span>${quiet(look.high)}</span></p>` : ""}` : "";
  const html = `<details ${open ? "open" : ""}><summary>${head}</summary>${turn}${rows.join("")}${seen}${looked}${past}${foot}</details>`.replaceAll(/(\.\d)00\b/g, "$1");
  if (box.dataset.drawn !== html + theme) {
    box.innerHTML = html;
    box.dataset.drawn = html + theme;
  }
}

/** The page's own symbols as CSS, so that rail and table draw what the map draws. */
export function symbolCss(token) {
  const rules = Object.entries(GLYPHS).map(([kind, g]) => {
    const image = `url("data:image/svg+xml,${encodeURIComponent(svg(kind, token(`track-${g.family}`), 18))}")`;
    return `.symbol.kind-${kind}{background:${image} center/contain no-repeat}`;
  });
  return rules.join("\n");
}
