// Run by the engine: node -e 'require("vn-sync-check/host")', which brings its own loader of TypeScript.
require("tsx/cjs");
void require("./program.ts").main();
