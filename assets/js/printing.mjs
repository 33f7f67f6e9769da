// The page on paper (Ctrl+P): the map's drawing is lost before a browser prints it, so a picture of it stands in for it; and when and of what it is is written under it.
const PARTS = { weekday: undefined, day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" };

/** Pure: a time as paper has it, in a zone and in UTC: nobody can look a zone up there. */
export function printedAt(date, zone) {
  const said = (timeZone) => new Intl.DateTimeFormat("en-GB", { ...PARTS, timeZone }).format(date).replace(/,(?= \d\d:)/, "");
  const [here, there] = [said(zone), said("UTC")];
  return here === there ? there : `${here}, ${there.split(" ").slice(-2).join(" ")}`;
}

/** `words` are what the map is of: the filter in the address, as it stands. */
export function watchPrint({ map, stage, strip, words }) {
  let added = [];
  const away = () => added.splice(0).forEach((node) => node.remove());
  addEventListener("beforeprint", () => {
    away();
    map.redraw(); // at once: what it drew before is gone with its frame
    const drawn = map.getCanvas();
    const picture = Object.assign(document.createElement("canvas"), { className: "print-only printed-map", width: drawn.width, height: drawn.height });
    picture.getContext("2d").drawImage(drawn, 0, 0);
    const line = Object.assign(document.createElement("p"), { className: "print-only printed-line", textContent: `Printed ${printedAt(new Date(), Intl.DateTimeFormat().resolvedOptions().timeZone)}. ${words()}` });
    const marking = strip.cloneNode(true);
    marking.removeAttribute("id");
    marking.className = "strip print-only printed-strip";
    stage.append(picture);
    stage.parentElement.append(line, marking); // within the page: what comes after it is on another sheet
    added = [picture, line, marking];
  });
  addEventListener("afterprint", away);
}
