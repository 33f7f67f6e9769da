// The glyph of each kind of track: one path in a 24 box, north up. Map, rail, table, legend and wall draw these alone.

export const GLYPHS = {
  vessel: { path: "M12 1.6c3.1 3.3 5.2 6.6 5.2 10V21a1.2 1.2 0 0 1-1.200 1.200H8A1.200 1.200 0 0 1 6.800 21v-9.400c0-3.400 2.100-6.700 5.200-10Z", turns: true, family: "sea", size: 22 },
  vehicle: { path: "M12 1.800 19.800 21.600 12 17.200 4.200 21.600Z", turns: true, family: "land", size: 22 },
  container: { path: "M3.600 5.200h16.800v13.600H3.600ZM8.300 8.300v7.400h2.100V8.300ZM13.600 8.300v7.400h2.100V8.300Z", turns: false, family: "land", size: 20 },
  tag: { path: "M12 2.800 21.200 12 12 21.200 2.800 12ZM12 9.500a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5Z", turns: false, family: "land", size: 20 },
  aircraft: { path: "M12 1.400c1.100 0 1.700 1.500 1.700 3.200v4.300l8.300 5.200v2.400l-8.300-2.600v4.900l2.500 1.900v1.900L12 21.400l-4.200 1.200v-1.900l2.500-1.900v-4.900L2 16.500v-2.400l8.300-5.200V4.600c0-1.700.6-3.200 1.700-3.200Z", turns: true, family: "air", size: 22 },
  drone: { path: "M12 3.200 14 8l5-5 2.400 2.400-5.800 6.600 5.800 6.600L19 21l-7-5.400L5 21l-2.400-2.400L8.400 12 2.600 5.400 5 3l5 5Z", turns: true, family: "air", size: 22 },
  person: { path: "M12 3.500a4 4 0 1 1 0 8 4 4 0 0 1 0-8ZM4.500 20.500c0-4 3.300-7 7.500-7s7.500 3 7.500 7Z", turns: false, family: "land", size: 20 },
};
for (const glyph of Object.values(GLYPHS)) glyph.path = glyph.path.replaceAll(/(\.\d)00\b/g, "$1");

export const KINDS = Object.keys(GLYPHS);
export const STATES = ["live", "late", "stale", "lost", "frozen"];

/** How old is too old, by the feed's own promise: filled, filled and faint, hollow, hollow and dashed. */
export function stateOf(ageS, slaS) {
  if (ageS < slaS / 2) return "live";
  if (ageS < slaS) return "late";
  return ageS < slaS * 10 ? "stale" : "lost";
}

export const DRUGS = ["cocaine", "opioid", "ats", "cannabis", "heroin", "other"];
export const LETTERS = { cocaine: "C", opioid: "F", ats: "M", cannabis: "K", heroin: "H", other: "O" };
/** Diameter in px of a seizure's disc by weight: < 1 kg, < 10, < 100, < 1 t, more. */
export const DISC_PX = [9, 13, 16, 20, 25];
export const DISC_KG = [1, 10, 100, 1000];

/** A glyph as SVG text, for the page around the map. */
export const svg = (kind, colour, size = 18) =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="${size}" height="${size}"><path fill="${colour}" fill-rule="evenodd" d="${GLYPHS[kind].path}"/></svg>`;
