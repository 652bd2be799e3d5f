import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { expect, test } from "vitest";

/** What a function of the adapter's makes of each value. */
function python(module: string, call: string, values: unknown[]): unknown[] {
  const program = `import json, sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import ${module}
print(json.dumps([${module}.${call} for value in json.loads(sys.stdin.read())]))`;
  const folder = resolve(__dirname, "../../scripts/runner/download");
  const said = execFileSync("python3", ["-c", program, folder], { input: JSON.stringify(values) });
  return JSON.parse(String(said)) as unknown[];
}

// R6
test("R6: an answer is known for what it is, warnings of PHP around a list too", () => {
  const kinds: [text: string, kind: string][] = [
    ["[]", "a list"],
    ['[{"id_sighting": "1"}]', "a list"],
    ['[\n  {"id_sighting": "1"},\n  {"id_sighting": "2"}\n]', "a list"],
    ["<br />\n<b>Warning</b>: strange in x.php\n[]", "a list"],
    ["", "empty"],
    ["  \n", "empty"],
    ["null", "null"],
    ["{}", "{}"],
    ['{"data": []}', "an object"],
    ["17", "a value"],
    ['[{"id_sighting": "1"}, {"id', "broken JSON"],
    ["Service unavailable", "broken JSON"],
    ["<!DOCTYPE html><html><script>var a = []</script></html>", "HTML"],
    ["<HTML><BODY>Maintenance</BODY></HTML>", "HTML"],
  ];
  const texts = kinds.map(([text]) => text);
  expect(python("client_answers", "body_kind(value)", texts)).toEqual(kinds.map(([, kind]) => kind));
});

// R2
test("R2: an observation is named by its id, from wherever it can be read", () => {
  const ids: [sighting: unknown, id: string | null][] = [
    [{ observers: [{ id_sighting: "12", id_universal: "65_13" }] }, "12"],
    [{ observers: [{ id_sighting: 12 }] }, "12"],
    [{ observers: [{ id_universal: "65_13" }] }, "13"],
    [{ observers: [{ id_sighting: "1\u00002" }] }, "1?2"],
    [{ observers: [{ id_sighting: { a: 1 } }] }, null],
    [{ observers: [{}] }, null],
    [{ observers: [] }, null],
    [{ observers: {} }, null],
    [{}, null],
    ["text", null],
    [null, null],
  ];
  expect(
    python(
      "client_rows",
      "id_of(value)",
      ids.map(([one]) => one),
    ),
  ).toEqual(ids.map(([, id]) => id));
});

// R1
test("R1: parts are asked for in the order that is given, those that failed after all others, each once", () => {
  const orders: [only: string[] | null, last: string[], asked: string[]][] = [
    [null, [], ["1/a", "1/b", "2/a"]],
    [null, ["1/a", "9/z"], ["1/b", "2/a", "1/a"]],
    [["2/a", "1/b", "7/x"], [], ["2/a", "1/b"]],
    [
      ["2/a", "1/b"],
      ["1/a", "2/a"],
      ["1/b", "2/a"],
    ],
    [[], ["1/a"], []],
  ];
  const call = 'in_order(["1/a", "1/b", "2/a"], value[0], value[1])';
  expect(python("client_parts", call, orders)).toEqual(orders.map(([, , asked]) => asked));
});
