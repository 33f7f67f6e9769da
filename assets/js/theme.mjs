// Colours come from assets/css/tokens.css; this reads them for what CSS can't reach: the map and canvases.

export const THEMES = ["dark", "light", "sun"];

/** Set the page's theme. */
export function wear(theme, root = document.documentElement) {
  root.dataset.theme = THEMES.includes(theme) ? theme : "dark";
}

/** The tokens in force: `token("land")`, as text. */
export function tokens(root = document.documentElement) {
  const style = getComputedStyle(root);
  return (name) => style.getPropertyValue(`--${name}`).trim();
}

/** `#A9D3F2` and an opacity as rgba(). */
export function withAlpha(hex, alpha) {
  const n = Number.parseInt(hex.slice(1), 16);
  return `rgba(${n >> 16}, ${(n >> 8) & 255}, ${n & 255}, ${alpha})`;
}

/** Two colours `#rrggbb` as one: `share` of the first, the rest of the second. */
export function mixed(one, other, share) {
  const [a, b] = [one, other].map((hex) => Number.parseInt(hex.slice(1), 16));
  const part = (shift) => Math.round(((a >> shift) & 255) * share + ((b >> shift) & 255) * (1 - share));
  return `#${((part(16) << 16) | (part(8) << 8) | part(0)).toString(16).padStart(6, "0")}`;
}
