import type { ResourceType } from "../support/resource";
import type { Values } from "../support/values";
import { id, type Transaction, transaction } from "./connection";
import { complete, desired, type Fields, fieldsDiff, fieldsPreview } from "./fields";

const FIELDS: Fields = {
  role: { replace: true },
  grantRole: { replace: true },
  withAdminOption: { replace: true, fallback: false },
};

export const grantRole: ResourceType = {
  diff: (state, _before, inputs) => fieldsDiff(FIELDS, state, inputs),
  preview: (inputs, state) => fieldsPreview(FIELDS, inputs, state),
  create: async (inputs) => {
    const wanted = complete(FIELDS, inputs);
    await transaction(undefined, async (tx) => {
      await revoke(tx, wanted);
      const option = wanted.withAdminOption === true ? " WITH ADMIN OPTION" : "";
      await tx.run(
        "could not execute grant query",
        `GRANT ${id(String(wanted.grantRole))} TO ${id(String(wanted.role))}${option}`,
      );
    });
    return { id: [wanted.role, wanted.grantRole, wanted.withAdminOption].join("_"), outs: wanted };
  },
  update: async (_id, state, inputs) => desired(FIELDS, inputs, state),
  remove: async (_id, state) => transaction(undefined, (tx) => revoke(tx, state)),
  read: async (_id, state) =>
    transaction(undefined, async (tx) => {
      const [row] = await tx.rows<{ admin: boolean }>(
        `SELECT admin_option AS admin FROM pg_auth_members
          WHERE pg_get_userbyid(member) = $1 AND pg_get_userbyid(roleid) = $2`,
        [String(state.role), String(state.grantRole)],
      );
      return row === undefined ? undefined : { ...state, withAdminOption: row.admin };
    }),
};

async function revoke(tx: Transaction, grant: Values): Promise<void> {
  await tx.run(
    "could not execute revoke query",
    `REVOKE ${id(String(grant.grantRole))} FROM ${id(String(grant.role))}`,
  );
}
