import assert from "node:assert/strict";
import { test } from "node:test";
import { latest, remember } from "../src/latest";

const soon = (): Promise<void> => new Promise((done) => setTimeout(done, 1));

test("one at a time, and of what waits only the latest", async () => {
  const [begun, done, failed]: [number[], number[], string[]] = [[], [], []];
  let running = 0;
  const ask = latest(
    async (each: number) => {
      assert.equal(++running, 1);
      begun.push(each);
      await soon();
      running--;
      if (each === 5) throw new Error("five");
      return each;
    },
    (each) => done.push(each),
    (error) => failed.push(error.message),
  );
  [1, 2, 3, 4, 5].forEach((each) => ask(each));
  await new Promise((end) => setTimeout(end, 30));
  ask(6);
  await new Promise((end) => setTimeout(end, 30));
  assert.deepEqual([begun, done, failed], [[1, 5, 6], [1, 6], ["five"]]);
});

test("what was made is kept, the oldest forgotten, failures not kept", async () => {
  let made = 0;
  const kept = remember<number>(2);
  const make = async (): Promise<number> => ++made;
  assert.deepEqual([await kept("a", make), await kept("a", make), await kept("b", make)], [1, 1, 2]);
  await kept("c", make);
  assert.equal(await kept("a", make), 4);
  await assert.rejects(kept("x", async () => Promise.reject(new Error("no"))));
  assert.equal(await kept("x", make), 5);
});
