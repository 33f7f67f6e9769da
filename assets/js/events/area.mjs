// A drawn area kept as a watch area: its name, its warning line, whose it is.
import { headers, Refused, signedOutBy } from "../api.mjs";
import { shapeOf } from "../map/draw.mjs";

/** Something that changes: the answer, or Refused with the server's own words. */
export async function change(method, url, body, also) {
  const answer = await fetch(url, { method, headers: { ...headers(), "Content-Type": "application/json", ...also }, body: JSON.stringify(body) }).catch(() => undefined);
  if (!answer) throw new Refused(0, "The server does not answer.");
  const told = await answer.json().catch(() => ({}));
  signedOutBy(answer.status);
  if (!answer.ok) throw new Refused(answer.status, told.error ?? `The server said ${answer.status}.`);
  return told;
}

const FORM = `<form method="dialog"><h2>Save as a watch area</h2><p>Rules tell who enters and leaves it. A change later is a new version.</p>
  <label for="watch-name">Name</label><input id="watch-name" required maxlength="100" autocomplete="off" pattern=".*\\S.*">
  <label for="watch-warning">Warning line, metres outside</label><input id="watch-warning" type="number" min="0" max="999999" value="2000" required>
  <label for="watch-agency">Agency</label><select id="watch-agency"></select>
  <label class="check"><input id="watch-critical" type="checkbox"> Entering it is critical: it raises an alert</label>
  <p class="wrong" role="alert" hidden></p>
  <div class="actions-row"><button type="button" class="action">Back</button><button class="filled" value="go">Save</button></div></form>`;

/** Ask for what is needed, and keep it. What was kept, or undefined when the person turned back. */
export function saveArea(area, { world, agencies }) {
  const box = document.body.appendChild(Object.assign(document.createElement("dialog"), { className: "purpose" }));
  box.innerHTML = FORM;
  const field = (name) => box.querySelector(`#watch-${name}`);
  field("agency").append(...(agencies.length && world === "live" ? agencies : [""]).map((name) => new Option(name || "none", name)));
  const wrong = box.querySelector(".wrong");
  return new Promise((resolve) => {
    let kept;
    box.querySelector("form").addEventListener("submit", async (event) => {
      event.preventDefault();
      const body = {
        name: field("name").value.trim(), geometry: shapeOf(area).geometry, warning_m: Number(field("warning").value), critical: field("critical").checked,
        ...(field("agency").value ? { agency: field("agency").value } : {}),
      };
      try {
        kept = { ...(await change("POST", `/api/watch-areas?world=${world}`, body)), name: body.name };
        box.close();
      } catch (error) {
        wrong.hidden = false;
        wrong.textContent = error.message;
      }
    });
    box.querySelector(".action").addEventListener("click", () => box.close());
    box.addEventListener("close", () => {
      box.remove();
      resolve(kept);
    });
    box.showModal();
    field("name").focus();
  });
}
