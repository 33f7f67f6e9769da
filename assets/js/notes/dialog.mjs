// The dialog of a note: where, when, what kind, in words, with a photo, how closed. It keeps nothing itself.
import { loadGrids } from "../coordinates/page.mjs";
import { isGrid } from "../coordinates/read.mjs";
import { degrees } from "../coordinates/written.mjs";
import { button, labelled, part } from "../views/parts.mjs";
import { epochOf, KIND_WORD, localOf, photoWrong, placeOf, sizeWords, wrongOf } from "./words.mjs";

const POSITION_MS = 20_000;

/** The zones a time can be told in: the browser's own first, then the page's, then UTC. */
function zones() {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone, page = document.documentElement.dataset.zone;
  return [...new Set([own, page, "UTC"].filter(Boolean))];
}

const select = (rows, value) => {
  const list = part("select");
  list.append(...rows.map(([words, told]) => new Option(words, told)));
  if (rows.some(([, told]) => told === value)) list.value = value;
  return list;
};

/** `me`: agencies and markings a note may have; `world`; `draft`: what was told before, with its photo; `pick()`: a place by tapping the map, while the dialog is aside; `keep(draft)`: throws what is wrong. What was kept, or undefined. */
export function noteDialog({ title, me, world, draft = {}, now, pick, keep }) {
  let photo = draft.photo, at = draft.at ?? now, grids, preview;
  return asideable(title, (box, close, aside) => {
    const form = part("form"), wrong = part("p", "wrong");
    form.method = "dialog";
    form.noValidate = true;
    wrong.setAttribute("role", "alert");
    wrong.hidden = true;
    const say = (words) => {
      wrong.hidden = !words;
      wrong.textContent = words ?? "";
      if (words) wrong.scrollIntoView({ block: "nearest" });
    };

    const kinds = part("fieldset", "note-kinds"), legend = part("legend", "unseen", "Kind");
    kinds.append(legend, ...Object.entries(KIND_WORD).map(([kind, words]) => {
      const radio = Object.assign(part("input"), { type: "radio", name: "note-kind", value: kind, checked: kind === (draft.kind ?? "sighting") });
      return part("label", "", radio, part("span", `symbol layer-notes note-${kind}`), words);
    }));

    const place = Object.assign(part("input"), { autocomplete: "off", spellcheck: false, value: draft.place ? degrees(draft.place.lon, draft.place.lat) : "" });
    const precision = Object.assign(part("input"), { type: "number", min: 0, max: 1_000_000, step: "any", inputMode: "decimal", value: draft.precision_m ?? "" });
    const put = ({ lon, lat, precision_m: off }) => {
      place.value = degrees(lon, lat);
      place.dataset.exact = JSON.stringify([lon, lat, place.value]);
      precision.value = off === undefined ? "" : Math.ceil(off);
    };
    if (draft.place) place.dataset.exact = JSON.stringify([draft.place.lon, draft.place.lat, place.value]);
    const onMap = button("Tap the map", "action", async () => {
      const found = await aside(pick);
      if (found) put(found);
      onMap.focus();
    });
    const position = button("My position", "action", () => {
      if (!navigator.geolocation) return say("This browser does not tell its position.");
      position.disabled = true;
      navigator.geolocation.getCurrentPosition(({ coords }) => {
        position.disabled = false;
        say();
        put({ lon: coords.longitude, lat: coords.latitude, precision_m: coords.accuracy });
      }, (error) => {
        position.disabled = false;
        say(error.code === 1 ? "The browser was not allowed to tell the position." : "The position is not available.");
      }, { enableHighAccuracy: true, timeout: POSITION_MS });
    });
    async function told() {
      const [lon, lat, shown] = JSON.parse(place.dataset.exact ?? "[]");
      if (shown === place.value && shown !== "") return { lon, lat };
      if (isGrid(place.value)) grids ??= await loadGrids().catch(() => undefined);
      return placeOf(place.value, grids);
    }

    const zone = select(zones().map((z) => [z.replaceAll("_", " "), z]), draft.zone);
    const when = Object.assign(part("input"), { type: "datetime-local", value: localOf(at, zone.value) });
    when.addEventListener("change", () => (at = epochOf(when.value, zone.value)));
    zone.addEventListener("change", () => at !== undefined && (when.value = localOf(at, zone.value)));

    const text = Object.assign(part("textarea"), { maxLength: 4000, rows: 4, dir: "auto", value: draft.text ?? "" });
    const file = Object.assign(part("input"), { type: "file", accept: "image/jpeg,image/png,image/webp" });
    const seen = part("div", "note-preview"), image = part("img"), about = part("span", "meta");
    const show = () => {
      URL.revokeObjectURL(preview);
      seen.hidden = !photo;
      if (!photo) return;
      preview = URL.createObjectURL(new Blob([photo.bytes], { type: photo.type }));
      image.src = preview;
      about.textContent = `${sizeWords(photo.bytes.byteLength)}. What it says of itself (place, camera) is kept with the original, and left out of the copy others see.`;
    };
    image.alt = "The photo";
    seen.append(image, part("div", "", about, button("Remove", "link", () => {
      photo = undefined;
      file.value = "";
      show();
    }, "Remove the photo")));
    file.addEventListener("change", async () => {
      const [chosen] = file.files;
      if (!chosen) return;
      const why = photoWrong(chosen);
      say(why);
      if (why) return void (file.value = "");
      photo = { type: chosen.type, bytes: await chosen.arrayBuffer() };
      show();
    });

    const agencies = world === "exercise" ? [["Everybody, of the exercise", ""]] : me.agencies.length ? me.agencies.map((a) => [a, a]) : [["The whole house", ""]];
    const agency = select(agencies, draft.agency ?? ""), marking = select(me.markings.map((m) => [m, m]), draft.marking ?? "TLP:AMBER");

    const column = (...nodes) => part("div", "", ...nodes);
    form.append(
      kinds,
      part("div", "pair wide-first", column(...labelled("note-place", "Place", place)), column(...labelled("note-precision", "Within, m", precision))),
      part("div", "note-places", onMap, position),
      part("div", "pair", column(...labelled("note-when", "Time", when)), column(...labelled("note-zone", "Zone", zone))),
      ...labelled("note-text", "What", text), ...labelled("note-photo", "Photo, 10 MB at most", file), seen,
      part("div", "pair", column(...labelled("note-agency", "Seen by", agency)), column(...labelled("note-marking", "Marking", marking))),
      wrong,
      part("div", "actions-row", button("Back", "action", () => close()), Object.assign(part("button", "filled", "Save"), { type: "submit" })),
    );
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const made = {
        kind: form.querySelector("[name=note-kind]:checked").value, place: await told(), at: epochOf(when.value, zone.value) === undefined ? undefined : at, zone: zone.value, text: text.value, photo,
        precision_m: precision.value === "" ? (precision.validity.badInput ? NaN : undefined) : Number(precision.value), agency: agency.value || null, marking: marking.value,
      };
      const why = !made.place && isGrid(place.value) && !grids ? "The map grids could not be loaded, for there is no link: type degrees, or tap the map." : wrongOf(made);
      if (why) return say(why);
      try {
        close(await keep(made));
      } catch (error) {
        say(error.name === "QuotaExceededError" ? "This browser has no room for it: leave out the photo, or send what waits first. Nothing is lost yet." : `It could not be kept in this browser: ${error.message}`);
      }
    });
    box.addEventListener("gone", () => URL.revokeObjectURL(preview));
    box.append(form);
    show();
    return place.value ? text : onMap;
  }, "purpose note-dialog");
}

/** As `asked` of the views' dialogs, but that it can stand aside while something is done on the page: a modal one would hold the page still. */
function asideable(title, build, className) {
  const box = document.body.appendChild(part("dialog", className)), heading = part("h2", "", title);
  heading.id = "dialog-title";
  box.setAttribute("aria-labelledby", heading.id);
  return new Promise((resolve) => {
    let told, away = false;
    const close = (value) => {
      told = value;
      box.close();
    };
    const aside = async (act) => {
      away = true;
      box.close();
      try {
        return await act();
      } finally {
        box.showModal();
        away = false;
      }
    };
    box.append(heading);
    const first = build(box, close, aside);
    box.addEventListener("close", () => {
      if (away) return;
      box.dispatchEvent(new Event("gone"));
      box.remove();
      resolve(told);
    });
    box.showModal();
    first?.focus();
  });
}
