// types/ holds what tsc makes of api.js; `npx tsc --project types` renews it.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";

test("the types are those of api.js", (t) => {
  const made = mkdtempSync(join(tmpdir(), "types"));
  t.after(() => rmSync(made, { recursive: true }));
  const types = fileURLToPath(new URL("../types", import.meta.url));
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  const { status, stdout } = spawnSync(process.execPath, [tsc, "--project", types, "--outDir", made], { encoding: "utf8" });
  assert.equal(status, 0, stdout);
  for (const name of ["api.d.ts", "conn.d.ts"]) {
    assert.equal(readFileSync(join(types, name), "utf8"), readFileSync(join(made, name), "utf8"), name);
  }
});
