import { pattern, rewritten } from "./fields";

/** Where cron sends mail: addresses and names of local accounts, by commas; "" for nowhere. */
export const mailRecipients = rewritten(
  {
    en: 'give mail addresses or local accounts, by commas: x@example.org,root; or "" for no mail',
    fr: 'donner des adresses mail ou des comptes locaux, séparés par des virgules : x@example.org,root ; ou "" pour aucun mail',
  },
  (value) => {
    const all = value.split(",").map((one) => one.trim());
    const known = (one: string) => /^[^\s@"',%-][^\s@"',]*(@[^\s@"',]+)?$/u.test(one);
    if (value.trim() === "") return "";
    return all.every(known) ? all.join(",") : undefined;
  },
);

export const email = pattern(
  { en: "give a mail address, x@example.org", fr: "donner une adresse mail, x@example.org" },
  /^[^\s@"']+@[^\s@"']+\.[^\s@"']+$/,
);
