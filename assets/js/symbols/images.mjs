// The map's images, drawn on canvases from the glyphs and the theme's tokens: a dark ring round every mark, no glow.
import { DISC_PX, DRUGS, GLYPHS, LETTERS, STATES } from "./glyphs.mjs";

export const RATIO = 2;
// On a wall marks are seen from metres away: this much larger, strokes too.
export const WALL = { glyph: 2.5, disc: 1.9, ring: 1.9 };

function canvas(px, scale = 1) {
  const c = document.createElement("canvas");
  c.width = c.height = Math.ceil(px * RATIO * scale);
  // Kept in memory, not by the graphics card: to read each back from there takes 30 ms and more.
  const g = c.getContext("2d", { willReadFrequently: true });
  g.scale(RATIO * scale, RATIO * scale);
  return [c, g];
}

const pixels = (c) => c.getContext("2d").getImageData(0, 0, c.width, c.height);

/** One glyph in one state. */
export function glyph(kind, state, token, wall = false) {
  const { path, family, size } = GLYPHS[kind];
  const box = size + 8;
  const [c, g] = canvas(box, wall ? WALL.glyph : 1);
  const colour = token(`track-${family}`);
  const shape = new Path2D();
  const k = size / 24;
  shape.addPath(new Path2D(path), new DOMMatrix([k, 0, 0, k, 4, 4]));
  g.lineJoin = "round";
  g.strokeStyle = token("case");
  const hollow = state === "stale" || state === "lost";
  g.globalAlpha = state === "late" ? 0.75 : 1;
  if (hollow) {
    // Hollow glyphs are their outline alone: an eye or ribs inside would fill them again.
    const outline = new Path2D();
    outline.addPath(new Path2D(path.split("Z")[0] + "Z"), new DOMMatrix([k, 0, 0, k, 4, 4]));
    g.lineWidth = 5.5;
    g.stroke(outline);
    g.fillStyle = token("land");
    g.fill(outline);
    g.strokeStyle = colour;
    g.lineWidth = 2;
    if (state === "lost") g.setLineDash([3, 2.4]);
    g.stroke(outline);
  } else {
    g.lineWidth = 4;
    g.stroke(shape);
    g.fillStyle = colour;
    g.fill(shape, "evenodd");
  }
  if (state === "frozen") {
    g.setLineDash([]);
    g.strokeStyle = token("case");
    g.lineWidth = 4.5;
    g.beginPath();
    g.moveTo(3, box / 2);
    g.lineTo(box - 3, box / 2);
    g.stroke();
    g.strokeStyle = colour;
    g.lineWidth = 2;
    g.stroke();
  }
  return pixels(c);
}

/** A single seizure: a disc with its letter; the unknown weight has a hollow centre. */
export function disc(drug, px, token, { hollow = false, wall = false } = {}) {
  const [c, g] = canvas(px + 4, wall ? WALL.disc : 1);
  const middle = (px + 4) / 2;
  circle(g, middle, px / 2 + 1.5, token("case"));
  circle(g, middle, px / 2, token(drug));
  if (hollow) circle(g, middle, px / 2 - 3, token("case"));
  else if (px >= 13 && !wall) letter(g, LETTERS[drug], middle, 0.68 * px, token(`${drug}-ink`));
  return pixels(c);
}

/** Several gathered: a ring of drug shares (twelfths, in the order of the chips) round a dark centre. */
export function ring(twelfths, radius, token, wall = false) {
  const box = 2 * radius + 5;
  const [c, g] = canvas(box, wall ? WALL.ring : 1);
  const middle = box / 2;
  circle(g, middle, radius + 2, token("case"));
  const total = twelfths.reduce((a, b) => a + b, 0) || 1;
  const width = Math.max(3, radius * 0.24);
  let at = -Math.PI / 2;
  const parts = twelfths.filter(Boolean).length;
  const apart = parts > 1 ? 1.2 / radius : 0;
  twelfths.forEach((n, i) => {
    if (!n) return;
    const turn = (2 * Math.PI * n) / total;
    g.beginPath();
    g.arc(middle, middle, radius - width / 2, at + apart / 2, at + turn - apart / 2);
    g.strokeStyle = token(DRUGS[i]);
    g.lineWidth = width;
    g.stroke();
    at += turn;
  });
  return pixels(c);
}

function circle(g, middle, radius, colour) {
  g.beginPath();
  g.arc(middle, middle, Math.max(0.5, radius), 0, 2 * Math.PI);
  g.fillStyle = colour;
  g.fill();
}

function letter(g, text, middle, px, colour) {
  g.font = `600 ${px}px "IBM Plex Sans", sans-serif`;
  g.textAlign = "center";
  g.textBaseline = "middle";
  g.fillStyle = colour;
  g.fillText(text, middle, middle + px * 0.06);
}

/** Every image that is known beforehand, by name. Rings are drawn when a map asks for one. */
export function* all(token, wall = false) {
  for (const kind of Object.keys(GLYPHS)) for (const state of STATES) yield [`glyph-${kind}-${state}`, glyph(kind, state, token, wall)];
  for (const drug of DRUGS) {
    for (const [i, px] of DISC_PX.entries()) yield [`disc-${drug}-${i}`, disc(drug, px, token, { wall })];
    yield [`disc-${drug}-x`, disc(drug, 13, token, { hollow: true, wall })];
  }
  yield ["crop", cropMark(token)];
  yield ["hatch", hatch(token, wall)];
  yield ["crop-point", cropPoint(token)];
  yield ["film", film(token)];
  yield ["film-centre", cross(token)];
}

/** Lines twice: a dark ring, then the colour. */
function twice(box, colours, draw) {
  const [c, g] = canvas(box);
  g.lineJoin = g.lineCap = "round";
  for (const [colour, width] of colours) {
    g.strokeStyle = g.fillStyle = colour;
    g.lineWidth = width;
    g.beginPath();
    draw(g);
    g.stroke();
  }
  return pixels(c);
}

/** A frame that does not say how it lay: its four corners alone, round nothing. */
const cropPoint = (token) => twice(18, [[token("case"), 4.2], [token("footprint"), 1.8]], (g) => {
  for (const [x, y, dx, dy] of [[4, 4, 4, 4], [14, 4, -4, 4], [4, 14, 4, -4], [14, 14, -4, -4]]) {
    g.moveTo(x + dx, y);
    g.lineTo(x, y);
    g.lineTo(x, y + dy);
  }
});

/** A film: a hollow frame with the sign of what plays. */
const film = (token) => twice(24, [[token("case"), 5], [token("footprint"), 2]], (g) => {
  g.rect(4, 6, 16, 12);
  g.moveTo(10, 9);
  g.lineTo(15, 12);
  g.lineTo(10, 15);
  g.closePath();
});

/** The middle of what a film sees. */
const cross = (token) => twice(16, [[token("case"), 4.5], [token("accent"), 2]], (g) => {
  for (const [x, y] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
    g.moveTo(8 + 2.5 * x, 8 + 2.5 * y);
    g.lineTo(8 + 6 * x, 8 + 6 * y);
  }
});

/** The veil over ground nobody saw: lines at 45 degrees, 4 px apart. */
function hatch(token, wall) {
  const px = 5.5; // across; 4 px from line to line
  const [c, g] = canvas(px, wall ? 2 : 1);
  g.strokeStyle = token("t3");
  g.globalAlpha = 0.35;
  g.lineWidth = 1.2;
  g.beginPath();
  for (const shift of [-px, 0, px]) {
    g.moveTo(shift - 1, px + 1);
    g.lineTo(shift + px + 1, -1);
  }
  g.stroke();
  return pixels(c);
}

/** The corner of an image's frame, opening to the lower right. */
function cropMark(token) {
  const [c, g] = canvas(16);
  for (const [colour, width] of [[token("case"), 4], [token("footprint"), 2]]) {
    g.strokeStyle = colour;
    g.lineWidth = width;
    g.beginPath();
    g.moveTo(8, 14);
    g.lineTo(8, 8);
    g.lineTo(14, 8);
    g.stroke();
  }
  return pixels(c);
}

/** `ring-3-0-9-0-0-0-16` as its image: twelfths of each drug, then the radius. */
export function ringNamed(name, token, wall = false) {
  const numbers = name.split("-").slice(1).map(Number);
  if (numbers.length !== 7 || numbers.some((n) => !Number.isFinite(n))) return undefined;
  return ring(numbers.slice(0, 6), numbers[6], token, wall);
}
