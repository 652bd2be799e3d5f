import type { Words } from "../../config/values/key";

/** What `npm run recover` says. */
export const TEXTS = {
  usage: {
    en: `Usage: npm run recover [-- --stack NAME] [--config-file FILE]

After a \`pulumi up\` or \`destroy\` that was killed or cut off: ends what still runs of it on this machine, takes the
lock away, and clears what the state calls unfinished. Then run \`pulumi up\` (or \`destroy\`) again.`,
    fr: `Usage : npm run recover [-- --stack NOM] [--config-file FICHIER]

Après un \`pulumi up\` ou \`destroy\` tué ou coupé : met fin à ce qui en tourne encore sur ce poste, enlève le verrou,
et efface de l'état ce qui y est inachevé. Relancer ensuite \`pulumi up\` (ou \`destroy\`).`,
  },
  ending: (what: string): Words => ({ en: `ended: ${what}`, fr: `arrêté : ${what}` }),
  nothingRuns: { en: "nothing of it runs on this machine", fr: "rien n'en tourne sur ce poste" },
  elsewhere: {
    en: "the backend does not say which process holds the lock: if an `up` still runs on another machine, end it there",
    fr: "ce stockage d'état ne dit pas quel processus tient le verrou : si un `up` tourne encore sur un autre poste, l'y arrêter",
  },
  unlocked: { en: "the stack is not locked any more", fr: "la pile n'est plus verrouillée" },
  pending: (what: string): Words => ({ en: `unfinished: ${what}`, fr: `inachevé : ${what}` }),
  cleared: { en: "nothing is unfinished in the state any more", fr: "rien n'est plus inachevé dans l'état" },
  roles: (why: string): Words => ({
    en: `the database's roles could not be looked at:\n${why}\nWhen the database answers: npm run recover again, before \`pulumi up\``,
    fr: `les rôles de la base n'ont pas pu être vus :\n${why}\nQuand la base répondra : de nouveau npm run recover, avant \`pulumi up\``,
  }),
  next: { en: "Now: pulumi up", fr: "À présent : pulumi up" },
  failed: (command: string, why: string): Words => ({
    en: `${command} failed:\n${why}`,
    fr: `${command} a échoué :\n${why}`,
  }),
};
