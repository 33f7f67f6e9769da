// What forms of the panel are made of.

let numbered = 0;

export function part(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

/** A control with its label, its unit and a note. */
export function labelled(words, control, unit, note) {
  const field = part("div", "analysis-field"), label = part("label", "", unit ? `${words}, ${unit}` : words);
  control.id = `analysis-${(numbered += 1)}`;
  label.htmlFor = control.id;
  field.append(label, control);
  if (note) field.append(part("p", "meta", note));
  return field;
}
