// Asking what a view is called and who sees it, and keeping it.
import { change } from "../events/area.mjs";
import { asked, button, labelled, part } from "./parts.mjs";

const NAME_MAX = 200, NOTE_MAX = 1000;

function options(list, rows, value) {
  list.append(...rows.map(([words, told]) => new Option(words, told)));
  list.value = value ?? list.options[0]?.value ?? "";
  return list;
}

/** Pure: what is sent of what was told. */
export function bodyOf({ name, note, seen, operation, marking }, state) {
  const alone = seen === "private";
  return { name: name.trim(), note: note.trim(), private: alone, agency: alone || seen === "" ? null : seen, operation: alone ? null : operation || null, marking, state };
}

/** `view` is what is saved again under other words, undefined for a new one; `may` what a new one can have (`/api/saved-views`). What was kept, or undefined when the person turned back. */
export function saveView({ title, state, world, view, may }) {
  return asked(title, (box, close) => {
    const form = part("form", ""), name = part("input"), note = part("textarea"), wrong = part("p", "wrong");
    form.method = "dialog";
    Object.assign(name, { required: true, maxLength: NAME_MAX, autocomplete: "off", dir: "auto", pattern: ".*\\S.*", value: view?.name ?? "" });
    Object.assign(note, { maxLength: NOTE_MAX, rows: 2, dir: "auto", value: view?.note ?? "" });
    wrong.setAttribute("role", "alert");
    wrong.hidden = true;
    const shared = world === "exercise" ? [["Everybody, of the exercise", ""]] : (may.agencies.length ? may.agencies.map((a) => [a, a]) : [["The whole house", ""]]);
    if (view?.agency && !shared.some(([, told]) => told === view.agency)) shared.unshift([view.agency, view.agency]);
    const seen = options(part("select"), [...shared, ["Only me", "private"]], view && (view.private ? "private" : view.agency ?? ""));
    const operation = options(part("select"), [["None", ""], ...may.operations.map((o) => [o.name, o.name])], view?.operation ?? "");
    const marking = options(part("select"), may.markings.map((m) => [m, m]), view?.marking ?? (may.markings.includes("TLP:AMBER") ? "TLP:AMBER" : may.markings[0]));
    const withOperation = labelled("view-operation", "Operation, whose partners see it while it lasts", operation);
    const fits = () => withOperation.forEach((node) => (node.hidden = seen.value === "private" || seen.value === "" || !may.operations.length));
    seen.addEventListener("change", fits);
    form.append(
      part("p", "", "The filter, layers, window, clock and place as they are now. Saving it again makes a new version; older ones are kept."),
      ...labelled("view-name", "Name", name), ...labelled("view-note", "Note", note), ...labelled("view-seen", "Who sees it", seen), ...withOperation, ...labelled("view-marking", "Marking", marking), wrong,
      part("div", "actions-row", button("Back", "action", () => close()), Object.assign(part("button", "filled", "Save"), { value: "go" })));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const body = bodyOf({ name: name.value, note: note.value, seen: seen.value, operation: withOperation[0].hidden ? "" : operation.value, marking: marking.value }, state);
      try {
        close({ ...(await keep(body, view)), name: body.name });
      } catch (error) {
        wrong.hidden = false;
        wrong.textContent = error.message;
      }
    });
    box.append(form);
    fits();
    return name;
  });
}

/** Keep it: new, or as the version after the one that was looked at. */
export const keep = (body, view) => (view ? change("PUT", `/api/saved-views/${view.id}`, body, { "If-Match": `"${view.version}"` }) : change("POST", "/api/saved-views", body));

/** Pure: a view as it is sent again, with another state. */
export const again = (view, state) => ({ name: view.name, note: view.note ?? "", private: view.private, agency: view.agency ?? null, operation: view.operation ?? null, marking: view.marking, state });
