// TLP 2.0 markings: how closed what is shown is.
export const MARKINGS = ["TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT", "TLP:RED"];

/** Pure: the strictest of some markings; undefined when there is none. */
export const strictest = (...told) => MARKINGS[Math.max(...told.map((m) => MARKINGS.indexOf(m)))];

/** Pure: the class of a marking, in the colour TLP 2.0 gives it. */
export const tlp = (marking) => `marking ${marking.split("+")[0].replace(":", "-").toLowerCase()}`;
