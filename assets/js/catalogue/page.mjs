// The page of the catalogue: the list and the small map point at each other, details come without a reload, every choice stays in the address.
import { watchInput, whenSignedOut, signInAt, signedOutBy, headers } from "../api.mjs";
import { createFootprints } from "./footprints.mjs";

const told = JSON.parse(document.getElementById("told").textContent);
const $ = (id) => document.getElementById(id);
const narrow = matchMedia("(max-width: 760px)");
watchInput(window);
whenSignedOut(() => location.assign(signInAt(location)));

if (told.view === "upload") {
  if (told.upload) import("./upload.mjs").then(({ createUploads }) => createUploads({ limits: told.upload }));
} else if (told.view) list();
if (!told.view || (told.view === "upload" && !told.upload)) document.documentElement.dataset.ready = "1"; // words alone

async function list() {
  if (narrow.matches) document.querySelector("details.filter").open = false;
  const rows = $("rows");
  let asking, shown = told.chosen?.key;
  const key = (target) => target.closest?.("li[data-key]")?.dataset.key;
  const item = (k) => rows?.querySelector(`li[data-key="${CSS.escape(k)}"]`);
  const map = await createFootprints($("map"), told, {
    over: (k) => rows?.querySelectorAll("li").forEach((li) => li.classList.toggle("over", li.dataset.key === k)),
    chosen: (k) => {
      const link = item(k)?.querySelector("a");
      if (link) choose(link.href, k);
      link?.scrollIntoView({ block: "nearest" });
    },
    say: (words) => { $("map-words").textContent = words; },
  });
  for (const type of ["mouseover", "focusin"]) rows?.addEventListener(type, (event) => map.over(key(event.target)));
  rows?.addEventListener("mouseleave", () => map.over(undefined));
  rows?.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    event.preventDefault();
    choose(link.href, key(link));
  });
  rows?.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const links = [...rows.querySelectorAll("a")];
    const next = links[links.indexOf(document.activeElement) + step];
    if (next) {
      event.preventDefault();
      next.focus();
    }
  });
  $("here")?.addEventListener("click", () => { $("filter").elements.bbox.value = map.bbox(); });
  $("anywhere")?.addEventListener("click", () => { $("filter").elements.bbox.value = ""; });
  $("filter").addEventListener("submit", (event) => {
    // What is empty is no choice, and need not stand in the address.
    for (const field of event.target.elements) if (field.name && !field.value) field.disabled = true;
  });
  addEventListener("popstate", () => {
    const sel = new URLSearchParams(location.search).get("sel") ?? undefined;
    if (sel !== shown) choose(location.href, sel, { push: false });
  });
  addEventListener("pageshow", () => { for (const field of $("filter").elements) field.disabled = false; });

  if (!narrow.matches) rows?.querySelector("a[aria-current]")?.scrollIntoView({ block: "nearest" });

  async function choose(href, k, { push = true } = {}) {
    asking?.abort();
    shown = k;
    asking = new AbortController();
    const { signal } = asking;
    map.choose(k);
    rows?.querySelectorAll("a[aria-current]").forEach((a) => a.removeAttribute("aria-current"));
    if (k) item(k)?.querySelector("a").setAttribute("aria-current", "true");
    $("details").innerHTML = '<p class="none">Loading…</p>';
    try {
      const answer = await fetch(href, { signal, headers: { ...headers(), Accept: "text/html" } });
      signedOutBy(answer.status);
      const text = await answer.text();
      if (signal.aborted) return;
      const page = new DOMParser().parseFromString(text, "text/html");
      const found = page.getElementById("details");
      if (!answer.ok || !found) throw new Error(`The server said ${answer.status}.`);
      $("details").replaceChildren(...found.childNodes);
      map.path(JSON.parse(page.getElementById("told").textContent).chosen?.path);
      if (push) history.pushState(null, "", href + location.hash);
      if (narrow.matches && k) $("details").scrollIntoView({ block: "start" });
    } catch (error) {
      if (error.name === "AbortError") return;
      const words = document.createElement("p");
      words.className = "none";
      words.setAttribute("role", "alert");
      words.textContent = error instanceof TypeError ? "The server does not answer." : error.message;
      $("details").replaceChildren(words);
    }
  }
  document.documentElement.dataset.ready = "1";
}
