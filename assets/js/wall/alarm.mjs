// Alarms of a wall: which one is shown, in what words; the rest is counted. An alarm is critical or an emergency, and of what this screen may see.
import { lineWords } from "../events/words.mjs";
import { epoch, number } from "../times.mjs";

const ALARMING = ["critical", "emergency"];
const LINGERS_S = 900; // one that was acknowledged stays in sight so long

/** Pure: the line that is shown (the server's order: emergencies, then what nobody saw, then the newest), and whether the turn waits for it. */
export function alarmOf(lines, nowS) {
  const urgent = (lines ?? []).filter((l) => ALARMING.includes(l.severity) && l.newest.lon !== null && l.retracted < l.count);
  const waiting = urgent.filter((l) => l.state === "new");
  if (waiting.length) return { line: waiting[0], waits: true, key: `${waiting[0].ids.at(-1)}`, more: waiting.reduce((n, l) => n + l.count, 0) - waiting[0].count };
  const [seen] = urgent.filter((l) => l.state === "acknowledged" && nowS - epoch(l.newest.state_at) < LINGERS_S).sort((a, b) => epoch(b.newest.state_at) - epoch(a.newest.state_at));
  return seen && { line: seen, waits: false, key: `${seen.ids.at(-1)}`, more: 0 };
}

/** Pure: how long, as on a stopwatch: `2:10`, `1:02:10`. */
export function stopwatch(seconds) {
  const s = Math.max(0, Math.floor(seconds)), two = (n) => String(n).padStart(2, "0");
  return s < 3600 ? `${Math.floor(s / 60)}:${two(s % 60)}` : `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

/** Pure: its two lines; the second is empty once it is acknowledged. */
export function alarmWords({ line, waits, more }, nowS, blocked) {
  const { title } = lineWords(line);
  if (!waits) return [`${title}, acknowledged ${clockOf(line.newest.state_at)}`, ""];
  const parts = [`Not acknowledged ${stopwatch(nowS - epoch(line.newest.raised_at))}`, ...(more ? [`${number(more)} more`] : []), ...(blocked ? ["Sound blocked"] : [])];
  return [title, parts.join(", ")];
}

const clockOf = (text) => new Date(text).toISOString().slice(11, 16);

/** Show it, or nothing. */
export function drawAlarm(box, alarm, nowS, blocked) {
  box.hidden = !alarm;
  if (!alarm) return;
  const [first, second] = alarmWords(alarm, nowS, blocked);
  box.classList.toggle("seen", !alarm.waits);
  put(box.querySelector("b"), first);
  put(box.querySelector("span"), second);
}

const put = (node, words) => {
  if (node.textContent !== words) node.textContent = words;
};
