// TLP 2.0 markings: how closed what is shown is.
const CLOSED = ["TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT", "TLP:RED"];

/** Pure: the strictest of some markings; undefined when there is none. */
export const strictest = (...told) => CLOSED[Math.max(...told.map((m) => CLOSED.indexOf(m)))];

/** Pure: the class of a marking, in the colour TLP 2.0 gives it. */
export const tlp = (marking) => `marking ${marking.split("+")[0].replace(":", "-").toLowerCase()}`;
