// What the panel and the dialogs of views are made with. Names are text, never markup, and each keeps its own direction.

export function part(tag, className, ...content) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...content.filter((c) => c !== undefined));
  return node;
}

/** A name that somebody gave, in whatever script. */
export function named(text) {
  const node = part("bdi", "", text);
  node.dir = "auto";
  return node;
}

export function button(words, className, act, label) {
  const node = part("button", className, words);
  node.type = "button";
  if (label) node.setAttribute("aria-label", label);
  node.addEventListener("click", act);
  return node;
}

export function labelled(id, words, control) {
  const label = part("label", "", words);
  label.htmlFor = control.id = id;
  return [label, control];
}

/** A dialog over the page; `build(box, close)` fills it and says what has the focus first. What it was closed with. */
export function asked(title, build, className = "purpose") {
  const box = document.body.appendChild(part("dialog", className)), heading = part("h2", "", title);
  heading.id = "dialog-title";
  box.setAttribute("aria-labelledby", heading.id);
  return new Promise((resolve) => {
    let told;
    const close = (value) => {
      told = value;
      box.close();
    };
    box.append(heading);
    const first = build(box, close);
    box.addEventListener("close", () => {
      box.remove();
      resolve(told);
    });
    box.showModal();
    first?.focus();
  });
}

/** Whether a person means it. */
export const sure = (title, words, yes) => asked(title, (box, close) => {
  const back = button("Back", "action", () => close(false));
  const row = part("div", "actions-row", back, button(yes, "filled", () => close(true)));
  box.append(part("p", "", ...words), row);
  return back;
});
