// Known at: what this room knew at a time. A question at the timeline, and a strip over the map for as long as it is set.
import { city, iso, epoch, moment, zoned } from "./times.mjs";

const two = (n) => String(n).padStart(2, "0");

/** Pure: epoch seconds of `2026-11-24T03:12` as told in UTC or in an IANA zone; undefined when that is no time. Of two times of one name, when clocks are put back, the later: it knows all that the first did. */
export function told(text, zone) {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/.test(text)) return undefined;
  const wanted = Date.parse(`${text}Z`) / 1000;
  if (Number.isNaN(wanted)) return undefined;
  if (zone === "UTC") return wanted;
  // Where the zone is off by one of these, the time reads as it was told.
  const offsets = new Set([-86_400, 0, 86_400].map((by) => localText(wanted + by, zone) - (wanted + by)));
  const fitting = [...offsets].map((offset) => wanted - offset).filter((t) => localText(t, zone) === wanted);
  return fitting.length ? Math.max(...fitting) : undefined;
}

/** What a clock in the zone says, read as if it were UTC (epoch seconds). */
function localText(t, zone) {
  const parts = Object.fromEntries(new Intl.DateTimeFormat("en-GB", {
    timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
  }).formatToParts(new Date(t * 1000)).map((p) => [p.type, Number(p.value)]));
  return Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute, parts.second) / 1000;
}

const field = (t, zone) => {
  const d = new Date((zone === "UTC" ? t : localText(t, zone)) * 1000);
  return `${d.getUTCFullYear()}-${two(d.getUTCMonth() + 1)}-${two(d.getUTCDate())}T${two(d.getUTCHours())}:${two(d.getUTCMinutes())}`;
};

/** `now()` is the moment the clock stands at. */
export function watchKnown({ choices, container, stage, now }) {
  const zone = () => document.documentElement.dataset.zone || "America/Chicago";
  const button = container.querySelector("[data-act=known]");
  const strip = Object.assign(document.createElement("div"), { className: "known", hidden: true });
  strip.setAttribute("role", "note");
  strip.innerHTML = `<p></p><button type="button" class="link">As now</button>`;
  stage.append(strip);
  const box = Object.assign(document.createElement("dialog"), { className: "known-box" });
  box.setAttribute("aria-label", "Known at");
  box.innerHTML = `<form method="dialog"><p>Show only what was recorded by:</p><div><label>Time <input type="datetime-local" required></label>
    <label>Zone <select><option value="UTC">UTC</option></select></label></div><p class="wrong" role="alert"></p>
    <footer><button type="button" class="link" data-as-now>As now</button><button type="submit" class="filled">Show</button></footer></form>`;
  container.append(box);
  const input = box.querySelector("input"), zones = box.querySelector("select"), wrong = box.querySelector(".wrong");

  function open() {
    if (zones.length < 2) zones.append(new Option(city(zone()), zone()));
    zones.value = "UTC";
    input.value = field(epoch(choices.get().known_at) ?? now(), "UTC");
    wrong.textContent = "";
    box.showModal();
    button.setAttribute("aria-expanded", "true");
  }
  zones.addEventListener("change", () => {
    const t = told(input.value, zones.value === "UTC" ? zone() : "UTC");
    if (t !== undefined) input.value = field(t, zones.value);
  });
  box.addEventListener("close", () => button.setAttribute("aria-expanded", "false"));
  box.querySelector("form").addEventListener("submit", (event) => {
    const t = told(input.value, zones.value);
    if (t === undefined) {
      event.preventDefault();
      wrong.textContent = `There is no ${input.value.replace("T", " ")} in ${city(zones.value)}.`;
      return;
    }
    choices.set({ known_at: iso(t) });
  });
  const leave = () => {
    box.close();
    choices.set({ known_at: undefined });
  };
  box.querySelector("[data-as-now]").addEventListener("click", leave);
  strip.querySelector("button").addEventListener("click", leave);
  button.addEventListener("click", open);

  function draw() {
    const t = epoch(choices.get().known_at);
    strip.hidden = t === undefined;
    button.setAttribute("aria-pressed", String(t !== undefined));
    if (t !== undefined) strip.firstChild.textContent = `Known at ${moment(t, { thisYear: new Date().getUTCFullYear() })} UTC (${zoned(t, zone())} ${city(zone())}): what was recorded later is left out.`;
  }
  choices.subscribe((_, changed) => changed.has("known_at") && draw());
  draw();
}
