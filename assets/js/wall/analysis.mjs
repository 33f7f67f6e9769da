// An analysis on a wall (`/wall/main?run=12`): its layer and its words. Of one that is withheld there are its words alone.
import { colouring } from "../analysis/words.mjs";
import { ask } from "../api.mjs";
import * as layer from "../layers/analysis.mjs";

const ROWS = 2000, TELL_MAX = 140;

/** The run with its colours and what a chip says; undefined where there is none this screen may see. */
export async function analysisOf(id) {
  const run = await ask(`/api/analyses/${id}`).catch(() => undefined);
  if (run?.state !== "done") return { words: run ? "The analysis is not done" : "This screen may not see the analysis", marking: undefined };
  const { told } = run;
  if (told.withheld) return { words: cut(`Withheld: ${told.withheld}`), marking: run.marking };
  const found = await ask(`/api/analyses/${id}/places?limit=${ROWS}`).catch(() => undefined);
  return { id: run.id, words: cut([told.title, told.words, typeof told.effort === "string" ? told.effort : ""].filter(Boolean).join(": ")), marking: run.marking,
    colours: colouring(told.legend ?? {}, found?.features ?? []) };
}

const cut = (words) => (words.length > TELL_MAX ? `${words.slice(0, TELL_MAX - 1)}…` : words);

/** Its layer on a map that was dressed. */
export const draw = (map, found, how) => found?.id !== undefined && layer.put(map, found.id, found.colours, how);
