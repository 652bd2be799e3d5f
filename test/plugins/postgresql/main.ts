/** A stand-in for the official plugin of @pulumi/postgresql, for machines that cannot download it. */
import { serve } from "../support/server";
import { configure } from "./connection";
import { defaultPrivileges } from "./defaultPrivileges";
import { extension } from "./extension";
import { grant } from "./grant";
import { grantRole } from "./grantRole";
import { role } from "./role";
import { schema } from "./schema";

void serve(
  {
    name: "postgresql",
    version: "3.18.1",
    configure,
    types: {
      "postgresql:index/defaultPrivileges:DefaultPrivileges": defaultPrivileges,
      "postgresql:index/extension:Extension": extension,
      "postgresql:index/grant:Grant": grant,
      "postgresql:index/grantRole:GrantRole": grantRole,
      "postgresql:index/role:Role": role,
      "postgresql:index/schema:Schema": schema,
    },
  },
  process.argv.slice(2),
);
