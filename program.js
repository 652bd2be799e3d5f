// The engine starts this file. tsx loads the TypeScript without checking its types each time, which ts-node
// would do for several seconds; the tests check them.
require("tsx/cjs");
module.exports = require("./index");
