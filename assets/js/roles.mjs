// Dash's own controls, told to screen readers as what they are: its lists of choices say "listbox" round native inputs,
// its sliders have no names. Set again whenever Dash draws them again.

const GROUPS = { world: "World", period: "Period", drug: "Drugs", kind: "Kinds", theme: "Theme", "drawer-tab": "Tables and charts" };
const ENDS = ["Least amount", "Most amount"];

function put(element, name, value) {
  if (element && element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** Put every role and name right below `root`. */
export function correct(root = document) {
  for (const list of root.querySelectorAll(".dash-options-list")) {
    put(list, "role", list.classList.contains("dash-radioitems") ? "radiogroup" : "group");
    put(list, "aria-label", GROUPS[list.id] ?? list.id);
  }
  // A label round a native input needs no role: the input has its own.
  for (const option of root.querySelectorAll(".dash-options-list-option:is([role], [aria-selected])")) {
    option.removeAttribute("role");
    option.removeAttribute("aria-selected");
  }
  for (const row of root.querySelectorAll(".layer-row")) {
    put(row.querySelector("[role=slider]"), "aria-label", `Opacity of ${row.querySelector(".layer-name")?.textContent.toLowerCase()}`);
  }
  root.querySelectorAll(".rail section[aria-label=Amount] [role=slider]").forEach((thumb, i) => put(thumb, "aria-label", ENDS[i]));
  // What Tab reaches of a dropdown is hidden from those who need to hear it.
  for (const target of root.querySelectorAll(".dash-dropdown-focus-target")) {
    target.removeAttribute("aria-hidden");
    put(target, "aria-label", target.closest(".field")?.querySelector(".label")?.textContent ?? "Choices");
  }
}

/** Keep them right as Dash draws; at most once a frame. */
export function keepRoles(root = document.body) {
  let waiting = false;
  const soon = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      correct();
    });
  };
  new MutationObserver(soon).observe(root, { childList: true, subtree: true, attributes: true, attributeFilter: ["role", "aria-selected", "aria-hidden"] });
  soon();
}
