// The panel of saved views: one's own, the agency's, those of operations; and one's own links.
import { copy } from "./share.mjs";
import { button, named, part } from "./parts.mjs";
import { leftOutWords, linkWords, seenBy, viewWords } from "./words.mjs";

/** Pure: views as they are listed: one's own first, then what others share, by the house, the agency or an operation. */
export function grouped(rows, agencies) {
  const mine = rows.filter((v) => v.own), others = rows.filter((v) => !v.own);
  const theirs = (v) => v.operation && v.agency && !agencies.includes(v.agency);
  return [["Yours", mine], ["Shared with you", others.filter((v) => !theirs(v))], ["Of operations", others.filter(theirs)]].filter(([, found]) => found.length);
}

/** `acts`: open, save (anew), again, edit, remove, share, revoke, close. */
export function createPanel(root, acts) {
  const list = part("div", "views-list"), links = part("div", "views-links"), said = part("p", "note");
  said.setAttribute("role", "status");
  root.append(
    part("header", "views-head", part("h2", "", "Views"), Object.assign(button("×", "close", acts.close, "Close views"), { title: "Close" })),
    part("div", "views-acts", button("Save as new…", "filled", acts.save), button("Share…", "action", () => acts.share())), said, list, links);

  function row(view, open) {
    const node = part("li", `view-row${view.id === open?.id ? " chosen" : ""}`), name = part("button", "view-open", named(view.name));
    name.type = "button";
    name.append(part("span", "meta", viewWords(view)), part("span", "meta", "seen by ", named(seenBy(view)), `, ${view.marking}${view.world === "exercise" ? "" : ", live"}`));
    if (view.note) name.append(part("span", "view-note", named(view.note)));
    if (view.id === open?.id) name.setAttribute("aria-current", "true");
    name.addEventListener("click", () => acts.open(view.id));
    node.append(name);
    const row = part("div", "view-acts", button("Share…", "link", () => acts.share(view), `Share ${view.name}`));
    if (view.may) row.append(button("Rename…", "link", () => acts.edit(view), `Rename ${view.name}, or change who sees it`), button("Delete…", "link", () => acts.remove(view), `Delete ${view.name}`));
    node.append(row);
    return node;
  }

  function linkRow(link, rows) {
    const node = part("li", "link-row"), name = rows.find((v) => v.id === link.view_id)?.name ?? (link.view_id ? "a saved view" : undefined), field = part("input", "share-url");
    Object.assign(field, { readOnly: true, value: link.url, dir: "ltr" });
    field.setAttribute("aria-label", `Link ${linkWords(link, name)}`);
    node.append(field, part("span", "meta", named(linkWords(link, name))), part("div", "view-acts",
      button("Copy", "link", async () => (said.textContent = await copy(link.url, field)), `Copy ${link.url}`), button("Revoke", "link", () => acts.revoke(link), `Revoke ${link.url}`)));
    return node;
  }

  return {
    said: (words) => (said.textContent = words),
    /** `found` as /api/saved-views tells it, `made` as /api/short-links does; `open` is the view that is shown. */
    draw(found, made, open) {
      list.replaceChildren(...grouped(found.rows, found.agencies).flatMap(([words, rows]) => [part("h3", "", words), part("ul", "", ...rows.map((view) => row(view, open)))]));
      if (!found.rows.length) list.append(part("p", "note", "No view is saved yet. Save as new keeps the filter, layers, window, clock and place as they are now."));
      links.replaceChildren(...(made.rows.length ? [part("h3", "", "Your links"), part("ul", "", ...made.rows.map((link) => linkRow(link, found.rows)))] : []));
    },
  };
}

/** What stands over the map while a saved view is shown: its name, what differs from it, what was left out. */
export function createBar(root, { save, back, leave }) {
  const words = part("span", "view-bar-words"), left = part("span", "view-bar-left"), keep = button("Save", "link", save), undo = button("Back to saved", "link", back);
  const out = Object.assign(button("×", "close", leave, "Close: what is shown stays"), { title: "Close: what is shown stays" });
  let drawn;
  root.append(words, keep, undo, out, left);
  /** `view` is undefined when none is shown; `changed` what differs, in words; `leftOut` as the server tells it. */
  return ({ view, changed, leftOut }) => {
    const now = JSON.stringify([view?.name, view?.version, view?.may, changed, leftOut]);
    if (now === drawn) return;
    drawn = now;
    const lost = leftOutWords(leftOut);
    root.hidden = !view && !lost;
    words.replaceChildren(...(view ? [named(view.name), ...(changed ? [part("b", "", "changed since saved")] : [])] : []));
    words.title = changed ?? "";
    for (const node of [keep, undo]) node.hidden = !view || !changed;
    keep.textContent = view?.may ? "Save" : "Save as new…";
    left.textContent = lost;
    left.hidden = !lost;
  };
}
