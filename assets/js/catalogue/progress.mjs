// How far and how long still, in words. Pure but for what it was told.
const WINDOW_S = 10;

/** What was sent lately, as bytes a second. */
export class Rate {
  #told = [];

  told(at, sent) {
    this.#told.push([at, sent]);
    while (this.#told[0][0] < at - WINDOW_S) this.#told.shift();
  }

  of(now) {
    const lately = this.#told.filter(([at]) => at >= now - WINDOW_S);
    const span = lately.length ? Math.max(1, now - lately[0][0]) : 0;
    return span ? lately.reduce((sum, [, sent]) => sum + sent, 0) / span : 0;
  }
}

/** Pure: `3.2 MB`. */
export function bytes(n) {
  for (const [size, unit] of [[1e9, "GB"], [1e6, "MB"], [1e3, "kB"]]) if (n >= size) return `${(n / size).toFixed(n / size < 10 ? 1 : 0)} ${unit}`;
  return `${Math.round(n)} B`;
}

/** Pure: `40 s`, `12 min`, `2 h 5 min`. */
export function left(seconds) {
  const s = Math.max(1, Math.round(seconds));
  if (s < 60) return `${s} s`;
  const m = Math.round(s / 60);
  return m < 60 ? `${m} min` : `${Math.floor(m / 60)} h ${m % 60} min`;
}

/** Pure: how much of what this page sends is sent, how many files are to go, and how many are done. */
export function whole(rows) {
  const going = rows.filter((r) => ["queued", "sending"].includes(r.state));
  const mine = rows.filter((r) => r.file && !["failed"].includes(r.state));
  const open = going.length ? mine : [];
  return {
    sent: open.reduce((sum, r) => sum + r.sent, 0), size: open.reduce((sum, r) => sum + r.size, 0), files: going.length,
    over: rows.filter((r) => ["stored", "already", "refused", "failed"].includes(r.state)).length,
  };
}
