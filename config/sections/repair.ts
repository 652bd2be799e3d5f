import { EXTRA_CONTROLLERS } from "../values/controllers";
import { choice, existingName, flag, grant, list, text, whole } from "../values/fields";
import { key, section } from "../values/key";

/** What the repair may do. */
export const repair = {
  repair: section(
    { en: "The repair of the main copy", fr: "La réparation de la copie principale" },
    {
      references: key(list(choice(EXTRA_CONTROLLERS)), {
        default: [],
        example: ["observers", "places", "species"],
        en: `Reference tables that are downloaded weekly and repaired too, out of ${EXTRA_CONTROLLERS.join(", ")}`,
        fr: `Tables de référence téléchargées chaque semaine et réparées aussi, parmi ${EXTRA_CONTROLLERS.join(", ")}`,
      }),
      deletions: key(choice(["report", "apply"]), {
        default: "report",
        en: "What happens to rows that the portal has deleted: report, or apply",
        fr: "Que faire des lignes que le portail a supprimées : report (les signaler) ou apply (les supprimer)",
      }),
      maxDeletes: key(whole(0, 1_000_000_000), {
        default: 200,
        en: "Deletions of one run, at most, and never more than 0.1 % of the main copy's rows (below 1000 rows: none); beyond it none is done, and the run says so",
        fr: "Suppressions d'une exécution, au plus, et jamais plus de 0,1 % des lignes de la copie principale (sous 1000 lignes : aucune) ; au-delà aucune n'est faite, et l'exécution le dit",
      }),
      lossesByOthers: key(choice(["report", "repair"]), {
        default: "report",
        en: "A row that someone else than the main synchronisation deleted from the main copy: report, or repair",
        fr: "Une ligne qu'un autre que la synchronisation principale a supprimée de la copie principale : report (la signaler) ou repair (la remettre)",
      }),
      watchMain: key(flag, {
        default: true,
        en: "Puts a trigger on the main copy that notes who deletes what; its owner has to allow that",
        fr: "Met un déclencheur sur la copie principale, qui note qui supprime quoi ; son propriétaire doit le permettre",
      }),
      sameRights: key(flag, {
        default: false,
        en: "Both API accounts see the same observations: then what a whole download lacks is suspected to be deleted",
        fr: "Les deux comptes d'API voient les mêmes observations : ce qui manque à un téléchargement complet est alors soupçonné d'être supprimé",
      }),
      mainSyncLogins: key(list(existingName), {
        default: [],
        example: ["vn_sync"],
        en: "Database logins of the main synchronisation; none: whoever deletes counts as that",
        fr: "Connexions de la synchronisation principale à la base ; aucune : quiconque supprime compte pour elle",
      }),
      volatileKeys: key(list(text), {
        default: [],
        example: ["@id"],
        en: "Keys at the top of an item that change without meaning anything",
        fr: "Clés de premier niveau d'un item qui changent sans rien signifier",
      }),
      extraGrants: key(list(grant), {
        default: [],
        example: ["SELECT ON TABLE ref.areas"],
        en: "What the main copy's triggers need: what stands between GRANT and TO",
        fr: "Ce dont les déclencheurs de la copie principale ont besoin : ce qui vient entre GRANT et TO",
      }),
      triggerSearchPath: key(list(existingName), {
        example: ["public", "ref"],
        en: "Schemas in which the main copy's triggers find functions; without it PostGIS's and public",
        fr: "Schémas où les déclencheurs de la copie principale trouvent leurs fonctions ; sans elle, celui de PostGIS et public",
      }),
      runAs: key(existingName, {
        example: "geonatadmin",
        en: "Role to repair as, instead of the kit's own; a superuser is refused. The main copy's owner, where its triggers are not SECURITY DEFINER: they then write what they write for its own synchronisation, and need no extraGrants",
        fr: "Rôle sous lequel réparer, à la place de celui du kit ; un superutilisateur est refusé. Le propriétaire de la copie principale, si ses déclencheurs ne sont pas SECURITY DEFINER : ils écrivent alors ce qu'ils écrivent pour sa propre synchronisation, sans extraGrants",
      }),
    },
  ),
};

/**
 * What no user may set: columns of the repair's table `settings` under the same words, filled from here and
 * nowhere else. Durations are texts that PostgreSQL reads as intervals.
 */
export const REPAIR_CONSTANTS = {
  /** Deletions of one run as a share of main's rows; the smaller of this and `maxDeletes` holds. */
  maxDeleteShare: 0.001,
  /** By how much a version must be later than main's deletion to be put back. */
  tolerance: "3600 seconds",
  /** Rows of a batch, at most: so short that the main synchronisation hardly waits. */
  batchSize: 50,
  /** How long a batch waits for a lock; never more than half of deadlock_timeout. */
  lockTimeout: "200 milliseconds",
  /** Differences above which a run writes nothing: so many … */
  maxDifferences: 50_000,
  /** … or such a share of main … */
  maxDifferenceShare: 0.05,
  /** … but never fewer than these. */
  minDifferences: 500,
  /** Entries of the journal above which whole tables are compared. */
  journalCap: 1_000_000,
  /** How long runs are kept. */
  keepRuns: "730 days",
  /** How long deleted rows are kept. */
  keepDeletions: "180 days",
} as const;
