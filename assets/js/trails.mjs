// How layers are drawn, as somebody chose it: how far back trails reach, a line to where each would be in a few minutes, after how long ground is veiled.

const LISTS = ["trail", "vector", "veil"];

/** The lists of the rail (layouts/rail.py): each proposes, and is set from the choices again. */
export function watchTrails({ choices }) {
  const set = () => {
    for (const name of LISTS) {
      const select = document.getElementById(name);
      if (select) select.value = choices.get()[name] ?? "";
      if (select?.selectedIndex < 0) select.value = ""; // an address may hold what no list has
    }
  };
  document.addEventListener("change", ({ target }) => {
    if (LISTS.includes(target.id)) choices.set({ [target.id]: target.value || undefined });
  });
  choices.subscribe((_, changed) => LISTS.some((k) => changed.has(k)) && set());
  set();
}
