// How the installer is started, as a file or by the package's own name (node -e 'require("vn-sync-check/sql")'), so
// that the command in a stack's state is the same in every checkout. tsx loads the TypeScript without checking types.
require("tsx/cjs");
require("./program.ts").main(process.argv.slice(require.main === module ? 2 : 1));
