import assert from "node:assert/strict";
import { test } from "node:test";

import { warningWords } from "../../assets/js/warnings.mjs";

const end = (reference, hours, says) => ({ reference, agency: "Norte", hours, says });

test("with nothing to tell there is no word", () => {
  assert.equal(warningWords({ ends: [], overdue: [], offered: [] }), undefined);
});

test("the end that is nearest is the word, the rest is counted and told behind it", () => {
  const found = warningWords({ ends: [end("W-1", 168, "ends in 5 days"), end("W-2", 24, "ends in 3 h")], overdue: [{}], offered: [{}, {}] });
  assert.deepEqual([found.word, found.more, found.urgent], ["W-2 ends in 3 h", 3, true]);
  assert.equal(found.told, "W-1 (Norte) ends in 5 days; W-2 (Norte) ends in 3 h; 1 duty is overdue; 2 hand-overs are offered");
});

test("a week before is not urgent, what is overdue is", () => {
  assert.equal(warningWords({ ends: [end("W-1", 168, "ends in 5 days")], overdue: [], offered: [] }).urgent, false);
  assert.deepEqual(warningWords({ ends: [], overdue: [{}, {}], offered: [] }), { word: "2 duties are overdue", more: 0, told: "2 duties are overdue", urgent: true });
  assert.equal(warningWords({ ends: [], overdue: [], offered: [{}] }).urgent, false);
});
