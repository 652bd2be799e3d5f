require("tsx/cjs");
module.exports = require("./index");
