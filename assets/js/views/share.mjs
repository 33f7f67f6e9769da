// Sharing what is shown: a short link that expires, with its square code. It gives nobody any rights.
import { change } from "../events/area.mjs";
import { asked, button, labelled, named, part } from "./parts.mjs";
import { LASTS, moment } from "./words.mjs";

/** Put a text on the clipboard. Where the page may not (no TLS, an old browser) it is selected instead. What happened, in words. */
export async function copy(text, field, clipboard = globalThis.navigator?.clipboard) {
  try {
    if (!clipboard) throw new Error("this page may not copy");
    await clipboard.writeText(text);
    return "Copied.";
  } catch {
    field.focus();
    field.select();
    return "This page may not copy: the link is selected, press Ctrl+C.";
  }
}

/** `state` is the page's, `view` a saved one that may be shared in its place. */
export function shareDialog({ state, view }) {
  return asked("Share", (box, close) => {
    const made = part("div", "share-made"), said = part("p", "share-said"), lasts = part("select"), what = part("select");
    said.setAttribute("role", "status");
    lasts.append(...Object.entries(LASTS).map(([told, words]) => new Option(words, told)));
    lasts.value = "1d";
    what.append(new Option("What is shown now", "state"), ...(view ? [new Option(`The saved view ${view.name}`, "view")] : []));
    if (view) what.value = "view";
    made.hidden = true;
    const make = button("Make the link", "filled", async () => {
      make.disabled = true;
      said.textContent = "";
      try {
        show(await change("POST", "/api/short-links", { ...(what.value === "view" ? { view: view.id } : { state }), lasts: lasts.value }));
      } catch (error) {
        said.textContent = `No link was made: ${error.message}`;
      }
      make.disabled = false;
    });

    function show(link) {
      const field = part("input", "share-url"), code = part("img", "share-qr");
      Object.assign(field, { readOnly: true, value: link.url, dir: "ltr" });
      field.setAttribute("aria-label", "Link");
      field.addEventListener("focus", () => field.select());
      Object.assign(code, { src: link.qr, alt: `QR code of ${link.url}`, width: 200, height: 200 });
      made.replaceChildren(field, button("Copy", "action", async () => (said.textContent = await copy(link.url, field))), code, part("p", "meta", `Until ${moment(link.expires_at)}`));
      made.hidden = false;
      field.focus();
    }

    box.append(
      part("p", "", "Whoever opens the link signs in and sees what their own rights allow, nothing more. What you filter by is in it: text, tracks, agencies."),
      ...(view ? labelled("share-what", "What", what) : []), ...labelled("share-lasts", "Expires after", lasts), made, said,
      part("div", "actions-row", button("Close", "action", () => close()), make));
    if (view) box.append(part("p", "meta", "A link to ", named(view.name), " leads to what it is when it is opened, for whoever it is shared with."));
    return lasts;
  }, "purpose share");
}
