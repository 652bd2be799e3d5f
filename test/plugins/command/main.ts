/** A stand-in for the official plugin of @pulumi/command, for machines that cannot download it. */
import { serve } from "../support/server";
import { copyToRemote } from "./copy";
import { runLocal } from "./local";
import { runRemote } from "./remote";
import { commandType } from "./run";

void serve(
  {
    name: "command",
    version: "1.2.1",
    types: {
      "command:local:Command": commandType(runLocal),
      "command:remote:Command": commandType(runRemote),
      "command:remote:CopyToRemote": copyToRemote,
    },
  },
  process.argv.slice(2),
);
