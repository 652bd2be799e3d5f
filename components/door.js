// For other Pulumi programs: require("vn-sync-check/components"), which brings its own loader of TypeScript.
require("tsx/cjs");
module.exports = require("./index");
