// An analysis on a wall (`/wall/main?run=12`): its layer and its words. Of one that is withheld there are its words alone.
import { colouring } from "../analysis/words.mjs";
import { ask } from "../api.mjs";
import * as layer from "../layers/analysis.mjs";

const ROWS = 2000;

/** The run with its colours, a chip's `title` and its `words`. One this screen may not see is told as such. */
export async function analysisOf(id) {
  const run = await ask(`/api/analyses/${id}`).catch(() => undefined);
  if (run?.state !== "done") return { title: run ? "Analysis not done" : "Analysis not for this screen", words: "" };
  const { told } = run, title = told.title ?? run.method;
  if (told.withheld) return { title: `${title}: withheld`, words: String(told.withheld), marking: run.marking };
  const found = await ask(`/api/analyses/${id}/places?limit=${ROWS}`).catch(() => undefined);
  const colours = colouring(told.legend ?? {}, found?.features ?? []);
  return { id: run.id, title, marking: run.marking, colours, words: [told.words, colours && `Brightest: ${colours.classes[0].words}.`, typeof told.effort === "string" ? `${told.effort}.`.replace("..", ".") : ""].filter(Boolean).join(" ") };
}

/** Its layer on a map that was dressed. */
export const draw = (map, found, how) => found?.id !== undefined && layer.put(map, found.id, found.colours, how);
