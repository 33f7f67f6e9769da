// What for, and in which case: asked before records leave the house or somebody's history is opened, kept for this tab alone.
import { ask, headers, signedOutBy } from "./api.mjs";

const KEY = "vigia-purpose";
const PURPOSES = ["Prevention", "Detection", "Investigation", "Prosecution", "Oversight"];

/** Pure: a purpose as headers, whatever letters a case reference has. */
export const purposeHeaders = (told) => (told ? {
  "X-Purpose": encodeURIComponent(told.words), "X-Case": encodeURIComponent(told.case),
  ...(told.recipient ? { "X-Recipient": encodeURIComponent(told.recipient) } : {}),
} : {});

/** Pure: the file name an answer gives itself. */
export const fileName = (disposition) => /filename="([^"]+)"/.exec(disposition ?? "")?.[1] ?? "export";

const held = () => JSON.parse(sessionStorage.getItem(KEY) ?? "null") ?? undefined;

const FOR_WHOM = `<label for="purpose-recipient">For whom, when it goes outside</label><input id="purpose-recipient" maxlength="100" autocomplete="off" placeholder="Agency or person">`;

/** Ask for it; what was told before stands there already, but for whom something is. Undefined when the person turned back. */
export function askPurpose(what, { recipient = false } = {}) {
  const before = held();
  const box = document.body.appendChild(Object.assign(document.createElement("dialog"), { className: "purpose" }));
  box.innerHTML = `<form method="dialog"><h2></h2><p>What for and in which case goes into the record.</p>
    <label for="purpose-words">Purpose</label><select id="purpose-words">${PURPOSES.map((p) => `<option>${p}</option>`).join("")}</select>
    <label for="purpose-case">Case</label><input id="purpose-case" required maxlength="100" autocomplete="off" pattern=".*\\S.*">
    ${recipient ? FOR_WHOM : ""}<div class="actions-row"><button type="button" class="action">Back</button><button class="filled" value="go">Go on</button></div></form>`;
  box.querySelector("h2").textContent = what;
  const [words, reference] = [box.querySelector("select"), box.querySelector("input")];
  if (before) [words.value, reference.value] = [before.words, before.case];
  return new Promise((resolve) => {
    box.querySelector(".action").addEventListener("click", () => box.close());
    box.addEventListener("close", () => {
      const told = box.returnValue === "go" ? { words: words.value, case: reference.value.trim() } : undefined;
      if (told) sessionStorage.setItem(KEY, JSON.stringify(told));
      const whom = box.querySelector("#purpose-recipient")?.value.trim();
      box.remove();
      resolve(told && { ...told, ...(whom ? { recipient: whom } : {}) });
    });
    box.showModal();
    reference.focus();
  });
}

/** Search for a name among tags, vehicles and persons too: the server keeps the purpose for this text. Undefined when the person turned back. */
export async function searchAll(text, world) {
  const told = await askPurpose("Search tags, vehicles and persons");
  return told && ask(`/api/search?q=${encodeURIComponent(text)}&world=${world}`, { also: purposeHeaders(told) });
}

/** Links that take records out ask first, then load with the purpose told. `say` takes a line for the person. */
export function watchExports(root, { say }) {
  root.addEventListener("click", async (event) => {
    const link = event.target.closest?.("a[href^='/api/export/']");
    if (!link || new URL(link.href).searchParams.get("world") === "exercise") return;
    event.preventDefault();
    const told = await askPurpose("Take these records out", { recipient: true });
    if (!told) return;
    say("Writing the file…");
    const answer = await fetch(link.href, { headers: { ...headers(), ...purposeHeaders(told) } }).catch(() => undefined);
    if (!answer?.ok) {
      if (answer) signedOutBy(answer.status);
      return say((await answer?.json().catch(() => undefined))?.error ?? "The server does not answer.");
    }
    const url = URL.createObjectURL(await answer.blob());
    Object.assign(document.createElement("a"), { href: url, download: fileName(answer.headers.get("content-disposition")) }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
    say("The file is with your downloads.");
  });
}
