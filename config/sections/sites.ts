import { flag, list, portalUrl, siteName, taxoGroup, territorialUnit, text } from "../values/fields";
import { type Each, key, section } from "../values/key";
import { email } from "../values/mail";

const site = {
  url: key(portalUrl, {
    required: true,
    example: "https://www.faune-isere.org/",
    en: "Address of the portal",
    fr: "Adresse du portail",
  }),
  userEmail: key(email, {
    required: true,
    example: "x@example.org",
    en: "Login of the second API account",
    fr: "Identifiant du second compte d'API",
  }),
  userPassword: key(text, {
    required: true,
    secret: true,
    en: "Password of the second API account",
    fr: "Mot de passe du second compte d'API",
  }),
  clientKey: key(text, {
    required: true,
    secret: true,
    en: "Key of the second API account",
    fr: "Clé du second compte d'API",
  }),
  clientSecret: key(text, {
    required: true,
    secret: true,
    en: "Secret of the second API account",
    fr: "Secret du second compte d'API",
  }),
  enabled: key(flag, {
    default: true,
    en: "False: it is not downloaded",
    fr: "false : il n'est pas téléchargé",
  }),
  newInMain: key(flag, {
    default: false,
    en: "The main copy has no row of it yet: repaired nevertheless. Of any other that main does not know, nothing is written",
    fr: "La copie principale n'en a encore aucune ligne : il est réparé quand même. Rien n'est écrit pour un autre site qu'elle ne connaît pas",
  }),
};

const sitesSection: Each<typeof site> = {
  kind: "each",
  en: "The portals, by the names that the main synchronisation's evn.yaml has under `site:`, which are in every row",
  fr: "Les portails, sous les noms que leur donne `site:` dans le evn.yaml de la synchronisation principale, qui sont dans chaque ligne",
  names: siteName,
  example: "vn38",
  keys: site,
  asleep: ({ enabled }) => enabled === false,
  rule: (sites, fault) => {
    if (sites.length === 0) {
      fault(
        { en: "is missing", fr: "manque" },
        {
          en: "set the portals, e.g. sites.vn38.url, .userEmail, .userPassword, .clientKey, .clientSecret",
          fr: "donner les portails, p. ex. sites.vn38.url, .userEmail, .userPassword, .clientKey, .clientSecret",
        },
      );
    } else if (sites.every((one) => one["enabled"] === false)) {
      fault(
        { en: "has no enabled site", fr: "n'a aucun site actif" },
        { en: "set enabled to true for at least one", fr: "mettre enabled à true pour un au moins" },
      );
    }
  },
};

/** From which portals, and what of them. */
export const sites = {
  sites: sitesSection,
  filter: section(
    { en: "What is downloaded", fr: "Ce qui est téléchargé" },
    {
      taxoExclude: key(list(taxoGroup), {
        default: [],
        example: ["TAXO_GROUP_ALIEN_PLANTS"],
        en: "Groups that are left out, by their name_constant",
        fr: "Groupes laissés de côté, par leur name_constant",
      }),
      territorialUnits: key(list(territorialUnit), {
        default: [],
        example: ["38"],
        en: "Short names of the only territorial units that are asked for; none: all",
        fr: "Noms courts des seules unités territoriales demandées ; aucune : toutes",
      }),
    },
  ),
};
