// How movements are drawn, as somebody chose it: how far back trails reach, and a line to where each would be in a few minutes.

/** The two choices of the rail (layouts/rail.py): each proposes, and is set from the choices again. */
export function watchTrails({ choices }) {
  const set = () => {
    for (const name of ["trail", "vector"]) {
      const select = document.getElementById(name);
      if (select) select.value = choices.get()[name] ?? "";
    }
  };
  document.addEventListener("change", ({ target }) => {
    if (target.id === "trail" || target.id === "vector") choices.set({ [target.id]: target.value || undefined });
  });
  choices.subscribe((_, changed) => (changed.has("trail") || changed.has("vector")) && set());
  set();
}
