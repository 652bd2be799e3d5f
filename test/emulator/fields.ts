import type { Item } from "./items";

const GROUPS = [
  {
    id: "3",
    name: "BEHAVIOUR",
    text: "Comportement",
    values: ["Chanteur", "Nourrissage", "Migration active"],
  },
  { id: "4", name: "DEATH_CAUSE2", text: "Cause de mortalité", values: ["Collision", "Ligne électrique"] },
  { id: "9", name: "GRP_CONTACT", text: "Type de contact", values: ["Vu", "Entendu", "Indice de présence"] },
];

/** The groups of fields; the same at every site: the client asks only one. */
export function fieldGroups(): Item[] {
  return GROUPS.map(({ id, name, text }) => ({
    id,
    name,
    text,
    default: "0",
    mandatory: "0",
    empty_choice: "1",
  }));
}

/** The values of a group of fields; none for an unknown one, as the portal answers. */
export function fieldDetails(id: string): Item[] {
  const group = GROUPS.find((g) => g.id === id);
  return (group?.values ?? []).map((text, i) => ({
    id: `${id}_${i + 1}`,
    value: String(i + 1),
    order_id: String((i + 1) * 10),
    name: `${group?.name}_${i + 1}`,
    text,
  }));
}
